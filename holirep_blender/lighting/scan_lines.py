# SPDX-License-Identifier: GPL-3.0-or-later
"""Large pictures read strip by strip with numpy alone: OpenEXR of scan lines without compression or with ZIP."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Protocol

import numpy as np
import numpy.typing as npt

from .exr_layout import FLOAT, HALF, LINES, ExrError, Part, read_chunk, read_headers, write_scan_lines

Strip = npt.NDArray[np.float32]


class Broken(ValueError):
    """Lines that cannot be read; the message is the reason."""


class LineFile(Protocol):
    """A picture of red, green and blue whose lines can be read a few at a time."""

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""

    def strips(self, rows: int) -> Iterator[Strip]:
        """Values as stored, ``(n, width, 3)``, from the top on; ``rows`` is a multiple of 16, the last may be fewer.

        Raises OSError, and Broken with the reason.
        """

    def write_like(self, path: Path, size: tuple[int, int], strips: Iterable[Strip]) -> None:
        """Writes a 32-bit OpenEXR whose values mean the same colours. Raises OSError."""

    def write_sample(self, path: Path, pixels: Strip) -> None:
        """Writes a small picture of the same kind whose values mean the same colours. Raises OSError."""


def write_strips(
    path: Path, size: tuple[int, int], strips: Iterable[Strip], colours: Iterable[tuple[str, str, bytes]] = ()
) -> None:
    """Writes a 32-bit OpenEXR from strips whose rows are a multiple of 16. ``colours``: attributes. Raises OSError."""
    blocks = (
        strip[first : first + LINES, :, ::-1].transpose(0, 2, 1)
        for strip in strips
        for first in range(0, len(strip), LINES)
    )
    with path.open("wb") as stream:
        write_scan_lines(stream, size, ["B", "G", "R"], blocks, half=False, attributes=colours)


@dataclass(frozen=True)
class ExrLines:
    """An OpenEXR file, a ``LineFile``; ``offsets`` are where its chunks begin."""

    path: Path
    part: Part
    offsets: tuple[int, ...]

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        return self.part.width, self.part.height

    def strips(self, rows: int) -> Iterator[Strip]:
        """As ``LineFile`` tells."""
        part = self.part
        places = [[name.upper() for name, _ in part.channels].index(name) for name in "RGB"]
        with self.path.open("rb") as stream:
            for first in range(0, part.height, rows):
                strip = np.empty((min(rows, part.height - first), part.width, 3), np.float32)
                for row in range(first, first + len(strip), part.lines):
                    try:
                        found, lines = read_chunk(stream, part, self.offsets[row // part.lines], multi_part=False)
                    except (struct.error, zlib.error, ValueError, OverflowError) as error:
                        raise Broken(str(error)) from error
                    if found != row:
                        raise Broken("its table of lines is wrong")
                    for channel, place in enumerate(places):
                        strip[row - first : row - first + part.lines, :, channel] = lines[place]
                yield strip

    def write_like(self, path: Path, size: tuple[int, int], strips: Iterable[Strip]) -> None:
        """As ``LineFile`` tells."""
        write_strips(path, size, strips, self.part.colours)

    def write_sample(self, path: Path, pixels: Strip) -> None:
        """As ``LineFile`` tells."""
        self.write_like(path, (pixels.shape[1], pixels.shape[0]), [pixels])


def exr_lines(path: Path) -> Optional[ExrLines]:
    """An OpenEXR file with one part, of red, green and blue in 16 or 32 bits; None where it is none or damaged."""
    try:
        with path.open("rb") as stream:
            parts, _ = read_headers(stream, path)
            part = parts[0]
            if len(parts) > 1 or part.chunks != -(-part.height // part.lines):
                return None
            offsets = struct.unpack(f"<{part.chunks}Q", stream.read(8 * part.chunks))
    except (OSError, ExrError, struct.error, ValueError, IndexError):
        return None
    names = sorted(name.upper() for name, _ in part.channels)
    plain = (
        names in (["B", "G", "R"], ["A", "B", "G", "R"])
        and all(kind in (HALF, FLOAT) for _, kind in part.channels)
        and part.window == part.display
        and part.window[:2] == (0, 0)
    )
    return ExrLines(path, part, offsets) if plain else None
