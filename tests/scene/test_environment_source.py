# SPDX-License-Identifier: GPL-3.0-or-later
"""Environments from exposures, in other layouts and working spaces, and clipped ones that get their light back."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from holirep_blender.lighting.analysis import analyse
from holirep_blender.lighting.environment_map import checked_map, reduced
from holirep_blender.lighting.errors import EnvironmentMapError
from holirep_blender.lighting.irradiance import map_irradiance
from holirep_blender.scene.environment_repair import RepairWish, repairing
from holirep_blender.scene.environment_source import EnvironmentSource, open_source
from holirep_blender.scene.environments import load_environment, write_environment
from holirep_blender.scene.light_matching import light_rows, match_source
from holirep_blender.scene.light_steps import at_once
from tests.lighting.maps import LUMINANCE, direction, paint_disk, sky
from tests.lighting.test_environment_map import sunny
from tests.lighting.test_layouts import angular

SUN = direction(40, 50)


def save(pixels, path, eight_bits=False):
    """Writes a picture (h, w, 3), the top row first: a float EXR, or a PNG as it is shown."""
    height, width = pixels.shape[:2]
    image = bpy.data.images.new("picture", width, height, float_buffer=not eight_bits)
    if not eight_bits:
        image.colorspace_settings.name = "Linear Rec.709"
    values = np.ones((height, width, 4), np.float32)
    values[..., :3] = pixels[::-1]
    image.pixels.foreach_set(values.ravel())
    image.filepath_raw, image.file_format = str(path), "PNG" if eight_bits else "OPEN_EXR"
    image.save()
    bpy.data.images.remove(image)
    return path


def test_exposures_are_merged(tmp_path, empty_scene):
    truth = paint_disk(sky(64), direction(20, 30), 8.0, [2.0, 2.0, 1.0])
    times = [1 / 1000, 1 / 60, 1 / 8]
    paths = [save(np.minimum(truth * time * 6, 1), tmp_path / f"{number}.exr") for number, time in enumerate(times)]
    merged, warnings = open_source(EnvironmentSource(paths, exposures=times))
    assert warnings == []
    np.testing.assert_allclose(merged.pixels / (6 * times[1]), truth, rtol=0.03)
    with pytest.raises(EnvironmentMapError, match=r"0\.exr does not tell its exposure"):
        open_source(EnvironmentSource(paths))
    with pytest.raises(EnvironmentMapError, match="3 pictures and 2 exposures"):
        open_source(EnvironmentSource(paths, exposures=times[:2]))


def test_eight_bits_are_taken_as_srgb_and_it_is_said(tmp_path, empty_scene):
    truth = sky(64)
    paths = []
    for stops in (0, -2):
        linear = np.clip(truth * 0.4 * 2.0**stops, 0, 1)
        coded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
        paths.append(save(coded, tmp_path / f"{stops}.png", eight_bits=True))
    merged, warnings = open_source(EnvironmentSource(paths, exposures=[1.0, 0.25]))
    assert np.median(np.abs(merged.pixels / (0.4 * truth) - 1)) < 0.02
    assert "sRGB" in warnings[0]


def test_an_angular_map_is_matched(tmp_path, empty_scene):
    path = save(angular(400), tmp_path / "probe.exr")
    matched = match_source(EnvironmentSource([path], "angular"))
    assert matched.analysis.residual.width == 2 * matched.analysis.residual.height
    assert max(lamp.direction @ direction(35, 40) for lamp in matched.analysis.lamps) > np.cos(np.radians(3))
    with pytest.raises(EnvironmentMapError, match=r"probe\.exr: .*4:3"):
        match_source(EnvironmentSource([path], "cross"))


@pytest.mark.skipif(not hasattr(bpy.data, "colorspace"), reason="this Blender has one working space")
def test_lamps_are_in_the_working_space(tmp_path, empty_scene):
    """In ACEScg the same file has other numbers and the same light: direction, share and luminance stay."""
    path = save(paint_disk(sky(128), SUN, 3.0, [6.0, 4.0, 1.0]), tmp_path / "red.exr")
    before = match_source(EnvironmentSource([path])).analysis.lamps[0]
    to_acescg = np.array(
        [[0.6130974, 0.3395231, 0.0473795], [0.0701937, 0.9163539, 0.0134524], [0.0206156, 0.1095698, 0.8698146]]
    )
    space = bpy.data.colorspace.working_space
    try:
        bpy.ops.wm.set_working_color_space(working_space="ACEScg", convert_colors=False)
        after = match_source(EnvironmentSource([path]))
        lamp = after.analysis.lamps[0]
        assert light_rows(after)["working_space"] == "ACEScg"
        write_environment(after.analysis.residual, tmp_path / "rest.exr")
        rest, _ = load_environment(tmp_path / "rest.exr")
        np.testing.assert_allclose(rest.pixels, after.analysis.residual.pixels, rtol=1e-5, atol=1e-6)
    finally:
        bpy.ops.wm.set_working_color_space(working_space=space, convert_colors=False)
    assert lamp.direction @ before.direction > 1 - 1e-9
    np.testing.assert_allclose(lamp.irradiance, to_acescg @ before.irradiance, rtol=2e-3)
    assert lamp.share == pytest.approx(before.share, rel=0.01)


def ball_picture(pixels, view, reflectance, size=64, noise=0.02):
    """A matt ball in the light of a map, seen from afar, with noise (h, w, 3)."""
    aside = np.cross(view, [0.0, 0.0, 1.0])
    aside /= np.linalg.norm(aside)
    steps = (np.arange(size) + 0.5) / size * 2 - 1
    x, y = np.meshgrid(steps, -steps)
    inside = x * x + y * y < 1
    x, y = x[inside][:, None], y[inside][:, None]
    normals = x * aside + y * np.cross(aside, view) - np.sqrt(1 - x * x - y * y) * view
    picture = np.zeros((size, size, 3), np.float32)
    light = map_irradiance(reduced(checked_map(pixels.copy()), 512), normals) * reflectance / np.pi
    picture[inside] = light * (1 + noise * np.random.default_rng(3).normal(size=light.shape))
    return picture


def repaired(environment, wish):
    made = at_once(repairing(environment, wish))
    return made.environment, made.repair


@pytest.mark.parametrize("stops", [4, 8])
@pytest.mark.parametrize("exposure", [None, 1.7], ids=["same exposure", "another exposure"])
def test_a_grey_ball_gives_the_sun_back(tmp_path, empty_scene, stops, exposure):
    pixels = sunny()
    lamp = analyse(checked_map(pixels.copy())).lamps[0]
    level = float(np.median(pixels @ LUMINANCE) * 2**stops)
    clipped = checked_map(np.minimum(pixels, level).astype(np.float32))
    view = np.array([0.6, 0.8, 0.0])
    path = save(ball_picture(pixels, view, 0.18 * (exposure or 1.0)), tmp_path / "ball.exr")
    wish = RepairWish("ball", path, None, view, None if exposure else 0.18)
    mended, repair = repaired(clipped, wish)
    found = analyse(mended).lamps[0]
    assert np.degrees(np.arccos(found.direction @ lamp.direction)) < 0.5
    assert found.irradiance @ LUMINANCE == pytest.approx(lamp.irradiance @ LUMINANCE, rel=0.03)
    assert "ball" in repair.sentence


@pytest.mark.parametrize("stops", [4, 8])
def test_two_readings_give_the_sun_back(empty_scene, stops):
    pixels = sunny()
    found = analyse(checked_map(pixels.copy()))
    lamp = found.lamps[0]
    shade = map_irradiance(reduced(found.residual, 512), lamp.direction[None])[0] @ LUMINANCE
    sun = shade + lamp.irradiance @ LUMINANCE
    level = float(np.median(pixels @ LUMINANCE) * 2**stops)
    clipped = checked_map(np.minimum(pixels, level).astype(np.float32))
    mended, repair = repaired(clipped, RepairWish("reading", sun=30 * sun, shade=30 * shade))
    back = analyse(mended).lamps[0]
    assert back.irradiance @ LUMINANCE == pytest.approx(lamp.irradiance @ LUMINANCE, rel=0.08)
    assert repair.assumed
    with pytest.raises(EnvironmentMapError, match="higher than that in the shade"):
        repaired(clipped, RepairWish("reading", sun=1.0, shade=2.0))


def test_a_clear_sky_gives_the_sun_back(empty_scene):
    clipped = checked_map(np.minimum(sunny(), 100.0).astype(np.float32))
    mended, repair = repaired(clipped, RepairWish("sky"))
    ground = map_irradiance(reduced(clipped, 512), np.array([[0.0, 0.0, 1.0]]))[0] @ LUMINANCE
    assert 3 < repair.irradiance @ LUMINANCE / ground < 12, "a high sun is several times as strong as a clear sky"
    assert analyse(mended).lamps[0].sun
    assert "cloudless" in repair.sentence


def test_what_is_not_clipped_stays(empty_scene):
    environment = checked_map(sunny())
    assert repaired(environment, RepairWish("sky")) == (environment, None)
