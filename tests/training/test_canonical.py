# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion capture on the canonical skeleton: performers stand upright, bend where humans bend, and touch the floor."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

pytest.importorskip("scipy")

from holirep_blender.motion import rotations
from holirep_blender.motion.bvh import read_bvh
from holirep_blender.motion.skeleton import JOINT_INDEX, t_pose_offsets
from training.canonical import BODY, forward, names_of, read_folder, soles

CLIPS = ("cmu_002_01", "cmu_005_02", "cmu_salsa_01", "cmu_martial_04")
OFFSETS = t_pose_offsets()[[JOINT_INDEX[name] for name in BODY]]


@pytest.fixture(scope="module")
def folder(shared_data, tmp_path_factory):
    target = tmp_path_factory.mktemp("mocap")
    for name in CLIPS:
        shutil.copy(shared_data / "mocap" / f"{name}.bvh", target)
    return target


@pytest.fixture(scope="module")
def motions(folder):
    return {motion.name: motion for motion in read_folder(folder)}


@pytest.mark.parametrize("name", CLIPS)
def test_limbs_point_where_the_clip_points(motions, folder, name):
    clip = read_bvh(folder / f"{name}.bvh")
    positions, _ = clip.pose()
    positions = positions[-len(motions[name].local) :]
    z_up = positions @ np.array([[1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0]]).T
    names = names_of(clip)
    _, placed = forward(motions[name].local, motions[name].root, OFFSETS)
    limbs = (("UpperArm", "LowerArm"), ("LowerArm", "Hand"), ("UpperLeg", "LowerLeg"), ("LowerLeg", "Foot"))
    for first, second in limbs:
        for side in ("left", "right"):
            a, b = (clip.names.index(names[side + part]) for part in (first, second))
            theirs = rotations.normalized(z_up[:, b] - z_up[:, a])
            ours = rotations.normalized(placed[:, BODY.index(side + second)] - placed[:, BODY.index(side + first)])
            angle = np.degrees(np.arccos(np.clip(np.sum(theirs * ours, axis=-1), -1.0, 1.0)))
            assert np.median(angle) < 0.5, (side, first)


@pytest.mark.parametrize("name", CLIPS)
def test_performers_stand_on_the_floor_and_knees_bend_backwards(motions, name):
    motion = motions[name]
    turned, placed = forward(motion.local, motion.root, OFFSETS)
    assert np.median(placed[:, BODY.index("head"), 2]) > 1.1
    points = soles(turned, placed)
    assert abs(np.quantile(points[..., 2].min(axis=1), 0.05)) < 0.03
    assert 0.15 < motion.contacts[:, :4].mean() < 0.95
    bend = rotations.to_rotation_vector(motion.local[:, BODY.index("leftLowerLeg")])
    assert np.quantile(bend[:, 0], 0.05) > -0.1, "knees bend one way"
    assert np.abs(bend[:, 1:]).mean() < 0.1, "knees are hinges"


def test_nobody_turns_a_joint_faster_than_a_person_can(motions):
    for motion in motions.values():
        speed = rotations.angle_between(motion.local[1:], motion.local[:-1]) * motion.fps
        assert np.quantile(np.degrees(speed), 0.999) < 1500.0
