# SPDX-License-Identifier: GPL-3.0-or-later
"""Lamps and residual: together they are the map, and each lamp is the light that was there."""

from __future__ import annotations

import numpy as np
import pytest

from holirep_blender.lighting.analysis import AnalysisOptions, analyse
from holirep_blender.lighting.environment_map import checked_map, reduced
from holirep_blender.lighting.irradiance import lamp_irradiance, map_irradiance
from holirep_blender.lighting.sphere import even_directions
from tests.lighting.maps import LUMINANCE, direction, flux, paint_disk, paint_window, sky

NORMALS = even_directions(200)


def apart(first, second):
    return np.degrees(np.arccos(np.clip(first @ second, -1, 1)))


def room():
    """Dark walls, a window, a strip light and two bulbs."""
    pixels = (0.05 * sky(512)).astype(np.float32)
    paint_window(pixels, (-60, -45), (5, 25), [9.0, 10.0, 12.0])
    paint_window(pixels, (60, 90), (50, 51.5), [60.0, 50.0, 40.0])
    paint_disk(pixels, direction(150, 30), 1.0, [0.2, 0.15, 0.1])
    return paint_disk(pixels, direction(-150, 10), 2.0, [0.1, 0.1, 0.1])


def closure(analysis, pixels):
    lamps = sum((lamp.irradiance for lamp in analysis.lamps), np.zeros(3))
    return np.abs(flux(analysis.residual.pixels) + lamps - flux(pixels)) / flux(pixels)


@pytest.mark.parametrize(
    ("angle", "azimuth", "elevation", "strength"),
    [(0.53, 20, 40, 3.0), (1.0, 179.9, -5, 0.6), (3.0, -130, 88.5, 1.0), (6.0, 77, 15, 0.5)],
)
def test_a_sun_painted_into_a_sky_comes_back(angle, azimuth, elevation, strength):
    pixels, toward = sky(512), direction(azimuth, elevation)
    irradiance = strength * flux(pixels)[1] * np.array([1.0, 0.9, 0.7])
    paint_disk(pixels, toward, angle, irradiance)
    found = analyse(checked_map(pixels.copy()))
    assert len(found.lamps) == 1
    lamp = found.lamps[0]
    assert apart(lamp.direction, toward) < 0.1
    np.testing.assert_allclose(lamp.irradiance, irradiance, rtol=0.005)
    assert np.degrees(lamp.angle) == pytest.approx(angle, rel=0.1)
    assert lamp.sun == (angle < 1.8 and elevation > 0)
    assert lamp.elongation < 1.3
    assert found.residual.pixels.max() < 3 * sky(512).max(), "the sun is gone from the residual"


@pytest.mark.parametrize(("azimuth", "elevation"), [(20.1, 40.2), (-77.3, -12.4), (140.5, 70.0)])
def test_a_sun_of_a_few_pixels_without_smooth_edges_is_as_wide_as_the_sun(azimuth, elevation):
    pixels, toward = sky(512), direction(azimuth, elevation)
    irradiance = flux(pixels) * 0.3
    paint_disk(pixels, toward, 0.53, irradiance, finer=1)
    lamp = analyse(checked_map(pixels)).lamps[0]
    assert np.degrees(lamp.angle) == pytest.approx(0.53, rel=0.1)
    np.testing.assert_allclose(lamp.irradiance, irradiance, rtol=0.005)


@pytest.mark.parametrize("angle", [0.4, 0.53, 0.7])
def test_a_disk_of_a_few_pixels_is_as_wide_as_they_share_its_light(angle):
    pixels = paint_disk(sky(512), direction(63.2, 50.3), angle, [4.0, 4.0, 3.0], finer=24)
    assert np.degrees(analyse(checked_map(pixels)).lamps[0].angle) == pytest.approx(angle, rel=0.1)


def test_a_sun_in_a_window_is_parted_from_it():
    pixels, toward = paint_window(sky(512), (10, 40), (20, 50), [30.0, 30.0, 30.0]), direction(25, 35)
    irradiance = flux(pixels)
    paint_disk(pixels, toward, 0.53, irradiance)
    lamp = analyse(checked_map(pixels.copy())).lamps[0]
    assert apart(lamp.direction, toward) < 0.1
    np.testing.assert_allclose(lamp.irradiance, irradiance, rtol=0.005)


def test_not_a_watt_is_lost_and_surfaces_receive_the_same():
    pixels = room()
    found = analyse(checked_map(pixels.copy()))
    assert 4 <= len(found.lamps) <= 8
    assert closure(found, pixels).max() < 1e-6
    assert (found.residual.pixels <= pixels).all()
    assert (found.residual.pixels >= 0).all()
    truth = map_irradiance(reduced(checked_map(pixels.copy()), 1024), NORMALS) @ LUMINANCE
    toward = np.stack([lamp.direction for lamp in found.lamps])
    strength = np.stack([lamp.irradiance for lamp in found.lamps])
    rest = map_irradiance(reduced(found.residual, 1024), NORMALS)
    rig = (rest + lamp_irradiance(toward, strength, NORMALS)) @ LUMINANCE
    assert np.sqrt(np.mean((rig - truth) ** 2)) / truth.mean() < 0.003
    bulb = min(found.lamps, key=lambda lamp: apart(lamp.direction, direction(150, 30)))
    np.testing.assert_allclose(bulb.irradiance, [0.2, 0.15, 0.1], rtol=0.01)
    assert not any(lamp.sun for lamp in found.lamps)


def test_a_strip_light_is_elongated_along_itself():
    pixels = paint_window((0.05 * sky(256)).astype(np.float32), (60, 80), (0, 2), [20.0, 20.0, 20.0])
    lamp = max(analyse(checked_map(pixels), AnalysisOptions(lamps=1)).lamps, key=lambda lamp: lamp.share)
    assert lamp.elongation == pytest.approx(10, rel=0.15)
    assert abs(lamp.axis[2]) < 0.1


def test_a_light_over_the_seam_and_one_at_the_zenith_are_single_lamps():
    pixels = paint_disk(sky(256), direction(180, 20), 3.0, [2.0, 2.0, 2.0])
    paint_disk(pixels, direction(0, 90), 3.0, [1.0, 1.0, 1.0])
    found = analyse(checked_map(pixels)).lamps
    assert len(found) == 2
    assert apart(found[0].direction, direction(180, 20)) < 0.1
    assert apart(found[1].direction, direction(0, 90)) < 0.1


def test_no_more_lamps_than_asked_for():
    assert len(analyse(checked_map(room()), AnalysisOptions(lamps=2)).lamps) == 2
    assert analyse(checked_map(room()), AnalysisOptions(lamps=0)).lamps == []


def test_a_sky_without_lamps_stays_as_it_is():
    pixels = sky()
    found = analyse(checked_map(pixels.copy()))
    assert found.lamps == []
    np.testing.assert_array_equal(found.residual.pixels, pixels)


def test_a_large_map_gives_the_lamps_of_a_small_one():
    toward, irradiance = direction(33, 44), np.array([9.0, 8.0, 7.0])
    large = paint_disk(np.repeat(np.repeat(sky(512), 3, axis=0), 3, axis=1), toward, 0.53, irradiance, finer=4)
    found = analyse(checked_map(large.copy()))
    assert apart(found.lamps[0].direction, toward) < 0.05
    np.testing.assert_allclose(found.lamps[0].irradiance, irradiance, rtol=0.005)
    assert np.degrees(found.lamps[0].angle) == pytest.approx(0.53, rel=0.1)
    assert closure(found, large).max() < 1e-6


def test_in_place_needs_no_second_map():
    environment = checked_map(room())
    kept = analyse(environment)
    assert analyse(environment, in_place=True).residual is environment
    np.testing.assert_array_equal(environment.pixels, kept.residual.pixels)


def test_one_lamp_for_each_light():
    found = analyse(checked_map(room()), AnalysisOptions(single=True)).lamps
    assert len(found) == 4
    assert len({lamp.group for lamp in found}) == 4
    window = min(found, key=lambda lamp: apart(lamp.direction, direction(-52.5, 15)))
    assert apart(window.direction, direction(-52.5, 15)) < 0.3
    strip = min(found, key=lambda lamp: apart(lamp.direction, direction(75, 50.75)))
    assert strip.elongation > 5


def test_a_second_softbox_gets_lamps_beside_the_first():
    pixels = (0.01 * sky(512)).astype(np.float32)
    paint_window(pixels, (-60, -53), (5, 12), [400.0, 400.0, 400.0])
    paint_window(pixels, (60, 75), (0, 15), [12.0, 12.0, 12.0])
    found = analyse(checked_map(pixels)).lamps
    assert len(found) <= 8
    assert len({lamp.group for lamp in found}) == 2
