# SPDX-License-Identifier: GPL-3.0-or-later
"""What the shot's options of applying change on the character and in the scene."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from holirep_blender.motion.take import Camera
from holirep_blender.scene import blender_versions
from holirep_blender.scene.shot_take import apply_shot_take
from tests.motion.retargeting.clips import lively_take
from tests.rigs.builders import build_rig


@pytest.fixture
def applied(shot, tmp_path):
    """Applies a take of 25 frames, 30 a second, with the shot's options; gives the keys of the character."""
    scene = bpy.context.scene
    scene.render.fps = 24
    character = build_rig("vrm")
    made = lively_take(frames=25)
    poses = np.tile(np.eye(4), (25, 1, 1))
    made.camera = Camera(np.array([[1000.0, 0, 320], [0, 1000, 240], [0, 0, 1]]), poses, np.array([640.0, 480.0]))
    made.save(tmp_path / "take.npz")
    shot.character, shot.take = character, str(tmp_path / "take.npz")

    def apply(**options):
        for name, value in options.items():
            setattr(shot, name, value)
        apply_shot_take(bpy.context, scene, character)
        curves = blender_versions.fcurves_of(character.animation_data.action, character)
        return {
            (curve.data_path.split('"')[1], curve.data_path.rsplit(".", 1)[1], curve.array_index): np.array(
                [tuple(point.co) for point in curve.keyframe_points]
            )
            for curve in curves
        }

    return apply


def test_start_frame_and_whole_frames(applied):
    frames = applied()[("head", "rotation_quaternion", 0)][:, 0]
    assert (frames[0], len(frames)) == (1, 25)
    assert frames[-1] == pytest.approx(1 + 24 * 24 / 30)
    frames = applied(use_start_frame=True, start_frame=101)[("head", "rotation_quaternion", 0)][:, 0]
    assert frames[0] == 101
    frames = applied(whole_frames=True)[("head", "rotation_quaternion", 0)][:, 0]
    assert list(frames) == list(range(101, 121))


def test_the_scenes_range_and_resolution_are_set_only_when_asked(applied):
    scene = bpy.context.scene
    before = (scene.frame_start, scene.frame_end, scene.render.resolution_x, scene.render.resolution_y)
    applied()
    assert (scene.frame_start, scene.frame_end, scene.render.resolution_x, scene.render.resolution_y) == before
    applied(set_scene_range=True, set_resolution=True)
    after = (scene.frame_start, scene.frame_end, scene.render.resolution_x, scene.render.resolution_y)
    assert after == (1, 21, 640, 480)
    assert scene.render.resolution_percentage == 100


def test_own_shape_keeps_the_rigs_pelvis(applied):
    kept, exact = applied(own_shape=True), applied(own_shape=False)
    hips = [("hips", "rotation_quaternion", axis) for axis in range(4)]
    assert max(np.abs(kept[key][:, 1] - exact[key][:, 1]).max() for key in hips) > 1e-3


def test_spine_bones_that_are_not_mapped_take_their_share_only_when_asked(applied, shot):
    applied()
    row = next(row for row in shot.rig_map if row.joint == "chest")
    bone, row.bone = row.bone, ""
    assert bone in {name for name, _, _ in applied(share_spine=True)}
    assert bone not in {name for name, _, _ in applied(share_spine=False)}
