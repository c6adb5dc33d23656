# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from holirep_blender.motion import rotations
from holirep_blender.motion.planting.pose import Limb
from holirep_blender.motion.planting.two_bone import STRAIGHTEST, hinge_of, reaching

AXIS = np.array([1.0, 0.0, 0.0])


def leg(first: float, second: float) -> Limb:
    return Limb(0, 1, 2, np.array([0.0, 0.01, -first]), np.array([0.02, 0.0, -second]), AXIS)


def ends(limb: Limb, upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    return rotations.rotate(upper, limb.first) + rotations.rotate(lower, limb.second)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**31 - 1),
    st.floats(0.05, 1.0),
    st.floats(0.05, 1.0),
    st.floats(0.0, 1.6),
)
def test_what_is_within_reach_is_reached_and_nothing_flips(seed, first, second, share):
    random = np.random.default_rng(seed)
    limb = leg(first, second)
    upper = rotations.normalized(random.normal(size=(8, 4)))
    bent = rotations.from_axis_angle(AXIS, random.uniform(-0.1, 2.4, 8))  # some are bent the wrong way
    lower = rotations.multiply(upper, bent)
    axis = rotations.rotate(upper, AXIS)
    hinge = hinge_of(limb, upper, lower, axis)
    low, high = hinge.distance(np.full(8, 2.8)), hinge.distance(np.full(8, STRAIGHTEST))
    distance = low + share * (high - low)
    target = distance[:, None] * rotations.normalized(random.normal(size=(8, 3)))
    new_upper, new_lower = reaching(limb, upper, lower, axis, np.zeros((8, 3)), target)
    got = ends(limb, new_upper, new_lower)
    inside = distance <= high
    assert np.allclose(got[inside], target[inside], atol=1e-9)
    # beyond reach: in the target's direction, as far as it goes
    beyond = ~inside
    assert np.allclose(rotations.normalized(got[beyond]), rotations.normalized(target[beyond]), atol=1e-7)
    new_axis = rotations.rotate(new_upper, AXIS)
    flexion = hinge_of(limb, new_upper, new_lower, new_axis).flexion
    assert (flexion > STRAIGHTEST - 1e-6).all()
    # the middle joint has turned about its hinge alone
    turn = rotations.multiply(rotations.inverse(new_upper), new_lower)
    change = rotations.to_rotation_vector(rotations.multiply(turn, rotations.inverse(bent)))
    assert np.abs(change[:, 1:]).max() < 1e-6


def test_a_limb_at_its_place_stays_as_it_is():
    limb = leg(0.4, 0.4)
    upper = rotations.from_axis_angle([1.0, 0.2, 0.1], np.linspace(-0.5, 0.5, 5))
    lower = rotations.multiply(upper, rotations.from_axis_angle(AXIS, np.linspace(0.1, 1.5, 5)))
    axis = rotations.rotate(upper, AXIS)
    solved = reaching(limb, upper, lower, axis, np.zeros((5, 3)), ends(limb, upper, lower))
    for old, new in zip((upper, lower), solved):
        assert rotations.angle_between(old, new).max() < 1e-6


def test_passing_through_straight_does_not_turn_the_thigh_about_itself():
    """A target that runs through the straight leg: the thigh's turn about itself stays smooth."""
    limb = leg(0.4, 0.4)
    count = 50
    upper = rotations.identity((count,))
    lower = rotations.from_axis_angle(AXIS, np.full(count, 0.3))
    target = np.stack([np.linspace(-0.01, 0.01, count), np.zeros(count), -np.linspace(0.75, 0.85, count)], axis=1)
    solved, _ = reaching(limb, upper, lower, np.tile(AXIS, (count, 1)), np.zeros((count, 3)), target)
    step = rotations.angle_between(solved[1:], solved[:-1])
    assert np.degrees(step.max()) < 5.0
