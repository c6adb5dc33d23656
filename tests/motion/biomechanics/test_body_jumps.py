# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies that jump into another pose and back are found and bridged; fast true motion is none of it."""

from __future__ import annotations

import numpy as np
import pytest

from holirep_blender.motion import rotations
from holirep_blender.motion.biomechanics.body_jumps import body_jumps, bridged
from tests.motion.biomechanics.figures import lively_take, still_take

COLUMNS = list(range(20))


def _elsewhere(local: np.ndarray, first: int, last: int, columns: list[int], degrees: float = 80.0) -> np.ndarray:
    result = local.copy()
    turn = rotations.from_axis_angle([0.3, 1.0, 0.2], np.radians(degrees))
    result[first : last + 1, columns] = rotations.multiply(result[first : last + 1, columns], turn)
    return result


@pytest.mark.parametrize("length", [1, 2, 5, 8])
def test_a_jump_and_back_is_bridged_to_what_was_there(length: int) -> None:
    clean = lively_take(90).local_rotations
    bad = _elsewhere(clean, 40, 39 + length, COLUMNS[2:10])
    found = body_jumps(bad, COLUMNS, 30.0)
    assert [(jump.first, jump.last) for jump in found] == [(40, 39 + length)]
    assert set(COLUMNS[2:10]) <= set(found[0].columns)
    after = bridged(bad, found, 30.0)
    error = np.degrees(rotations.angle_between(after, clean))
    assert error.max() < 12.0
    outside = np.r_[:40, 40 + length : 90]
    assert np.degrees(rotations.angle_between(after, bad))[outside].max() < 1e-6


def test_few_joints_a_lasting_pose_and_lively_motion_are_no_jumps() -> None:
    clean = lively_take(90).local_rotations
    assert body_jumps(clean, COLUMNS, 30.0) == []
    assert body_jumps(_elsewhere(clean, 40, 42, COLUMNS[:3]), COLUMNS, 30.0) == []
    assert body_jumps(_elsewhere(clean, 40, 60, COLUMNS), COLUMNS, 30.0) == []
    assert body_jumps(_elsewhere(clean, 40, 42, COLUMNS), COLUMNS, 12.0) == []


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_short_clips_hold_no_jumps(frames: int) -> None:
    assert body_jumps(still_take(frames).local_rotations, COLUMNS, 30.0) == []
