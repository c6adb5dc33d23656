# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from holirep_blender.motion import rotations
from holirep_blender.motion.contacts import Floor
from holirep_blender.motion.planting import character_floor, character_take, to_motion
from holirep_blender.motion.retargeting import BoneInheritance, RetargetOptions, retarget, take_rest_positions
from tests.motion.planting.characters import character
from tests.motion.retargeting.clips import lively_take
from tests.motion.retargeting.skeletons import build_rig, forward_kinematics, posed_rest, turn

Y_UP = np.array([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]])


def turned_object(scale: float) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, :3] = rotations.to_matrix(rotations.multiply(turn("X", 90), turn("Y", 37))) * scale
    matrix[:3, 3] = (2.0, -1.0, 0.5)
    return matrix


@pytest.mark.parametrize("space", ["character", "world"])
@pytest.mark.parametrize("options", [{}, {"root": "in_place"}, {"share_spine": True}], ids=str)
def test_there_and_back_under_a_turned_and_scaled_object(space, options):
    take = lively_take()
    rig, rig_map = build_rig(posed_rest("A", height=170.0), 5, Y_UP, without=("chest",))
    matrix = turned_object(0.01)
    motion = retarget(take, rig, rig_map, matrix, RetargetOptions(space=space, **options))
    made = character_take(motion, rig, rig_map, matrix)
    heads, _ = forward_kinematics(rig, motion)
    world = heads @ matrix[:3, :3].T + matrix[:3, 3] if space == "world" else heads @ Y_UP * 0.01
    positions = made.take.world_positions()
    if options.get("root") == "in_place":
        assert made.in_place
        travel = motion.travel @ (matrix[:3, :3].T if space == "world" else Y_UP * 0.01)
        world = world + travel[:, None]
    for joint in ("hips", "head", "leftFoot", "rightToes", "leftHand"):
        got = positions[:, made.take.joint_names.index(joint)]
        assert np.allclose(got, world[:, rig.bone_names.index(f"b_{joint}")], atol=1e-9), joint

    same = to_motion(made, made.take, motion)
    assert np.array_equal(same.rotations, motion.rotations)
    assert np.array_equal(same.locations, motion.locations)

    local = made.take.local_rotations.copy()
    knee = made.take.joint_names.index("leftLowerLeg")
    local[5:, knee] = rotations.multiply(turn("X", 30), local[5:, knee])
    changed = replace(made.take, local_rotations=local, root_translation=made.take.root_translation + (0.1, 0.2, 0.3))
    moved = to_motion(made, changed, motion)
    kept = [name != "b_leftLowerLeg" for name in motion.bone_names]
    assert np.array_equal(moved.rotations[:, kept], motion.rotations[:, kept])
    assert np.array_equal(moved.rotations[:5], motion.rotations[:5])
    back = character_take(moved, rig, rig_map, matrix).take
    assert np.allclose(back.world_positions(), changed.world_positions(), atol=1e-9)
    heads, turned = forward_kinematics(rig, moved)
    asked = [rig.bone_names.index(name) for name in moved.bone_names]
    assert rotations.angle_between(turned[:, asked], moved.pose_rotations).max() < 1e-6


def test_the_take_stands_on_the_rest_floor_and_faces_as_takes_do():
    rig, rig_map = character("cartoon", space=Y_UP)
    motion = retarget(lively_take(), rig, rig_map)
    take = character_take(motion, rig, rig_map).take
    rest = take_rest_positions(take)
    assert rest["leftHand"][0] > 0.2
    assert rest["leftToes"][1] < rest["leftFoot"][1]
    assert 0.0 < rest["leftToes"][2] < rest["leftFoot"][2] < 0.15


def test_a_rig_whose_legs_hang_on_the_spine():
    rig, rig_map = build_rig(posed_rest("T"), seed=3)
    names = list(rig.bone_names)
    for side in ("left", "right"):
        rig.parents[names.index(f"b_{side}UpperLeg")] = names.index("b_spine")
    motion = retarget(lively_take(), rig, rig_map)
    take = character_take(motion, rig, rig_map).take
    assert take.parents[take.joint_names.index("leftUpperLeg")] == take.joint_names.index("spine")
    heads, _ = forward_kinematics(rig, motion)
    feet = take.world_positions()[:, take.joint_names.index("leftFoot")]
    assert np.allclose(feet, heads[:, names.index("b_leftFoot")], atol=1e-9)


def test_bones_that_do_not_inherit_rotation_are_carried_all_the_same():
    rig, rig_map = build_rig(posed_rest("A"), seed=8)
    behaviour = BoneInheritance.plain(len(rig.bone_names))
    behaviour.rotation[rig.bone_names.index("b_leftLowerLeg")] = False
    motion = retarget(lively_take(), rig, rig_map, None, None, inheritance=behaviour)
    made = character_take(motion, rig, rig_map)
    local = made.take.local_rotations.copy()
    hip = made.take.joint_names.index("leftUpperLeg")
    local[:, hip] = rotations.multiply(turn("X", 10), local[:, hip])
    moved = to_motion(made, replace(made.take, local_rotations=local), motion)
    shank = motion.bone_names.index("b_leftLowerLeg")
    # its parent does not turn it, so its own key must
    assert rotations.angle_between(moved.rotations[:, shank], motion.rotations[:, shank]).min() > 0.05


def test_the_floor_goes_with_the_legs():
    take = lively_take()
    for scale, space in ((1.0, "character"), (0.5, "character"), (1.0, "world")):
        rig, rig_map = build_rig(posed_rest("T", height=1.7 * 0.5 / scale), seed=3)
        matrix = np.diag([scale, scale, scale, 1.0])
        motion = retarget(take, rig, rig_map, matrix, RetargetOptions(space=space))
        floor = character_floor(character_take(motion, rig, rig_map, matrix), take, Floor((0.0, 0.0, 0.2)))
        assert floor.point[2] == pytest.approx(0.1, abs=1e-6)
        assert floor.normal == (0.0, 0.0, 1.0)


def test_a_motion_of_another_rig_is_refused():
    rig, rig_map = build_rig(posed_rest("T"), seed=3)
    motion = retarget(lively_take(), rig, rig_map)
    rig.bone_names = tuple(f"other {name}" for name in rig.bone_names)
    with pytest.raises(ValueError, match="another rig"):
        character_take(motion, rig, rig_map)
