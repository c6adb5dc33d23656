# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holirep_blender.motion import rotations
from holirep_blender.motion.biomechanics.slowing import slowed_channels, slowed_rotations


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    frames=st.integers(2, 80),
    ends=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    cutoff=st.floats(0.2, 14.0),
)
def test_outside_the_window_nothing_changes(seed, frames, ends, cutoff):
    values = np.random.default_rng(seed).normal(size=(frames, 3))
    first, last = sorted(int(end * (frames - 1)) for end in ends)
    after = slowed_channels(values, first, last, np.ones(last - first + 1), cutoff, 30.0)
    outside = np.r_[0:first, last + 1 : frames]
    assert np.array_equal(after[outside], values[outside])
    assert np.isfinite(after).all()


def test_a_parabola_is_slow_enough_already():
    clock = np.arange(60.0)[:, None]
    values = 0.3 * clock**2 - 2.0 * clock
    assert slowed_channels(values, 20, 40, np.ones(21), 0.3, 30.0) == pytest.approx(values, abs=1e-6)


def test_what_is_not_trusted_becomes_the_movement_of_least_jerk():
    """Flash & Hogan 1985: from rest to rest s(10 s^3 - 15 s^4 + 6 s^5), here between two poses that are held."""
    frames, first, last = 400, 100, 299
    values = np.where(np.arange(frames) < 200, 0.0, 1.0)[:, None]
    after = slowed_channels(values, first, last, np.zeros(last - first + 1), 0.3, 120.0)
    phase = np.clip((np.arange(frames) - (first - 2)) / (last - first + 4.0), 0.0, 1.0)
    truth = phase**3 * (10.0 - 15.0 * phase + 6.0 * phase**2)
    assert np.abs(after[:, 0] - truth).max() < 0.02


def test_a_lower_cutoff_is_slower():
    values = np.where(np.arange(60) < 30, 0.0, 1.0)[:, None]
    speeds = [
        np.abs(np.diff(slowed_channels(values, 20, 40, np.ones(21), cutoff, 30.0), axis=0)).max()
        for cutoff in (10.0, 4.0, 2.0, 0.5)
    ]
    assert speeds == sorted(speeds, reverse=True)
    assert speeds[-1] < 0.25


def test_the_joins_are_smooth():
    """A jump spread over a window leaves no step in the second differences at its ends."""
    clock = np.arange(90) / 30.0
    values = (np.sin(clock) + np.where(clock < 1.5, 0.0, 0.5))[:, None]
    after = slowed_channels(values, 33, 57, np.ones(25), 0.3, 30.0)
    accelerations = np.diff(after[:, 0], n=2)
    assert np.abs(np.diff(accelerations)).max() < 0.1 * np.abs(np.diff(values[:, 0], n=3)).max()


@pytest.mark.parametrize("degrees", [60.0, 170.0, 200.0, 350.0])
def test_a_wrong_turn_does_not_leave_rotations_on_the_other_side(degrees):
    """Whatever the sign of its quaternion, a frame that is left out does not turn the others round."""
    angles = np.radians(np.linspace(0.0, 80.0, 40))
    truth = rotations.from_axis_angle([0.0, 0.0, 1.0], angles)[:, None]
    spoilt = truth.copy()
    spoilt[20] = rotations.multiply(spoilt[20], rotations.from_axis_angle([1.0, 0.0, 0.0], np.radians(degrees)))
    spoilt[21:] *= -1.0
    trust = np.ones(7)
    trust[3] = 0.0
    after = slowed_rotations(spoilt, 17, 23, trust, 10.0, 30.0)
    assert np.degrees(rotations.angle_between(after, truth)).max() < 0.5
    assert np.array_equal(after[24:], spoilt[24:])
    assert np.linalg.norm(after, axis=-1) == pytest.approx(1.0)
