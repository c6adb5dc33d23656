# SPDX-License-Identifier: GPL-3.0-or-later
"""Environments through Blender's own images, and the light of those that ship with it."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
import pytest

from holirep_blender.lighting.environment_map import checked_map
from holirep_blender.lighting.errors import EnvironmentMapError
from holirep_blender.scene.environment_source import EnvironmentSource
from holirep_blender.scene.environments import load_environment, write_environment
from holirep_blender.scene.light_matching import match_environment, match_source
from tests.lighting.maps import flux, sky

SHIPPED = sorted((Path(bpy.utils.resource_path("LOCAL")) / "datafiles" / "studiolights" / "world").glob("*.exr"))


def test_what_is_written_is_read_bit_by_bit(tmp_path, empty_scene):
    pixels = sky(64) * 1.2345678
    settings = empty_scene.render.image_settings
    before = settings.file_format, settings.color_depth, settings.color_mode
    write_environment(checked_map(pixels.copy()), tmp_path / "rest.exr")
    read, warnings = load_environment(tmp_path / "rest.exr")
    np.testing.assert_array_equal(read.pixels, pixels)
    assert warnings == []
    assert (settings.file_format, settings.color_depth, settings.color_mode) == before
    assert [path.name for path in tmp_path.iterdir()] == ["rest.exr"]
    assert not [image for image in bpy.data.images if image.name.startswith("rest")]


def test_a_picture_without_range_works_and_says_what_is_lost(tmp_path, empty_scene):
    image = bpy.data.images.new("low", 128, 64)
    pixels = np.ones((64, 128, 4), np.float32)
    pixels[..., :3] = np.array([0.5, 0.25, 0.75])
    image.pixels.foreach_set(pixels.ravel())
    image.filepath_raw, image.file_format = str(tmp_path / "low.png"), "PNG"
    image.save()
    read, warnings = load_environment(tmp_path / "low.png")
    np.testing.assert_allclose(read.pixels[5, 5], [0.2140, 0.0513, 0.5225], atol=0.003)
    assert "no high dynamic range" in warnings[0]


@pytest.mark.parametrize(
    ("content", "said"), [(b"not a picture", "cannot read wrong.exr"), (None, "no environment at")]
)
def test_what_is_no_picture_is_told(tmp_path, empty_scene, content, said):
    path = tmp_path / "wrong.exr"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(EnvironmentMapError, match=said):
        load_environment(path)
    assert not bpy.data.images


def test_a_picture_of_another_shape_is_told_by_its_name(tmp_path, empty_scene):
    image = bpy.data.images.new("square", 64, 64, float_buffer=True)
    image.filepath_raw, image.file_format = str(tmp_path / "square.exr"), "OPEN_EXR"
    image.save()
    with pytest.raises(EnvironmentMapError, match=r"square\.exr: The picture has 64 x 64"):
        load_environment(tmp_path / "square.exr")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_blenders_own_environments(path, empty_scene):
    environment, warnings = load_environment(path)
    whole = flux(environment.pixels)
    matched = match_environment(environment, path.stem, 8, warnings)
    lamps = np.sum([np.zeros(3), *(lamp.irradiance for lamp in matched.analysis.lamps)], axis=0)
    assert (np.abs(flux(matched.analysis.residual.pixels) + lamps - whole) / whole).max() < 1e-6
    assert matched.measures.irradiance_error < 0.0015
    assert (matched.analysis.clipping is not None) == (path.stem == "sunrise"), (
        "sunrise.exr was clamped when it was made"
    )
    assert any(lamp.sun for lamp in matched.analysis.lamps) == (path.stem in ("sunrise", "sunset", "city"))


def test_the_shared_environments(shared_data, empty_scene):
    errors = []
    for path in sorted((shared_data / "hdri").glob("*.hdr")):
        matched = match_source(EnvironmentSource((path,)))
        errors.append(matched.measures.irradiance_error)
        assert matched.analysis.clipping is None, path.name
    assert np.median(errors) < 0.0003
    assert max(errors) < 0.0015
