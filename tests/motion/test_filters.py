# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters against signals whose filtered form is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from holirep_blender.motion import filters, rotations

FPS = 30.0
samples = arrays(np.float64, st.tuples(st.integers(1, 80), st.just(2)), elements=st.floats(-100, 100))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 120), st.floats(-10, 10), st.floats(-5, 5), st.floats(0.5, 9.0))
def test_zero_phase_leaves_straight_lines(count, start, slope, cutoff):
    line = (start + slope * np.arange(count) / FPS)[:, None]
    np.testing.assert_allclose(
        filters.zero_phase(line, FPS, cutoff), line, atol=1e-5 * (1 + abs(start) + abs(slope) * 4)
    )


@settings(max_examples=60, deadline=None)
@given(samples, st.floats(0.5, 9.0))
def test_zero_phase_is_the_same_backwards(values, cutoff):
    forwards = filters.zero_phase(values, FPS, cutoff)
    backwards = filters.zero_phase(values[::-1], FPS, cutoff)[::-1]
    # the two passes see the ends in another order, so only the inside agrees closely
    inside = slice(len(values) // 3, len(values) - len(values) // 3)
    scale = 1e-9 + np.abs(values).max()
    assert forwards.shape == values.shape
    assert np.all(np.isfinite(forwards))
    if len(values) > 60 and cutoff > 3.0:
        assert np.abs(forwards[inside] - backwards[inside]).max() < 0.02 * scale


@pytest.mark.parametrize("cutoff", [2.0, 4.0, 6.0])
def test_zero_phase_halves_the_power_at_its_cutoff_without_delay(cutoff):
    times = np.arange(600) / FPS
    wave = np.sin(2 * np.pi * cutoff * times)
    result = filters.zero_phase(wave, FPS, cutoff)[150:450]
    gain = np.dot(result, wave[150:450]) / np.dot(wave[150:450], wave[150:450])
    quarter = np.cos(2 * np.pi * cutoff * times)[150:450]
    delay = np.dot(result, quarter) / np.dot(quarter, quarter)
    assert gain == pytest.approx(np.sqrt(0.5), abs=0.01)
    assert abs(delay) < 0.01


def test_zero_phase_removes_what_is_fast_and_keeps_what_is_slow():
    times = np.arange(300) / FPS
    slow, fast = np.sin(2 * np.pi * 1.0 * times), 0.3 * np.sin(2 * np.pi * 12.0 * times)
    result = filters.zero_phase(slow + fast, FPS, 4.0)
    assert np.abs(result - slow)[15:-15].max() < 0.03
    # at the very ends one side of the signal is a guess
    assert np.abs(result - slow).max() < 0.3


def test_a_cutoff_near_half_the_rate_changes_nothing():
    values = np.random.default_rng(1).normal(size=(40, 3))
    np.testing.assert_array_equal(filters.zero_phase(values, FPS, 14.0), values)


def test_butterworth_rejects_an_impossible_cutoff():
    with pytest.raises(ValueError, match="half the frame rate"):
        filters.butterworth_lowpass(15.0, FPS)


@settings(max_examples=60, deadline=None)
@given(samples, st.floats(0.1, 5.0), st.floats(0.0, 2.0))
def test_one_euro_stays_within_what_it_has_seen(values, min_cutoff, beta):
    result = filters.one_euro(values, FPS, min_cutoff, beta)
    highest, lowest = np.maximum.accumulate(values), np.minimum.accumulate(values)
    assert np.all(result <= highest + 1e-9)
    assert np.all(result >= lowest - 1e-9)


@settings(max_examples=30, deadline=None)
@given(samples, st.integers(1, 79))
def test_one_euro_does_not_look_ahead(values, cut):
    whole = filters.one_euro(values, FPS, 1.0, 0.5)
    part = filters.one_euro(values[:cut], FPS, 1.0, 0.5)
    np.testing.assert_array_equal(whole[:cut], part)


def test_one_euro_follows_fast_motion_more_closely_with_beta():
    step = np.concatenate([np.zeros(20), np.ones(40)])
    slow, quick = filters.one_euro(step, FPS, 0.5, 0.0), filters.one_euro(step, FPS, 0.5, 2.0)
    assert quick[24] > slow[24] + 0.2


@settings(max_examples=40, deadline=None)
@given(arrays(np.float64, st.tuples(st.integers(3, 50), st.just(3)), elements=st.floats(-3, 3)))
def test_filtered_rotations_are_rotations(vectors):
    quaternions = rotations.from_rotation_vector(vectors)
    result = filters.filtered_rotations(quaternions, lambda values: filters.zero_phase(values, FPS, 3.0))
    length = np.linalg.norm(result, axis=-1)
    # opposite neighbours can cancel; anything else has length one
    assert np.all((np.abs(length - 1.0) < 1e-9) | (length < 1e-6))


def test_a_steady_turn_passes_the_rotation_filter():
    angles = np.linspace(0.0, 6.0, 90)
    quaternions = rotations.from_axis_angle(np.array([0.0, 0.0, 1.0]), angles)
    flipped = quaternions * np.where(np.arange(90) % 7 == 0, -1.0, 1.0)[:, None]
    result = filters.filtered_rotations(flipped, lambda values: filters.zero_phase(values, FPS, 5.0))
    assert np.degrees(rotations.angle_between(result, quaternions)[8:-8]).max() < 0.05
