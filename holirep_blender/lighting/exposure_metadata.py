# SPDX-License-Identifier: GPL-3.0-or-later
"""How long, how wide open and how sensitive a picture was taken, from its file: EXIF, or an OpenEXR header.

Standard library alone; a few kilobytes of the file are read. Sources: CIPA DC-008 (Exif 3.0), TIFF 6.0, and OpenEXR's
file layout with its standard attributes ``expTime``, ``aperture`` and ``isoSpeed``.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Dict, Optional, Tuple

_START = 1 << 20
"""Headers end well within so many bytes."""
_EXIF_FOLDER, _TIME, _APERTURE, _SENSITIVITY = 0x8769, 0x829A, 0x829D, 0x8827
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8}


def exposure_of(path: Path) -> Optional[float]:
    """Light that a picture took in, relative to 1 s at f/1 and ISO 100; None where the file does not tell.

    ``time * ISO / 100 / f-number²``; what of aperture and sensitivity is not told counts as 1.
    """
    with path.open("rb") as file:
        data = file.read(_START)
    try:
        facts = _of_exr(data) if data[:4] == b"\x76\x2f\x31\x01" else _of_exif(_exif(data))
    except (struct.error, IndexError, ValueError, ZeroDivisionError):
        return None
    if not facts.get("time", 0.0) > 0:
        return None
    return facts["time"] * facts.get("iso", 100.0) / 100.0 / facts.get("aperture", 1.0) ** 2


def _of_exr(data: bytes) -> Dict[str, float]:
    """Float attributes of an OpenEXR header (of its first part)."""
    names = {"expTime": "time", "aperture": "aperture", "isoSpeed": "iso"}
    found: Dict[str, float] = {}
    place = 8
    while data[place] != 0:
        name, place = _word(data, place)
        kind, place = _word(data, place)
        (size,) = struct.unpack_from("<i", data, place)
        if name in names and kind == "float":
            (value,) = struct.unpack_from("<f", data, place + 4)
            if value > 0:
                found[names[name]] = float(value)
        place += 4 + size
    return found


def _word(data: bytes, place: int) -> Tuple[str, int]:
    end = data.index(b"\0", place)
    return data[place:end].decode("latin-1"), end + 1


def _exif(data: bytes) -> bytes:
    """The TIFF structure that EXIF is: of a JPEG, a PNG, or a TIFF itself."""
    if data[:4] in (b"II*\0", b"MM\0*"):
        return data
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        place = 8
        while place + 8 <= len(data):
            size, name = struct.unpack_from(">I4s", data, place)
            if name == b"eXIf":
                return data[place + 8 : place + 8 + size]
            place += 12 + size
        return b""
    place = 2 if data[:2] == b"\xff\xd8" else len(data)
    while place + 4 <= len(data) and data[place] == 0xFF:
        mark, size = struct.unpack_from(">BH", data, place + 1)
        if mark == 0xE1 and data[place + 4 : place + 10] == b"Exif\0\0":
            return data[place + 10 : place + 2 + size]
        if mark == 0xDA:
            break
        place += 2 + size
    return b""


def _of_exif(data: bytes) -> Dict[str, float]:
    if len(data) < 8:
        return {}
    order = "<" if data[:2] == b"II" else ">"
    (first,) = struct.unpack_from(order + "I", data, 4)
    outer = _folder(data, order, first)
    tags = {**outer, **(_folder(data, order, int(outer[_EXIF_FOLDER])) if _EXIF_FOLDER in outer else {})}
    names = {_TIME: "time", _APERTURE: "aperture", _SENSITIVITY: "iso"}
    return {name: tags[tag] for tag, name in names.items() if tags.get(tag, 0.0) > 0}


def _folder(data: bytes, order: str, place: int) -> Dict[int, float]:
    """The first number of each entry of a TIFF directory."""
    (count,) = struct.unpack_from(order + "H", data, place)
    found: Dict[int, float] = {}
    for entry in range(place + 2, place + 2 + 12 * count, 12):
        tag, kind, length = struct.unpack_from(order + "HHI", data, entry)
        size = _SIZES.get(kind, 0) * length
        where = entry + 8 if size <= 4 else struct.unpack_from(order + "I", data, entry + 8)[0]
        if kind in (3, 4, 9) and length:
            found[tag] = float(struct.unpack_from(order + {3: "H", 4: "I", 9: "i"}[kind], data, where)[0])
        elif kind in (5, 10) and length:
            above, below = struct.unpack_from(order + ("II" if kind == 5 else "ii"), data, where)
            found[tag] = above / below if below else 0.0
    return found
