# SPDX-License-Identifier: GPL-3.0-or-later
"""Multilayer OpenEXR files, read and written with numpy alone.

Blender's Python can neither read the passes of a rendered file nor write passes that were computed outside of its
compositor, and not every build carries OpenImageIO. The layout is that of openexr.com's "OpenEXR File Layout":
scan lines, without compression or with ZIP; single-part files are written, which every compositor reads whole, and
multi-part ones are read too, as Blender writes them from 5.0 on.
"""

from __future__ import annotations

import os
import platform
import re
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Optional

import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.float32]

_MAGIC = 20000630
_LONG_NAMES, _MULTI_PART, _TILED, _DEEP = 0x400, 0x1000, 0x200, 0x800
_TYPES: dict[int, Any] = {0: np.dtype("<u4"), 1: np.dtype("<f2"), 2: np.dtype("<f4")}
_LINES = {0: 1, 2: 1, 3: 16}
"""Scan lines of a chunk, by the number of its compression: none, ZIP of single lines, ZIP of sixteen."""
_LEVEL = 4
"""zlib's effort: what OpenEXR itself uses by default."""
_LARGEST_HALF = 65504.0
_HOST = re.sub(r"[^A-Za-z0-9-]", "-", platform.node()) or "host"


class ExrError(ValueError):
    """A file that is no OpenEXR file, or one that this cannot read; the message is for the user."""


@dataclass
class _Part:
    compression: int = 0
    window: tuple[int, int, int, int] = (0, 0, 0, 0)
    channels: list[tuple[str, int]] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    chunks: int = 0


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
    kind = 1 if half else 2
    flags = 2 | (_LONG_NAMES if any(len(name.encode()) > 31 for name in [*names, *(texts or {})]) else 0)
    rows = b"".join(name.encode() + struct.pack("<xiB3xii", kind, 0, 1, 1) for name in names) + b"\0"
    window = struct.pack("<4i", 0, 0, width - 1, height - 1)
    attributes: list[tuple[str, str, bytes]] = [
        ("channels", "chlist", rows),
        ("compression", "compression", b"\3"),
        ("dataWindow", "box2i", window),
        ("displayWindow", "box2i", window),
        ("lineOrder", "lineOrder", b"\0"),
        ("pixelAspectRatio", "float", struct.pack("<f", 1.0)),
        ("screenWindowCenter", "v2f", struct.pack("<2f", 0.0, 0.0)),
        ("screenWindowWidth", "float", struct.pack("<f", 1.0)),
        *((name, "string", text.encode()) for name, text in (texts or {}).items()),
    ]
    header = struct.pack("<ii", _MAGIC, flags)
    for name, type_name, value in attributes:
        header += name.encode() + b"\0" + type_name.encode() + b"\0" + struct.pack("<i", len(value)) + value
    header += b"\0"
    partial = partial_path(path)
    try:
        with partial.open("wb") as stream:
            stream.write(header)
            starts = range(0, height, _LINES[3])
            table = stream.tell()
            stream.write(bytes(8 * len(starts)))
            offsets = []
            for first in starts:
                offsets.append(stream.tell())
                data = _packed([channels[name][first : first + _LINES[3]] for name in names], half)
                stream.write(struct.pack("<ii", first, len(data)) + data)
            stream.seek(table)
            stream.write(struct.pack(f"<{len(offsets)}Q", *offsets))
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
            parts, flags = _headers(stream, path)
            tables = [struct.unpack(f"<{part.chunks}Q", stream.read(8 * part.chunks)) for part in parts]
            for part, offsets in zip(parts, tables):
                planes.update(_planes(stream, part, offsets, bool(flags & _MULTI_PART), wanted))
        except (struct.error, zlib.error, ValueError, IndexError, KeyError) as error:
            if isinstance(error, ExrError):
                raise
            raise ExrError(f"{path} is damaged: {error}") from error
    return planes


def read_texts(path: Path) -> dict[str, str]:
    """The string attributes of a file's header; empty where it is no file that can be read."""
    try:
        with path.open("rb") as stream:
            return _headers(stream, path)[0][0].texts
    except (OSError, ValueError, struct.error, IndexError, KeyError):
        return {}


def channels_of(path: Path) -> list[str]:
    """The full names of a file's channels. Raises OSError, and ExrError where it is no file that is read."""
    with path.open("rb") as stream:
        parts, flags = _headers(stream, path)
    return [name for part in parts for name in _full_names(part, bool(flags & _MULTI_PART))]


def _full_names(part: _Part, multi_part: bool) -> list[str]:
    """Channel names with that of their part before them, where they do not begin with it."""
    prefix = f"{part.texts['name']}." if multi_part and "name" in part.texts else ""
    return [name if not prefix or name.startswith(prefix) else prefix + name for name, _ in part.channels]


def _packed(planes: list[npt.NDArray[Any]], half: bool) -> bytes:
    """One chunk: line by line, plane by plane, then split into low and high bytes, differenced and deflated."""
    block = np.stack(planes, axis=1).astype(np.float32)
    if half:
        np.clip(block, -_LARGEST_HALF, _LARGEST_HALF, out=block)
    raw = np.frombuffer(block.astype("<f2" if half else "<f4").tobytes(), np.uint8)
    split = np.concatenate([raw[0::2], raw[1::2]])
    differences = split.copy()
    differences[1:] = split[1:] - split[:-1] + np.uint8(128)
    data = zlib.compress(differences.tobytes(), _LEVEL)
    return data if len(data) < raw.size else raw.tobytes()


def _unpacked(data: bytes, size: int, compression: int) -> bytes:
    if compression == 0 or len(data) == size:
        return data
    values = np.frombuffer(zlib.decompress(data), np.uint8).copy()
    values[1:] -= np.uint8(128)
    split = np.cumsum(values, dtype=np.uint8)
    raw = np.empty(size, np.uint8)
    middle = (size + 1) // 2
    raw[0::2], raw[1::2] = split[:middle], split[middle:]
    return raw.tobytes()


def _planes(
    stream: BinaryIO,
    part: _Part,
    offsets: tuple[int, ...],
    multi_part: bool,
    wanted: Optional[Callable[[str], bool]],
) -> dict[str, Plane]:
    left, top, right, bottom = part.window
    width, height, lines = right - left + 1, bottom - top + 1, _LINES[part.compression]
    full = _full_names(part, multi_part)
    chosen = {name: np.zeros((height, width), np.float32) for name in full if wanted is None or wanted(name)}
    if not chosen:
        return {}
    line_size = sum(_TYPES[kind].itemsize for _, kind in part.channels) * width
    for offset in offsets:
        stream.seek(offset + (4 if multi_part else 0))
        first, size = struct.unpack("<ii", stream.read(8))
        count = min(lines, bottom - first + 1)
        data = _unpacked(stream.read(size), count * line_size, part.compression)
        at = 0
        for row in range(first - top, first - top + count):
            for name, (_, kind) in zip(full, part.channels):
                if name in chosen:
                    chosen[name][row] = np.frombuffer(data, _TYPES[kind], width, at)
                at += _TYPES[kind].itemsize * width
    return chosen


def _headers(stream: BinaryIO, path: Path) -> tuple[list[_Part], int]:
    magic, flags = struct.unpack("<ii", stream.read(8))
    if magic != _MAGIC:
        raise ExrError(f"{path} is no OpenEXR file")
    if flags & (_TILED | _DEEP):
        raise ExrError(f"{path} is tiled or deep: only scan lines are read")
    parts: list[_Part] = []
    while True:
        part = _Part()
        found = False
        for name, type_name, value in _attributes(stream):
            found = True
            if name == "compression":
                part.compression = value[0]
            elif name == "dataWindow":
                part.window = struct.unpack("<4i", value)
            elif name == "channels":
                part.channels = list(_channel_list(value))
            elif name == "chunkCount":
                (part.chunks,) = struct.unpack("<i", value)
            elif type_name == "string":
                part.texts[name] = value.decode("utf-8", "replace")
        if not found:
            break
        if part.compression not in _LINES:
            raise ExrError(f"{path} is compressed in a way that is not read: save it with ZIP")
        if not part.chunks:
            part.chunks = -(-(part.window[3] - part.window[1] + 1) // _LINES[part.compression])
        parts.append(part)
        if not flags & _MULTI_PART:
            break
    if not parts:
        raise ExrError(f"{path} is damaged: it holds no picture")
    return parts, flags


def _attributes(stream: BinaryIO) -> Iterator[tuple[str, str, bytes]]:
    while name := _text(stream):
        type_name = _text(stream)
        (size,) = struct.unpack("<i", stream.read(4))
        yield name, type_name, stream.read(size)


def _text(stream: BinaryIO) -> str:
    letters = bytearray()
    while (letter := stream.read(1)) not in (b"\0", b""):
        letters += letter
    return letters.decode("utf-8", "replace")


def _channel_list(value: bytes) -> Iterator[tuple[str, int]]:
    at = 0
    while value[at] != 0:
        end = value.index(b"\0", at)
        (kind,) = struct.unpack_from("<i", value, end + 1)
        yield value[at:end].decode("utf-8", "replace"), kind
        at = end + 17
