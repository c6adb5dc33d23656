# SPDX-License-Identifier: GPL-3.0-or-later
"""A known clip on every rig family, other rest poses and proportions, a turned and scaled object."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from holirep_blender.motion.retargeting import RetargetOptions, anatomy
from holirep_blender.motion.rigs import RigMap, find_rig_map
from holirep_blender.scene import blender_versions
from holirep_blender.scene.applying import ApplyOptions, apply_take
from holirep_blender.scene.characters import read_rig
from tests.motion.retargeting.clips import lively_take, mocap_take
from tests.rigs.builders import QUICK_FAMILIES, build_rig, true_bones
from tests.scene.measure import direction_errors, evaluated_heads

LIMIT = 1.0  # degrees
WORLD = RetargetOptions(space="world", own_shape=False)


def disturb(rig):
    rig.rotation_euler.rotate_axis("Z", 0.7)
    rig.rotation_euler.x += 0.2
    rig.scale *= 1.3
    rig.location = (1.0, 2.0, 0.3)
    bpy.context.view_layer.update()


@pytest.mark.parametrize("family", QUICK_FAMILIES)
def test_directions_hold_on_every_family(family, empty_scene, shared_data, record_property):
    rig = build_rig(family)
    disturb(rig)
    rest = {bone.name: bone.matrix_local.copy() for bone in rig.data.bones}
    take = mocap_take(shared_data, "cmu_salsa_01", every=40)
    rig_map = RigMap(family, true_bones(family))
    report = apply_take(bpy.context, take, rig, ApplyOptions(retargeting=WORLD, rig_map=rig_map))
    errors = direction_errors(take, rig, rig_map.bones, empty_scene.frame_start)
    worst = max(errors, key=errors.get)
    record_property("max_direction_error_degrees", round(errors[worst], 4))
    assert len(errors) >= 14
    assert errors[worst] < LIMIT, (worst, report.warnings)
    apply_take(bpy.context, take, rig, ApplyOptions(retargeting=RetargetOptions(space="world"), rig_map=rig_map))
    errors = direction_errors(take, rig, rig_map.bones, empty_scene.frame_start)
    assert max(value for joint, value in errors.items() if joint not in anatomy.OWN_SHAPE) < LIMIT
    assert all(bone.matrix_local == rest[bone.name] for bone in rig.data.bones)


@pytest.mark.parametrize("family", QUICK_FAMILIES)
def test_palms_shoulders_and_the_pelvis_are_turned_and_placed_as_the_performers(family, empty_scene):
    """Directions along the limbs say nothing of the turn about them; lines across the body do."""
    empty_scene.render.fps = 30
    rig, bones, take = build_rig(family), true_bones(family), lively_take(frames=30)
    options = ApplyOptions(retargeting=RetargetOptions(space="world"), rig_map=RigMap(family, bones))
    apply_take(bpy.context, take, rig, options)
    positions, column = take.world_positions(), take.joint_names.index
    lines = [(f"{side}IndexProximal", f"{side}LittleProximal", 10.0) for side in ("left", "right")]
    lines += [("leftUpperArm", "rightUpperArm", 10.0), ("leftEye", "rightEye", 1.0)]
    legs = [f"{side}UpperLeg" for side in ("left", "right")]
    for index in (0, 9, 20):
        heads = evaluated_heads(rig, 1 + index)
        for first, second, limit in lines:
            if first in bones and second in bones:
                wanted = positions[index, column(first)] - positions[index, column(second)]
                got = heads[bones[first]] - heads[bones[second]]
                cosine = np.dot(wanted, got) / np.linalg.norm(wanted) / np.linalg.norm(got)
                assert np.degrees(np.arccos(np.clip(cosine, -1, 1))) < limit, first
        middle = np.mean([heads[bones[leg]] for leg in legs], axis=0)
        performer = np.mean([positions[index, column(leg)] for leg in legs], axis=0)
        assert np.allclose(middle[:2], performer[:2], atol=1e-3)


def test_in_the_characters_own_space_the_object_carries_the_motion(empty_scene):
    take, rig = lively_take(), build_rig("mixamo")
    rig_map = RigMap("Mixamo", true_bones("mixamo"))
    apply_take(bpy.context, take, rig, ApplyOptions(retargeting=RetargetOptions(own_shape=False), rig_map=rig_map))
    assert max(direction_errors(take, rig, rig_map.bones, 1).values()) < LIMIT
    rig.rotation_euler.rotate_axis("Y", np.radians(90))  # this armature has Y up, so the character turns about it
    bpy.context.view_layer.update()
    turned = np.array(rig.matrix_world.to_3x3().normalized()) @ np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]])
    apply_take(bpy.context, take, rig, ApplyOptions(retargeting=RetargetOptions(own_shape=False), rig_map=rig_map))
    assert max(direction_errors(take, rig, rig_map.bones, 1, space=turned).values()) < LIMIT


def test_a_bone_that_a_constraint_holds_is_reported(empty_scene):
    take, rig = lively_take(frames=10), build_rig("vrm")
    bones = true_bones("vrm")
    target = bpy.data.objects.new("Target", None)
    empty_scene.collection.objects.link(target)
    target.location = (0, -2, 1)
    constraint = rig.pose.bones[bones["leftHand"]].constraints.new("IK")
    constraint.target, constraint.chain_count = target, 3
    report = apply_take(bpy.context, take, rig)
    assert any("do not follow" in warning for warning in report.warnings)
    rig.hide_viewport = True  # Blender does not evaluate it then
    report = apply_take(bpy.context, take, rig)
    assert any("unknown" in warning for warning in report.warnings)


def test_the_fingers_of_a_held_hand_stay_the_fingers_of_that_hand(empty_scene):
    take, rig = lively_take(frames=10), build_rig("vrm")
    fingers = [bone for joint, bone in true_bones("vrm").items() if joint.startswith(("leftIndex", "leftThumb"))]

    def keys():
        action = rig.animation_data.action
        curves = blender_versions.fcurves_of(action, rig)
        named = [curve for curve in curves if curve.data_path.split('"')[1] in fingers]
        return np.array([[point.co.y for point in curve.keyframe_points] for curve in named])

    apply_take(bpy.context, take, rig)
    free = keys()
    rig.pose.bones["leftHand"].driver_add("rotation_quaternion", 1).driver.expression = "0.5"
    report = apply_take(bpy.context, take, rig)
    assert any("do not follow" in warning for warning in report.warnings)
    assert np.allclose(keys(), free, atol=1e-5)


def test_bones_that_half_follow_are_solved_away_from_the_artists_scene(empty_scene):
    """Frame by frame they are evaluated, but never with the meshes of the scene, which may cost a second each time."""
    take, rig = lively_take(frames=30), build_rig("vrm")
    bones = true_bones("vrm")
    for joint in ("leftUpperArm", "neck", "head"):
        half = rig.pose.bones[bones[joint]].constraints.new("COPY_ROTATION")
        half.target, half.subtarget = rig, bones["hips" if joint != "head" else "neck"]
        half.mix_mode, half.owner_space, half.target_space, half.influence = "BEFORE", "LOCAL", "LOCAL", 0.5
    updates = []

    def count(scene, *_depsgraph):
        updates.append(scene.name)

    bpy.app.handlers.depsgraph_update_post.append(count)
    try:
        report = apply_take(bpy.context, take, rig, ApplyOptions(retargeting=WORLD))
    finally:
        bpy.app.handlers.depsgraph_update_post.remove(count)
    assert not [warning for warning in report.warnings if "follow" in warning]
    assert max(direction_errors(take, rig, bones, 1).values()) < LIMIT
    assert len(updates) > take.frame_count
    assert updates.count(empty_scene.name) <= 2
    assert list(bpy.data.scenes) == [empty_scene]


@pytest.fixture(scope="module")
def rig():
    bpy.ops.wm.read_homefile(use_empty=True)
    generated = build_rig("rigify")
    disturb(generated)
    return generated


@pytest.mark.slow
class TestRigify:
    def markers(self, rig, rig_map):
        """The bones that carry the mesh, by the control that drives them."""
        names = {joint: "ORG-" + bone.replace("_fk", "") for joint, bone in rig_map.bones.items()}
        return {joint: name if name in rig.pose.bones else rig_map.bones[joint] for joint, name in names.items()}

    def test_the_bones_below_the_controls_follow(self, rig, shared_data):
        take = mocap_take(shared_data, "cmu_salsa_01", every=40)
        rig_map = find_rig_map(read_rig(rig))
        report = apply_take(bpy.context, take, rig, ApplyOptions(retargeting=WORLD, rig_map=rig_map))
        assert not [warning for warning in report.warnings if "follow" in warning]
        assert rig.pose.bones["upper_arm_parent.L"]["IK_FK"] == 1.0
        rate = bpy.context.scene.render.fps / take.fps
        for index in (0, 10, 20):
            heads = evaluated_heads(rig, bpy.context.scene.frame_start + index * rate)
            middle = (heads["ORG-thigh.L"] + heads["ORG-thigh.R"]) / 2
            columns = [take.joint_names.index(f"{side}UpperLeg") for side in ("left", "right")]
            assert np.allclose(middle[:2], take.world_positions()[index, columns].mean(axis=0)[:2], atol=2e-3)
        errors = direction_errors(take, rig, self.markers(rig, rig_map), bpy.context.scene.frame_start)
        assert max(errors.values()) < LIMIT, errors

    def test_parents_that_nobody_told_are_found(self, rig, shared_data):
        """Without the family's table of hidden parents, and with the arms and the neck half following."""
        take = mocap_take(shared_data, "cmu_salsa_01", every=40)
        found = find_rig_map(read_rig(rig))
        switches = tuple(row for row in found.settings if row[1] == "IK_FK")
        halves = (("torso", "neck_follow", 0.5), ("torso", "head_follow", 0.5))
        half_arm = (("upper_arm_parent.L", "FK_limb_follow", 0.5),)
        rig_map = RigMap(found.family, found.bones, switches + halves + half_arm)
        report = apply_take(bpy.context, take, rig, ApplyOptions(retargeting=WORLD, rig_map=rig_map))
        assert not [warning for warning in report.warnings if "follow" in warning]
        errors = direction_errors(take, rig, self.markers(rig, rig_map), bpy.context.scene.frame_start, samples=10)
        assert max(errors.values()) < LIMIT, errors

    def test_a_controls_pose_is_left_alone_where_it_is_not_driven(self, rig, shared_data):
        take = mocap_take(shared_data, "cmu_salsa_01", every=100)
        bone = rig.pose.bones["hand_ik.L"]
        bone.location = (0.1, 0.2, 0.3)
        apply_take(bpy.context, take, rig)
        assert tuple(bone.location) == pytest.approx((0.1, 0.2, 0.3))
        assert evaluated_heads(rig, 1)
