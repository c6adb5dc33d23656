# SPDX-License-Identifier: GPL-3.0-or-later
"""A rig's rest pose as rotations."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .. import rotations
from ..retargeting.motion import RigLike

Array = npt.NDArray[np.float64]


def rest_rotations(rig: RigLike) -> Array:
    """Rest rotation of each bone in armature space ``(N, 4)``; scale left out."""
    rest = np.asarray(rig.rest, dtype=np.float64)
    return rotations.from_matrix(rotations.normalized(np.swapaxes(rest[:, :3, :3], 1, 2)).swapaxes(1, 2))
