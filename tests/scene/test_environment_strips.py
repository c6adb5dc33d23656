# SPDX-License-Identifier: GPL-3.0-or-later
"""Large environments: averaged while they are read, and their residual written in their own size."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from holirep_blender.lighting.environment_map import checked_map
from holirep_blender.scene import environment_source, environment_strips
from holirep_blender.scene.environment_source import EnvironmentSource, large_source, open_source
from holirep_blender.scene.environments import EnvironmentMapError, load_pixels, write_environment
from holirep_blender.scene.light_matching import match_source
from tests.lighting.maps import direction, flux, paint_disk, sky

pytestmark = pytest.mark.skipif(environment_strips.image_io() is None, reason="this Blender brings no OpenImageIO")


@pytest.fixture
def small(monkeypatch):
    """What is large is smaller here."""
    for module in (environment_strips, environment_source):
        monkeypatch.setattr(module, "LARGEST", 400)


@pytest.fixture(params=["Linear Rec.709", "ACEScg"])
def space(request, empty_scene):
    if hasattr(bpy.data, "colorspace"):
        bpy.ops.wm.set_working_color_space(working_space=request.param, convert_colors=False)
        yield request.param
        bpy.ops.wm.set_working_color_space(working_space="Linear Rec.709", convert_colors=False)
    elif request.param != "Linear Rec.709":
        pytest.skip("this Blender has one working space")
    else:
        yield request.param


def sunny():
    return paint_disk(sky(256), direction(-71.3, 37.1), 4.0, [30.0, 27.0, 20.0])


def test_a_large_map_is_averaged_and_its_residual_as_large_as_it(tmp_path, small, space):
    path, rest = tmp_path / "large.exr", tmp_path / "rest.exr"
    write_environment(checked_map(sunny()), path)
    source = EnvironmentSource((path,))
    whole, _, _ = load_pixels(path)
    matched = match_source(source)
    assert matched.analysis.residual.width == 128
    assert "512 x 256" in matched.warnings[0]
    np.testing.assert_allclose(matched.analysis.flux, flux(whole), rtol=1e-6)
    large_source(source).write_scaled(matched.analysis.residual, rest)
    left, _, _ = load_pixels(rest)
    assert left.shape == whole.shape
    lamps = np.sum([lamp.irradiance for lamp in matched.analysis.lamps], axis=0)
    np.testing.assert_allclose(flux(left) + lamps, flux(whole), rtol=1e-6)
    far = np.abs(whole - left).max(axis=2) < 1e-5 * whole.max()
    assert 0.9 < far.mean() < 1.0, "all but the sun stays pixel by pixel"
    assert left.min() > -1e-5
    assert left.max() < 0.1 * whole.max()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["large.exr", "rest.exr"]


def test_pixels_that_are_no_numbers_cost_only_themselves(tmp_path, empty_scene, small):
    pixels = sky(256)
    pixels[10, 20], pixels[11, 20, 1], pixels[100, 31] = np.nan, -np.inf, np.inf
    write_environment(checked_map(sky(256)), tmp_path / "sound.exr")
    library = environment_strips.image_io()
    target = library.ImageOutput.create(str(tmp_path / "broken.exr"))
    target.open(str(tmp_path / "broken.exr"), library.ImageSpec(512, 256, 3, library.FLOAT))
    target.write_image(pixels)
    target.close()
    sound, _ = open_source(EnvironmentSource((tmp_path / "sound.exr",)))
    broken, warnings = open_source(EnvironmentSource((tmp_path / "broken.exr",)))
    assert any("3 pixels are no finite numbers" in warning for warning in warnings)
    assert np.isfinite(broken.pixels).all()
    assert (np.abs(broken.pixels - sound.pixels).max(axis=2) > 1e-4).sum() <= 3


def test_a_file_that_ends_too_early_is_told(tmp_path, empty_scene, small):
    path = tmp_path / "short.hdr"
    library = environment_strips.image_io()
    target = library.ImageOutput.create(str(path))
    target.open(str(path), library.ImageSpec(512, 256, 3, library.FLOAT))
    target.write_image(sunny())
    target.close()
    assert large_source(EnvironmentSource((path,))) is not None
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(EnvironmentMapError, match=r"short\.hdr is broken from row"):
        open_source(EnvironmentSource((path,)))


def test_without_the_library_a_map_is_read_whole_and_it_is_said(tmp_path, empty_scene, small, monkeypatch):
    path = tmp_path / "large.exr"
    write_environment(checked_map(sunny()), path)
    monkeypatch.setattr(environment_strips, "image_io", lambda: None)
    environment, warnings = open_source(EnvironmentSource((path,)))
    assert environment.width == 512
    assert any("large.exr was read whole" in warning for warning in warnings)
