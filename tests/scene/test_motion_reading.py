# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading any animation of a mapped rig, and writing changes of it back into the artist's own action."""

from __future__ import annotations

from dataclasses import replace

import bpy
import numpy as np
import pytest

from holirep_blender.motion import rotations
from holirep_blender.motion.rigs import RigMap
from holirep_blender.scene import blender_versions
from holirep_blender.scene.actions import Rollback
from holirep_blender.scene.applying import apply_take
from holirep_blender.scene.characters import read_rig
from holirep_blender.scene.curve_keys import CurveKeys
from holirep_blender.scene.motion_reading import MotionError, action_frames, check_animation, read_motion
from holirep_blender.scene.motion_writing import nearest_values, write_motion
from tests.rigs.builders import build_rig, true_bones

FAMILY = "mixamo"
BONES = true_bones(FAMILY)


@pytest.fixture
def rig(empty_scene):
    return build_rig(FAMILY)


@pytest.fixture
def posed(rig):
    """A few hand-made keys, on fractional frames too, in all rotation modes and with all kinds of handles."""
    key_by_hand(rig)
    return rig


def key_by_hand(rig, seed=5):
    random = np.random.default_rng(seed)
    modes = ["QUATERNION", "XYZ", "ZYX", "YXZ", "AXIS_ANGLE"]
    for number, name in enumerate(BONES.values()):
        bone = rig.pose.bones[name]
        bone.rotation_mode = modes[number % len(modes)]
        for frame in (1, 8.5, 14, 25.25, 40):
            turned = rotations.from_rotation_vector(random.normal(size=3) * 0.3)
            bone.rotation_mode = "QUATERNION"
            bone.rotation_quaternion = turned
            bone.rotation_mode = modes[number % len(modes)]
            path = {"QUATERNION": "rotation_quaternion", "AXIS_ANGLE": "rotation_axis_angle"}
            bone.keyframe_insert(path.get(bone.rotation_mode, "rotation_euler"), frame=frame)
    hips = rig.pose.bones[BONES["hips"]]
    for frame in (3, 20, 33.5):
        hips.location = random.normal(size=3) * 0.2
        hips.keyframe_insert("location", frame=frame)
    kinds = ["BEZIER", "LINEAR", "CONSTANT", "BEZIER", "SINE", "BOUNCE"]
    handles = ["AUTO", "AUTO_CLAMPED", "VECTOR", "ALIGNED", "FREE"]
    for number, curve in enumerate(blender_versions.fcurves_of(rig.animation_data.action, rig)):
        for index, point in enumerate(curve.keyframe_points):
            point.interpolation = kinds[(number // 4 + index) % len(kinds)]
            point.handle_left_type = point.handle_right_type = handles[(number // 4 + index) % len(handles)]
        curve.update()


def read(rig, first=1, last=40, **how):
    plain = read_rig(rig)
    return read_motion(bpy.context, rig, plain, RigMap("Test", BONES), first, last, **how)


def all_values(rig, frames):
    curves = blender_versions.fcurves_of(rig.animation_data.action, rig)
    return {
        (curve.data_path, curve.array_index): np.array([curve.evaluate(float(frame)) for frame in frames])
        for curve in curves
    }


def changed_motion(active, columns, spans, angle=0.3, lift=0.0):
    """The motion with some joints turned further in some spans of rows, and all that they carry with them."""
    poses = active.motion.pose_rotations.copy()
    basis = active.motion.rotations.copy()
    for first, last in spans:
        turned = rotations.from_axis_angle([1.0, 0.4, 0.2], np.full(last - first + 1, angle))
        for column in columns:
            basis[first : last + 1, column] = rotations.multiply(basis[first : last + 1, column], turned)
    space = rotations.multiply(active.motion.pose_rotations, rotations.inverse(active.motion.rotations))
    parents = {
        name: active.rig.bone_names[active.rig.parents[active.rig.index(name)]] for name in active.motion.bone_names
    }
    for column, name in enumerate(active.motion.bone_names):
        turned = space[:, column]
        if parents[name] in active.motion.bone_names:
            parent = active.motion.bone_names.index(parents[name])
            more = rotations.multiply(poses[:, parent], rotations.inverse(active.motion.pose_rotations[:, parent]))
            turned = rotations.multiply(more, turned)
        poses[:, column] = rotations.multiply(turned, basis[:, column])
    places = active.motion.pose_locations.copy()
    for first, last in spans:
        places[first : last + 1, 2] += lift
    return replace(active.motion, pose_rotations=poses, pose_locations=places)


def test_curves_and_scene_agree(posed):
    posed.rotation_euler = (0.2, 0.1, 0.7)
    posed.scale = (0.013,) * 3
    bpy.context.view_layer.update()
    bpy.context.scene.frame_set(7, subframe=0.5)
    fast, slow = read(posed), read(posed, evaluate=True)
    assert not fast.evaluated
    assert slow.evaluated
    assert fast.motion.bone_names == slow.motion.bone_names
    assert np.degrees(rotations.angle_between(fast.motion.pose_rotations, slow.motion.pose_rotations)).max() < 2e-3
    size = np.ptp(read_rig(posed).heads, axis=0).max()
    assert np.abs(fast.motion.pose_locations - slow.motion.pose_locations).max() < 1e-5 * size
    assert np.degrees(rotations.angle_between(fast.motion.rotations, slow.motion.rotations)).max() < 2e-3
    assert np.abs(fast.location_axes - slow.location_axes).max() < 1e-5
    assert (bpy.context.scene.frame_current, bpy.context.scene.frame_subframe) == (7, 0.5)
    print(f"reading 40 frames: {fast.seconds:.3f} s from curves, {slow.seconds:.3f} s through the scene")


def test_writing_what_was_read_changes_nothing(posed):
    before = all_values(posed, np.arange(-5, 50, 0.25))
    keys = {
        curve.data_path: len(curve.keyframe_points)
        for curve in blender_versions.fcurves_of(posed.animation_data.action, posed)
    }
    active = read(posed)
    with Rollback() as rollback:
        written = write_motion(active, active.motion, rollback)
    assert written.bones == ()
    for path, values in all_values(posed, np.arange(-5, 50, 0.25)).items():
        assert np.array_equal(values, before[path])
    assert keys == {
        curve.data_path: len(curve.keyframe_points)
        for curve in blender_versions.fcurves_of(posed.animation_data.action, posed)
    }


@pytest.mark.parametrize("spans", [[(0, 39)], [(9, 12)], [(15, 15)], [(5, 8), (20, 30)], [(0, 3)], [(36, 39)]])
def test_changes_are_keyed_where_they_are_and_nowhere_else(posed, spans):
    active = read(posed)
    names = active.motion.bone_names
    columns = [names.index(BONES[joint]) for joint in ("spine", "leftUpperArm", "rightLowerLeg", "head", "leftHand")]
    wanted = changed_motion(active, columns, spans, lift=0.1)
    fine = np.arange(-5.0, 50.0, 0.25)
    before = all_values(posed, fine)
    eased = {
        (curve.data_path, curve.array_index)
        for curve in blender_versions.fcurves_of(posed.animation_data.action, posed)
        for point in curve.keyframe_points
        if point.interpolation in {"SINE", "BOUNCE"}
    }
    with Rollback() as rollback:
        written = write_motion(active, wanted, rollback)
    assert set(written.bones) == {names[column] for column in columns} | {BONES["hips"]}
    after = read(posed, evaluate=True)
    assert np.degrees(rotations.angle_between(after.motion.pose_rotations, wanted.pose_rotations)).max() < 0.01
    assert np.abs(after.motion.pose_locations - wanted.pose_locations).max() < 1e-4
    touched = np.zeros(len(fine), dtype=bool)
    for first, last in spans:
        touched |= (fine > first + 1 - 1) & (fine < last + 1 + 1)
    if spans[0][0] == 0:
        touched |= fine <= 1  # before its first key a curve holds its first value
    if spans[-1][1] == 39:
        touched |= fine >= 40
    for path, values in all_values(posed, fine).items():
        bone = path[0].split('"')[1]
        if bone not in written.bones:
            assert np.array_equal(values, before[path]), path
        elif path in before and path not in eased:
            assert np.abs(values - before[path])[~touched].max(initial=0.0) < 2e-3, path
    whole = fine == np.round(fine)
    for path, values in all_values(posed, fine).items():
        if path in before:
            assert np.abs(values - before[path])[~touched & whole].max(initial=0.0) < 1e-4, path


def test_a_channel_without_keys_gets_them_only_when_it_must(posed):
    curves = blender_versions.fcurves_of(posed.animation_data.action, posed)
    spine = [curve for curve in curves if curve.data_path.startswith(f'pose.bones["{BONES["spine"]}"]')]
    active = read(posed)
    container = active.channels.container()
    for curve in spine:
        container.fcurves.remove(curve)
    active = read(posed)
    column = active.motion.bone_names.index(BONES["spine"])
    with Rollback() as rollback:
        written = write_motion(active, changed_motion(active, [column], [(10, 20)]), rollback)
    assert written.new_channels
    assert all(BONES["spine"] in text for text in written.new_channels)
    values = [curve for curve in container.fcurves if f'"{BONES["spine"]}"' in curve.data_path]
    assert {round(float(point.co.x)) for curve in values for point in curve.keyframe_points} == set(range(10, 23))


def test_a_failure_leaves_every_key_as_it_was(posed):
    before = all_values(posed, np.arange(-5, 50, 0.25))
    active = read(posed)
    wanted = changed_motion(active, [2, 5], [(4, 30)], lift=0.2)

    def write_and_fail():
        with Rollback() as rollback:
            write_motion(active, wanted, rollback)
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        write_and_fail()
    after = all_values(posed, np.arange(-5, 50, 0.25))
    assert after.keys() == before.keys()
    assert all(np.abs(after[path] - before[path]).max() < 1e-6 for path in before)


def test_muted_and_locked_channels_and_modifiers_are_left_alone_and_said(posed):
    curves = blender_versions.fcurves_of(posed.animation_data.action, posed)

    def of(joint):
        return [curve for curve in curves if f'"{BONES[joint]}"' in curve.data_path and "rotation" in curve.data_path]

    for curve in of("head"):
        curve.mute = True
    for curve in of("neck"):
        curve.lock = True
    of("leftHand")[0].modifiers.new("NOISE")
    active = read(posed)
    columns = [active.motion.bone_names.index(BONES[joint]) for joint in ("head", "neck", "leftHand", "rightHand")]
    with Rollback() as rollback:
        written = write_motion(active, changed_motion(active, columns, [(5, 30)]), rollback)
    assert written.bones == (BONES["rightHand"],)
    assert len(written.warnings) == 3
    assert all(any(word in text for text in written.warnings) for word in ("muted", "locked", "modifiers"))


def test_a_root_bone_and_an_object_that_travel_are_followed(posed, take):
    bpy.context.view_layer.objects.active = posed
    bpy.ops.object.mode_set(mode="EDIT")
    hips = posed.data.edit_bones[BONES["hips"]]
    root = posed.data.edit_bones.new("Root")
    root.head, root.tail, root.roll = (0, 0, 0), (0, 30, 20), 0.4
    hips.parent = root
    bpy.ops.object.mode_set(mode="OBJECT")
    for frame, place in ((1, (0, 0, 0)), (40, (20.0, 5.0, 9.0))):
        posed.pose.bones["Root"].location = place
        posed.pose.bones["Root"].rotation_quaternion = rotations.from_axis_angle([0, 1, 0.2], frame / 30)
        posed.pose.bones["Root"].keyframe_insert("location", frame=frame)
        posed.pose.bones["Root"].keyframe_insert("rotation_quaternion", frame=frame)
    plain = read(posed)
    assert not plain.evaluated
    scene = read(posed, evaluate=True)
    assert np.abs(plain.motion.pose_locations - scene.motion.pose_locations).max() < 2e-3
    for frame, place in ((1, (0, 0, 0)), (40, (0.5, 2.0, 0.3))):
        posed.location = place
        posed.rotation_euler.rotate_axis("Z", 0.4 * frame / 40)
        posed.keyframe_insert("location", frame=frame)
        posed.keyframe_insert("rotation_euler", frame=frame)
    active = read(posed)
    assert active.evaluated
    wanted = changed_motion(active, [3, 8], [(10, 20)], lift=5.0)
    with Rollback() as rollback:
        write_motion(active, wanted, rollback)
    after = read(posed)
    assert np.degrees(rotations.angle_between(after.motion.pose_rotations, wanted.pose_rotations)).max() < 0.02
    assert np.abs(after.motion.pose_locations - wanted.pose_locations).max() < 0.01
    assert "Root" not in after.motion.bone_names


def test_what_cannot_be_changed_is_said(rig, posed, take):
    assert action_frames(posed) == (1, 40)
    data = posed.animation_data
    track = data.nla_tracks.new()
    track.strips.new("Below", 1, data.action.copy())
    data.action_blend_type = "ADD"
    with pytest.raises(MotionError, match="Replace"):
        check_animation(posed)
    data.action_blend_type = "REPLACE"
    assert check_animation(posed) == data.action
    assert read(posed).evaluated
    track.is_solo = True
    with pytest.raises(MotionError, match="solo"):
        check_animation(posed)
    track.is_solo = False
    posed.data.pose_position = "REST"
    with pytest.raises(MotionError, match="rest pose"):
        check_animation(posed)
    posed.data.pose_position = "POSE"
    data.action = None
    with pytest.raises(MotionError, match="NLA"):
        check_animation(posed)
    data.action = bpy.data.actions.new("Empty")
    with pytest.raises(MotionError, match="no keys"):
        check_animation(posed)


@pytest.mark.parametrize("mode", ["QUATERNION", "AXIS_ANGLE", "XYZ", "XZY", "YXZ", "YZX", "ZXY", "ZYX"])
def test_values_stay_near_those_that_were(mode):
    from holirep_blender.scene.action_channels import turns

    random = np.random.default_rng(2)
    before = random.normal(size=(200, 3 if mode not in {"QUATERNION", "AXIS_ANGLE"} else 4)) * 3.0
    if mode == "AXIS_ANGLE":
        before[:, 1:] = rotations.normalized(before[:, 1:])
    if mode == "QUATERNION":
        before = rotations.normalized(before)
    assert np.abs(nearest_values(mode, turns(mode, before), before) - before).max() < 1e-6
    small = rotations.from_rotation_vector(random.normal(size=(200, 3)) * 0.02)
    moved = rotations.multiply(turns(mode, before), small)
    values = nearest_values(mode, moved, before)
    assert np.degrees(rotations.angle_between(turns(mode, values), moved)).max() < 1e-5


def test_keys_of_a_take_are_read_as_they_are_played(rig, take):
    apply_take(bpy.context, take, rig)
    fast, slow = read(rig, 1, 25), read(rig, 1, 25, evaluate=True)
    assert not fast.evaluated
    assert np.degrees(rotations.angle_between(fast.motion.pose_rotations, slow.motion.pose_rotations)).max() < 2e-3
    kept = CurveKeys(next(iter(fast.channels.curves.values())))
    assert len(kept.frames) == 25
