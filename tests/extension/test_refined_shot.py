# SPDX-License-Identifier: GPL-3.0-or-later
"""The shot's take on the shot's character, refined as the shot asks."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from holirep_blender.motion.take import Camera
from holirep_blender.scene import blender_versions
from holirep_blender.scene.shot_take import apply_shot_take, apply_unrefined, refine_again
from tests.motion.retargeting.clips import mocap_take
from tests.rigs.builders import build_rig


@pytest.fixture
def filmed(shot, shared_data, tmp_path):
    """A walk with a camera on a unity rig, as the shot's take and character."""
    take = mocap_take(shared_data, "cmu_002_01")
    matrices = np.tile(np.eye(4), (take.frame_count, 1, 1))
    matrices[:, :3, :3] = [[1, 0, 0], [0, 0, 1], [0, -1, 0]]
    matrices[:, :3, 3] = np.linspace([0, -5, 1], [1, -5, 1], take.frame_count)
    take.camera = Camera(np.array([[900.0, 0, 640], [0, 900.0, 360], [0, 0, 1]]), matrices, np.array([1280.0, 720.0]))
    take.save(tmp_path / "take.npz")
    bpy.context.scene.render.fps = 30
    shot.take, shot.character = str(tmp_path / "take.npz"), build_rig("unity")
    return take


def keys(owner):
    return {
        (curve.data_path, curve.array_index): [tuple(key.co) for key in curve.keyframe_points]
        for curve in blender_versions.fcurves_of(owner.animation_data.action, owner)
    }


def test_refined_by_default_and_told(shot, filmed):
    text, _ = apply_shot_take(bpy.context, bpy.context.scene, shot.character)
    assert "feet held" in text
    assert shot.refine.has_report
    refined = keys(shot.character)
    text, _ = apply_unrefined(bpy.context, bpy.context.scene)
    assert "held" not in text
    assert keys(shot.character) != refined
    refine_again(bpy.context, bpy.context.scene)
    again = keys(shot.character)
    assert all(np.allclose(again[path], refined[path], atol=1e-5) for path in refined)
    shot.refine.use_refine = False
    apply_shot_take(bpy.context, bpy.context.scene, shot.character)
    assert not shot.refine.has_report


def test_a_changed_file_is_read_again(shot, filmed):
    apply_shot_take(bpy.context, bpy.context.scene, shot.character)
    before = keys(shot.character)
    filmed.local_rotations = filmed.local_rotations[::-1].copy()
    filmed.header["changed"] = "so that the file has another size"
    filmed.save(shot.take)
    refine_again(bpy.context, bpy.context.scene)
    assert keys(shot.character) != before


def test_the_camera_keeps_the_plates_frames_when_keys_are_on_whole_frames(shot, filmed):
    scene = bpy.context.scene
    scene.render.fps = 24
    shot.whole_frames = True
    apply_shot_take(bpy.context, scene, shot.character)
    body = next(iter(keys(shot.character).values()))
    assert all(frame == round(frame) for frame, _ in body)
    assert len(body) < filmed.frame_count
    camera = next(each for each in scene.objects if each.type == "CAMERA")
    assert {len(points) for points in keys(camera).values()} == {filmed.frame_count}
