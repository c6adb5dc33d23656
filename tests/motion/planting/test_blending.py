# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holirep_blender.motion.planting.blending import bridged, gathered, smoothed, upper_envelope
from holirep_blender.motion.planting.stances import Phases, places


def test_a_bridge_leaves_and_arrives_with_the_known_velocity_and_acceleration():
    count = 200
    clock = np.arange(count) / 20.0
    values = np.stack([np.sin(clock), 0.1 * clock**2], axis=1)
    known = np.ones(count, dtype=bool)
    known[60:120] = known[:10] = known[190:] = False
    before = np.stack([np.sin(clock - 0.05), 0.1 * (clock - 0.05) ** 2], axis=1)
    after = np.stack([np.sin(clock + 0.05), 0.1 * (clock + 0.05) ** 2], axis=1)
    result = bridged(values, known, before, after, 30)
    assert np.array_equal(result[known], values[known])
    for border, step in ((59, 1), (120, -1)):
        frames = border + step * np.arange(1, 4)
        # what is left is of third order in the frames
        assert np.abs(result[frames] - values[frames]).max(axis=1) == pytest.approx([0.0] * 3, abs=2e-2)
        assert np.abs(result[frames[0]] - values[frames[0]]).max() < 1e-3
    held = bridged(values, known, values, values, 30)
    assert np.allclose(held[:10], values[10], atol=1e-12)


def test_nothing_known_and_all_known():
    values = np.ones((5, 2))
    assert not bridged(values, np.zeros(5, bool), values, values, 3).any()
    assert np.array_equal(bridged(values, np.ones(5, bool), values, values, 3), values)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0.0, 10.0), min_size=1, max_size=60), st.integers(0, 9))
def test_an_envelope_is_nowhere_below(values, reach):
    curve = np.array(values)
    assert (upper_envelope(curve, reach) >= curve - 1e-9).all()
    assert upper_envelope(curve, reach).max() <= curve.max() + 1e-9


def test_smoothing_keeps_constants_and_gathering_is_a_plain_sum():
    assert np.allclose(smoothed(np.full((30, 2), 3.0), 4.0), 3.0)
    random = np.random.default_rng(1).normal(size=(40, 3))
    lag = np.arange(40)[:, None] - np.arange(40)[None, :]
    bell = (1.0 + (lag / 3.0) ** 2) ** -2.0 * np.where(np.abs(lag) <= 9, (1.0 - (lag / 10.0) ** 2) ** 4, 0.0)
    assert np.allclose(gathered(random, 3.0, 9.0), bell @ random)


def test_rolling_from_heel_to_ball_has_one_place():
    heel = np.zeros(30, dtype=bool)
    ball = np.zeros(30, dtype=bool)
    heel[5:15], ball[10:20] = True, True
    ball[25:28] = True
    random = np.random.default_rng(2)
    drift = np.cumsum(random.normal(size=(30, 2)), axis=0) * 0.01
    apart = np.tile([0.0, -0.2], (30, 1))
    at_heel, at_ball = places(Phases(heel, ball), drift, drift + apart, apart)
    assert np.ptp(at_heel[5:15], axis=0).max() == 0.0
    assert np.allclose(at_ball[10:20] - at_heel[5], apart[0])
    assert np.allclose(at_ball[25:28], (drift + apart)[25:28].mean(axis=0))
    # the group lies where its points are on average
    error = np.concatenate([at_heel[5:15] - drift[5:15], at_ball[10:20] - (drift + apart)[10:20]])
    assert np.allclose(error.mean(axis=0), 0.0)


def test_a_point_that_takes_over_at_once_shares_two_frames():
    heel, ball = np.array([1, 1, 1, 0, 0, 0], bool), np.array([0, 0, 0, 1, 1, 1], bool)
    phases = Phases.of(heel, ball)
    assert np.flatnonzero(phases.flat).tolist() == [2, 3]
    assert phases.touching.all()
