# SPDX-License-Identifier: GPL-3.0-or-later
"""Differences of pictures by pictures of known difference, light from polygons, and lamps drawn on a map."""

from __future__ import annotations

import numpy as np
import pytest

from holirep_blender.lighting.analysis import analyse
from holirep_blender.lighting.area import polygon_irradiance
from holirep_blender.lighting.differences import (
    colour_angle,
    difference,
    in_blocks,
    relative_error,
    systematic_error,
)
from holirep_blender.lighting.environment_map import checked_map
from holirep_blender.lighting.marking import marked_environment
from tests.lighting.maps import direction, paint_disk, sky


def picture(seed=0, count=4000):
    return np.random.default_rng(seed).uniform(0.2, 1.0, (count, 3))


def test_a_picture_is_not_different_from_itself():
    truth = picture()
    found = difference(truth, truth)
    assert found.rmse == 0.0
    assert found.angle == pytest.approx(0.0, abs=1e-4)
    assert found.scale_invariant_rmse == pytest.approx(0.0, abs=1e-12)


def test_brightness_alone_is_no_scale_invariant_error_and_no_angle():
    truth = 0.2 * picture()
    found = difference(0.7 * truth, truth)
    assert found.rmse > 0.05
    assert found.scale_invariant_rmse < 0.2 * found.rmse
    assert found.angle == pytest.approx(0.0, abs=1e-4)


def test_the_angle_between_colours():
    grey, red = np.ones((5, 3)), np.array([[1.0, 0.0, 0.0]] * 5)
    assert colour_angle(red, grey) == pytest.approx(np.degrees(np.arccos(1 / np.sqrt(3))))
    assert colour_angle(np.zeros((5, 3)), grey) == 0.0


def test_what_is_no_noise_is_told_from_noise():
    """A known shift of 10 % under noise of 17 %."""
    truth = picture()
    generator = np.random.default_rng(1)
    noisy = [truth + 0.1 * generator.normal(size=truth.shape) for _ in range(4)]
    assert relative_error(noisy[0], noisy[1]) > 0.2
    shifted = [each + 0.1 * truth.mean() for each in noisy[2:]]
    assert systematic_error(*shifted, *noisy[:2]) == pytest.approx(0.1, abs=0.01)


def test_blocks_of_which_a_part_is_masked_are_left_out():
    mask = np.ones((8, 8), dtype=bool)
    mask[0, 0] = False
    blocks = in_blocks(np.arange(192, dtype=float).reshape(8, 8, 3), 4, mask)
    assert blocks.shape == (3, 3)
    assert in_blocks(np.ones((9, 10, 3)), 4).shape == (4, 3)


def test_irradiance_from_a_square():
    """Facing its middle from far away it is area over distance squared; close to it, π: the whole half space."""
    square = np.array([(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)], dtype=float)
    far = polygon_irradiance(square, (0, 0, 50.0))
    np.testing.assert_allclose(far, (0, 0, -4 / 50**2), rtol=2e-3, atol=1e-9)
    near = polygon_irradiance(square[::-1], (0, 0, 1e-3))
    assert near[2] == pytest.approx(-np.pi, rel=2e-3)
    aside = polygon_irradiance(square, (30.0, 0, 40.0))
    assert np.linalg.norm(aside) == pytest.approx(4 / 50**2 * 0.8, rel=2e-3)


def test_lamps_are_drawn_where_they_are_with_their_numbers_apart():
    pixels = paint_disk(sky(128), direction(60, 20), 2.0, [4.0, 4.0, 4.0])
    paint_disk(pixels, direction(52, 20), 2.0, [2.0, 2.0, 2.0])
    found = analyse(checked_map(pixels))
    drawn = marked_environment(found.grid, found.lamps, 1024)
    bare = marked_environment(found.grid, [], 1024)
    assert drawn.shape[1] >= 1024
    changed = np.abs(drawn - bare).max(axis=2) > 0
    rows, columns = np.nonzero(changed)
    height, width = changed.shape
    assert abs(np.median(rows) / height - (0.5 - 20 / 180)) < 0.05
    assert abs(np.median(columns) / width - (0.5 - 56 / 360)) < 0.05
    assert changed.mean() < 0.03, "nothing else of the map is touched"
