# SPDX-License-Identifier: GPL-3.0-or-later
"""Human limits as targets: where joints are beyond them, the nearest rotation within."""

from __future__ import annotations

import numpy as np

from ....motion import rotations
from ....motion.biomechanics.engine import LimitOptions, limited
from ....motion.skeleton import JOINT_INDEX, JOINT_NAMES
from ....motion.take import Take
from ..joints import BODY
from .marks import shape_of
from .terms import Array, Bounds, Clip

_COLUMNS = [JOINT_INDEX[name] for name in BODY]


def bounds_of(clip: Clip, template: Array, fps: float, spread: float) -> Bounds:
    """Where the clip's joints should turn back to, each with the squared weight of ``spread`` radians."""
    count = len(clip.root)
    local = rotations.identity((count, len(JOINT_NAMES)))
    local[:, _COLUMNS] = rotations.from_matrix(clip.local)
    offsets = np.zeros((len(JOINT_NAMES), 3))
    offsets[_COLUMNS] = shape_of(clip.build, template).rest
    take = Take(fps, 1, local, clip.root, offsets)
    held, _ = limited(take, LimitOptions())
    same = np.abs(np.sum(held.local_rotations[:, _COLUMNS] * local[:, _COLUMNS], axis=-1)) > 1.0 - 1e-9
    return Bounds(rotations.to_matrix(held.local_rotations[:, _COLUMNS]), np.where(same, 0.0, spread**-2.0))
