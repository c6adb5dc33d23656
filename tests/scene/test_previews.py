# SPDX-License-Identifier: GPL-3.0-or-later
"""Previews: movies and pictures through the camera, over the plate that it shows."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
import pytest

from holirep_blender.scene.previews import PreviewError, PreviewOptions, render_picture, render_preview

SMALL = PreviewOptions(size=(64, 32), frames=(5, 7))


def pixels(path: Path) -> np.ndarray:
    """``(H, W, 4)``, bottom row first."""
    image = bpy.data.images.load(str(path), check_existing=False)
    width, height = image.size
    values = np.empty(width * height * 4, dtype=np.float32)
    image.pixels.foreach_get(values)
    bpy.data.images.remove(image)
    return values.reshape(height, width, 4)


@pytest.fixture
def scene() -> bpy.types.Scene:
    """A cube in the middle of the picture."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.mesh.primitive_cube_add(size=1.0)
    bpy.ops.object.camera_add(location=(0.0, -8.0, 0.0), rotation=(np.pi / 2, 0.0, 0.0))
    found = bpy.context.scene
    found.camera = bpy.context.object
    return found


@pytest.fixture
def plate(scene: bpy.types.Scene, tmp_path: Path) -> None:
    """A plate of ten pictures, each redder than the one before, of which number 3 belongs to frame 5."""
    for number in range(1, 11):
        image = bpy.data.images.new("p", 64, 32)
        image.pixels.foreach_set(np.tile(np.float32([number / 10, 1.0, 0.0, 1.0]), 64 * 32))
        image.filepath_raw, image.file_format = str(tmp_path / f"p.{number:04d}.png"), "PNG"
        image.save()
        bpy.data.images.remove(image)
    lens = scene.camera.data
    lens.show_background_images = True
    background = lens.background_images.new()
    background.image = bpy.data.images.load(str(tmp_path / "p.0001.png"))
    background.image.source = "SEQUENCE"
    user = background.image_user
    user.frame_start, user.frame_offset, user.frame_duration = 5, 2, 10


def test_pictures_are_over_the_plates_own_frames(scene, plate, tmp_path):
    done = []
    frames = render_preview(scene, tmp_path / "out", SMALL, lambda *numbers: done.append(numbers))
    assert frames == [5, 6, 7]
    assert done == [(0, 3), (1, 3), (2, 3)]
    files = sorted((tmp_path / "out").iterdir())
    assert [file.name for file in files] == ["0005.png", "0006.png", "0007.png"]
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith(".")] == []
    for number, file in zip((3, 4, 5), files, strict=True):
        found = pixels(file)
        np.testing.assert_allclose(found[2, 2, :3], [number / 10, 1.0, 0.0], atol=0.02)
        assert abs(found[16, 32, 0] - found[16, 32, 1]) < 0.05  # the cube is grey
    assert len(bpy.data.scenes) == 1


def test_without_the_plate_the_background_is_the_renderers(scene, plate, tmp_path):
    render_picture(scene, tmp_path / "one.png", PreviewOptions(size=(64, 32), frames=(5, 7), plate=False))
    corner = pixels(tmp_path / "one.png")[2, 2, :3]
    assert np.ptp(corner) < 0.05


def test_a_movie_has_the_frames_and_the_scene_its_settings(scene, plate, tmp_path):
    scene.frame_start, scene.frame_end = 1, 250
    scene.render.filepath, scene.render.engine = "//mine", "CYCLES"
    options = PreviewOptions(size=(64, 32), frames=(5, 10), step=2)
    assert render_preview(scene, tmp_path / "a.mp4", options, lambda *_: None) == [5, 7, 9]
    movie = bpy.data.images.load(str(tmp_path / "a.mp4"))
    assert (movie.frame_duration, tuple(movie.size)) == (3, (64, 32))
    assert (scene.frame_end, scene.render.filepath, scene.render.engine) == (250, "//mine", "CYCLES")
    assert scene.render.film_transparent is False


def test_a_scene_without_a_camera_is_told(scene, tmp_path):
    scene.camera = None
    with pytest.raises(PreviewError, match="has no camera to render through"):
        render_preview(scene, tmp_path / "a.mp4", SMALL, lambda *_: None)
