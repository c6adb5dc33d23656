# SPDX-License-Identifier: GPL-3.0-or-later
"""A dome of lamps holds all of an environment's light, each channel, and lights every surface as it does."""

from __future__ import annotations

import numpy as np
import pytest

from holirep_blender.lighting.dome import dome_lamps
from holirep_blender.lighting.environment_map import checked_map, reduced
from holirep_blender.lighting.irradiance import lamp_irradiance, map_irradiance
from holirep_blender.lighting.sphere import even_directions
from tests.lighting.maps import direction, paint_disk, sky


def test_every_surface_is_lit_as_by_the_environment():
    environment = checked_map(paint_disk(sky(128), direction(40, 30), 25.0, [1.0, 0.6, 0.2]))
    lamps = dome_lamps(environment, 48)
    assert len(lamps) == 48
    assert sum(lamp.share for lamp in lamps) == pytest.approx(1.0)
    normals = even_directions(200)
    truth = map_irradiance(reduced(environment, 128), normals)
    lit = lamp_irradiance(
        np.array([lamp.direction for lamp in lamps]),
        np.array([lamp.irradiance for lamp in lamps]),
        normals,
        np.array([lamp.angle for lamp in lamps]),
    )
    assert np.sqrt(np.mean((lit - truth) ** 2)) / truth.mean() < 0.005


def test_no_lamp_lights_from_both_sides_of_the_horizon():
    lower = np.zeros((64, 128, 3), np.float32)
    lower[32:] = 1.0
    assert all(lamp.direction[2] < 0 for lamp in dome_lamps(checked_map(lower), 16))


def test_light_overhead_and_all_around_is_parted():
    """Spread furthest along its own middle direction, across which nothing lies."""
    pixels = np.zeros((64, 128, 3), np.float32)
    pixels[:2], pixels[30:32] = 400.0, 1.0
    lamps = dome_lamps(checked_map(pixels), 48)
    assert len(lamps) == 48
    assert lamps[0].direction[2] > 0.99 or lamps[-1].direction[2] > 0.99


def test_a_single_point_is_one_lamp_and_darkness_none():
    pixels = np.zeros((64, 128, 3), np.float32)
    pixels[10, 20] = 5.0
    assert len(dome_lamps(checked_map(pixels), 48)) == 1
    environment = checked_map(pixels)
    environment.pixels[:] = 0.0
    assert dome_lamps(environment, 48) == []
