# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from holirep_blender.motion.biomechanics.engine import LimitOptions, check_limits
from holirep_blender.motion.biomechanics.limit_table import LimitTable
from holirep_blender.motion.contacts import detect_contacts, estimate_floor
from holirep_blender.motion.planting import PlantOptions, character_floor, character_take, planted
from holirep_blender.motion.retargeting import retarget
from tests.motion.planting.characters import character
from tests.motion.retargeting.clips import mocap_take

FRAMES = slice(200, 320)
"""A deep lunge: the left foot stands flat with the ankle bent by 47 degrees."""


@pytest.fixture(scope="module")
def lunge(shared_data):
    take = mocap_take(shared_data, "cmu_martial_04")
    empty = dict.fromkeys(("joint_confidence", "blendshapes", "blendshape_confidence", "contacts"), np.zeros((0, 0)))
    part = {"local_rotations": take.local_rotations[FRAMES], "root_translation": take.root_translation[FRAMES]}
    return replace(take, **part, **empty)


@pytest.mark.parametrize(("name", "ankle"), [("short-legged", 50.0), ("short-legged", 38.0), ("cartoon", 38.0)])
def test_where_an_ankle_cannot_bend_the_heel_rises_and_the_ball_stays(lunge, name, ankle):
    floor = estimate_floor(lunge)
    contacts = detect_contacts(lunge, floor)
    rig, rig_map = character(name)
    made = character_take(retarget(lunge, rig, rig_map), rig, rig_map, fps=lunge.fps)
    limits = LimitOptions(LimitTable.load("average_adult", {"leftFoot.flexion": (-68.0, ankle)}))
    free = PlantOptions(floor=character_floor(made, lunge, floor))
    toes = made.take.joint_names.index("leftToes")
    before = planted(made.take, contacts, free, source=lunge).take.world_positions()[:, toes]
    result = planted(made.take, contacts, replace(free, limits=limits), source=lunge).take
    assert not [one for one in check_limits(result, limits) if one.joint.startswith("leftFoot")]
    ball, touching = result.world_positions()[:, toes], contacts.touching("leftToes")
    both = touching[1:] & touching[:-1]
    assert touching.sum() > 60
    assert (before[touching, 2] - ball[touching, 2]).max() < 0.002
    assert np.linalg.norm(np.diff(ball, axis=0), axis=-1)[both].max() < 0.001
