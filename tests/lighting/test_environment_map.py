# SPDX-License-Identifier: GPL-3.0-or-later
"""What is taken for an environment, what is mended, and the layout."""

from __future__ import annotations

import numpy as np
import pytest

from holirep_blender.lighting.clipping import find_clipping
from holirep_blender.lighting.environment_map import EnvironmentMap, checked_map, reduced
from holirep_blender.lighting.errors import EnvironmentMapError
from holirep_blender.lighting.sphere import column_angles, directions, pixel_of, row_latitudes
from tests.lighting.maps import LUMINANCE, direction, flux, paint_disk, sky


def test_the_layout_is_blenders():
    """u = 0.5 is +X and u grows clockwise; the top row is the zenith."""
    assert pixel_of([1, 0, 0], 8, 4) == (2.0, 4.0)
    assert pixel_of([0, -1, 0], 8, 4) == (2.0, 6.0)
    assert pixel_of([0, 0, 1], 8, 4)[0] == 0.0
    toward = directions(row_latitudes(np.array([1.25]), 4), column_angles(np.array([6.5]), 8))[0]
    np.testing.assert_allclose(pixel_of(toward, 8, 4), (1.25, 6.5))


@pytest.mark.parametrize(("height", "width"), [(512, 1024), (500, 1000), (1024, 2048), (1300, 2600), (1537, 3075)])
def test_a_smaller_copy_keeps_the_energy(height, width):
    pixels = np.random.default_rng(1).random((height, width, 3)).astype(np.float32) ** 8
    grid = reduced(checked_map(pixels.copy()), 1024)
    assert grid.shape[1] < 2048
    assert grid.solid_angles.sum() == pytest.approx(4 * np.pi)
    np.testing.assert_allclose(grid.flux, flux(pixels), rtol=1e-6)


@pytest.mark.parametrize(
    ("pixels", "said"),
    [
        (np.ones((64, 64, 3), np.float32), "64 x 64"),
        (np.ones((64, 128, 1), np.float32), "red, green and blue"),
        (np.zeros((64, 128, 3), np.float32), "black"),
        (np.full((64, 128, 3), np.nan, np.float32), "finite"),
    ],
)
def test_what_is_no_environment_is_refused(pixels, said):
    with pytest.raises(EnvironmentMapError, match=said):
        checked_map(pixels)


def test_broken_pixels_are_mended_and_told():
    pixels = sky(64)
    pixels[3, 4], pixels[5, 6], pixels[7, :20, 0] = np.nan, np.inf, -0.5
    environment = checked_map(pixels)
    assert np.isfinite(environment.pixels).all()
    assert (environment.pixels[3, 4] == 0).all()
    assert (environment.pixels[5, 6] == sky(64).max()).all()
    assert environment.pixels[7, 8, 0] == np.float32(-0.5)
    assert len(environment.notes) == 2
    assert "2 pixels" in environment.notes[0]


def sunny():
    """A sky with a sun that falls off as a lens shows it, yellow in the middle and white around."""
    away = np.degrees(np.arccos(np.clip(_places(512) @ direction(40, 50), -1, 1)))[..., None]
    core = 9000.0 / (1 + (away / 0.4) ** 2) ** 2 * np.array([1.0, 0.9, 0.6])
    return (sky(512) + core + 20.0 / (1 + (away / 2) ** 2)).astype(np.float32)


@pytest.mark.parametrize("stops", [4, 8])
@pytest.mark.parametrize(
    ("kind", "stored"),
    [(kind, stored) for kind in ("channel", "luminance") for stored in ("float", "half", "shared exponent")],
)
def test_clipping_is_found_where_it_is(kind, stops, stored):
    pixels = sunny()
    assert find_clipping(checked_map(_stored(pixels, stored))) is None
    luminance = pixels @ LUMINANCE
    level = float(np.median(luminance) * 2**stops)
    scale = np.minimum(1, level / luminance)[..., None]
    cut = np.minimum(pixels, level) if kind == "channel" else pixels * scale
    clipping = find_clipping(checked_map(_stored(cut.astype(np.float32), stored)))
    assert clipping is not None
    assert clipping.level == pytest.approx(level, rel=1e-2)
    assert "clipped" in clipping.sentence


@pytest.mark.parametrize("stored", ["float", "half", "shared exponent"])
@pytest.mark.parametrize(("angle", "colour"), [(0.6, (1, 1, 1)), (2.0, (6, 5, 4)), (8.0, (1, 1, 1))])
def test_a_disk_of_one_radiance_is_no_clipping(stored, angle, colour):
    pixels = paint_disk(sky(512), direction(40, 50), angle, 2 * np.array(colour, np.float64))
    assert find_clipping(checked_map(_stored(pixels, stored))) is None


def test_a_softbox_of_one_radiance_is_no_clipping():
    pixels = sky(512)
    pixels[180:240, 300:370] = 90.0
    assert find_clipping(checked_map(pixels)) is None


def test_a_flat_patch_above_all_else_that_lights_nothing_was_cut():
    pixels = paint_disk(sky(512), direction(40, 30), 0.53, [3.0, 3.0, 3.0])
    assert find_clipping(checked_map(pixels.copy())) is None
    assert find_clipping(checked_map(np.minimum(pixels, 200.0))) is not None


def test_two_lights_cut_at_one_value_are_clipped():
    pixels = paint_disk(sky(512), direction(40, 50), 2.0, [6.0, 6.0, 6.0])
    paint_disk(pixels, direction(-40, 10), 1.0, [6.0, 6.0, 6.0])
    assert find_clipping(checked_map(pixels.copy())) is None
    assert find_clipping(checked_map(np.minimum(pixels, 100.0).astype(np.float32))) is not None


def test_a_plateau_at_the_formats_limit_is_clipped():
    pixels = np.minimum(paint_disk(sky(512), direction(40, 50), 2.0, [90.0, 90.0, 90.0]), 65504.0)
    assert find_clipping(checked_map(pixels.astype(np.float32))) is not None
    low = np.minimum(0.5 * paint_disk(sky(512), direction(40, 50), 2.0, [9.0, 9.0, 9.0]), 1.0).astype(np.float32)
    assert find_clipping(EnvironmentMap(low, limit=1.0)) is not None


def _stored(pixels, how):
    """As a file holds them."""
    if how == "half":
        return pixels.astype(np.float16).astype(np.float32)
    if how == "float":
        return pixels.copy()
    step = np.ldexp(1.0, np.frexp(pixels.max(axis=2))[1])[..., None] / 256
    return (np.floor(pixels / step) * step).astype(np.float32)


def _places(height):
    latitudes = row_latitudes(np.arange(height) + 0.5, height)
    return directions(latitudes[:, None], column_angles(np.arange(2 * height) + 0.5, 2 * height)[None, :])
