# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a take's joints are, fingers apart, computed once for all measures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..motion import rotations
from ..motion.confidence import part_of
from ..motion.take import Take

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Pose:
    """``turned (T, J, 4)`` and ``placed (T, J, 3)`` in the take's world, metres; rest and 0 for fingers."""

    turned: Array
    placed: Array


def pose_of(take: Take) -> Pose:
    """The pose of all joints but fingers, which no measure asks for and most joints are."""
    turned = rotations.identity(take.local_rotations.shape[:2])
    placed = np.zeros(take.local_rotations.shape[:2] + (3,))
    for joint, (name, parent) in enumerate(zip(take.joint_names, take.parents)):
        if parent < 0:
            turned[:, joint], placed[:, joint] = take.local_rotations[:, joint], take.root_translation
        elif not part_of(name).endswith("Hand"):
            turned[:, joint] = rotations.multiply(turned[:, parent], take.local_rotations[:, joint])
            placed[:, joint] = placed[:, parent] + rotations.rotate(turned[:, parent], take.rest_offsets[joint])
    return Pose(turned, placed)
