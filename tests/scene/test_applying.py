# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import bpy
import numpy as np
import pytest
from mathutils import Euler, Quaternion

from holirep_blender.motion.retargeting import RetargetOptions
from holirep_blender.motion.rigs import RigMap
from holirep_blender.scene import applying, blender_versions
from holirep_blender.scene.actions import MARK
from holirep_blender.scene.applying import ApplyError, ApplyOptions, apply_take
from tests.rigs.builders import true_bones
from tests.scene.conftest import add_face
from tests.scene.measure import direction_errors, evaluated_heads


def curves_of(owner):
    return {
        (curve.data_path, curve.array_index): curve
        for curve in blender_versions.fcurves_of(owner.animation_data.action, owner)
    }


def artists_action(owner, path="location"):
    action, channels = blender_versions.new_action("Artist", owner)
    curve = channels.fcurves.new(path, index=0)
    curve.keyframe_points.insert(1, 0.25)
    blender_versions.assign_action(owner, action)
    return action


def test_mapped_bones_are_keyed_and_nothing_else(character, take):
    report = apply_take(bpy.context, take, character)
    paths = {path for path, _ in curves_of(character)}
    mapped = set(true_bones("vrm").values())
    assert {path.split('"')[1] for path in paths} <= mapped
    assert set(report.bones) <= mapped
    assert {path.rsplit(".", 1)[1] for path in paths} == {"rotation_quaternion", "location"}
    moved = [path for path, _ in curves_of(character) if path.endswith(".location")]
    assert moved == ['pose.bones["hips"].location'] * 3
    curve = curves_of(character)[('pose.bones["head"].rotation_quaternion', 0)]
    assert len(curve.keyframe_points) == 25
    assert {point.interpolation for point in curve.keyframe_points} == {"LINEAR"}
    assert curve.group.name == "head"
    assert report.frames == (1.0, 25.0)
    assert bpy.context.scene.frame_end == 250


def test_times_not_frame_numbers_meet_when_the_rates_differ(character, take):
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = 24, 1.001  # 23.976
    report = apply_take(bpy.context, take, character, ApplyOptions(frame_start=101))
    assert report.frames[1] == pytest.approx(101 + 24 / 30 * 24 / 1.001)
    assert report.key_count == 25
    errors = direction_errors(take, character, true_bones("vrm"), 101)
    assert errors["leftLowerArm"] < 0.1
    report = apply_take(bpy.context, take, character, ApplyOptions(whole_frames=True, set_scene_range=True))
    curve = curves_of(character)[('pose.bones["head"].rotation_quaternion', 0)]
    frames = [point.co.x for point in curve.keyframe_points]
    assert frames == list(range(1, 21))
    assert (scene.frame_start, scene.frame_end) == (1, 20)


@pytest.mark.parametrize("mode", ["XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX", "AXIS_ANGLE", "QUATERNION"])
def test_each_rotation_mode_is_kept_and_gives_the_same_pose(character, take, mode):
    apply_take(bpy.context, take, character)
    wanted = [evaluated_heads(character, frame) for frame in (1, 9, 20)]
    for bone in character.pose.bones:
        bone.rotation_mode = mode
    apply_take(bpy.context, take, character)
    assert {bone.rotation_mode for bone in character.pose.bones} == {mode}
    for frame, heads in zip((1, 9, 20), wanted):
        got = evaluated_heads(character, frame)
        assert max(np.abs(got[name] - heads[name]).max() for name in heads) < 1e-4
    for (path, _index), curve in curves_of(character).items():
        if "rotation_e" in path or "rotation_q" in path:
            values = np.array([point.co.y for point in curve.keyframe_points])
            assert np.abs(np.diff(values)).max() < 2.0, path


def test_the_artists_action_stays_and_applying_again_replaces_only_ours(character, take):
    mine = artists_action(character)
    apply_take(bpy.context, take, character)
    first = character.animation_data.action
    assert first is not mine
    assert MARK in first
    assert mine.name in bpy.data.actions
    assert mine.use_fake_user
    assert len(blender_versions.fcurves_of(mine)) == 1
    count = len(bpy.data.actions)
    apply_take(bpy.context, take, character)
    assert len(bpy.data.actions) == count
    assert MARK in character.animation_data.action
    assert mine.name in bpy.data.actions


def test_an_action_of_ours_that_the_artist_keeps_is_not_removed(character, take):
    apply_take(bpy.context, take, character)
    kept = character.animation_data.action
    kept.use_fake_user = True
    apply_take(bpy.context, take, character)
    assert kept.name in bpy.data.actions
    assert character.animation_data.action is not kept


def test_push_to_nla_leaves_the_active_action_and_replaces_its_own_track(character, take):
    mine = artists_action(character)
    for _ in range(2):
        apply_take(bpy.context, take, character, ApplyOptions(push_to_nla=True, frame_start=10))
        tracks = character.animation_data.nla_tracks
        assert [track.name for track in tracks] == ["HoliRep"]
        strip = tracks[0].strips[0]
        assert (strip.frame_start, strip.frame_end) == (10, 34)
        assert character.animation_data.action is mine
        assert len([action for action in bpy.data.actions if MARK in action]) == 1
    moved = evaluated_heads(character, 30)["leftHand"] - evaluated_heads(character, 12)["leftHand"]
    assert np.abs(moved).max() > 0.01


def test_previous_action_can_go_to_the_nla(character, take):
    mine = artists_action(character)
    apply_take(bpy.context, take, character, ApplyOptions(keep_previous_on_nla=True))
    assert character.animation_data.nla_tracks[0].strips[0].action is mine
    assert MARK in character.animation_data.action


def test_shape_keys_of_several_meshes_once_for_shared_data(character, take):
    face = add_face(character)
    twin = bpy.data.objects.new("Twin", face.data)
    bpy.context.scene.collection.objects.link(twin)
    twin.parent = character
    lashes = add_face(character, "Lashes", ("eyeBlinkLeft", "eyeBlinkRight"))
    plain = add_face(character, "Hat", ())
    mine = artists_action(lashes.data.shape_keys, 'key_blocks["eyeBlinkLeft"].slider_min')
    report = apply_take(bpy.context, take, character)
    assert report.shape_keys == {"Face": 4, "Lashes": 2}
    curve = curves_of(face.data.shape_keys)[('key_blocks["jawOpen"].value', 0)]
    got = [point.co.y for point in curve.keyframe_points]
    assert got == pytest.approx(take.blendshapes[:, take.blendshape_names.index("jawOpen")], abs=1e-6)
    assert mine.name in bpy.data.actions
    assert plain.data.shape_keys is None


def test_a_shape_key_with_a_driver_is_left_alone_and_reported(character, take):
    face = add_face(character)
    face.data.shape_keys.key_blocks["jawOpen"].driver_add("value")
    report = apply_take(bpy.context, take, character)
    assert report.shape_keys == {"Face": 3}
    assert any("drivers" in warning for warning in report.warnings)


def test_a_mesh_without_shape_keys_gets_the_body_and_the_user_is_told_once(character, take):
    face = add_face(character, keys=())
    report = apply_take(bpy.context, take, character)
    told = [sentence for sentence in report.warnings if "shape keys" in sentence]
    assert told == ["No mesh of the character has shape keys for the face: the face is not keyed."]
    assert report.bones
    assert report.shape_keys == {}
    assert face.data.shape_keys is None


def test_jaw_and_eyes_by_bones_or_by_shape_keys_but_not_both(character, take):
    report = apply_take(bpy.context, take, character)
    bones = true_bones("vrm")
    assert {bones["jaw"], bones["leftEye"]} <= set(report.bones)
    assert any("shape keys" in warning for warning in report.warnings)
    jaw = curves_of(character)[(f'pose.bones["{bones["jaw"]}"].rotation_quaternion', 0)]
    values = np.array([point.co.y for point in jaw.keyframe_points])
    assert np.degrees(2 * np.arccos(values.min())) == pytest.approx(25.0 * take.blendshapes.max(), abs=0.5)
    add_face(character)
    report = apply_take(bpy.context, take, character)
    assert bones["jaw"] not in report.bones
    assert bones["leftEye"] in report.bones


@pytest.mark.parametrize("stage", ["_bone_channels", "put_in_place"])
def test_nothing_is_half_applied_when_something_fails(character, take, monkeypatch, stage):
    face = add_face(character)
    mine = artists_action(character)
    switch = character.pose.bones["hips"]
    switch["IK_FK"] = 0.0
    actions = set(bpy.data.actions)
    real, calls = getattr(applying, stage), []

    def fails_late(*arguments, **options):
        calls.append(1)
        if len(calls) == (2 if stage == "put_in_place" else 1):
            raise MemoryError("no memory left")
        return real(*arguments, **options)

    monkeypatch.setattr(applying, stage, fails_late)
    rig_map = RigMap("VRM", true_bones("vrm"), (("hips", "IK_FK", 1.0),))
    with pytest.raises(MemoryError):
        apply_take(bpy.context, take, character, ApplyOptions(rig_map=rig_map))
    assert set(bpy.data.actions) == actions
    assert character.animation_data.action is mine
    assert switch["IK_FK"] == 0.0
    assert face.data.shape_keys.animation_data is None or face.data.shape_keys.animation_data.action is None
    monkeypatch.undo()
    apply_take(bpy.context, take, character, ApplyOptions(rig_map=rig_map))
    assert switch["IK_FK"] == 1.0


def test_a_deleted_character_is_one_clear_error(character, take):
    bpy.data.objects.remove(character)
    with pytest.raises(ApplyError, match="deleted"):
        apply_take(bpy.context, take, character)


def test_no_character_is_one_clear_error(empty_scene, take):
    with pytest.raises(ApplyError, match="Choose a character"):
        apply_take(bpy.context, take, None)
    empty = bpy.data.objects.new("Empty", None)
    with pytest.raises(ApplyError, match="Choose a character"):
        apply_take(bpy.context, take, empty)


def test_a_rig_without_usable_bones_is_refused_before_anything_changes(empty_scene, take):
    armature = bpy.data.armatures.new("Crane")
    crane = bpy.data.objects.new("Crane", armature)
    empty_scene.collection.objects.link(crane)
    bpy.context.view_layer.objects.active = crane
    bpy.ops.object.mode_set(mode="EDIT")
    bone = armature.edit_bones.new("Arm")
    bone.tail = (0, 0, 1)
    bpy.ops.object.mode_set(mode="OBJECT")
    with pytest.raises(ApplyError):
        apply_take(bpy.context, take, crane)
    assert not bpy.data.actions
    assert crane.animation_data is None
    with pytest.raises(ApplyError, match="usable bones"):
        apply_take(bpy.context, take, crane, ApplyOptions(rig_map=RigMap("mine", {"hips": "gone"})))


def test_hidden_renamed_elsewhere_or_in_edit_mode_it_still_works(character, take):
    bpy.context.view_layer.objects.active = character
    bpy.ops.object.mode_set(mode="EDIT")
    assert apply_take(bpy.context, take, character).bones
    assert character.mode == "EDIT"
    bpy.ops.object.mode_set(mode="POSE")
    character.name = "Someone Else"
    assert apply_take(bpy.context, take, character).bones
    assert character.mode == "POSE"
    bpy.ops.object.mode_set(mode="OBJECT")
    character.hide_viewport = True
    assert apply_take(bpy.context, take, character).bones
    bpy.context.scene.collection.objects.unlink(character)
    bpy.data.collections.new("Shelf").objects.link(character)
    assert apply_take(bpy.context, take, character).bones
    assert character.animation_data.action.name == "Someone Else HoliRep"


def test_a_mesh_stands_for_its_character(character, take):
    face = add_face(character)
    assert apply_take(bpy.context, take, face).bones
    assert character.animation_data.action is not None


def test_a_linked_character_is_refused_and_its_override_works(character, take, tmp_path):
    name = character.name
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "library.blend"))
    bpy.ops.wm.read_homefile(use_empty=True)
    with bpy.data.libraries.load(str(tmp_path / "library.blend"), link=True) as (_source, target):
        target.objects = [name]
    linked = bpy.data.objects[name]
    bpy.context.scene.collection.objects.link(linked)
    with pytest.raises(ApplyError, match="library override"):
        apply_take(bpy.context, take, linked)
    assert not bpy.data.actions
    override = linked.override_create(remap_local_usages=True)
    assert apply_take(bpy.context, take, override).bones
    assert override.animation_data.action is not None


def test_one_undo_step_restores_everything(character, take):
    bpy.context.preferences.edit.use_global_undo = True
    name = character.name
    artists_action(character)
    bpy.ops.ed.undo_push(message="before")
    apply_take(bpy.context, take, character)
    bpy.ops.ed.undo_push(message="Apply Take")
    bpy.ops.ed.undo()
    restored = bpy.data.objects[name]
    assert restored.animation_data.action.name == "Artist"
    assert not restored.animation_data.action.use_fake_user
    assert not [action for action in bpy.data.actions if MARK in action]


def test_the_pose_bones_locks_are_reported(character, take):
    character.pose.bones["head"].lock_rotation[1] = True
    report = apply_take(bpy.context, take, character)
    assert any("head" in warning and "Locked" in warning for warning in report.warnings)


def test_unposed_channels_and_current_frame_are_left_alone(character, take):
    scene = bpy.context.scene
    scene.frame_set(7)
    bone = character.pose.bones["head"]
    bone.scale, bone.location = (1.1, 1.1, 1.1), (0.0, 0.01, 0.0)
    apply_take(bpy.context, take, character)
    assert scene.frame_current == 7
    assert tuple(bone.scale) == pytest.approx((1.1, 1.1, 1.1))
    assert tuple(bone.location) == pytest.approx((0.0, 0.01, 0.0))


def test_world_space_holds_the_performers_place_in_a_scene_in_centimetres(character, take):
    bpy.context.scene.unit_settings.scale_length = 0.01
    character.scale = (100, 100, 100)
    character.location = (300, 20, 0)
    character.rotation_euler = Euler((0, 0, 1.0))
    bpy.context.view_layer.update()
    apply_take(bpy.context, take, character, ApplyOptions(retargeting=RetargetOptions(space="world")))
    positions = take.world_positions()
    for index in (0, 12, 24):
        heads = evaluated_heads(character, 1 + index)
        middle = (heads["leftUpperLeg"] + heads["rightUpperLeg"]) / 200.0
        legs = [take.joint_names.index(f"{side}UpperLeg") for side in ("left", "right")]
        wanted = positions[index, legs].mean(axis=0)
        assert np.allclose(middle[:2], wanted[:2], atol=2e-3)


def test_an_empty_take_is_refused(character, take):
    from dataclasses import replace

    empty = replace(
        take,
        local_rotations=take.local_rotations[:0],
        root_translation=take.root_translation[:0],
        joint_confidence=np.zeros((0, 0)),
        blendshapes=np.zeros((0, 0)),
        blendshape_confidence=np.zeros((0, 0)),
        contacts=np.zeros((0, 0)),
    )
    with pytest.raises(ApplyError, match="no frames"):
        apply_take(bpy.context, empty, character)


def test_blenders_names_of_euler_orders_are_understood(character, take):
    """The channel's values, read by Blender's own mathutils, are the same rotation."""
    character.pose.bones["leftUpperArm"].rotation_mode = "YZX"
    apply_take(bpy.context, take, character)
    curves = curves_of(character)
    path = 'pose.bones["leftUpperArm"].rotation_euler'
    angles = [curves[(path, axis)].evaluate(13) for axis in range(3)]
    character.pose.bones["leftUpperArm"].rotation_mode = "QUATERNION"
    apply_take(bpy.context, take, character)
    curves = curves_of(character)
    path = 'pose.bones["leftUpperArm"].rotation_quaternion'
    quaternion = Quaternion([curves[(path, axis)].evaluate(13) for axis in range(4)])
    assert Euler(angles, "YZX").to_quaternion().rotation_difference(quaternion).angle < 1e-5
