# SPDX-License-Identifier: GPL-3.0-or-later
"""Filling what was not seen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from holirep_blender.motion import gaps, rotations

FPS = 30.0
masks = arrays(bool, st.integers(1, 60))


@settings(max_examples=80, deadline=None)
@given(masks)
def test_spans_cover_exactly_the_true_frames(mask):
    covered = np.zeros(len(mask), bool)
    for first, end in gaps.spans(mask):
        assert first < end
        covered[first:end] = True
    np.testing.assert_array_equal(covered, mask)


def test_short_islands_are_dropped_but_not_a_whole_short_clip():
    mask = np.array([0, 1, 0, 0, 1, 1, 1, 1, 0, 1, 1], bool)
    np.testing.assert_array_equal(gaps.without_islands(mask, 3), np.array([0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0], bool))
    assert gaps.without_islands(np.array([True, True]), 3).all()


@settings(max_examples=80, deadline=None)
@given(masks)
def test_confidence_is_zero_deep_inside_gaps_and_untouched_outside(mask):
    confidence = np.linspace(0.4, 1.0, len(mask))
    result = gaps.confidence_into_gaps(confidence, mask, FPS, reach=0.2)
    np.testing.assert_allclose(result[mask], confidence[mask])
    assert np.all(result[gaps.distance_to_valid(mask) >= 6.0] == 0.0)
    assert np.all((result >= 0.0) & (result <= 1.0))


@settings(max_examples=80, deadline=None)
@given(masks, st.booleans())
def test_filled_rotations_keep_what_was_seen_and_never_jump(mask, relaxes):
    angles = 0.8 * np.sin(np.arange(len(mask)) / 9.0)
    truth = rotations.from_axis_angle(np.array([0.0, 1.0, 0.0]), angles)[:, None]
    given_rows = np.where(mask[:, None, None], truth, np.nan)
    neutral = rotations.identity((1,)) if relaxes else None
    result = gaps.fill_rotations(given_rows, mask, FPS, neutral)
    np.testing.assert_allclose(np.linalg.norm(result, axis=-1), 1.0, atol=1e-9)
    if mask.any():
        assert rotations.angle_between(result[mask], truth[mask]).max() < 1e-6
    if len(mask) > 1:
        # the seen motion turns at most 5.1 degrees a frame; an eased bridge at most 1.5 times as fast
        assert np.degrees(rotations.angle_between(result[1:], result[:-1])).max() < 12.0


def test_long_gaps_relax_and_come_back():
    mask = np.ones(90, bool)
    mask[20:70] = False
    bent = rotations.from_axis_angle(np.array([0.0, 1.0, 0.0]), np.full(90, 1.4))
    result = gaps.fill_rotations(bent, mask, FPS, rotations.identity())
    away = np.degrees(rotations.angle_between(result, rotations.identity()))
    assert away[45] < 0.01
    assert away[20] > 75.0
    assert away[69] > 75.0
    assert np.abs(np.diff(away)).max() < 15.0


def test_filled_points_stay_between_their_neighbours():
    times = np.arange(30) / FPS
    points = np.stack([times**2, np.full(30, 3.0)], axis=-1)[:, None]
    broken = points.copy()
    broken[10:20] = np.nan
    result = gaps.fill_points(broken, times)
    np.testing.assert_allclose(result[:10], points[:10])
    assert np.all(np.diff(result[:, 0, 0]) >= 0.0)
    np.testing.assert_allclose(result[:, 0, 1], 3.0)
    assert np.abs(result - points).max() < 0.02


def test_points_that_were_never_seen_stay_missing():
    points = np.full((5, 2, 3), np.nan)
    points[:, 0] = 1.0
    assert np.isnan(gaps.fill_points(points, np.arange(5.0))[:, 1]).all()


@pytest.mark.parametrize("border", [1, 15, 29])
def test_border_nearness_is_one_at_borders_and_nothing_far_away(border):
    mask = np.arange(30) >= border
    near = gaps.border_nearness(mask, FPS, 0.2)
    assert near[border] == pytest.approx(1.0)
    assert near[border - 1] == pytest.approx(1.0)
    far = np.abs(np.arange(30) - (border - 0.5)) > 7.0
    assert np.all(near[far] == 0.0)
