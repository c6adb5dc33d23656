# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Blender wrote a .blend file, from its first bytes.

The header is ``BLENDER``, a pointer size, a byte order and ``v405`` for 4.5; from 5.0 on ``BLENDER17-01v0500`` with the
header's own size and format. The file may be compressed with zstandard, or, from before 3.0, with gzip.
"""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Optional

_PLAIN = re.compile(rb"BLENDER(?:[_-][vV](\d)(\d\d)|\d\d-\d\dv(\d\d)(\d\d))")
_SIZE = 17


def blend_version(path: Path) -> Optional[tuple[int, int]]:
    """Major and minor version; None where the file is no .blend file or its compression cannot be read here.

    Raises OSError where the file cannot be read.
    """
    with path.open("rb") as stream:
        start = stream.read(_SIZE)
        stream.seek(0)
        if start[:2] == b"\x1f\x8b":
            with gzip.open(stream) as inner:
                start = inner.read(_SIZE)
        elif start[:4] == b"\x28\xb5\x2f\xfd":
            try:
                import zstandard  # Blender brings it along
            except ModuleNotFoundError:
                return None
            with zstandard.ZstdDecompressor().stream_reader(stream) as inner:
                start = inner.read(_SIZE)
    found = _PLAIN.match(start)
    if found is None:
        return None
    return int(found[1] or found[3]), int(found[2] or found[4])
