# SPDX-License-Identifier: GPL-3.0-or-later
"""The face that coefficients stand for: what each moves of the tracker's 478 points, read from the trained weights.

The weights of the fusion network hold such a model (``face_basis``, displacements in centimetres, and ``template``, the
mean face). It is read from their file alone, so that any method's coefficients are judged by one and the same face, and
nothing but numpy is needed.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Optional

import numpy as np
import numpy.typing as npt

from ..motion.geometric.face_points import shown_moves

Array = npt.NDArray[np.float64]

_WEIGHTS = Path(__file__).resolve().parents[1] / "inference" / "fusion" / "trained" / "fusion.safetensors"
_TYPES = {"F16": "<f2", "F32": "<f4", "F64": "<f8"}


@dataclass(frozen=True)
class FaceModel:
    """``moves (52, 468, 3)`` by each coefficient and ``template (478, 3)``: centimetres, X to the performer's left, Y
    backwards, Z up.
    """

    moves: Array
    template: Array


@lru_cache(maxsize=1)
def face_model() -> Optional[FaceModel]:
    """The model, or None where the weights are not there or hold none."""
    try:
        basis, template = _tensors(_WEIGHTS, ("face_basis", "template"))
    except (OSError, ValueError, KeyError):
        return None
    return FaceModel(shown_moves(basis), template)


def _tensors(path: Path, names: tuple[str, ...]) -> list[Array]:
    """Tensors of a safetensors file: eight bytes of the header's length, a JSON header, then the data."""
    with open(path, "rb") as stream:
        (length,) = struct.unpack("<Q", stream.read(8))
        header = json.loads(stream.read(length))
        result = []
        for name in names:
            entry = header[name]
            first, end = entry["data_offsets"]
            stream.seek(8 + length + first)
            values = np.frombuffer(stream.read(end - first), dtype=_TYPES[entry["dtype"]])
            result.append(values.reshape(entry["shape"]).astype(np.float64))
    return result
