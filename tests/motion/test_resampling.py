# SPDX-License-Identifier: GPL-3.0-or-later
"""Plates of variable rate on an even clock."""

from __future__ import annotations

import numpy as np
import pytest

from holirep_blender.motion.observations import Observations
from holirep_blender.motion.resampling import is_uniform, resampled


def moving(times: np.ndarray) -> Observations:
    rows = Observations.empty(len(times), (640, 480))
    rows.times = times
    rows.frame_numbers = np.arange(1.0, len(times) + 1)
    rows.body_image[:] = (100.0 * times)[:, None, None]
    rows.body_world[:] = times[:, None, None]
    rows.body_confidence[:] = 1.0
    rows.body_visibility[:] = 0.8
    return rows


def test_an_even_plate_is_left_alone():
    rows = moving(np.arange(20) / 23.976)
    assert resampled(rows, 23.976) is rows


def test_points_move_evenly_after_resampling():
    generator = np.random.default_rng(3)
    times = np.cumsum(generator.uniform(0.01, 0.06, 80))
    times -= times[0]
    result = resampled(moving(times), 30.0)
    clock = np.arange(len(result)) / 30.0
    assert not is_uniform(times, 30.0)
    inside = clock <= times[-1]
    np.testing.assert_allclose(result.body_image[inside, 5, 0], 100.0 * clock[inside], atol=1e-9)
    assert abs(clock[-1] - times[-1]) <= 0.5 / 30.0 + 1e-9
    assert np.all(np.diff(result.frame_numbers) >= 0)


def test_missing_rows_stay_missing():
    times = np.arange(40) / 24.0
    rows = moving(times)
    rows.body_image[10:20] = np.nan
    rows.body_confidence[10:20] = 0.0
    result = resampled(rows, 30.0)
    middle = (result.times > times[10]) & (result.times < times[19])
    assert np.isnan(result.body_image[middle]).all()
    assert np.all(result.body_confidence[middle] == 0.0)
    assert np.isfinite(result.body_image[result.times < times[9]]).all()


def test_times_that_stand_still_are_refused():
    with pytest.raises(ValueError, match="do not increase"):
        resampled(moving(np.array([0.0, 0.1, 0.1, 0.2])), 30.0)
