# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import numpy as np
import pytest

from holirep_blender.motion import rotations
from holirep_blender.motion.contacts import Floor, contact_points
from holirep_blender.motion.planting.feet import find_foot
from holirep_blender.motion.planting.leg_moves import EACH_LEG, PELVIS, LegHold, Legs, sole_heights
from holirep_blender.motion.planting.pose import Pose
from holirep_blender.motion.planting.stances import Phases
from tests.motion.planting.walking import walk


def holding(phase: str) -> tuple[Pose, LegHold]:
    take = walk(12)
    foot = find_foot(take, "left", contact_points(take))
    assert foot is not None
    yes, no = np.ones(12, dtype=bool), np.zeros(12, dtype=bool)
    phases = Phases(yes if phase in ("flat", "heel") else no, yes if phase in ("flat", "ball") else no)
    arm = np.tile(foot.pivot if phase == "ball" else foot.heel, (12, 1))
    return Pose.over(take, Floor()), LegHold(foot, phases, arm)


def turns(pose: Pose, hold: LegHold) -> np.ndarray:
    leg = hold.foot.leg
    chain = [pose.take.parents[leg.upper], leg.upper, leg.lower, leg.end, hold.foot.toes]
    return np.stack(
        [
            rotations.multiply(rotations.inverse(pose.turned[:, a]), pose.turned[:, b])
            for a, b in zip(chain[:-1], chain[1:])
        ],
        axis=1,
    )


@pytest.mark.parametrize("phase", ["flat", "heel", "ball", "air"])
def test_small_changes_do_what_is_reckoned_and_contacts_stay(phase):
    size, unit = 1e-5, 0.8
    width, rows = PELVIS + EACH_LEG, np.arange(12)
    for column in range(width):
        pose, hold = holding(phase)
        before, heights = turns(pose, hold), sole_heights(pose, hold.foot, rows)
        legs = Legs(pose, [hold])
        reckoned = legs.effects(rows, unit)
        end = hold.foot.leg.end
        spot = pose.placed[:, end] + rotations.rotate(pose.turned[:, end], hold.arm)
        change = np.zeros((12, width))
        change[:, column] = size
        legs.move(rows, change[:, None, PELVIS:], change[:, :PELVIS] * unit, spot[None])
        did = rotations.to_rotation_vector(rotations.multiply(rotations.inverse(before), turns(pose, hold)))
        assert did.reshape(12, 12) / size == pytest.approx(reckoned.turns[0, ..., column], abs=5e-3)
        rose = (sole_heights(pose, hold.foot, rows) - heights) / size
        assert rose == pytest.approx(reckoned.heights[0, ..., column], abs=5e-3)
        if phase != "air":
            now = pose.placed[:, end] + rotations.rotate(pose.turned[:, end], hold.arm)
            assert np.abs(now - spot).max() < 1e-9
