# SPDX-License-Identifier: GPL-3.0-or-later
"""No rig's rest pose is beyond human limits, whatever its bones are like."""

from __future__ import annotations

import numpy as np
import pytest

from holirep_blender.motion import rotations
from holirep_blender.motion.biomechanics.engine import LimitOptions, check_limits
from holirep_blender.motion.biomechanics.joint_angles import joint_angles
from holirep_blender.motion.rigs import Rig, find_rig_map
from holirep_blender.motion.skeleton import JOINT_NAMES, JOINT_PARENTS
from holirep_blender.motion.take import Take
from tests.rigs.builders import QUICK_FAMILIES


def _at_rest(rig: Rig) -> Take:
    """One frame of the rig's rest pose, in the rig's own space."""
    bones = find_rig_map(rig).bones
    index = {name: number for number, name in enumerate(rig.bone_names)}
    names = [name for name in JOINT_NAMES if name in bones]
    places = np.array([np.asarray(rig.rest, dtype=np.float64)[index[bones[name]], :3, 3] for name in names])
    parents, offsets = [], places.copy()
    for number, name in enumerate(names):
        above = JOINT_PARENTS[JOINT_NAMES.index(name)]
        while above >= 0 and JOINT_NAMES[above] not in names:
            above = JOINT_PARENTS[above]
        parents.append(names.index(JOINT_NAMES[above]) if above >= 0 else -1)
        if above >= 0:
            offsets[number] = places[number] - places[parents[-1]]
    still = rotations.identity((1, len(names)))
    return Take(30.0, 1, still, np.zeros((1, 3)), offsets, tuple(names), tuple(parents))


@pytest.mark.parametrize("family", QUICK_FAMILIES)
def test_rest_poses_are_human(family: str, rigs: dict[str, Rig]) -> None:
    take = _at_rest(rigs[family])
    found = check_limits(take, LimitOptions())
    assert found == [], [row.sentence() for row in found]
    angles = joint_angles(take)
    assert np.degrees(np.abs(angles.values)).max() < 75.0
    # fingers fan out in every rig's own way: spread at rest is build, not pose
    for name, values in zip(angles.names, angles.values.T):
        if name.endswith("Proximal.abduction") and "Thumb" not in name:
            assert np.degrees(np.abs(values)).max() < 5.0, name
