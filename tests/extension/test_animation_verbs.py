# SPDX-License-Identifier: GPL-3.0-or-later
"""Clamp to Human Limits, Plant Feet and Check Motion as an artist presses them, and as the command line calls them."""

from __future__ import annotations

import json

import bpy
import numpy as np
import pytest

from holirep_blender import cli
from holirep_blender.motion import rotations
from holirep_blender.motion.take import Take
from holirep_blender.scene import blender_versions
from holirep_blender.scene.applying import apply_take
from tests.motion.refining.test_refine import bent
from tests.motion.retargeting.clips import mocap_take
from tests.rigs.builders import build_rig, true_bones
from tests.scene.test_animation_refining import hinge_of

BONES = true_bones("unity")


@pytest.fixture
def rig(shot):
    """Hand keys that bend the left elbow further than elbows bend."""
    made = build_rig("unity")
    key_elbow(made)
    return made


def key_elbow(made):
    bone = made.pose.bones[BONES["leftLowerArm"]]
    hinge = hinge_of(made)
    for frame, angle in ((1, 0.2), (20, 3.0), (41, 0.2)):
        bone.rotation_quaternion = rotations.from_axis_angle(hinge, angle)
        bone.keyframe_insert("rotation_quaternion", frame=frame)


def keys(made):
    curves = blender_versions.fcurves_of(made.animation_data.action, made)
    return {(curve.data_path, curve.array_index): [tuple(key.co) for key in curve.keyframe_points] for curve in curves}


@pytest.fixture
def walking(shot, shared_data):
    made = build_rig("unity")
    apply_take(bpy.context, mocap_take(shared_data, "cmu_002_01", every=3), made)
    return made


def test_buttons_say_why_they_cannot_be_pressed(shot):
    bpy.context.view_layer.objects.active = None
    for name in ("clamp_to_human_limits", "plant_feet", "check_motion"):
        operator = getattr(bpy.ops.holirep, name)
        assert not operator.poll()
        with pytest.raises(RuntimeError, match="Select an armature"):
            operator()
    build_rig("unity")
    with pytest.raises(RuntimeError, match="has no active action"):
        bpy.ops.holirep.clamp_to_human_limits()


@pytest.mark.parametrize("mode", ["OBJECT", "POSE"])
def test_clamp_in_object_and_pose_mode(rig, mode):
    bpy.ops.object.mode_set(mode=mode)
    before = keys(rig)
    assert bpy.ops.holirep.clamp_to_human_limits() == {"FINISHED"}
    after = keys(rig)
    changed = {path[0].split('"')[1] for path in after if after[path] != before.get(path)}
    # the hand may turn against the forearm, so that it stays as it is
    assert BONES["leftLowerArm"] in changed
    assert changed <= {BONES["leftLowerArm"], BONES["leftHand"]}
    assert rig.mode == mode
    assert bpy.ops.holirep.clamp_to_human_limits() == {"FINISHED"}
    assert keys(rig) == after


def test_clamp_of_selected_bones_in_a_range(rig):
    bpy.ops.object.mode_set(mode="POSE")
    bpy.ops.pose.select_all(action="DESELECT")
    before = keys(rig)
    with pytest.raises(RuntimeError, match="None of the selected bones"):
        bpy.ops.holirep.clamp_to_human_limits(bones="SELECTED")
    bone = rig.pose.bones[BONES["leftLowerArm"]]
    (bone if hasattr(bone, "select") else bone.bone).select = True
    assert bpy.ops.holirep.clamp_to_human_limits(bones="SELECTED", use_range=True, first=15, last=25) == {"FINISHED"}
    path = (f'pose.bones["{bone.name}"].rotation_quaternion', 0)
    added = {frame for frame, _ in keys(rig)[path]} - {frame for frame, _ in before[path]}
    assert added
    assert min(added) >= 14
    assert max(added) <= 26


def test_one_undo_step(rig):
    bpy.context.preferences.edit.use_global_undo = True
    bpy.ops.ed.undo_push(message="before")
    name, before = rig.name, keys(rig)
    assert bpy.ops.holirep.clamp_to_human_limits("EXEC_DEFAULT", True) == {"FINISHED"}
    assert keys(bpy.data.objects[name]) != before
    bpy.ops.ed.undo()
    assert keys(bpy.data.objects[name]) == before


def test_check_lists_in_the_shot_and_changes_nothing(rig, shot):
    before = keys(rig)
    shot.character = rig
    assert bpy.ops.holirep.check_motion() == {"FINISHED"}
    assert keys(rig) == before
    rows = [row for row in shot.refine.violations if row.joint == "leftLowerArm" and row.kind == "limit"]
    assert rows
    assert 15 < rows[0].frame < 26
    shot.character = None
    assert bpy.ops.holirep.check_motion() == {"FINISHED"}


def test_own_limits_of_the_shot_count_for_its_character(rig, shot):
    shot.character = rig
    row = shot.refine.overrides.add()
    row.joint, row.motion, row.low, row.high = "leftLowerArm", "flexion", 0.0, np.radians(90)
    assert bpy.ops.holirep.clamp_to_human_limits() == {"FINISHED"}
    bpy.context.scene.frame_set(20)
    evaluated = rig.evaluated_get(bpy.context.evaluated_depsgraph_get())
    upper, lower, hand = (
        np.array(evaluated.pose.bones[BONES[f"left{part}"]].head) for part in ("UpperArm", "LowerArm", "Hand")
    )
    first, second = rotations.normalized(lower - upper), rotations.normalized(hand - lower)
    assert np.degrees(np.arccos(np.dot(first, second))) < 92.0


def test_plant_feet_by_the_button(walking):
    before = keys(walking)
    assert bpy.ops.holirep.plant_feet() == {"FINISHED"}
    assert keys(walking) != before
    with pytest.raises(RuntimeError, match="floor"):
        bpy.ops.holirep.plant_feet(floor="SCENE", floor_height=70.0)


def run(capfd, *words):
    code = cli.main([*(str(word) for word in words), "--json"], "holirep")
    out = capfd.readouterr().out.strip().splitlines()
    return code, json.loads(out[-1])


def test_commands_on_a_character(rig, tmp_path, capfd):
    file, saved = tmp_path / "in.blend", tmp_path / "out.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(file))
    here = ["--file", file, "--character", rig.name]
    name = rig.name
    code, found = run(capfd, "check", *here)
    assert code == 0
    elbow = next(row for row in found["violations"] if row["joint"] == "leftLowerArm" and row["kind"] == "limit")
    assert elbow["value"] > elbow["bound"]
    assert 15 < elbow["worst"] < 26
    assert not elbow["altered"]
    assert run(capfd, "check", *here, "--strict")[0] == 8
    code, done = run(capfd, "clamp", *here, "--save", saved, "--bones", BONES["leftLowerArm"], "--range", "1-41")
    assert code == 0
    assert done["bones"] == [BONES["leftLowerArm"]]
    assert done["saved"] == str(saved)
    code, left = run(capfd, "check", "--file", saved, "--character", name, "--bones", BONES["leftLowerArm"])
    assert not [row for row in left["violations"] if row["kind"] == "limit"]
    code, done = run(capfd, "clamp", "--file", saved, "--character", name, "--save", saved)
    assert done["bones"] == []
    assert code == 0


def test_commands_on_a_take(shot, shared_data, tmp_path, capfd):
    take = bent(mocap_take(shared_data, "cmu_002_01"))
    take.frame_start = 101
    path, out = tmp_path / "in.npz", tmp_path / "out.npz"
    take.save(path)
    code, found = run(capfd, "check", "--take", path)
    knee = next(row for row in found["violations"] if row["joint"] == "leftLowerLeg" and row["kind"] == "limit")
    assert code == 0
    assert 131 <= knee["worst"] <= 146
    code, done = run(capfd, "clamp", "--take", path, "--out", out, "--preset", "athlete", "--range", "101-185")
    assert code == 0
    made = Take.load(out)
    assert made.frame_start == 101
    assert made.header["refined"]["preset"] == "athlete"
    assert not np.array_equal(made.local_rotations, take.local_rotations)
    code, done = run(capfd, "plant", "--take", path, "--out", out)
    assert code == 0
    assert done["slide_after_mm"] < done["slide_before_mm"]
    assert Take.load(out).contacts.max() > 0.5


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["clamp"], 2, "either --take"),
        (["clamp", "--take", "a.npz", "--character", "Hero"], 2, "either --take"),
        (["clamp", "--take", "a.npz", "--save", "a.blend"], 2, "--out"),
        (["clamp", "--take", "no-such.npz", "--out", "b.npz"], 7, "no-such.npz"),
        (["clamp", "--take", "a.npz", "--out", "b.txt"], 2, "--out NEW.npz"),
        (["plant", "--character", "Hero"], 2, "--save"),
        (["plant", "--character", "Hero", "--out", "b.npz"], 2, "--save"),
        (["plant", "--character", "Hero", "--save", "b.txt"], 2, "b.blend"),
        (["check", "--character", "Hero"], 5, "'Hero'"),
        (["check", "--character", "Rig", "--preset", "alien"], 2, "alien"),
        (["check", "--character", "Still"], 5, "no active action"),
        (["check", "--character", "Still", "--bones", "Nobody"], 5, "Nobody"),
        (["clamp", "--take", "take.npz", "--out", "b.npz", "--range", "900-950"], 2, "frames 1 to 10"),
        (["clamp", "--take", "take.npz", "--out", "b.npz", "--bones", "tail"], 2, "tail"),
        (["plant", "--take", "take.npz", "--out", "b.npz", "--floor", "90"], 2, "floor"),
        (["plant", "--take", "take.npz", "--out", "b.npz", "--surfaces"], 2, "--hands 1"),
        (["check", "--take", "empty.npz"], 7, "no frames"),
        (["check", "--take", "take.npz", "--ground", "Hill"], 2, "--floor HEIGHT"),
        (["check", "--character", "Still", "--ground", "Hill"], 5, "Hill"),
        (["apply", "--take", "take.npz", "--character", "Still", "--save", "a.blend", "--limits", "alien"], 2, "alien"),
        (
            ["apply", "--take", "take.npz", "--character", "Still", "--save", "a.blend", "--no-plant", "--feet", "1"],
            2,
            "--no-plant",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_line(shot, take_here, capfd, words, code, said):
    build_rig("unity").name = "Still"
    got, answer = run(capfd, *words)
    assert got == code, answer
    assert said in answer["error"]


@pytest.fixture
def take_here(tmp_path, monkeypatch):
    from tests.motion.retargeting.clips import lively_take

    monkeypatch.chdir(tmp_path)
    lively_take(10).save(tmp_path / "take.npz")
    lively_take(0).save(tmp_path / "empty.npz")


def test_applying_refines_as_the_options_say(shot, shared_data, tmp_path, capfd):
    rig = build_rig("unity")
    file = tmp_path / "in.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(file))
    bent(mocap_take(shared_data, "cmu_002_01")).save(tmp_path / "take.npz")
    words = ["apply", "--file", file, "--take", tmp_path / "take.npz", "--character", rig.name]
    words += ["--save", tmp_path / "out.blend", "--no-camera"]
    code, done = run(capfd, *words)
    assert code == 0
    assert "feet held" in done["applied"]
    assert any(row["joint"] == "leftLowerLeg" and row["altered"] for row in done["violations"])
    code, done = run(capfd, *words, "--limits", "off", "--feet", "0.5", "--mass", "80")
    refine = bpy.context.scene.holirep.refine
    assert (refine.limits, refine.feet, refine.use_performer_mass) == (0.0, 0.5, True)
    assert not any(row["kind"] == "limit" for row in done["violations"])
    code, done = run(capfd, *words, "--no-refine")
    assert code == 0
    assert "violations" not in done
    assert "held" not in done["applied"]


def test_blenders_menus_hold_the_verbs_while_registered():
    import holirep_blender
    from holirep_blender.panels import animation_menu

    def entries():
        drawn = [getattr(menu.draw, "_draw_funcs", []) for menu in animation_menu.menus()]
        return [sum(function is animation_menu.draw for function in functions) for functions in drawn]

    holirep_blender.register()
    assert entries() == [1, 1]
    holirep_blender.unregister()
    assert entries() == [0, 0]
