# SPDX-License-Identifier: GPL-3.0-or-later
"""A camera of the scene as the worker gets it, against what Blender itself says the camera sees."""

from __future__ import annotations

import bpy
import numpy as np
import pytest
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Vector

from holirep_blender.motion.take import Camera
from holirep_blender.scene.camera_tracks import (
    CameraTrackError,
    PlateFrames,
    first_scene_frame,
    read_camera_track,
)

POINTS = np.random.default_rng(3).uniform((-1.0, -0.5, 0.0), (1.0, 0.5, 1.8), (12, 3))


def new_object(name, data=None):
    made = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(made)
    return made


def moving_camera(scene, unit=1.0):
    """A camera that rides on a dolly and is turned to a moving target by a constraint."""
    dolly, target = new_object("Dolly"), new_object("Target")
    camera = new_object("Matchmove", bpy.data.cameras.new("Lens"))
    camera.parent, camera.location = dolly, (0.0, 0.0, 1.4 / unit)
    aim = camera.constraints.new("TRACK_TO")
    aim.target, aim.track_axis, aim.up_axis = target, "TRACK_NEGATIVE_Z", "UP_Y"
    for owner, ways in ((dolly, ((-1.5, -5.0, 0.0), (1.0, -4.0, 0.3))), (target, ((0.3, 0.0, 1.2), (-0.4, 0.0, 0.8)))):
        for frame, place in zip((scene.frame_start, scene.frame_start + 40), ways):
            owner.location = np.array(place) / unit
            owner.keyframe_insert("location", frame=frame)
    return camera


def seen(scene, camera, frame, size, unit):
    """Pixels of the points as Blender projects them at one frame."""
    scene.frame_set(int(np.floor(frame)), subframe=float(frame - np.floor(frame)))
    bpy.context.view_layer.update()
    found = [world_to_camera_view(scene, camera, Vector(point / unit)) for point in POINTS]
    assert all(each.z > 0 for each in found)
    return np.array([(each.x * size[0], (1.0 - each.y) * size[1]) for each in found])


@pytest.mark.parametrize(
    ("size", "lens", "scene_fps", "plate_fps", "unit"),
    [
        ((1280, 720), {}, (24, 1.0), 24.0, 1.0),
        ((1280, 720), {"shift_x": 0.08, "shift_y": -0.05, "lens": 35.0}, (24, 1.0), 24000 / 1001, 1.0),
        ((1280, 720), {"sensor_fit": "VERTICAL", "sensor_height": 18.0, "shift_y": 0.1}, (25, 1.0), 30.0, 0.01),
        ((720, 1280), {"sensor_width": 23.5, "lens": 28.0, "shift_x": -0.04}, (30, 1.001), 30000 / 1001, 0.01),
        ((720, 1280), {"sensor_fit": "HORIZONTAL", "lens": 60.0}, (60, 1.0), 29.97, 1.0),
    ],
    ids=["plain", "shift, 23.976 in 24", "vertical fit, centimetres", "upright, auto fit", "upright, horizontal fit"],
)
def test_points_are_seen_where_blender_sees_them(empty_scene, size, lens, scene_fps, plate_fps, unit):
    scene = empty_scene
    scene.render.fps, scene.render.fps_base = scene_fps
    scene.unit_settings.scale_length = unit
    scene.frame_start = 101
    scene.render.resolution_x, scene.render.resolution_y = size
    camera = moving_camera(scene, unit)
    camera.scale = (3.0, 3.0, 3.0)  # a camera's size is only that of its drawing
    for name, value in lens.items():
        setattr(camera.data, name, value)
    scene.frame_set(107)
    plate = PlateFrames(size, plate_fps, 30, 0.0)
    track = read_camera_track(scene, camera, plate, first_scene_frame(scene, None, plate))
    assert scene.frame_current == 107
    drifts = abs(29 / plate_fps * scene_fps[0] / scene_fps[1] - 29) > 0.5
    assert [("frame by frame" in said) for said in track.warnings] == [True] * drifts
    assert (track.camera, track.scene_frame) == ("Matchmove", 101.0)
    pixels = Camera(track.intrinsics, track.world_from_camera, np.array(size, dtype=float))
    wanted = np.stack([pixels.project(np.tile(point, (30, 1))) for point in POINTS], axis=1)
    worst = 0.0
    for row in (0, 7, 29):
        frame = 101 + row / plate_fps * scene_fps[0] / scene_fps[1]
        worst = max(worst, float(np.abs(seen(scene, camera, frame, size, unit) - wanted[row]).max()))
    print(f"worst {worst:.4f} pixels")
    assert worst < 0.02
    assert np.ptp(track.world_from_camera[:, 0, 3]) > 0.5, "metres, and it moves"


def test_a_camera_that_nothing_moves_has_the_same_row_for_each_frame(empty_scene):
    camera = new_object("Tripod", bpy.data.cameras.new("Lens"))
    camera.location = (0.0, -4.0, 1.5)
    bpy.context.view_layer.update()
    track = read_camera_track(empty_scene, camera, PlateFrames((1920, 1080), 30.0, 5, 0.0), 1.0)
    assert track.world_from_camera.shape == (5, 4, 4)
    assert (track.world_from_camera == track.world_from_camera[:1]).all()
    assert track.world_from_camera[0, :3, 3] == pytest.approx((0.0, -4.0, 1.5))


def test_a_range_of_the_plate_begins_later_in_the_scene(empty_scene):
    empty_scene.frame_start = 1001
    empty_scene.render.fps, empty_scene.render.fps_base = 24, 1.0
    plate = PlateFrames((64, 36), 48.0, 10, 2.0)
    assert first_scene_frame(empty_scene, None, plate) == 1049.0
    assert first_scene_frame(empty_scene, 7, plate) == 7.0
    with pytest.raises(CameraTrackError, match="Start Frame"):
        first_scene_frame(empty_scene, None, PlateFrames((64, 36), 48.0, 10, None))


def wrong_cameras(scene):
    camera = moving_camera(scene)
    yield "orthographic", camera, lambda: setattr(camera.data, "type", "ORTHO")
    camera.data.type = "PERSP"
    yield "disabled in viewports", camera, lambda: setattr(camera, "hide_viewport", True)
    camera.hide_viewport = False
    hung = new_object("Hung", bpy.data.cameras.new("Other"))
    hung.parent, hung.rotation_euler = camera.parent, (1.0, 0.3, 0.4)
    yield "mirrored", hung, lambda: setattr(hung, "scale", (-1.0, 1.0, 1.0))
    hung.scale = (1.0, 1.0, 1.0)
    yield "skewed", hung, lambda: setattr(hung.parent, "scale", (1.0, 3.0, 1.0))
    camera.parent.scale = (1.0, 1.0, 1.0)

    def zoom():
        for frame, lens in ((101, 35.0), (120, 50.0)):
            camera.data.lens = lens
            camera.data.keyframe_insert("lens", frame=frame)

    yield "changes between frames 101 and 115, by a zoom", camera, zoom
    camera.data.animation_data_clear()
    aside = bpy.data.collections.new("Aside")
    scene.collection.children.link(aside)
    aside.objects.link(camera)
    scene.collection.objects.unlink(camera)
    yield (
        "in a collection that is off",
        camera,
        lambda: setattr(bpy.context.view_layer.layer_collection.children["Aside"], "exclude", True),
    )
    yield "no camera", new_object("Empty"), lambda: None


def test_what_is_wrong_with_a_camera_is_said_and_the_frame_is_kept(empty_scene):
    empty_scene.frame_start = 101
    empty_scene.render.fps = 30
    empty_scene.frame_set(33)
    for said, camera, spoil in wrong_cameras(empty_scene):
        spoil()
        with pytest.raises(CameraTrackError, match=said) as raised:
            read_camera_track(empty_scene, camera, PlateFrames((1920, 1080), 30.0, 15, 0.0), 101.0)
        assert camera.name in str(raised.value)
        assert empty_scene.frame_current == 33


def test_another_shape_than_the_plates_is_told_and_a_squeezed_plate_refused(empty_scene):
    camera = moving_camera(empty_scene)
    render = empty_scene.render
    render.resolution_x, render.resolution_y = 1920, 800
    plate = PlateFrames((1920, 1080), 30.0, 3, 0.0)
    assert "1920 x 800" in read_camera_track(empty_scene, camera, plate, 1.0).warnings[0]
    render.resolution_x, render.resolution_y, render.pixel_aspect_x = 1440, 1080, 4 / 3
    assert not read_camera_track(empty_scene, camera, plate, 1.0).warnings, "the plate is read without its squeeze"
    render.resolution_x, render.pixel_aspect_x = 1920, 2.0
    with pytest.raises(CameraTrackError, match="squeezed"):
        read_camera_track(empty_scene, camera, plate, 1.0)
