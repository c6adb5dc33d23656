# SPDX-License-Identifier: GPL-3.0-or-later
"""Clamp, plant and check on animation that artists made: only what must change does."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from holirep_blender.motion import rotations
from holirep_blender.motion.contacts import Contacts
from holirep_blender.motion.refining.options import RefineOptions
from holirep_blender.motion.rigs import RigMap
from holirep_blender.scene import blender_versions
from holirep_blender.scene.animation_refining import check_animation_of, clamp_animation, plant_animation
from holirep_blender.scene.animation_take import AnimationOptions, rig_map_of
from holirep_blender.scene.applying import ApplyOptions, apply_take
from holirep_blender.scene.motion_reading import MotionError
from holirep_blender.scene.refine_floor import floor_in_scene, plane_of
from tests.motion.biomechanics.figures import noisy
from tests.motion.retargeting.clips import mocap_take
from tests.rigs.builders import build_rig, true_bones
from tests.scene.legs import BONES, ankle_slides, folded_up, legs_scaled
from tests.scene.legs import heads as world_heads

CLAMP = AnimationOptions(refine=RefineOptions(), rig_map=RigMap("Test", BONES))
PLANT = AnimationOptions(refine=RefineOptions(limits=0.0, hands=0.0), rig_map=RigMap("Test", BONES))


def planting_on(floor):
    return AnimationOptions(**{**PLANT.__dict__, "scene_floor": floor})


def bones_with(**changes):
    return AnimationOptions(**{**CLAMP.__dict__, **changes})


def keys_of(owner):
    result = {}
    for curve in blender_versions.fcurves_of(owner.animation_data.action, owner):
        points = np.empty(len(curve.keyframe_points) * 2)
        curve.keyframe_points.foreach_get("co", points)
        result[(curve.data_path, curve.array_index)] = points.reshape(-1, 2)
    return result


def values_of(owner):
    """The rotations that are keyed, frame by frame ``(C, T)``."""
    curves = blender_versions.fcurves_of(owner.animation_data.action, owner)
    keyed = sorted((each.data_path, each.array_index, each) for each in curves if "rotation" in each.data_path)
    return np.array([[curve.evaluate(frame) for frame in range(1, 85)] for _, _, curve in keyed])


def changed_bones(before, after):
    paths = {path for path in before.keys() | after.keys() if not np.array_equal(before.get(path), after.get(path))}
    return {path.split('"')[1] for path, _ in paths}


@pytest.fixture
def bending(empty_scene):
    """Hand keys, a few frames apart: the left elbow bends further than elbows do, and back; a shoulder moves too."""
    rig = build_rig("unity")
    elbow, shoulder = (rig.pose.bones[BONES[joint]] for joint in ("leftLowerArm", "rightUpperArm"))
    for bone in (elbow, shoulder):
        bone.rotation_mode = "XYZ"
    hinge = hinge_of(rig)
    for frame, angle in ((1, 0.2), (20, 3.0), (41, 0.2)):
        elbow.rotation_euler = rotations_to_euler(rotations.from_axis_angle(hinge, angle))
        elbow.keyframe_insert("rotation_euler", frame=frame)
        shoulder.rotation_euler = (0.0, 0.1 * angle, 0.0)
        shoulder.keyframe_insert("rotation_euler", frame=frame)
    return rig


def hinge_of(rig):
    """The left elbow's axis in the bone's own rest frame: the forearm bends to the front."""
    bones = rig.data.bones
    lower, hand = (np.array(bones[BONES[f"left{part}"]].head_local) for part in ("LowerArm", "Hand"))
    rest = np.array(bones[BONES["leftLowerArm"]].matrix_local)[:3, :3]
    return rest.T @ rotations.normalized(np.cross(hand - lower, [0.0, -1.0, 0.0]))


def rotations_to_euler(turned):
    from mathutils import Quaternion

    return Quaternion(turned.tolist()).to_euler("XYZ")


def elbow_angle(rig, frame):
    bpy.context.scene.frame_set(frame)
    evaluated = rig.evaluated_get(bpy.context.evaluated_depsgraph_get())
    upper, lower, hand = (
        np.array(evaluated.pose.bones[BONES[f"left{part}"]].head) for part in ("UpperArm", "LowerArm", "Hand")
    )
    first, second = rotations.normalized(lower - upper), rotations.normalized(hand - lower)
    return float(np.degrees(np.arccos(np.clip(np.dot(first, second), -1.0, 1.0))))


def test_a_joint_beyond_its_limit_is_brought_back_and_nothing_else(bending):
    before = keys_of(bending)
    assert elbow_angle(bending, 20) > 165.0
    straight = elbow_angle(bending, 1)
    done = clamp_animation(bpy.context, bending, CLAMP)
    assert BONES["leftLowerArm"] in done.written.bones
    # the hand may turn against the forearm, so that it stays as it is
    assert changed_bones(before, keys_of(bending)) <= {BONES["leftLowerArm"], BONES["leftHand"]}
    assert elbow_angle(bending, 20) < 162.0
    assert elbow_angle(bending, 1) == pytest.approx(straight, abs=1e-3)
    assert "corrected" in done.sentence
    keys = keys_of(bending)
    path = next(path for path in keys if f'"{BONES["leftLowerArm"]}"' in path[0])
    frames = keys[path][:, 0]
    assert frames[0] == 1.0
    assert frames[-1] == 41.0
    assert set(range(done.written.first, done.written.last + 1)) <= set(frames.astype(int))
    assert not set(range(2, done.written.first - 1)) & set(frames.astype(int))
    again = clamp_animation(bpy.context, bending, CLAMP)
    assert again.written.bones == ()
    assert "No key was changed" in again.sentence


def test_range_and_bones(bending):
    before = keys_of(bending)
    selected = bones_with(bones=frozenset({BONES["rightUpperArm"], BONES["rightLowerArm"]}))
    assert clamp_animation(bpy.context, bending, selected).written.bones == ()
    assert changed_bones(before, keys_of(bending)) == set()
    with pytest.raises(MotionError, match="None of the selected"):
        clamp_animation(bpy.context, bending, bones_with(bones=frozenset({"Nobody"})))
    with pytest.raises(MotionError, match="no keys in frames 90 to 120"):
        clamp_animation(bpy.context, bending, bones_with(first=90, last=120))
    with pytest.raises(MotionError, match="before it begins"):
        clamp_animation(bpy.context, bending, bones_with(first=30, last=20))
    clamp_animation(bpy.context, bending, bones_with(first=18, last=30))
    after = keys_of(bending)
    for path, keys in after.items():
        if f'"{BONES["leftLowerArm"]}"' in path[0]:
            added = set(keys[:, 0]) - set(before[path][:, 0])
            assert min(added) >= 17.0
            assert max(added) <= 31.0
    assert elbow_angle(bending, 25) < 162.0


def test_strength_goes_part_of_the_way(bending):
    half = bones_with(refine=RefineOptions(limits=0.5))
    clamp_animation(bpy.context, bending, half)
    assert 160.0 < elbow_angle(bending, 20) < 171.0


def test_a_check_changes_nothing_and_finds_the_elbow(bending):
    before = keys_of(bending)
    bpy.context.scene.frame_set(7)
    done = check_animation_of(bpy.context, bending, CLAMP)
    elbows = [one for one in done.report.violations if one.joint == "leftLowerArm" and one.kind == "limit"]
    assert elbows
    assert 12 < done.frames[elbows[0].worst_frame] < 28
    after = keys_of(bending)
    assert all(np.array_equal(before[path], after[path]) for path in before)
    assert bpy.context.scene.frame_current == 7


def test_planting_library_motion_on_short_legs(empty_scene, shared_data):
    take = mocap_take(shared_data, "cmu_002_01")
    rig = legs_scaled(0.7)
    apply_take(bpy.context, take, rig)
    before = keys_of(rig)
    done = plant_animation(bpy.context, rig, PLANT)
    held = ankle_slides(rig, BONES, done.report.contacts, done.frames)
    print(f"{done.sentence}; ankles in contact move at most {1000 * held.max():.3f} mm a frame")
    assert held.max() < 1e-3
    assert done.report.slide_before_mm > 1.0 > done.report.slide_after_mm
    legs = {bone for joint, bone in BONES.items() if any(part in joint for part in ("Leg", "Foot", "Toes"))}
    assert changed_bones(before, keys_of(rig)) <= legs | {BONES["hips"]}


def test_planting_on_the_scenes_floor(empty_scene, shared_data):
    take = mocap_take(shared_data, "cmu_002_01")
    rig = legs_scaled(0.8)
    apply_take(bpy.context, take, rig)
    rig.location = (1.0, 2.0, 0.5)
    rig.rotation_euler.z = 0.8
    bpy.context.view_layer.update()
    level = planting_on(floor_in_scene(empty_scene, 50.0))
    with pytest.raises(ValueError, match="floor"):
        plant_animation(bpy.context, rig, level)
    with pytest.raises(ValueError, match="no object named 'Hill'"):
        floor_in_scene(empty_scene, "Hill")
    ground = bpy.data.objects.new("Ground", None)
    empty_scene.collection.objects.link(ground)
    ground.location, ground.rotation_euler = (1.0, 2.0, 0.5), (0.03, 0.0, 0.0)
    bpy.context.view_layer.update()
    done = plant_animation(bpy.context, rig, planting_on(floor_in_scene(empty_scene, "Ground")))
    held = ankle_slides(rig, BONES, done.report.contacts, done.frames)
    assert held.max() < 1e-3
    heads = world_heads(rig, [BONES["leftFoot"], BONES["rightFoot"]], done.frames)
    for column, side in enumerate(("left", "right")):
        flat = done.report.contacts.touching(f"{side}Heel") & done.report.contacts.touching(f"{side}Toes")
        heights = plane_of(ground).height_of(heads[flat, column])
        assert np.ptp(heights) < 1e-3  # on one plane, which is not level
        assert np.ptp(heads[flat, column, 2]) > 5e-3


def test_a_control_rig_follows(empty_scene, shared_data):
    rig = build_rig("rigify")
    rig_map = rig_map_of(rig)
    apply_take(bpy.context, mocap_take(shared_data, "cmu_002_01", every=2), rig)
    plant = AnimationOptions(refine=PLANT.refine, rig_map=rig_map, first=1, last=30)
    done = plant_animation(bpy.context, rig, plant)
    within = Contacts(done.report.contacts.names, done.report.contacts.confidence[:24])
    held = ankle_slides(rig, true_bones("rigify"), within, done.frames[:24])
    print(done.sentence, done.warnings, f"{1000 * held.max():.3f} mm a frame")
    assert not any("do not follow" in warning for warning in done.warnings)
    assert held.max() < 1e-3


def hold_by_ik(rig, joint, place):
    target = bpy.data.objects.new("Target", None)
    bpy.context.scene.collection.objects.link(target)
    target.location = place
    constraint = rig.pose.bones[BONES[joint]].constraints.new("IK")
    constraint.target, constraint.chain_count = target, 2
    bpy.context.view_layer.update()
    return constraint


def test_bones_that_ik_holds_are_left_alone_and_named(bending, shared_data):
    straight = elbow_angle(bending, 1)
    constraint = hold_by_ik(bending, "leftLowerArm", (0.1, -0.15, 1.45))
    before = keys_of(bending)
    hands = bones_with(refine=RefineOptions(overrides={"leftLowerArm.flexion": (0.0, 30.0)}))
    done = clamp_animation(bpy.context, bending, hands)
    assert not changed_bones(before, keys_of(bending)) & {BONES["leftLowerArm"], BONES["leftUpperArm"]}
    assert any("hold" in warning and BONES["leftLowerArm"] in warning for warning in done.warnings)
    constraint.mute = True
    clamp_animation(bpy.context, bending, hands)
    assert elbow_angle(bending, 20) < 32.0
    assert elbow_angle(bending, 1) == pytest.approx(straight, abs=1e-3)


def test_what_constraints_turn_on_after_the_keys_is_told(empty_scene, shared_data):
    rig = build_rig("unity")
    apply_take(bpy.context, noisy(mocap_take(shared_data, "cmu_002_01", every=3), 12.0, 3), rig)
    held = rig.pose.bones[BONES["leftToes"]].constraints.new("LIMIT_ROTATION")
    held.owner_space = "LOCAL"
    for axis, most in zip("xyz", (0.3, 0.5, 0.4)):
        setattr(held, f"use_limit_{axis}", True)
        setattr(held, f"min_{axis}", -most)
        setattr(held, f"max_{axis}", most)
    done = clamp_animation(bpy.context, rig, CLAMP)
    left = [one for one in check_animation_of(bpy.context, rig, CLAMP).report.violations if one.kind == "limit"]
    assert {one.joint for one in left} == {"leftToes"}
    assert len([text for text in done.warnings if BONES["leftToes"] in text and "beyond its limits" in text]) == 1
    assert [one for one in done.report.violations if one.joint == "leftToes" and not one.altered]


def test_feet_that_ik_holds_are_not_planted_by_halves(empty_scene, shared_data):
    rig = legs_scaled(0.7)
    apply_take(bpy.context, mocap_take(shared_data, "cmu_002_01", every=3), rig)
    hold_by_ik(rig, "leftLowerLeg", (0.1, -0.4, 0.1))
    before = keys_of(rig)
    with pytest.raises(MotionError, match="hold LeftUpperLeg, LeftLowerLeg"):
        plant_animation(bpy.context, rig, PLANT)
    after = keys_of(rig)
    assert before.keys() == after.keys()
    assert all(np.allclose(before[path], after[path], atol=1e-6) for path in before)


def lock(rig, part, locked=True):
    for curve in blender_versions.fcurves_of(rig.animation_data.action, rig):
        if part in curve.data_path:
            curve.lock = locked


def test_legs_that_are_locked_are_not_planted_by_halves(empty_scene, shared_data):
    rig = legs_scaled(0.7)
    apply_take(bpy.context, mocap_take(shared_data, "cmu_002_01", every=3), rig)
    lock(rig, BONES["leftLowerLeg"])
    lock(rig, BONES["rightLowerLeg"])
    before = keys_of(rig)
    with pytest.raises(MotionError, match=r"No foot can be held: .* locked"):
        plant_animation(bpy.context, rig, PLANT)
    lock(rig, BONES["rightLowerLeg"], False)
    done = plant_animation(bpy.context, rig, PLANT)
    assert "So the left foot was not held." in done.warnings
    left = {BONES[f"left{part}"] for part in ("UpperLeg", "LowerLeg", "Foot", "Toes")}
    changed = changed_bones(before, keys_of(rig))
    assert BONES["rightLowerLeg"] in changed
    assert not changed & left
    marks = done.report.contacts
    right = Contacts(marks.names, marks.confidence * np.array([name.startswith("right") for name in marks.names]))
    assert ankle_slides(rig, BONES, right, done.frames).max() < 1e-3


def test_limits_of_locked_joints_are_not_claimed(bending):
    lock(bending, BONES["leftLowerArm"])
    before = keys_of(bending)
    done = clamp_animation(bpy.context, bending, CLAMP)
    assert not done.written.bones
    assert not changed_bones(before, keys_of(bending))
    assert any(text.startswith(BONES["leftLowerArm"]) and "locked" in text for text in done.warnings)
    assert not [one for one in done.report.violations if one.altered]


def test_a_rig_in_centimetres_is_planted_as_one_in_metres(empty_scene, shared_data):
    take, rigs, slides = mocap_take(shared_data, "cmu_002_01", every=2), [], []
    for size in (1.0, 100.0):
        rig = legs_scaled(0.7)
        rig.scale = (size,) * 3
        bpy.context.view_layer.update()
        apply_take(bpy.context, take, rig)
        done = plant_animation(bpy.context, rig, PLANT)
        slides.append(ankle_slides(rig, BONES, done.report.contacts, done.frames) / size)
        rigs.append(any("tall" in text for text in done.warnings))
    assert rigs == [False, True]
    assert len(slides[0]) == pytest.approx(len(slides[1]), rel=0.1)
    assert max(slides[0].max(), slides[1].max()) < 1e-3


def test_bones_that_the_pose_scales_hold_in_their_own_proportions(empty_scene, shared_data):
    take, rig = mocap_take(shared_data, "cmu_002_01"), legs_scaled(1.0)
    hips = rig.pose.bones[BONES["hips"]]
    hips.scale = (1.3,) * 3
    bpy.context.view_layer.update()
    applied = apply_take(bpy.context, take, rig, ApplyOptions(refine=RefineOptions(), rig_map=PLANT.rig_map))
    frames = np.linspace(*applied.frames, applied.key_count)
    assert ankle_slides(rig, BONES, applied.refine.contacts, frames).max() < 1e-3
    hips.scale = (1.1,) * 3
    bpy.context.view_layer.update()
    done = plant_animation(bpy.context, rig, PLANT)
    assert ankle_slides(rig, BONES, done.report.contacts, done.frames).max() < 1e-3
    assert not done.warnings
    hips.scale = (1.0, 1.4, 1.0)
    assert any("unevenly" in text for text in apply_take(bpy.context, take, rig).warnings)
    assert any("unevenly" in text for text in check_animation_of(bpy.context, rig, PLANT).warnings)


def test_keys_that_scale_a_bone_are_told_and_the_current_frame_does_not_count(empty_scene, shared_data):
    take, rig = mocap_take(shared_data, "cmu_002_01", every=3), legs_scaled(1.0)
    options = ApplyOptions(refine=RefineOptions(), rig_map=PLANT.rig_map)
    apply_take(bpy.context, take, rig, options)
    thigh, found = rig.pose.bones[BONES["leftUpperLeg"]], []
    for frame, scale in ((1, 1.0), (40, 1.3)):
        thigh.scale = (scale,) * 3
        thigh.keyframe_insert("scale", frame=frame)
    for frame in (1, 40):
        empty_scene.frame_set(frame)
        assert any("Keys change how" in text for text in apply_take(bpy.context, take, rig, options).warnings)
        curves = blender_versions.fcurves_of(rig.animation_data.action, rig)
        found.append(np.concatenate([[key.co[1] for key in curve.keyframe_points] for curve in curves]))
    np.testing.assert_array_equal(*found)


def test_a_rest_pose_that_is_folded_up_is_refused(empty_scene, shared_data):
    rig = folded_up()
    apply_take(bpy.context, mocap_take(shared_data, "cmu_002_01", every=3), rig)
    before = keys_of(rig)
    for verb in (clamp_animation, plant_animation, check_animation_of):
        with pytest.raises(MotionError, match="folded up"):
            verb(bpy.context, rig, CLAMP)
    take = mocap_take(shared_data, "cmu_002_01", every=3)
    report = apply_take(bpy.context, take, rig, ApplyOptions(refine=RefineOptions(limits=0.0, feet=0.0, hands=0.0)))
    assert any("folded up" in warning for warning in report.warnings)
    after = keys_of(rig)
    assert all(np.array_equal(before[path], after[path]) for path in before)


def test_one_key_no_legs_and_linked_rigs(bending):
    bone = bending.pose.bones[BONES["leftLowerArm"]]
    bone.rotation_euler = rotations_to_euler(rotations.from_axis_angle(hinge_of(bending), 3.0))
    bending.animation_data.action = None
    with pytest.raises(MotionError, match="no active action"):
        clamp_animation(bpy.context, bending, CLAMP)
    bone.keyframe_insert("rotation_euler", frame=5)
    done = clamp_animation(bpy.context, bending, CLAMP)
    assert BONES["leftLowerArm"] in done.written.bones
    assert {tuple(keys[:, 0]) for keys in keys_of(bending).values()} == {(5.0,)}
    torso = {
        joint: name
        for joint, name in BONES.items()
        if "Leg" not in joint and "Foot" not in joint and "Toes" not in joint
    }
    with pytest.raises(ValueError, match="legs"):
        plant_animation(bpy.context, bending, AnimationOptions(refine=PLANT.refine, rig_map=RigMap("Torso", torso)))
    with pytest.raises(MotionError, match="no usable bones"):
        clamp_animation(bpy.context, bending, AnimationOptions(rig_map=RigMap("None", {"hips": BONES["hips"]})))
    with pytest.raises(MotionError, match="Choose a character"):
        clamp_animation(bpy.context, None, CLAMP)


def test_keys_that_make_no_sense_and_ranges_beyond_them(bending):
    done = clamp_animation(bpy.context, bending, bones_with(first=-(10**6), last=10**6))
    assert (done.range, len(done.frames)) == ((1, 41), 41)
    curve = next(iter(blender_versions.fcurves_of(bending.animation_data.action, bending)))
    point = curve.keyframe_points[1]
    frame, value = point.co
    point.co = (frame, float("nan"))
    with pytest.raises(MotionError, match=r"not numbers: see .* in frame"):
        check_animation_of(bpy.context, bending, CLAMP)
    point.co = (frame, value)
    bending.scale = (0.0, 0.0, 0.0)
    bpy.context.view_layer.update()
    with pytest.raises(MotionError, match="scaled to nothing"):
        plant_animation(bpy.context, bending, PLANT)
    bending.scale = (1.0, 1.0, 1.0)
    hips = bending.pose.bones[BONES["hips"]]
    for frame, far in ((1, 0.0), (20, 1e9), (41, 0.0)):
        hips.location = (0.0, 0.0, far)
        hips.keyframe_insert("location", frame=frame)
    bpy.context.view_layer.update()
    with pytest.raises(MotionError, match="stray key"):
        check_animation_of(bpy.context, bending, CLAMP)
    for each in blender_versions.fcurves_of(bending.animation_data.action, bending):
        each.keyframe_points.clear()
    with pytest.raises(MotionError, match="no keys"):
        clamp_animation(bpy.context, bending, CLAMP)


@pytest.mark.parametrize(
    "changes",
    [{"first": 15, "last": 30}, {"refine": RefineOptions(limits=0.5)}, {"bones": frozenset({BONES["leftLowerArm"]})}],
)
def test_the_same_again_changes_no_key_until_somebody_does(bending, changes):
    options = bones_with(**changes)
    first = clamp_animation(bpy.context, bending, options)
    assert first.written.bones
    keys = keys_of(bending)
    again = clamp_animation(bpy.context, bending, options)
    assert again.written.bones == ()
    assert changed_bones(keys, keys_of(bending)) == set()
    # with half the strength, a new key is a new motion
    elbow = bending.pose.bones[BONES["leftLowerArm"]]
    elbow.rotation_euler = rotations_to_euler(rotations.from_axis_angle(hinge_of(bending), 3.1))
    elbow.keyframe_insert("rotation_euler", frame=20)
    assert clamp_animation(bpy.context, bending, options).written.bones


def test_planting_again_changes_no_key_also_in_a_range(empty_scene, shared_data):
    rig = legs_scaled(0.7)
    apply_take(bpy.context, mocap_take(shared_data, "cmu_002_01"), rig)
    part = AnimationOptions(**{**PLANT.__dict__, "first": 20, "last": 50})
    assert plant_animation(bpy.context, rig, part).written.bones
    again = plant_animation(bpy.context, rig, part)
    assert again.written.bones == ()
    assert again.report.contacts is not None


def test_feet_that_stand_are_left_alone_though_nobody_remembers(empty_scene, shared_data):
    rig = legs_scaled(0.7)
    apply_take(bpy.context, mocap_take(shared_data, "cmu_002_01"), rig)
    before = values_of(rig)
    assert plant_animation(bpy.context, rig, PLANT).written.bones
    once = values_of(rig)
    del rig.animation_data.action["holirep_refined"]
    done = plant_animation(bpy.context, rig, PLANT)
    assert "nothing changed since" not in done.sentence
    moved = np.abs(values_of(rig) - once).max()
    print(f"planted again: values change by at most {moved:.6f}, at first by {np.abs(once - before).max():.3f}")
    assert np.abs(once - before).max() > 0.05
    assert moved < 1e-3
