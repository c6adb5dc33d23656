# SPDX-License-Identifier: GPL-3.0-or-later
"""``crowd.cu`` compiled for the device in use, called with PyTorch's tensors."""

from __future__ import annotations

import ctypes
import functools
import subprocess
import tempfile
from pathlib import Path
from typing import Optional

import torch

Tensor = torch.Tensor

NOTHING = -1
"""The key of a sample that no triangle covers: all bits set."""


@functools.lru_cache(maxsize=2)
def _library(cuda: bool) -> ctypes.CDLL:
    source, folder = Path(__file__).with_name("crowd.cu"), Path(tempfile.mkdtemp(prefix="holirep-crowd-"))
    out = str(folder / "crowd.so")
    if cuda:
        major, minor = torch.cuda.get_device_capability()
        words = ["nvcc", "-O3", "--use_fast_math", f"-arch=sm_{major}{minor}", "-Xcompiler", "-fPIC"]
    else:
        words = ["c++", "-x", "c++", "-O2", "-march=native", "-fPIC"]
    subprocess.run([*words, "-shared", str(source), "-o", out], check=True)
    return ctypes.CDLL(out)


def _call(name: str, *given: object, device: torch.device) -> None:
    stream = torch.cuda.current_stream().cuda_stream if device.type == "cuda" else None
    words = []
    for value in given:
        if isinstance(value, Tensor):
            assert value.is_contiguous()
            words.append(ctypes.c_void_p(value.data_ptr()))
        else:
            words.append(ctypes.c_float(value) if isinstance(value, float) else ctypes.c_int(int(value)))  # type: ignore[call-overload]
    getattr(_library(device.type == "cuda"), name)(*words, ctypes.c_void_p(stream))


def covered(corners: Tensor, triangles: Tensor, rows: int, columns: int, near: float = 0.02) -> Tensor:
    """Nearest triangles ``(T, rows, columns)`` as keys of ``corners (T, V, 3)``: x, y pixels and depth."""
    frames, vertices = corners.shape[:2]
    keys = torch.full((frames, rows, columns), NOTHING, dtype=torch.int64, device=corners.device)
    _call("draw", corners, triangles, frames, vertices, len(triangles), rows, columns, near, keys,
          device=corners.device)  # fmt: skip
    return keys


def painted(
    corners: Tensor, colours: Tensor, triangles: Tensor, keys: Tensor, cameras: Tensor, stage: Tensor, sky: Tensor,
    shadow: Tensor,
) -> Tensor:  # fmt: skip
    """Pictures ``(T, H, W, 3)`` 0..255 from keys at two samples along each axis of a pixel; see ``crowd.cu``."""
    frames, rows, columns = shadow.shape
    picture = torch.empty(frames, rows, columns, 3, device=corners.device)
    _call("paint", corners, colours, triangles, frames, corners.shape[1], rows, columns, keys, cameras, stage, sky,
          shadow, picture, device=corners.device)  # fmt: skip
    return picture


def squares(pictures: Tensor, regions: Tensor, size: int, kind: Optional[torch.dtype] = None) -> Tensor:
    """Squares ``(B, 3, size, size)`` 0..1 of pictures ``(N, H, W, 3)`` uint8; ``regions (B, 8)``: picture, rows and
    columns in use, x, y, side, rotation, mirrored.
    """
    found = torch.empty(len(regions), size, size, 3, device=pictures.device)
    _call("cut", pictures, pictures.shape[1], pictures.shape[2], regions.float().contiguous(), len(regions), size,
          found, device=pictures.device)  # fmt: skip
    return found.to(kind or torch.float32).permute(0, 3, 1, 2)
