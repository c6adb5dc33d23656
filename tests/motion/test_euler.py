# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from holirep_blender.motion import rotations
from holirep_blender.motion.euler import continuous_euler, from_euler, to_euler

ORDERS = ["".join(order) for order in permutations("XYZ")]


@pytest.mark.parametrize("order", ORDERS)
def test_there_and_back(order):
    q = rotations.normalized(np.random.default_rng(1).normal(size=(500, 4)))
    assert rotations.angle_between(from_euler(to_euler(q, order), order), q).max() < 1e-7
    locked = from_euler(np.array([[0.3, np.pi / 2, 0.4], [-1.0, -np.pi / 2, 2.0]]), order)
    assert rotations.angle_between(from_euler(to_euler(locked, order), order), locked).max() < 1e-6


@pytest.mark.parametrize("order", ORDERS)
def test_a_tumble_has_no_jumps(order):
    clock = np.linspace(0.0, 3.0, 400)
    q = rotations.multiply(
        rotations.from_axis_angle([0, 0, 1], 6.0 * clock), rotations.from_axis_angle([1, 0, 0], 2.0 * np.sin(3 * clock))
    )
    angles = continuous_euler(q[:, None], order)[:, 0]
    assert rotations.angle_between(from_euler(angles, order), q).max() < 1e-7
    inner = np.abs(np.cos(angles[:, 1])) > 0.2  # near gimbal lock the outer angles truly turn fast
    steps = np.abs(np.diff(angles, axis=0))[inner[1:] & inner[:-1]]
    assert steps.max() < 0.5
