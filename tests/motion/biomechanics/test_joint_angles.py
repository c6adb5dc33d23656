# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holirep_blender.motion import rotations
from holirep_blender.motion.biomechanics.anatomical import LIMITED_JOINTS, axes_of
from holirep_blender.motion.biomechanics.joint_angles import joint_angles
from holirep_blender.motion.biomechanics.swing import MOTIONS, angles_of, quaternions_of
from holirep_blender.motion.skeleton import JOINT_NAMES, mirrored
from holirep_blender.motion.take import Take
from tests.motion.biomechanics.figures import at_rest_in, lively_take, posed, still_take, without

_NUMBER = st.floats(-1.0, 1.0, allow_nan=False)
_QUATERNION = st.tuples(_NUMBER, _NUMBER, _NUMBER, _NUMBER).filter(lambda q: np.linalg.norm(q) > 1e-3)


def test_the_canonical_t_pose_is_zero() -> None:
    angles = joint_angles(still_take())
    assert angles.names == tuple(f"{joint}.{motion}" for joint in LIMITED_JOINTS for motion in MOTIONS)
    assert np.abs(angles.values).max() < 1e-12


# where a joint's child (or a finger tip's knuckle) goes in positive motion: x left, y back, z up, for the left side
@pytest.mark.parametrize(
    ("joint", "motion", "child", "towards"),
    [
        ("spine", "flexion", "head", (0, -1, 0)),
        ("spine", "abduction", "head", (1, 0, 0)),
        ("leftUpperLeg", "flexion", "leftLowerLeg", (0, -1, 0)),
        ("leftUpperLeg", "abduction", "leftLowerLeg", (1, 0, 0)),
        ("leftUpperLeg", "rotation", "leftToes", (-1, 0, 0)),
        ("leftLowerLeg", "flexion", "leftFoot", (0, 1, 0)),
        ("leftLowerLeg", "abduction", "leftFoot", (1, 0, 0)),
        ("leftFoot", "flexion", "leftToes", (0, 0, 1)),
        ("leftFoot", "abduction", "leftToes", (1, 0, 0)),
        ("upperChest", "rotation", "leftUpperArm", (0, 1, 0)),
        ("leftShoulder", "flexion", "leftUpperArm", (0, -1, 0)),
        ("leftShoulder", "abduction", "leftUpperArm", (0, 0, 1)),
        ("leftUpperArm", "flexion", "leftLowerArm", (0, -1, 0)),
        ("leftUpperArm", "abduction", "leftLowerArm", (0, 0, 1)),
        ("leftLowerArm", "flexion", "leftHand", (0, -1, 0)),
        ("leftHand", "flexion", "leftMiddleProximal", (0, 0, -1)),
        ("leftHand", "abduction", "leftMiddleProximal", (0, -1, 0)),
        ("leftHand", "rotation", "leftIndexProximal", (0, 0, -1)),
        ("leftIndexProximal", "flexion", "leftIndexDistal", (0, 0, -1)),
        ("leftIndexProximal", "abduction", "leftIndexDistal", (0, -1, 0)),
        ("leftLittleProximal", "abduction", "leftLittleDistal", (0, 1, 0)),
        ("leftThumbProximal", "flexion", "leftThumbDistal", (0, 1, 0)),
        ("leftThumbMetacarpal", "abduction", "leftThumbProximal", (0, 0, -1)),
    ],
)
def test_positive_motion_goes_where_anatomy_says(
    joint: str, motion: str, child: str, towards: tuple[float, float, float]
) -> None:
    others = (mirrored(joint), mirrored(child), (-towards[0], *towards[1:]))
    for name, end, way in ((joint, child, towards), others)[: 1 if joint == mirrored(joint) else 2]:
        axis = axes_of(name)[MOTIONS.index(motion)]
        take = posed(**{name: np.radians(20.0) * axis})
        column = JOINT_NAMES.index(end)
        moved = take.world_positions()[0, column] - still_take().world_positions()[0, column]
        assert np.dot(moved, way) > 0.8 * np.linalg.norm(moved)
        angles = joint_angles(take)
        assert angles.degrees(f"{name}.{motion}")[0] == pytest.approx(20.0, abs=1e-9)
        assert np.degrees(np.abs(angles.values)).sum() == pytest.approx(20.0, abs=1e-6)


def test_left_and_right_are_mirror_images() -> None:
    take = lively_take(20, seed=4)
    columns = [take.joint_names.index(mirrored(name)) for name in take.joint_names]
    other = take.local_rotations[:, columns] * np.array([1.0, 1.0, -1.0, -1.0])
    here, there = joint_angles(take), joint_angles(Take(30.0, 1, other, take.root_translation, take.rest_offsets))
    for name in here.names:
        joint, motion = name.split(".")
        if joint != mirrored(joint):
            expected = there.degrees(f"{mirrored(joint)}.{motion}")
            np.testing.assert_allclose(here.degrees(name), expected, atol=1e-6)


def _standing_arms_down() -> Take:
    """An A-pose, a crouch with bent elbows, and a lively clip that begins in the T-pose, one after the other."""
    take = lively_take(12, seed=9, reach=0.25)
    poses = take.local_rotations
    index = {name: column for column, name in enumerate(take.joint_names)}
    for side, sign in (("left", 1.0), ("right", -1.0)):
        poses[0, index[f"{side}UpperArm"]] = rotations.from_axis_angle([0, 1, 0], np.array(sign * np.radians(50.0)))
        poses[0, index[f"{side}LowerArm"]] = rotations.from_axis_angle([0, 0, -1], np.array(sign * np.radians(30.0)))
        poses[1, index[f"{side}UpperLeg"]] = rotations.from_axis_angle([-1, 0, 0], np.array(np.radians(80.0)))
        poses[1, index[f"{side}LowerLeg"]] = rotations.from_axis_angle([1, 0, 0], np.array(np.radians(95.0)))
        poses[1, index[f"{side}Foot"]] = rotations.from_axis_angle([-1, 0, 0], np.array(np.radians(15.0)))
        poses[1, index[f"{side}LowerArm"]] = rotations.from_axis_angle([0, 0, -1], np.array(sign * np.radians(70.0)))
    moved = {f"{side}{part}" for side in ("left", "right") for part in ("UpperArm", "LowerArm", "UpperLeg", "LowerLeg")}
    for frame in (0, 1):
        for name, column in index.items():
            if name not in moved and not (frame == 1 and name.endswith("Foot")):
                poses[frame, column] = (1.0, 0.0, 0.0, 0.0)
    poses[0, [index[f"{s}{p}"] for s in ("left", "right") for p in ("UpperLeg", "LowerLeg")]] = (1.0, 0.0, 0.0, 0.0)
    poses[1, [index[f"{s}UpperArm"] for s in ("left", "right")]] = (1.0, 0.0, 0.0, 0.0)
    return take


@pytest.mark.parametrize(("frame", "pose"), [(0, "A-pose"), (1, "crouch")])
def test_any_rest_pose_gives_the_same_angles(frame: int, pose: str) -> None:
    take = _standing_arms_down()
    here, there = joint_angles(take), joint_angles(at_rest_in(take, frame))
    assert here.names == there.names
    assert np.degrees(np.abs(here.values - there.values)).max() < 0.5, pose


def test_absent_joints_and_joints_of_another_kind_do_not_matter() -> None:
    take = lively_take(10)
    absent = {"leftToes", "rightToes", "jaw", "leftEye"} | {name for name in JOINT_NAMES if "Ring" in name}
    few, all_of_them = joint_angles(without(take, absent)), joint_angles(take)
    for name in few.names:
        # the palm's direction is the mean of its knuckles, so a finger less turns it by a hair
        np.testing.assert_allclose(few.degrees(name), all_of_them.degrees(name), atol=0.3)


@given(_QUATERNION)
@settings(max_examples=300, deadline=None)
def test_angles_and_quaternions_are_each_others_inverse(numbers: tuple[float, float, float, float]) -> None:
    quaternion = rotations.normalized(numbers)
    for mirror in (1.0, -1.0):
        angles = angles_of(quaternion[None, None], [mirror])[0]
        assert np.isfinite(angles).all()
        assert np.hypot(angles[0, 0], angles[0, 1]) <= np.pi + 1e-9
        assert abs(angles[0, 2]) <= np.pi + 1e-9
        assert rotations.angle_between(quaternions_of(angles, mirror)[0], quaternion) < 1e-6


@pytest.mark.parametrize("quaternion", [(0, 0, 1, 0), (0, 0, 0, 1), (0, 1, 0, 0), (0, 0, 0.6, 0.8), (-1, 0, 0, 0)])
def test_half_turns_and_antipodes_are_finite(quaternion: tuple[float, ...]) -> None:
    given_one = np.array(quaternion, dtype=float)
    for one in (given_one, -given_one):
        angles = angles_of(one[None, None], [1.0])[0]
        assert rotations.angle_between(quaternions_of(angles, 1.0)[0], one) < 1e-9
