# SPDX-License-Identifier: GPL-3.0-or-later
"""A take applied again replaces what HoliRep wrote, and keeps what the artist added to it."""

from __future__ import annotations

import bpy
import pytest

from holirep_blender.scene import blender_versions
from holirep_blender.scene.actions import MARK, Rollback
from holirep_blender.scene.applying import ApplyError, ApplyOptions, apply_take
from tests.scene.conftest import add_face
from tests.scene.test_applying import curves_of


def key(owner, path, value, frame=7):
    """A key as the artist inserts it: into the action that is active."""
    setattr(owner, path, value)
    assert owner.keyframe_insert(path, frame=frame)


def test_the_artists_keys_in_holireps_action_stay(character, take):
    apply_take(bpy.context, take, character)
    key(character, "location", (1.0, 2.0, 3.0))
    key(character.pose.bones["head"], "scale", (1.5, 1.5, 1.5))
    head = curves_of(character)[('pose.bones["head"].rotation_quaternion', 1)]
    wanted = head.keyframe_points[4].co.y
    head.keyframe_points[4].co.y = 9.0
    for _ in range(3):
        apply_take(bpy.context, take, character)
        curves = curves_of(character)
        assert [curves[("location", axis)].keyframe_points[0].co.y for axis in range(3)] == [1.0, 2.0, 3.0]
        assert curves[('pose.bones["head"].scale', 2)].evaluate(7) == 1.5
        assert curves[('pose.bones["head"].rotation_quaternion', 1)].keyframe_points[4].co.y == wanted
        assert len([each for each in bpy.data.actions if MARK in each]) == 1


def test_a_bone_that_is_no_longer_mapped_loses_holireps_keys_but_not_the_artists(character, take):
    from holirep_blender.motion.rigs import RigMap
    from tests.rigs.builders import true_bones

    apply_take(bpy.context, take, character)
    key(character.pose.bones["leftHand"], "location", (0.0, 0.1, 0.0))
    bones = {joint: bone for joint, bone in true_bones("vrm").items() if joint != "leftHand"}
    apply_take(bpy.context, take, character, ApplyOptions(rig_map=RigMap("VRM", bones)))
    paths = {path for path, _ in curves_of(character) if '"leftHand"' in path}
    assert paths == {'pose.bones["leftHand"].location'}


def test_the_artists_keys_on_shape_keys_stay(character, take):
    keys = add_face(character).data.shape_keys
    apply_take(bpy.context, take, character)
    key(keys.key_blocks["mouthFunnel"], "slider_max", 2.0)
    key(keys, "eval_time", 5.0)
    apply_take(bpy.context, take, character)
    paths = {path for path, _ in curves_of(keys)}
    assert {'key_blocks["mouthFunnel"].slider_max', "eval_time", 'key_blocks["jawOpen"].value'} <= paths


@pytest.mark.skipif(not blender_versions.HAS_SLOTS, reason="actions have slots from Blender 4.4 on")
def test_what_else_the_artist_animates_by_other_slots_stays(character, take):
    apply_take(bpy.context, take, character)
    action = character.animation_data.action
    prop = bpy.data.objects.new("Prop", None)
    bpy.context.scene.collection.objects.link(prop)
    prop.animation_data_create().action = action
    prop.animation_data.action_slot = action.slots.new("OBJECT", "Prop")
    key(prop, "location", (4.0, 5.0, 6.0))
    assert prop.animation_data.action == action
    apply_take(bpy.context, take, character)
    again = character.animation_data.action
    assert prop.animation_data.action == again
    assert curves_of(prop)[("location", 1)].evaluate(7) == 5.0
    assert len(curves_of(prop)) == 3
    assert [each.name for each in bpy.data.actions] == [again.name]


def test_another_character_that_shares_the_action_keeps_it(character, take):
    apply_take(bpy.context, take, character)
    key(character, "location", (1.0, 0.0, 0.0))
    shared = character.animation_data.action
    twin = character.copy()
    bpy.context.scene.collection.objects.link(twin)
    apply_take(bpy.context, take, twin)
    assert character.animation_data.action == shared
    assert twin.animation_data.action != shared
    assert ("location", 0) in curves_of(twin)
    assert ("location", 0) in curves_of(character)


def test_keys_in_a_pushed_action_stay_and_the_track_is_replaced_in_its_place(character, take):
    apply_take(bpy.context, take, character, ApplyOptions(push_to_nla=True))
    tracks = character.animation_data.nla_tracks
    above = tracks.new()
    above.name = "Above"
    tracks[0].name, tracks[0].strips[0].blend_type = "Mine now", "COMBINE"
    pushed = tracks[0].strips[0].action
    blender_versions.assign_action(character, pushed)
    key(character, "location", (1.0, 2.0, 3.0))
    blender_versions.assign_action(character, None)
    for _ in range(2):
        apply_take(bpy.context, take, character, ApplyOptions(push_to_nla=True))
        assert [track.name for track in tracks] == ["Mine now", "Above"]
        strip = tracks[0].strips[0]
        assert strip.blend_type == "COMBINE"
        paths = [each.data_path for each in blender_versions.fcurves_of(strip.action)]
        assert paths.count("location") == 3
        assert [each.name for each in bpy.data.actions] == ["vrm HoliRep"]


def test_pushing_what_was_active_leaves_nothing_twice(character, take):
    for to_nla in (False, True, False):
        apply_take(bpy.context, take, character, ApplyOptions(push_to_nla=to_nla))
        assert (character.animation_data.action is None) == to_nla
        assert len(character.animation_data.nla_tracks) == int(to_nla)
        assert [each.name for each in bpy.data.actions] == ["vrm HoliRep"]


def test_names_do_not_drift_and_the_artists_name_is_kept(character, take):
    add_face(character)
    for _ in range(3):
        report = apply_take(bpy.context, take, character)
        assert report.actions == ("vrm HoliRep", "Face HoliRep Face")
    character.animation_data.action.name = "Walk 3"
    for _ in range(2):
        apply_take(bpy.context, take, character)
        assert character.animation_data.action.name == "Walk 3"


@pytest.mark.parametrize("tweaked", ["armature", "shape keys"])
def test_tweak_mode_is_refused_with_the_way_out_and_leaves_nothing(character, take, tweaked):
    face = add_face(character)
    apply_take(bpy.context, take, character, ApplyOptions(push_to_nla=True))
    data = (character if tweaked == "armature" else face.data.shape_keys).animation_data
    track = data.nla_tracks[0]
    track.select = track.strips[0].select = True
    data.nla_tracks.active = track
    data.use_tweak_mode = True
    assert data.use_tweak_mode
    before = set(bpy.data.actions)
    with pytest.raises(ApplyError, match=f"{'vrm' if tweaked == 'armature' else 'Face'} is in the NLA's tweak mode"):
        apply_take(bpy.context, take, character)
    assert set(bpy.data.actions) == before
    data.use_tweak_mode = False
    assert apply_take(bpy.context, take, character).bones


def test_one_step_that_cannot_be_taken_back_does_not_stop_the_others(caplog):
    done = []

    def fail():
        with Rollback() as rollback:
            rollback.add(lambda: done.append("first"))
            rollback.add(lambda: [][0])
            rollback.add(lambda: done.append("last"))
            raise MemoryError

    with pytest.raises(MemoryError):
        fail()
    assert done == ["last", "first"]
    assert "could not be taken back" in caplog.text


def test_joints_whose_bones_are_missing_are_named(character, take):
    from holirep_blender.motion.rigs import RigMap
    from tests.rigs.builders import true_bones

    bones = {**true_bones("vrm"), "leftHand": "gone", "head": "gone too"}
    report = apply_take(bpy.context, take, character, ApplyOptions(rig_map=RigMap("VRM", bones)))
    told = [warning for warning in report.warnings if "no such bones" in warning]
    assert len(told) == 1
    assert "Left hand (gone)" in told[0]
    assert "Head (gone too)" in told[0]


def test_absolute_shape_keys_are_told(character, take):
    face = add_face(character)
    assert not any("Relative" in warning for warning in apply_take(bpy.context, take, character).warnings)
    face.data.shape_keys.use_relative = False
    assert any("Face are absolute" in warning for warning in apply_take(bpy.context, take, character).warnings)


@pytest.mark.parametrize("name", ["local_rotations", "root_translation", "blendshapes"])
def test_broken_numbers_are_never_keyed(character, take, name):
    getattr(take, name)[3] = float("nan")
    with pytest.raises(ApplyError, match=f"{name} .*frame 4"):
        apply_take(bpy.context, take, character)
    assert not bpy.data.actions
