# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from holirep_blender.motion import rotations
from holirep_blender.motion.retargeting import RetargetError, RetargetOptions, anatomy, retarget, take_rest_positions
from holirep_blender.motion.skeleton import JOINT_NAMES
from tests.motion.retargeting.clips import lively_take, mocap_take
from tests.motion.retargeting.skeletons import build_rig, forward_kinematics, posed_rest, turn

Y_UP = np.array([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]])  # canonical to an armature with Y up that faces +Z
EXACT = RetargetOptions(own_shape=False)


def object_matrix(rotation: np.ndarray, scale: float, location=(2.0, -1.0, 0.5)) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, :3] = rotations.to_matrix(rotation) * scale
    matrix[:3, 3] = location
    return matrix


def worst_direction(take, rig, rig_map, motion, linear: np.ndarray, skip=frozenset()) -> tuple[float, str]:
    """Largest angle in degrees, and its joint, between the take's bone directions and the rig's."""
    heads, _ = forward_kinematics(rig, motion)
    wanted = take.world_positions()
    rest = take_rest_positions(take)
    worst, where = 0.0, ""
    for joint, bone in rig_map.bones.items():
        following = anatomy.next_joint(joint, rest, rig_map.bones)
        if joint not in rest or following is None or joint in skip:
            continue
        column = {name: index for index, name in enumerate(take.joint_names)}
        a = rotations.normalized(wanted[:, column[following]] - wanted[:, column[joint]])
        index = rig.bone_names.index
        b = heads[:, index(rig_map.bones[following])] - heads[:, index(bone)]
        b = rotations.normalized(b @ linear.T)
        angle = np.degrees(2 * np.arcsin(np.clip(np.linalg.norm(a - b, axis=-1) / 2, 0, 1))).max()
        if angle > worst:
            worst, where = float(angle), joint
    return worst, where


@pytest.mark.parametrize("pose", ["T", "A", "crouched"])
@pytest.mark.parametrize("space", [np.eye(3), Y_UP], ids=["z_up", "y_up"])
def test_directions_survive_other_rest_pose_proportions_axes_and_object(pose, space):
    take = lively_take()
    rig, rig_map = build_rig(posed_rest(pose, np.random.default_rng(5)), seed=11, space=space)
    matrix = object_matrix(rotations.multiply(turn("X", 90), turn("Z", 37)), 0.01)
    linear = matrix[:3, :3] / 0.01
    world = retarget(take, rig, rig_map, matrix, RetargetOptions(space="world", own_shape=False))
    assert worst_direction(take, rig, rig_map, world, linear)[0] < 0.01
    own = retarget(take, rig, rig_map, matrix, EXACT)
    assert worst_direction(take, rig, rig_map, own, space.T)[0] < 0.01
    shaped = retarget(take, rig, rig_map, matrix, RetargetOptions(space="world"))
    assert worst_direction(take, rig, rig_map, shaped, linear, anatomy.OWN_SHAPE)[0] < 0.01


@pytest.mark.parametrize("clip", ["cmu_salsa_01", "cmu_001_08"])
@pytest.mark.parametrize("missing", [("upperChest",), ("chest", "upperChest"), ("chest", "neck")])
def test_motion_capture_on_rigs_with_another_spine(shared_data, clip, missing):
    take = mocap_take(shared_data, clip, every=20)
    rig, rig_map = build_rig(posed_rest("A", np.random.default_rng(1)), seed=2, without=missing)
    for share in (True, False):
        motion = retarget(take, rig, rig_map, None, RetargetOptions(own_shape=False, share_spine=share))
        assert worst_direction(take, rig, rig_map, motion, np.eye(3))[0] < 0.01
        assert (None in motion.joints) == ((share and "chest" in missing and "neck" not in missing) or share)


def test_twist_is_carried_over_whatever_the_rest_pose():
    """The same pose, one skeleton at rest in T, the other in A: the meshes' turns about the limbs must agree."""
    take = lively_take()
    plain = posed_rest("T")
    rig_t, map_t = build_rig(plain, seed=4)
    motion_t = retarget(take, rig_t, map_t, None, EXACT)
    expected = take.world_rotations()
    for index, joint in enumerate(motion_t.joints):
        bone = rig_t.bone_names.index(motion_t.bone_names[index])
        turned = rotations.multiply(
            motion_t.pose_rotations[:, index], rotations.inverse(rotations.from_matrix(rig_t.rest[bone, :3, :3]))
        )
        error = rotations.angle_between(turned, expected[:, JOINT_NAMES.index(joint)])
        assert np.degrees(error.max()) < 1e-4, joint
    rig_a, map_a = build_rig(posed_rest("A"), seed=4)
    motion_a = retarget(take, rig_a, map_a, None, EXACT)
    for joint, turned in (
        ("leftUpperArm", turn("Y", 45)),
        ("leftLowerArm", turn("Y", 45)),
        ("rightHand", turn("Y", -45)),
    ):
        a, t = motion_a.joints.index(joint), motion_t.joints.index(joint)
        rest_a = rotations.from_matrix(rig_a.rest[rig_a.bone_names.index(f"b_{joint}"), :3, :3])
        rest_t = rotations.from_matrix(rig_t.rest[rig_t.bone_names.index(f"b_{joint}"), :3, :3])
        mesh_a = rotations.multiply(motion_a.pose_rotations[:, a], rotations.inverse(rest_a))
        mesh_t = rotations.multiply(motion_t.pose_rotations[:, t], rotations.inverse(rest_t))
        error = rotations.angle_between(rotations.multiply(mesh_a, turned), mesh_t)
        assert np.degrees(error.max()) < 3.0, joint


def test_basis_does_not_jump_and_rest_pose_gives_rest_pose():
    take = lively_take()
    rig, rig_map = build_rig(posed_rest("A"), seed=8)
    motion = retarget(take, rig, rig_map)
    assert np.sum(motion.rotations[1:] * motion.rotations[:-1], axis=-1).min() > 0.0
    still = lively_take()
    still.local_rotations[:] = [1, 0, 0, 0]
    still.root_translation[:] = still.rest_offsets[0]
    rig, rig_map = build_rig(posed_rest("T"), seed=8)
    motion = retarget(still, rig, rig_map)
    assert np.abs(motion.rotations[..., 1:]).max() < 1e-7
    assert np.abs(motion.locations).max() < 1e-7


def test_root_travels_by_leg_length_or_stays():
    take = lively_take()
    rig, rig_map = build_rig(posed_rest("T", height=0.85), seed=8)
    motion = retarget(take, rig, rig_map)
    assert motion.location_bone == "b_hips"
    heads, _ = forward_kinematics(rig, motion)
    hips = heads[:, rig.bone_names.index("b_hips")]
    assert np.allclose(hips - hips[0], 0.5 * (take.root_translation - take.root_translation[0]), atol=1e-9)
    motion = retarget(take, rig, rig_map, None, RetargetOptions(root="in_place"))
    centre = forward_kinematics(rig, motion)[0]
    middle = (
        centre[:, rig.bone_names.index("b_leftUpperLeg")] + centre[:, rig.bone_names.index("b_rightUpperLeg")]
    ) / 2
    assert np.ptp(middle[:, :2], axis=0).max() < 1e-9
    assert np.ptp(middle[:, 2]) > 0.05


def test_world_space_keeps_world_positions_under_a_turned_and_scaled_object():
    take = lively_take()
    rig, rig_map = build_rig(posed_rest("T", height=170.0), seed=8, space=Y_UP)
    matrix = object_matrix(rotations.multiply(turn("X", 90), turn("Y", 40)), 0.01)
    motion = retarget(take, rig, rig_map, matrix, RetargetOptions(space="world"))
    heads, _ = forward_kinematics(rig, motion)
    world = heads @ matrix[:3, :3].T + matrix[:3, 3]
    wanted = take.world_positions()
    for joint in ("hips", "leftHand", "rightFoot", "head"):
        got = world[:, rig.bone_names.index(f"b_{joint}")]
        # the object stands half a metre up: the character's origin is its floor
        assert np.allclose(got, wanted[:, JOINT_NAMES.index(joint)], atol=1e-6), joint


@pytest.mark.parametrize("height", [1.0, 2.6])
def test_heights_are_scaled_over_the_takes_own_floor(height):
    take = lively_take()
    lifted = replace(take, root_translation=take.root_translation + [0.0, 0.0, 2.0], header={"floor_height": 2.0})
    rig, rig_map = build_rig(posed_rest("T", height=height), seed=8)
    driven = [rig.bone_names.index(bone) for bone in rig_map.bones.values()]
    for space, rise in (("world", 2.0), ("character", 0.0)):
        options = RetargetOptions(space=space)
        low, high = (forward_kinematics(rig, retarget(each, rig, rig_map, np.eye(4), options))[0]
                     for each in (take, lifted))  # fmt: skip
        assert np.allclose(high[:, driven], low[:, driven] + [0.0, 0.0, rise], atol=1e-9), space


def test_bones_that_do_not_inherit_rotation():
    from holirep_blender.motion.retargeting import BoneInheritance

    take = lively_take()
    rig, rig_map = build_rig(posed_rest("A"), seed=8)
    behaviour = BoneInheritance.plain(len(rig.bone_names))
    arm = rig.bone_names.index("b_leftUpperArm")
    behaviour.rotation[arm] = False
    motion = retarget(take, rig, rig_map, None, None, inheritance=behaviour)
    index = motion.bone_names.index("b_leftUpperArm")
    rest = rotations.from_matrix(rig.rest[arm, :3, :3])
    posed = rotations.multiply(rest, motion.rotations[:, index])
    assert rotations.angle_between(posed, motion.pose_rotations[:, index]).max() < 1e-6


def test_a_rig_without_mapped_bones_is_refused():
    rig, rig_map = build_rig(posed_rest("T"), seed=1)
    rig_map.bones = {"hips": "nothing of this name"}
    with pytest.raises(RetargetError, match="rig map"):
        retarget(lively_take(), rig, rig_map)
