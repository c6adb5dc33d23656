# SPDX-License-Identifier: GPL-3.0-or-later
"""Multilayer OpenEXR files, read and written with numpy alone.

Blender's Python can neither read the passes of a rendered file nor write passes that were computed outside of its
compositor, and not every build carries OpenImageIO. Single-part files are written, which every compositor reads whole,
and multi-part ones are read too, as Blender writes them from 5.0 on. ``exr_layout`` tells what is in a file.
"""

from __future__ import annotations

import os
import platform
import re
import struct
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Optional

import numpy as np
import numpy.typing as npt

from .exr_layout import LINES, MULTI_PART, Part, Plane, read_chunk, read_headers, write_scan_lines
from .exr_layout import ExrError as ExrError

_HOST = re.sub(r"[^A-Za-z0-9-]", "-", platform.node()) or "host"


def partial_path(path: Path) -> Path:
    """Where a file is written before it is moved to its name, by this process of this computer."""
    return path.with_name(f".{path.name}.{_HOST}.{os.getpid()}.partial")


def clear_partials(folder: Path, own: bool = False) -> None:
    """Removes what processes of this computer that are gone had begun to write; ``own``: and what this one had.

    What other computers write into a shared folder stays.
    """
    for stale in folder.glob(f".*.exr.{_HOST}.*.partial"):
        number = stale.name.split(".")[-2]
        if number.isdigit() and (not _runs(int(number)) or (own and int(number) == os.getpid())):
            stale.unlink(missing_ok=True)


def _runs(process: int) -> bool:
    if os.name == "nt":  # there a signal of 0 would end it; a file in use cannot be removed anyway
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def write_exr(
    path: Path, channels: Mapping[str, npt.NDArray[Any]], texts: Optional[Mapping[str, str]] = None, half: bool = True
) -> None:
    """Writes planes ``(H, W)``, rows from the top, by their full channel names, such as ``Shadow.Multiply.R``.

    ``texts`` become string attributes of the header. ``half``: 16 bits a value, else 32. The file is complete or not
    there: it is written beside its name and then moved. Raises OSError, and leaves what was there before.
    """
    names = sorted(channels)
    height, width = channels[names[0]].shape
    partial = partial_path(path)
    try:
        with partial.open("wb") as stream:
            blocks = (
                np.stack([channels[name][first : first + LINES] for name in names], axis=1)
                for first in range(0, height, LINES)
            )
            told = [(name, "string", text.encode()) for name, text in (texts or {}).items()]
            write_scan_lines(stream, (width, height), names, blocks, half, told)
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def read_exr(path: Path, wanted: Optional[Callable[[str], bool]] = None) -> dict[str, Plane]:
    """The planes ``(H, W)``, rows from the top, by their full channel names; only those that are ``wanted``.

    Raises OSError, and ExrError where the file is damaged or of a kind that is not read.
    """
    planes: dict[str, Plane] = {}
    with path.open("rb") as stream:
        try:
            parts, flags = read_headers(stream, path)
            tables = [struct.unpack(f"<{part.chunks}Q", stream.read(8 * part.chunks)) for part in parts]
            for part, offsets in zip(parts, tables):
                planes.update(_planes(stream, part, offsets, bool(flags & MULTI_PART), wanted))
        except (struct.error, zlib.error, ValueError, IndexError, KeyError, OverflowError) as error:
            if isinstance(error, ExrError):
                raise
            raise ExrError(f"{path} is damaged: {error}") from error
    return planes


def read_texts(path: Path) -> dict[str, str]:
    """The string attributes of a file's header; empty where it is no file that can be read."""
    try:
        with path.open("rb") as stream:
            return read_headers(stream, path)[0][0].texts
    except (OSError, ValueError, struct.error, IndexError, KeyError):
        return {}


def channels_of(path: Path) -> list[str]:
    """The full names of a file's channels. Raises OSError, and ExrError where it is no file that is read."""
    with path.open("rb") as stream:
        parts, flags = read_headers(stream, path)
    return [name for part in parts for name in _full_names(part, bool(flags & MULTI_PART))]


def _full_names(part: Part, multi_part: bool) -> list[str]:
    """Channel names with that of their part before them, where they do not begin with it."""
    prefix = f"{part.texts['name']}." if multi_part and "name" in part.texts else ""
    return [name if not prefix or name.startswith(prefix) else prefix + name for name, _ in part.channels]


def _planes(
    stream: BinaryIO,
    part: Part,
    offsets: tuple[int, ...],
    multi_part: bool,
    wanted: Optional[Callable[[str], bool]],
) -> dict[str, Plane]:
    full = _full_names(part, multi_part)
    chosen = {name: np.zeros((part.height, part.width), np.float32) for name in full if wanted is None or wanted(name)}
    if not chosen:
        return {}
    for offset in offsets:
        row, lines = read_chunk(stream, part, offset, multi_part)
        for name, stored in zip(full, lines):
            if name in chosen:
                chosen[name][row : row + len(stored)] = stored
    return chosen
