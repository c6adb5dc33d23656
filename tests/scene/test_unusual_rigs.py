# SPDX-License-Identifier: GPL-3.0-or-later
"""Bone settings of Blender that change what keys do."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from holirep_blender.motion.retargeting import RetargetOptions
from holirep_blender.scene.applying import ApplyOptions, apply_take
from tests.rigs.builders import build_rig, true_bones
from tests.scene.measure import direction_errors, evaluated_heads

BONES = true_bones("unity")
WORLD = ApplyOptions(retargeting=RetargetOptions(space="world", own_shape=False))


@pytest.fixture
def rig(empty_scene):
    return build_rig("unity")


def plain_bone(rig, name):
    return rig.data.bones[BONES[name]]


def middle_of_legs(rig, frame):
    heads = evaluated_heads(rig, frame)
    return (heads[BONES["leftUpperLeg"]] + heads[BONES["rightUpperLeg"]]) / 2


def performers_middle(take, index):
    columns = [take.joint_names.index(f"{side}UpperLeg") for side in ("left", "right")]
    return take.world_positions()[index, columns].mean(axis=0)


def check(take, rig, options=WORLD):
    report = apply_take(bpy.context, take, rig, options)
    errors = direction_errors(take, rig, BONES, 1)
    assert max(errors.values()) < 0.05, (max(errors, key=errors.get), report.warnings)
    start = middle_of_legs(rig, 1) - performers_middle(take, 0)
    for index in (8, 24):
        assert np.allclose((middle_of_legs(rig, 1 + index) - performers_middle(take, index))[:2], start[:2], atol=1e-3)
    return report


@pytest.mark.parametrize("inherit", ["FULL", "FIX_SHEAR", "ALIGNED", "AVERAGE", "NONE", "NONE_LEGACY"])
def test_inherit_scale(rig, take, inherit):
    for bone in rig.data.bones:
        bone.inherit_scale = inherit
    check(take, rig)


def test_arms_and_hips_that_do_not_inherit_rotation(rig, take):
    for joint in ("leftUpperArm", "rightLowerLeg", "hips", "head", "leftIndexProximal"):
        plain_bone(rig, joint).use_inherit_rotation = False
    check(take, rig)


def test_location_along_the_parents_axes(rig, take):
    plain_bone(rig, "hips").use_local_location = False
    check(take, rig)


def connect_hips(rig, parent_tilt=0.4):
    """Hips that stick to the tail of a tilted bone, so that they have no location of their own."""
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    hips = rig.data.edit_bones[BONES["hips"]]
    root = rig.data.edit_bones.new("Mover")
    root.head, root.tail = hips.head - type(hips.head)((0, parent_tilt, 1.0)), hips.head
    root.roll = 0.7
    hips.parent, hips.use_connect = root, True
    bpy.ops.object.mode_set(mode="OBJECT")


def test_connected_hips_travel_by_their_parent(rig, take):
    connect_hips(rig)
    report = check(take, rig)
    assert "Mover" not in report.bones
    assert np.abs(np.array(rig.pose.bones["Mover"].location)).max() > 0.01


def test_an_upper_body_in_centimetres_without_legs(rig, take):
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    for side in ("left", "right"):
        for part in ("Toes", "Foot", "LowerLeg", "UpperLeg"):
            rig.data.edit_bones.remove(rig.data.edit_bones[BONES[f"{side}{part}"]])
    bpy.ops.object.mode_set(mode="OBJECT")
    rig.data.transform(__import__("mathutils").Matrix.Scale(100, 4))
    rig.scale /= 100
    bpy.context.view_layer.update()
    apply_take(bpy.context, take, rig)
    here = {joint: bone for joint, bone in BONES.items() if bone in rig.data.bones}
    way = evaluated_heads(rig, 25)[here["hips"]] - evaluated_heads(rig, 1)[here["hips"]]
    wanted = take.root_translation[24] - take.root_translation[0]
    assert np.linalg.norm(way[:2]) == pytest.approx(np.linalg.norm(wanted[:2]), rel=0.3)


def test_an_origin_at_the_pelvis_does_not_sink_the_character(rig, take):
    before = {bone.name: bone.head_local.z for bone in rig.data.bones}[BONES["leftFoot"]]
    rig.data.transform(__import__("mathutils").Matrix.Translation((0, 0, -0.95)))
    apply_take(bpy.context, take, rig, WORLD)
    sunk = evaluated_heads(rig, 1)[BONES["leftFoot"]][2]
    performer = take.world_positions()[0, take.joint_names.index("leftFoot"), 2]
    assert abs(sunk - performer) < 0.15
    assert before < 0.2


def test_a_rest_pose_that_is_shown_is_said(rig, take):
    rig.data.pose_position = "REST"
    report = apply_take(bpy.context, take, rig, WORLD)
    assert any("rest pose" in warning for warning in report.warnings)
