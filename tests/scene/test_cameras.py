# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import bpy
import numpy as np
import pytest
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Vector

from holirep_blender.motion import rotations
from holirep_blender.motion.take import Camera
from holirep_blender.scene.actions import MARK
from holirep_blender.scene.cameras import CameraError, add_solved_camera
from holirep_blender.scene.plate_backgrounds import show_plate


@pytest.fixture
def filmed(take):
    """A camera off the axis in every respect: principal point, tilt, roll, and moving."""
    count = take.frame_count
    matrices = np.tile(np.eye(4), (count, 1, 1))
    down = rotations.from_axis_angle([1, 0, 0], np.full(count, -np.pi / 2 - 0.1))
    roll = rotations.from_axis_angle([0, 0, 1], np.linspace(-0.1, 0.2, count))
    matrices[:, :3, :3] = rotations.to_matrix(rotations.multiply(roll, down))
    matrices[:, :3, 3] = np.stack([np.linspace(-0.3, 0.3, count), np.full(count, -5.0), np.full(count, 1.4)], axis=1)
    intrinsics = np.array([[1100.0, 0, 700.0], [0, 1100.0, 330.0], [0, 0, 1]])
    take.camera = Camera(intrinsics, matrices, np.array([1280.0, 720.0]))
    return take


def pixels(camera, point):
    x, y, depth = world_to_camera_view(bpy.context.scene, camera, Vector(point))
    assert depth > 0
    return np.array([x * 1280.0, (1.0 - y) * 720.0])


def test_points_are_seen_at_the_pixels_that_the_take_says(empty_scene, filmed):
    camera, warnings = add_solved_camera(empty_scene, filmed, 11, set_render_size=True)
    assert not warnings
    assert (empty_scene.render.resolution_x, empty_scene.render.resolution_y) == (1280, 720)
    points = np.random.default_rng(0).uniform((-1, -0.5, 0), (1, 0.5, 1.8), (25, 3))
    wanted = filmed.camera.project(points)
    for index in (0, 10, 24):
        empty_scene.frame_set(11 + index)
        assert np.allclose(pixels(camera, points[index]), wanted[index], atol=0.05)


def test_a_still_camera_has_no_keys_and_the_render_size_is_only_changed_when_asked(empty_scene, filmed):
    filmed.camera.world_from_camera[:] = filmed.camera.world_from_camera[0]
    size = empty_scene.render.resolution_x, empty_scene.render.resolution_y
    empty_scene.render.resolution_y = 1000
    camera, warnings = add_solved_camera(empty_scene, filmed, 1)
    assert camera.animation_data is None
    assert (empty_scene.render.resolution_x, empty_scene.render.resolution_y) == (size[0], 1000)
    assert len(warnings) == 1
    again, _ = add_solved_camera(empty_scene, filmed, 1)
    assert again == camera
    assert empty_scene.camera == camera


def test_the_artists_camera_of_the_same_name_is_not_touched(empty_scene, filmed):
    mine = bpy.data.objects.new("HoliRep Camera", bpy.data.cameras.new("mine"))
    empty_scene.collection.objects.link(mine)
    camera, _ = add_solved_camera(empty_scene, filmed, 1)
    assert camera != mine
    assert MARK not in mine


def write_frames(folder, numbers, name="plate.{:04d}.png"):
    paths = []
    for number in numbers:
        image = bpy.data.images.new("frame", 64, 36)
        image.pixels[:] = np.tile([number / 255.0, 0.0, 0.0, 1.0], 64 * 36).astype(np.float32)
        image.filepath_raw, image.file_format = str(folder / name.format(number)), "PNG"
        image.save()
        bpy.data.images.remove(image)
        paths.append(folder / name.format(number))
    return paths


@pytest.mark.parametrize(("fps", "scene_fps"), [(30, 30), (30, 24), (12.5, 24)])
def test_the_plate_runs_by_time(empty_scene, filmed, tmp_path, fps, scene_fps):
    paths = write_frames(tmp_path, range(1001, 1041))
    filmed.fps, filmed.frame_start = fps, 1005
    empty_scene.render.fps = scene_fps
    camera, _ = add_solved_camera(empty_scene, filmed, 20)
    for _ in range(2):
        warnings = show_plate(empty_scene, camera, paths[0], filmed, 20)
    assert len(camera.data.background_images) == 1
    assert not warnings
    background = camera.data.background_images[0]
    assert camera.data.show_background_images
    assert background.image.source == "SEQUENCE"
    for frame in (20, 23, 27, 33, 57):
        played = (frame - 20) / scene_fps * fps
        if played > 24:  # after the take's end
            continue
        empty_scene.frame_set(frame)
        user = background.image_user
        shown = frame - user.frame_start + 1 + user.frame_offset
        assert shown == 1005 + int(np.floor(played + 0.5))
        assert 1 <= frame - user.frame_start + 1 <= user.frame_duration


def test_faults_are_clear(empty_scene, filmed, tmp_path):
    camera, _ = add_solved_camera(empty_scene, filmed, 1)
    with pytest.raises(CameraError, match="no plate at"):
        show_plate(empty_scene, camera, tmp_path / "gone.mp4", filmed, 1)
    filmed.camera = None
    with pytest.raises(CameraError, match="no solved camera"):
        add_solved_camera(empty_scene, filmed, 1)
