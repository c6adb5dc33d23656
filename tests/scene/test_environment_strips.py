# SPDX-License-Identifier: GPL-3.0-or-later
"""Large environments: averaged while they are read, and their residual written in their own size."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from holirep_blender.lighting.environment_map import EnvironmentMap, checked_map
from holirep_blender.lighting.multilayer_exr import write_exr
from holirep_blender.lighting.radiance_hdr import hdr_lines
from holirep_blender.lighting.scan_lines import Broken, exr_lines
from holirep_blender.scene import environment_source, environment_strips
from holirep_blender.scene.environment_source import EnvironmentSource, large_source, open_source
from holirep_blender.scene.environments import EnvironmentMapError, image_of, load_pixels, write_environment
from holirep_blender.scene.light_matching import match_source
from tests.lighting.maps import direction, flux, paint_disk, sky


@pytest.fixture
def small(monkeypatch):
    """What is large is smaller here."""
    for module in (environment_strips, environment_source):
        monkeypatch.setattr(module, "LARGEST", 400)


@pytest.fixture(params=["OpenImageIO", "numpy"])
def reader(request, monkeypatch):
    """Large maps are read by the library, and by the project's own code as in a Blender without it."""
    if request.param == "numpy":
        monkeypatch.setattr(environment_strips, "image_io", lambda: None)
    elif environment_strips.image_io() is None:
        pytest.skip("this Blender brings no OpenImageIO")


def saved(pixels, path, **settings):
    """Written by Blender."""
    image = image_of(EnvironmentMap(pixels), "saved")
    kept = bpy.context.scene.render.image_settings
    for name, value in settings.items():
        setattr(kept, name, value)
    image.save_render(str(path), scene=bpy.context.scene)
    bpy.data.images.remove(image)
    return path


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


def test_a_large_map_is_averaged_and_its_residual_as_large_as_it(tmp_path, small, space, reader):
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


def test_pixels_that_are_no_numbers_cost_only_themselves(tmp_path, empty_scene, small, reader):
    pixels = sky(256)
    pixels[10, 20], pixels[11, 20, 1], pixels[100, 31] = np.nan, -np.inf, np.inf
    write_environment(checked_map(sky(256)), tmp_path / "sound.exr")
    write_exr(tmp_path / "broken.exr", dict(zip("RGB", np.moveaxis(pixels, 2, 0))), half=False)
    sound, _ = open_source(EnvironmentSource((tmp_path / "sound.exr",)))
    broken, warnings = open_source(EnvironmentSource((tmp_path / "broken.exr",)))
    assert any("3 pixels are no finite numbers" in warning for warning in warnings)
    assert np.isfinite(broken.pixels).all()
    assert (np.abs(broken.pixels - sound.pixels).max(axis=2) > 1e-4).sum() <= 3


@pytest.mark.parametrize("suffix", ["exr", "hdr"])
def test_a_file_that_ends_too_early_is_told(tmp_path, empty_scene, small, reader, suffix):
    path = tmp_path / f"short.{suffix}"
    kind = {"file_format": "HDR"} if suffix == "hdr" else {"file_format": "OPEN_EXR", "exr_codec": "ZIP"}
    saved(sunny(), path, **kind)
    assert large_source(EnvironmentSource((path,))) is not None
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(EnvironmentMapError, match=rf"short\.{suffix} is broken from row .*: export it again"):
        open_source(EnvironmentSource((path,)))


def test_what_only_blender_reads_is_read_whole_and_it_is_said(tmp_path, empty_scene, small, monkeypatch):
    path = saved(sunny(), tmp_path / "large.exr", file_format="OPEN_EXR", exr_codec="PIZ")
    monkeypatch.setattr(environment_strips, "image_io", lambda: None)
    environment, warnings = open_source(EnvironmentSource((path,)))
    assert environment.width == 512
    assert any("large.exr was read whole" in warning for warning in warnings)


def rough():
    """Smooth and noisy parts over many magnitudes: long runs, short ones, and none."""
    random = np.random.default_rng(4)
    pixels = np.repeat(random.uniform(0, 2, (37, 9, 3)), 12, axis=1) * 2.0 ** random.integers(-9, 9, (37, 1, 1))
    pixels[5:20, 30:] *= random.uniform(0.5, 1.5, (15, 78, 3))
    pixels[30] = 0.0
    return pixels.astype(np.float32)


@pytest.mark.parametrize("codec", ["NONE", "ZIPS", "ZIP"])
@pytest.mark.parametrize(("depth", "mode"), [("16", "RGBA"), ("32", "RGB")])
def test_lines_of_an_exr_are_blenders_bit_for_bit(tmp_path, empty_scene, codec, depth, mode):
    kind = {"file_format": "OPEN_EXR", "color_mode": mode, "color_depth": depth, "exr_codec": codec}
    path = saved(rough(), tmp_path / "rough.exr", **kind)
    strips = list(exr_lines(path).strips(16))
    assert [len(strip) for strip in strips] == [16, 16, 5]
    np.testing.assert_array_equal(np.concatenate(strips), load_pixels(path)[0])


@pytest.mark.parametrize("width", [108, 7], ids=["packed", "flat"])
def test_lines_of_an_hdr_are_blenders_bit_for_bit(tmp_path, empty_scene, width):
    path = saved(rough()[:, :width], tmp_path / "rough.hdr", file_format="HDR")
    strips = list(hdr_lines(path).strips(16))
    assert [len(strip) for strip in strips] == [16, 16, 5]
    np.testing.assert_array_equal(np.concatenate(strips), load_pixels(path)[0])


def test_damage_inside_a_file_is_told_or_only_pixels(tmp_path, empty_scene):
    """Whatever byte is wrong, there is a reason or a picture."""
    random = np.random.default_rng(1)
    for path, lines in ((tmp_path / "a.hdr", hdr_lines), (tmp_path / "a.exr", exr_lines)):
        kind = {"file_format": "HDR"} if path.suffix == ".hdr" else {"file_format": "OPEN_EXR", "exr_codec": "ZIP"}
        whole = saved(rough(), path, **kind).read_bytes()
        told = 0
        for at in random.integers(0, len(whole), 60):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ random.integers(1, 256)]) + whole[at + 1 :])
            found = lines(path)
            try:
                if found is not None:
                    list(found.strips(16))
            except Broken as error:
                told += bool(str(error))
        assert told > 3
