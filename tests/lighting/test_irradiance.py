# SPDX-License-Identifier: GPL-3.0-or-later
"""What surfaces receive, and the measures that come of it."""

from __future__ import annotations

import numpy as np
import pytest

from holirep_blender.lighting.analysis import analyse
from holirep_blender.lighting.environment_map import checked_map, reduced
from holirep_blender.lighting.irradiance import disk_cosine, lamp_irradiance, map_irradiance
from holirep_blender.lighting.measures import harmonics, irradiance_harmonics, measure, temperature
from holirep_blender.lighting.sphere import even_directions
from tests.lighting.maps import LUMINANCE, direction, paint_disk, sky

NORMALS = even_directions(150)


def test_a_white_sphere_gives_pi():
    grid = reduced(checked_map(np.ones((64, 128, 3), np.float32)), 1024)
    np.testing.assert_allclose(map_irradiance(grid, NORMALS), np.pi, rtol=2e-3)


@pytest.mark.parametrize("angle", [0.5, 8.0, 60.0])
def test_a_disk_is_what_its_pixels_are(angle):
    """Also where the surface's horizon cuts it."""
    toward = direction(10, 20)
    pixels = paint_disk(np.zeros((512, 1024, 3), np.float32), toward, angle, [1.0, 1.0, 1.0])
    truth = map_irradiance(reduced(checked_map(pixels), 1024), NORMALS)[:, 0]
    facing = (
        np.cos(np.radians(angle / 4)) ** 2
    )  # a disk's flux on a surface facing it, over its radiance times solid angle
    disk = facing * disk_cosine(NORMALS @ toward, np.radians(angle / 2))
    np.testing.assert_allclose(disk, truth, atol=2e-3 * truth.max())
    assert lamp_irradiance(toward[None], np.ones((1, 3)), toward[None], [np.radians(angle)])[0, 0] == pytest.approx(1)


def test_harmonics_are_orthonormal_and_give_the_irradiance_of_a_soft_sky():
    places = even_directions(4000)
    basis = harmonics(places)
    np.testing.assert_allclose(basis.T @ basis * 4 * np.pi / 4000, np.eye(9), atol=2e-3)
    grid = reduced(checked_map(sky(128)), 1024)
    soft = harmonics(NORMALS) @ irradiance_harmonics(grid)
    np.testing.assert_allclose(soft, map_irradiance(grid, NORMALS), rtol=0.06)


def test_measures_of_a_sunny_sky():
    pixels = sky(512)
    environment = checked_map(paint_disk(pixels, direction(30, 40), 0.53, [9.0, 8.0, 6.0]))
    found = analyse(environment)
    measures = measure(found.grid, reduced(found.residual, 1024), found.lamps, LUMINANCE)
    fill = map_irradiance(reduced(checked_map(sky(512)), 1024), direction(30, 40)[None])[0] @ LUMINANCE
    assert measures.key_to_fill == pytest.approx(1 + np.array([9.0, 8.0, 6.0]) @ LUMINANCE / fill, rel=0.01)
    assert measures.irradiance_error < 1e-4
    assert 1.5 < measures.contrast < 6


@pytest.mark.parametrize(
    ("colour", "kelvin"), [([1, 1, 1], 6504), ([1.0, 0.6636, 0.3583], 3990), ([0, 0, 1], None), ([0, 0, 0], None)]
)
def test_colour_temperature(colour, kelvin):
    found = temperature(colour)
    assert found is None if kelvin is None else found == pytest.approx(kelvin, rel=0.03)
