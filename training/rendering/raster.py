# SPDX-License-Identifier: GPL-3.0-or-later
"""The rasteriser, compiled with the machine's C compiler when it is first needed."""

from __future__ import annotations

import ctypes
import functools
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Whole = npt.NDArray[np.int32]


@functools.lru_cache(maxsize=1)
def _library() -> ctypes.CDLL:
    folder = Path(tempfile.mkdtemp(prefix="holirep-raster-"))
    source = Path(__file__).with_name("raster.c")
    words = [
        "cc",
        "-O3",
        "-march=native",
        "-ffast-math",
        "-shared",
        "-fPIC",
        str(source),
        "-o",
        str(folder / "raster.so"),
        "-lm",
    ]
    subprocess.run(words, check=True)
    return ctypes.CDLL(str(folder / "raster.so"))


def _pointer(values: npt.NDArray[np.generic]) -> ctypes.c_void_p:
    return ctypes.c_void_p(values.ctypes.data)


def _plain(values: npt.ArrayLike, kind: type) -> npt.NDArray[np.generic]:
    return np.ascontiguousarray(values, dtype=kind)


def draw(
    corners: Floats, colours: Floats, triangles: Whole, depth: Floats, picture: Floats, near: float = 0.02
) -> None:
    """Draws triangles ``(N, 3)`` of vertices at ``corners (V, 3)`` (x, y pixels and depth) into ``depth (H, W)`` and
    ``picture (H, W, 3)``, both float32 and contiguous, with ``colours (V, 3)``.
    """
    a, b, c = _plain(corners, np.float32), _plain(colours, np.float32), _plain(triangles, np.int32)
    assert depth.dtype == picture.dtype == np.float32
    assert depth.flags.c_contiguous
    assert picture.flags.c_contiguous
    rows, columns = depth.shape
    _library().draw(
        _pointer(a), _pointer(b), _pointer(c), ctypes.c_int(len(c)), ctypes.c_float(near), ctypes.c_int(rows),
        ctypes.c_int(columns), _pointer(depth), _pointer(picture),
    )  # fmt: skip


def normals(points: Floats, triangles: Whole) -> Floats:
    """Unit normals ``(V, 3)`` of smooth surfaces."""
    a, b = _plain(points, np.float32), _plain(triangles, np.int32)
    result = np.empty_like(a, dtype=np.float32)
    _library().normals(_pointer(a), ctypes.c_int(len(a)), _pointer(b), ctypes.c_int(len(b)), _pointer(result))
    return result
