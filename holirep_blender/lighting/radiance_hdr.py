# SPDX-License-Identifier: GPL-3.0-or-later
"""Radiance pictures (.hdr) read strip by strip with numpy alone.

Sources: Ward, "Real Pixels", Graphics Gems II (1991), and "The RADIANCE Picture File Format" of Radiance's manual:
a shared exponent for each pixel; lines are flat, or have each of their four planes packed in runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Optional

import numpy as np

from .scan_lines import Broken, Strip, write_strips

_BATCH = 16
"""Lines that are unpacked at a time."""
_RUN = 128
"""A count beyond it is that of a run, plus this; others are of single values."""
_SCALES = np.concatenate([[0.0], np.ldexp(1.0, np.arange(1, 256) - 136)]).astype(np.float32)
"""What a value's 8 bits are worth, by the exponent: 128 is added to it, and they are a fraction of 256."""
_HEADER = 1 << 16
"""Headers end within so many bytes."""
_ENDS, _COUNTS = "it ends too early", "its packed lines do not fit its width"


@dataclass(frozen=True)
class HdrLines:
    """A Radiance picture, a ``LineFile``: ``header`` is all before the line that tells its size."""

    path: Path
    header: bytes
    size: tuple[int, int]
    start: int

    def strips(self, rows: int) -> Iterator[Strip]:
        """As ``LineFile`` tells."""
        width, height = self.size
        with self.path.open("rb") as stream:
            stream.seek(self.start)
            rest = b""
            for first in range(0, height, rows):
                strip = np.empty((min(rows, height - first), width, 3), np.float32)
                for row in range(0, len(strip), _BATCH):
                    batch = strip[row : row + _BATCH]
                    rest = _read_batch(stream, rest, batch)
                yield strip

    def write_like(self, path: Path, size: tuple[int, int], strips: Iterable[Strip]) -> None:
        """As ``LineFile`` tells."""
        write_strips(path, size, strips)

    def write_sample(self, path: Path, pixels: Strip) -> None:
        """As ``LineFile`` tells; flat."""
        height, width = pixels.shape[:2]
        _, exponents = np.frexp(pixels.max(axis=2))
        values = np.ldexp(pixels, 8 - exponents[..., None])
        flat = np.concatenate([values, exponents[..., None] + 128], axis=2).astype(np.uint8)
        path.write_bytes(self.header + f"-Y {height} +X {width}\n".encode() + flat.tobytes())


def hdr_lines(path: Path) -> Optional[HdrLines]:
    """A Radiance picture of red, green and blue whose first line is the top one; None where it is none."""
    try:
        with path.open("rb") as stream:
            data = stream.read(_HEADER)
    except OSError:
        return None
    header, gap, rest = data.partition(b"\n\n")
    words = rest.partition(b"\n")[0].split()
    if not (header.startswith(b"#?") and b"FORMAT=32-bit_rle_rgbe" in header.splitlines() and gap):
        return None
    if len(words) != 4 or words[0::2] != [b"-Y", b"+X"] or not (words[1] + words[3]).isdigit():
        return None
    before = len(header) + len(gap)
    return HdrLines(path, data[:before], (int(words[3]), int(words[1])), data.index(b"\n", before) + 1)


def _read_batch(stream: BinaryIO, rest: bytes, made: Strip) -> bytes:
    """Reads some lines into ``made`` ``(n, width, 3)``; ``rest`` was read before, what is returned is too much.

    How often each byte of the file stands in the picture is found run by run; then all are unpacked at once.
    """
    count, width = made.shape[:2]
    data = rest + stream.read(max(count * (8 * width + 4) - len(rest), 0))
    packed: list[bool] = []
    heads: list[int] = []
    starts: list[int] = []
    at = 0
    try:
        for _ in range(count):
            packed.append(_is_packed(data[at : at + 4], width))
            if packed[-1]:
                starts.append(at)
                at = _walk(data, at + 4, width, heads)
            else:
                at += 4 * width
    except IndexError as error:
        raise Broken(_ENDS) from error
    if at > len(data):
        raise Broken(_ENDS)
    stored = np.frombuffer(data, np.uint8, at)
    repeats = np.ones(at, dtype=np.intp)
    repeats[np.add.outer(np.array(starts, dtype=np.intp), np.arange(4))] = 0
    places = np.array(heads, dtype=np.intp)
    repeats[places] = 0
    runs = places[stored[places] > _RUN]
    repeats[runs + 1] = stored[runs] - np.uint8(_RUN)
    for into, line, planar in zip(made, np.repeat(stored, repeats).reshape(count, 4 * width), packed):
        values = line.reshape(4, width) if planar else line.reshape(width, 4).T
        np.multiply(values[:3].T, _SCALES[values[3]][:, None], out=into)
    return data[at:]


def _is_packed(first: bytes, width: int) -> bool:
    """Whether a line that begins with these four bytes is packed."""
    if not 8 <= width < 1 << 15 or first[:2] != b"\2\2" or first[2] & 0x80:
        return False
    if first[2:] != width.to_bytes(2, "big"):
        raise Broken(_COUNTS)
    return True


def _walk(data: bytes, at: int, width: int, heads: list[int]) -> int:
    """Adds where the counts of a line's runs are to ``heads``; where the next line begins. IndexError at the end."""
    add = heads.append
    for _ in range(4):
        left = width
        while left > 0:
            add(at)
            length = data[at]
            if length > _RUN:
                left -= length - _RUN
                at += 2
            else:
                left -= length or width + 1
                at += length + 1
        if left:
            raise Broken(_COUNTS)
    return at
