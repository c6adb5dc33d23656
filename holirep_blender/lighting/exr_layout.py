# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenEXR's file layout, as openexr.com's "OpenEXR File Layout" has it: headers, and chunks of scan lines.

Without compression or with ZIP, of single lines or of sixteen; numpy and the standard library alone.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.float32]

MULTI_PART = 0x1000
HALF, FLOAT = 1, 2
"""Types of values, of 16 and of 32 bits."""
LINES = 16
"""Scan lines of the chunks that are written; those of other chunks divide it."""
_MAGIC = 20000630
_LONG_NAMES, _TILED, _DEEP = 0x400, 0x200, 0x800
_TYPES: dict[int, Any] = {0: np.dtype("<u4"), HALF: np.dtype("<f2"), FLOAT: np.dtype("<f4")}
_LINES = {0: 1, 2: 1, 3: LINES}
"""Scan lines of a chunk, by the number of its compression: none, ZIP of single lines, ZIP of sixteen."""
_LEVEL = 4
"""zlib's effort: what OpenEXR itself uses by default."""
_LARGEST_HALF = 65504.0


class ExrError(ValueError):
    """A file that is no OpenEXR file, or one that this cannot read; the message is for the user."""


@dataclass
class Part:
    """What a header tells of one picture: ``window`` and ``display`` are left, top, right and bottom, inclusive."""

    compression: int = 0
    window: tuple[int, int, int, int] = (0, 0, 0, 0)
    display: tuple[int, int, int, int] = (0, 0, 0, 0)
    channels: list[tuple[str, int]] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    colours: list[tuple[str, str, bytes]] = field(default_factory=list)
    chunks: int = 0

    @property
    def width(self) -> int:
        """Columns."""
        return self.window[2] - self.window[0] + 1

    @property
    def height(self) -> int:
        """Rows."""
        return self.window[3] - self.window[1] + 1

    @property
    def lines(self) -> int:
        """Scan lines of a chunk."""
        return _LINES[self.compression]


def write_scan_lines(
    stream: BinaryIO,
    size: tuple[int, int],
    names: Sequence[str],
    blocks: Iterable[npt.NDArray[Any]],
    half: bool,
    attributes: Iterable[tuple[str, str, bytes]] = (),
) -> None:
    """Writes a file with one part of ``size`` (width, height), compressed with ZIP, while its lines are made.

    ``blocks`` ``(LINES, channels, width)`` from the top on, the last one as high as what is left; the channels in the
    order of ``names``, which must be sorted. ``attributes``: name, type and value of what the header tells besides.
    """
    width, height = size
    rows = b"".join(name.encode() + struct.pack("<xiB3xii", HALF if half else FLOAT, 0, 1, 1) for name in names)
    window = struct.pack("<4i", 0, 0, width - 1, height - 1)
    told = [
        ("channels", "chlist", rows + b"\0"),
        ("compression", "compression", b"\3"),
        ("dataWindow", "box2i", window),
        ("displayWindow", "box2i", window),
        ("lineOrder", "lineOrder", b"\0"),
        ("pixelAspectRatio", "float", struct.pack("<f", 1.0)),
        ("screenWindowCenter", "v2f", struct.pack("<2f", 0.0, 0.0)),
        ("screenWindowWidth", "float", struct.pack("<f", 1.0)),
        *attributes,
    ]
    long = any(len(name.encode()) > 31 for name in [*names, *(name for name, _, _ in told)])
    header = struct.pack("<ii", _MAGIC, 2 | (_LONG_NAMES if long else 0))
    for name, type_name, value in told:
        header += name.encode() + b"\0" + type_name.encode() + b"\0" + struct.pack("<i", len(value)) + value
    stream.write(header + b"\0")
    table = stream.tell()
    stream.write(bytes(8 * -(-height // LINES)))
    offsets = []
    for number, block in enumerate(blocks):
        offsets.append(stream.tell())
        data = _packed(block, half)
        stream.write(struct.pack("<ii", number * LINES, len(data)) + data)
    stream.seek(table)
    stream.write(struct.pack(f"<{len(offsets)}Q", *offsets))


def _packed(block: npt.NDArray[Any], half: bool) -> bytes:
    """One chunk: line by line, plane by plane, then split into low and high bytes, differenced and deflated."""
    block = block.astype(np.float32)
    if half:
        np.clip(block, -_LARGEST_HALF, _LARGEST_HALF, out=block)
    raw = np.frombuffer(block.astype("<f2" if half else "<f4").tobytes(), np.uint8)
    split = np.concatenate([raw[0::2], raw[1::2]])
    differences = split.copy()
    differences[1:] = split[1:] - split[:-1] + np.uint8(128)
    data = zlib.compress(differences.tobytes(), _LEVEL)
    return data if len(data) < raw.size else raw.tobytes()


def read_chunk(stream: BinaryIO, part: Part, offset: int, multi_part: bool) -> tuple[int, list[npt.NDArray[Any]]]:
    """A chunk's first row, counted from the picture's top, and its lines ``(n, width)`` of each channel, as stored.

    Raises OSError, and struct.error, zlib.error, ValueError or OverflowError where the file is damaged.
    """
    stream.seek(offset + (4 if multi_part else 0))
    first, size = struct.unpack("<ii", stream.read(8))
    row = first - part.window[1]
    count = min(part.lines, part.height - row)
    pitch = sum(_TYPES[kind].itemsize for _, kind in part.channels) * part.width
    if row < 0 or count < 1 or not 0 <= size <= count * pitch:
        raise ValueError("its table of lines is wrong")
    data = _unpacked(stream.read(size), count * pitch, part.compression)
    planes: list[npt.NDArray[Any]] = []
    at = 0
    for _, kind in part.channels:
        stored = _TYPES[kind]
        planes.append(np.ndarray((count, part.width), stored, data, at, (pitch, stored.itemsize)))
        at += stored.itemsize * part.width
    return row, planes


def _unpacked(data: bytes, size: int, compression: int) -> bytes:
    if len(data) == size:
        return data
    if compression == 0:
        raise ValueError("it ends too early")
    values = np.frombuffer(zlib.decompress(data), np.uint8).copy()
    values[1:] -= np.uint8(128)
    split = np.cumsum(values, dtype=np.uint8)
    raw = np.empty(size, np.uint8)
    middle = (size + 1) // 2
    raw[0::2], raw[1::2] = split[:middle], split[middle:]
    return raw.tobytes()


def read_headers(stream: BinaryIO, path: Path) -> tuple[list[Part], int]:
    """The parts of a file and its flags; the stream is then where its tables of chunks begin.

    Raises ExrError where it is no file that is read, and struct.error, ValueError or IndexError where it is damaged.
    """
    magic, flags = struct.unpack("<ii", stream.read(8))
    if magic != _MAGIC:
        raise ExrError(f"{path} is no OpenEXR file")
    if flags & (_TILED | _DEEP):
        raise ExrError(f"{path} is tiled or deep: only scan lines are read")
    parts: list[Part] = []
    while True:
        part = Part()
        found = False
        for name, type_name, value in _attributes(stream):
            found = True
            if name == "compression":
                part.compression = value[0]
            elif name == "dataWindow":
                part.window = struct.unpack("<4i", value)
            elif name == "displayWindow":
                part.display = struct.unpack("<4i", value)
            elif name == "channels":
                part.channels = list(_channel_list(value))
            elif name == "chunkCount":
                (part.chunks,) = struct.unpack("<i", value)
            elif type_name == "string":
                part.texts[name] = value.decode("utf-8", "replace")
            if name in ("chromaticities", "colorInteropID", "acesImageContainerFlag"):
                part.colours.append((name, type_name, value))
        if not found:
            break
        if part.compression not in _LINES:
            raise ExrError(f"{path} is compressed in a way that is not read: save it with ZIP")
        if any(kind not in _TYPES for _, kind in part.channels):
            raise ExrError(f"{path} has subsampled channels: save it with whole ones")
        if not part.chunks:
            part.chunks = -(-part.height // part.lines)
        parts.append(part)
        if not flags & MULTI_PART:
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
    """Names and types; a type of -1 where not every pixel has a value."""
    at = 0
    while value[at] != 0:
        end = value.index(b"\0", at)
        kind, _, across, down = struct.unpack_from("<iB3xii", value, end + 1)
        yield value[at:end].decode("utf-8", "replace"), kind if across == down == 1 else -1
        at = end + 17
