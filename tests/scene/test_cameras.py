# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import bpy
import numpy as np
import pytest
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Vector

from holirep_blender.scene import blender_versions
from holirep_blender.scene.actions import MARK
from holirep_blender.scene.cameras import CameraError, add_solved_camera


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


def test_faults_are_clear(empty_scene, filmed):
    filmed.camera = None
    with pytest.raises(CameraError, match="no solved camera"):
        add_solved_camera(empty_scene, filmed, 1)
    assert not bpy.data.cameras


def still(filmed):
    filmed.camera.world_from_camera[:] = filmed.camera.world_from_camera[0]


def test_each_scene_has_its_own_camera(empty_scene, filmed):
    first, _ = add_solved_camera(empty_scene, filmed, 1)
    place = first.matrix_world.copy()
    other = bpy.data.scenes.new("Other")
    other.render.fps = 30
    filmed.camera.world_from_camera[:, 2, 3] += 1.0
    second, _ = add_solved_camera(other, filmed, 1)
    assert second != first
    assert second.data != first.data
    assert first.users_scene == (empty_scene,)
    assert second.users_scene == (other,)
    assert first.matrix_world == place
    assert add_solved_camera(other, filmed, 1)[0] == second


def test_a_scene_has_one_camera_for_each_plate_and_character(character, filmed):
    scene = bpy.context.scene
    double = character.copy()
    scene.collection.objects.link(double)
    filmed.header["plate"] = "/plates/a.mov"
    first, _ = add_solved_camera(scene, filmed, 1, character=character)
    second, _ = add_solved_camera(scene, filmed, 1, character=double)
    filmed.header["plate"] = "/plates/b.mov"
    third, _ = add_solved_camera(scene, filmed, 1, character=character)
    assert len({first, second, third}) == 3
    filmed.header["plate"] = {"path": "/plates/a.mov"}  # older takes name the path alone
    assert add_solved_camera(scene, filmed, 1, character=character)[0] == first
    assert add_solved_camera(scene, filmed, 1, character=double)[0] == second
    character.name = "Renamed"
    assert add_solved_camera(scene, filmed, 1, character=character)[0] == first


def test_the_artists_keys_on_a_still_camera_stay_and_are_told(empty_scene, filmed):
    moving = filmed.camera.world_from_camera.copy()
    still(filmed)
    camera, warnings = add_solved_camera(empty_scene, filmed, 1, set_render_size=True)
    camera.keyframe_insert("location", frame=3)
    mine = camera.animation_data.action
    _, warnings = add_solved_camera(empty_scene, filmed, 1, set_render_size=True)
    assert camera.animation_data.action == mine
    assert any("keys of your own" in warning for warning in warnings)
    filmed.camera.world_from_camera[:] = moving
    add_solved_camera(empty_scene, filmed, 1)
    assert MARK in camera.animation_data.action
    assert [strip.action for track in camera.animation_data.nla_tracks for strip in track.strips] == [mine]


def test_a_camera_that_stands_still_now_loses_only_holireps_keys(empty_scene, filmed):
    camera, _ = add_solved_camera(empty_scene, filmed, 1)
    camera.scale = (2.0, 2.0, 2.0)
    camera.keyframe_insert("scale", frame=3)
    still(filmed)
    for _ in range(2):
        add_solved_camera(empty_scene, filmed, 1)
        action = camera.animation_data.action
        assert {curve.data_path for curve in blender_versions.fcurves_of(action)} == {"scale"}
        assert [each.name for each in bpy.data.actions] == [action.name]


def test_a_camera_in_tweak_mode_is_refused_with_the_way_out(empty_scene, filmed):
    camera, _ = add_solved_camera(empty_scene, filmed, 1)
    data = camera.animation_data
    track = data.nla_tracks.new()
    strip = track.strips.new("Mine", 1, data.action)
    data.action = None
    track.select = strip.select = True
    data.nla_tracks.active = track
    data.use_tweak_mode = True
    assert data.use_tweak_mode
    with pytest.raises(CameraError, match="tweak mode"):
        add_solved_camera(empty_scene, filmed, 1)
