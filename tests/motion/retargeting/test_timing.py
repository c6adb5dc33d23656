# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import numpy as np
import pytest

from holirep_blender.motion import rotations
from holirep_blender.motion.retargeting.face_joints import EYE_SIDE, JAW_OPEN, with_face_joints
from holirep_blender.motion.retargeting.timing import at_times, on_whole_frames, scene_frames
from holirep_blender.motion.take import Camera
from tests.motion.retargeting.clips import lively_take


def test_frames_are_where_their_times_are():
    take = lively_take(frames=31)
    assert scene_frames(take, 30.0, 1).tolist() == list(range(1, 32))
    frames = scene_frames(take, 24.0, 101)
    assert frames[0] == 101
    assert frames[30] == pytest.approx(125.0)
    assert frames[1] == pytest.approx(101.8)


def test_whole_frames_lie_between_the_takes_own():
    take = lively_take(frames=31)
    count = take.frame_count
    take.camera = Camera(np.eye(3), np.tile(np.eye(4), (count, 1, 1)), np.array([4.0, 3.0]))
    take.camera.world_from_camera[:, 0, 3] = np.arange(count)
    even = on_whole_frames(take, 24.0)
    assert even.frame_count == 25
    assert even.fps == 24.0
    assert np.allclose(even.local_rotations[-1], take.local_rotations[-1])
    assert np.allclose(even.camera.world_from_camera[:, 0, 3], np.arange(25) * 30 / 24)
    halfway = at_times(take, [0.5 / 30], 30.0)
    half = rotations.slerp(take.local_rotations[0], take.local_rotations[1], np.full(55, 0.5))
    assert rotations.angle_between(halfway.local_rotations[0], half).max() < 1e-7
    assert np.allclose(halfway.root_translation[0], take.root_translation[:2].mean(axis=0))
    assert on_whole_frames(take, 30.0) is take
    later = on_whole_frames(take, 24.0, start=48.25)  # the scene's frame 49 is the first that it has
    assert np.allclose(later.camera.world_from_camera[:, 0, 3], (np.arange(24) + 0.75) * 30 / 24)
    assert on_whole_frames(take, 30.0, start=48.25).frame_count == 30


def test_jaw_and_eyes_come_from_the_face_only_where_they_are_still():
    take = lively_take(frames=5)
    moving = take.local_rotations[:, take.joint_names.index("rightEye")].copy()
    for joint in ("jaw", "leftEye"):
        take.local_rotations[:, take.joint_names.index(joint)] = (1, 0, 0, 0)
    take.blendshapes[:, take.blendshape_names.index("jawOpen")] = 0.5
    take.blendshapes[:, take.blendshape_names.index("eyeLookOutLeft")] = 1.0
    result = with_face_joints(take)
    jaw = result.local_rotations[:, take.joint_names.index("jaw")]
    chin = rotations.rotate(jaw, [0.0, -1.0, 0.0])
    assert np.allclose(chin[:, 2], -np.sin(0.5 * JAW_OPEN))  # downwards
    gaze = rotations.rotate(result.local_rotations[:, take.joint_names.index("leftEye")], [0.0, -1.0, 0.0])
    assert np.allclose(gaze[:, 0], np.sin(EYE_SIDE))  # outwards, to the performer's left
    assert np.array_equal(result.local_rotations[:, take.joint_names.index("rightEye")], moving)
