# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from holirep_blender.motion import rotations
from holirep_blender.motion.biomechanics.anatomical import anatomical_joints
from holirep_blender.motion.biomechanics.engine import LimitOptions, check_limits, limited
from holirep_blender.motion.biomechanics.limit_table import LimitTable
from holirep_blender.motion.contacts import contact_points, detect_contacts, estimate_floor
from holirep_blender.motion.planting import PlantOptions, character_floor, character_take, planted
from holirep_blender.motion.planting.pose import pace_of, with_ancestors
from holirep_blender.motion.retargeting import retarget
from holirep_blender.motion.skeleton import JOINT_NAMES, JOINT_PARENTS
from holirep_blender.motion.take import Take
from tests.motion.planting.characters import character, rest_positions
from tests.motion.retargeting.clips import mocap_take

SOLES = ("leftHeel", "leftToes", "rightHeel", "rightToes")
LEGS = ("Leg", "Foot", "Toes")


def squat(shared_data):
    """Legs wide apart, deeper than an average adult's hips spread."""
    take, frames = mocap_take(shared_data, "cmu_salsa_01"), slice(320, 480)
    empty = dict.fromkeys(("joint_confidence", "blendshapes", "blendshape_confidence", "contacts"), np.zeros((0, 0)))
    part = {"local_rotations": take.local_rotations[frames], "root_translation": take.root_translation[frames]}
    return replace(take, **part, **empty)


def heights(take, floor):
    """Of the soles' points over the floor, metres ``(T, 4)``."""
    points = contact_points(take)
    return floor.height_of(points.world(take))[:, [points.index(name) for name in SOLES]]


@pytest.mark.parametrize("name", ["short-legged", "cartoon"])
def test_limits_leave_no_sole_under_the_floor(shared_data, name):
    take = squat(shared_data)
    contacts = detect_contacts(take, estimate_floor(take))
    rig, rig_map = character(name)
    made = character_take(retarget(take, rig, rig_map), rig, rig_map, fps=take.fps)
    limits = LimitOptions(LimitTable.load("average_adult"))
    floor = character_floor(made, take, estimate_floor(take))
    start = limited(made.take, limits)[0]
    free = planted(start, contacts, PlantOptions(floor=floor), source=take).take
    pushed = heights(limited(free, limits)[0], floor).min()
    result = planted(start, contacts, PlantOptions(floor=floor, limits=limits), source=take)
    print(f"{name}: {1e3 * pushed:.0f} mm by limits alone, {1e3 * heights(result.take, floor).min():.2f} mm")
    assert pushed < -0.05
    assert heights(result.take, floor).min() > -0.002
    beyond = [one for one in check_limits(result.take, limits) if one.joint.endswith(LEGS)]
    assert max((abs(one.value - one.bound) for one in beyond), default=0.0) < 0.01
    assert pace_of(result.take)[0] <= pace_of(made.take)[0]


def still_take(name):
    """Two frames of a character in its rest pose."""
    rest = rest_positions(name)
    offsets = [
        rest[joint] - (rest[JOINT_NAMES[parent]] if parent >= 0 else 0.0)
        for joint, parent in zip(JOINT_NAMES, JOINT_PARENTS)
    ]
    still = np.tile([1.0, 0.0, 0.0, 0.0], (2, len(JOINT_NAMES), 1))
    return Take(30.0, 1, still, np.tile(rest["hips"], (2, 1)), np.array(offsets), JOINT_NAMES, JOINT_PARENTS)


@pytest.mark.parametrize("name", ["average", "cartoon"])
def test_a_part_of_a_skeleton_has_the_anatomical_frames_of_the_whole(name):
    take = still_take(name)
    for angle in (0.0, 0.8):
        turned = rotations.from_axis_angle([0.0, 0.0, 1.0], np.asarray(angle))
        whole = replace(take, rest_offsets=rotations.rotate(turned, take.rest_offsets))
        legs = [whole.joint_names.index(f"left{part}") for part in ("UpperLeg", "LowerLeg", "Foot")]
        part, rows = with_ancestors(whole, legs)
        frames = {joint.name: joint for joint in anatomical_joints(whole)}
        names = {whole.joint_names[row] for row in rows}
        found = {joint.name: joint for joint in anatomical_joints(part) if joint.name in names}
        assert {"leftUpperLeg", "leftLowerLeg", "leftFoot", "leftToes"} <= set(found)
        for joint in found.values():
            assert np.allclose(joint.into, frames[joint.name].into, atol=1e-9), joint.name
