# SPDX-License-Identifier: GPL-3.0-or-later
"""Rig maps: conflicts in the user's words, JSON round trip, presets, and what makes a map usable."""

from __future__ import annotations

import resource
import signal
from dataclasses import replace

import numpy as np
import pytest

from holirep_blender.motion.rigs import PresetError, Rig, RigError, RigMap, find_rig_map, rig_from_points, usable
from holirep_blender.motion.rigs.presets import delete_preset, list_presets, load_preset, read_preset, save_preset
from holirep_blender.motion.skeleton import FINGERS, JOINT_NAMES, JOINT_PARENTS, REQUIRED_JOINTS, t_pose_offsets


def humanoid() -> Rig:
    """A rig whose bones are the canonical joints themselves."""
    heads = t_pose_offsets()
    for index, parent in enumerate(JOINT_PARENTS):
        if parent >= 0:
            heads[index] += heads[parent]
    parents = [JOINT_NAMES[parent] if parent >= 0 else None for parent in JOINT_PARENTS]
    return rig_from_points(JOINT_NAMES, parents, heads, heads + (0, 0, 0.05), name="Hero")


@pytest.fixture
def rig() -> Rig:
    return humanoid()


@pytest.fixture
def rig_map(rig) -> RigMap:
    return RigMap("Mine", {joint: joint for joint in JOINT_NAMES}, (("hips", "IK_FK", 1.0),), {"head": "neck"})


def test_a_right_map_has_no_conflicts(rig, rig_map):
    assert rig_map.conflicts(rig) == []


def test_missing_bone_is_named(rig, rig_map):
    wrong = replace(rig_map, bones={**rig_map.bones, "leftHand": "paw.L"})
    assert wrong.conflicts(rig) == ["Left hand is set to paw.L, but Hero has no such bone."]


def test_bone_used_twice_is_named(rig, rig_map):
    wrong = replace(rig_map, bones={**rig_map.bones, "chest": "spine"})
    assert "spine is used for Spine and Chest." in wrong.conflicts(rig)


def test_bone_above_its_parent_joint_is_named(rig, rig_map):
    wrong = replace(rig_map, bones={**rig_map.bones, "leftLowerArm": "rightLowerArm"})
    assert (
        "Left lower arm is set to rightLowerArm, which is not below leftUpperArm (left upper arm)."
        in wrong.conflicts(rig)
    )


def test_crossed_sides_are_named(rig, rig_map):
    bones = {**rig_map.bones, "leftUpperLeg": "rightUpperLeg", "rightUpperLeg": "leftUpperLeg"}
    conflicts = replace(rig_map, bones=bones).conflicts(rig)
    assert any("are crossed: rightUpperLeg and leftUpperLeg change places" in conflict for conflict in conflicts)


def test_crossed_sides_are_seen_without_names(rig):
    names = {joint: f"Bone.{number:03d}" for number, joint in enumerate(JOINT_NAMES)}
    plain = replace(rig, bone_names=tuple(names.values()))
    assert RigMap("x", names).conflicts(plain) == []
    arms = ("Shoulder", "UpperArm", "LowerArm", "Hand")
    crossed = {
        **{joint: bone for joint, bone in names.items() if not any(f in joint for f in FINGERS)},
        **{f"left{part}": names[f"right{part}"] for part in arms},
        **{f"right{part}": names[f"left{part}"] for part in arms},
    }
    conflicts = RigMap("x", crossed).conflicts(plain)
    assert len(conflicts) == len(arms)
    assert conflicts[0].startswith("Left shoulder and right shoulder are crossed")


@pytest.mark.parametrize("joint", REQUIRED_JOINTS)
def test_required_joints_are_asked_for(rig, rig_map, joint):
    bones = {name: bone for name, bone in rig_map.bones.items() if name != joint}
    conflicts = replace(rig_map, bones=bones).conflicts(rig)
    assert len([conflict for conflict in conflicts if conflict.endswith(" has no bone.")]) == 1


def test_optional_joints_may_be_left_out(rig, rig_map):
    bones = {joint: bone for joint, bone in rig_map.bones.items() if joint in REQUIRED_JOINTS}
    assert replace(rig_map, bones=bones).conflicts(rig) == []


def test_followed_hierarchy_settles_what_constraints_move(rig, rig_map):
    loose = rig.parents.copy()
    loose[rig.index("leftHand")] = rig.index("hips")
    control_rig = replace(rig, parents=loose)
    assert any("Left hand" in conflict for conflict in rig_map.conflicts(control_rig))
    assert replace(rig_map, parents={"leftHand": "leftLowerArm"}).conflicts(control_rig) == []
    followed = replace(rig_map, parents={"leftHand": "leftLowerArm", "gone": "hips"}).followed(control_rig)
    assert followed.is_below("leftHand", "leftLowerArm")


def test_unknown_joints_are_refused():
    with pytest.raises(RigError, match="not one of the 55 humanoid joints: leftWing"):
        RigMap("Bird", {"leftWing": "wing"})


def test_json_round_trip(rig_map):
    assert RigMap.from_json(rig_map.to_json()) == rig_map


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not valid JSON"),
        ("[]", "not written by HoliRep"),
        ('{"schema": "other"}', "not written by HoliRep"),
        ('{"schema": "holirep-rig-map", "version": 99}', "newer HoliRep"),
        ('{"schema": "holirep-rig-map", "version": 1, "family": "x", "bones": 3}', "damaged"),
        ('{"schema": "holirep-rig-map", "version": 1, "bones": {}}', "damaged"),
        ('{"schema": "holirep-rig-map", "version": 1, "family": "x", "bones": {}, "settings": [[1]]}', "damaged"),
    ],
)
def test_texts_that_are_no_rig_maps(text, message):
    with pytest.raises(RigError, match=message):
        RigMap.from_json(text)


def test_usable_needs_hips_and_a_limb():
    assert usable(RigMap("x", {"hips": "a", "leftUpperArm": "b", "leftLowerArm": "c"}))
    assert not usable(RigMap("x", {"leftUpperArm": "b", "leftLowerArm": "c"}))
    assert not usable(RigMap("x", {"hips": "a", "spine": "b", "head": "c", "leftUpperArm": "d"}))
    assert not usable(RigMap("x", {}))


def test_preset_round_trip(tmp_path, rig_map):
    folder = tmp_path / "presets" / "rigs"
    assert list_presets(folder) == []
    save_preset(folder, "Studio hero é", rig_map)
    save_preset(folder, "beta", rig_map)
    assert list_presets(folder) == ["beta", "Studio hero é"]
    loaded = load_preset(folder, "Studio hero é")
    assert loaded == replace(rig_map, family="Studio hero é")
    delete_preset(folder, "beta")
    assert list_presets(folder) == ["Studio hero é"]
    assert [path.name for path in folder.iterdir()] == ["Studio hero é.json"]


def test_preset_for_another_rig_shows_conflicts_and_maps_nothing_else(tmp_path, rig, rig_map):
    save_preset(tmp_path, "hero", rig_map)
    other = replace(rig, bone_names=tuple(name.replace("Hand", "Paw") for name in rig.bone_names))
    loaded = load_preset(tmp_path, "hero")
    assert sorted(loaded.conflicts(other)) == [
        "Left hand is set to leftHand, but Hero has no such bone.",
        "Right hand is set to rightHand, but Hero has no such bone.",
    ]
    kept = loaded.without_missing(other)
    assert set(loaded.bones) - set(kept.bones) == {"leftHand", "rightHand"}
    assert all(bone in other for bone in kept.bones.values())


@pytest.mark.parametrize("name", ["", "  ", "../outside", "a/b", "a\\b", "con:", ".hidden", "x" * 200, "new\nline"])
def test_names_that_are_no_file_names(tmp_path, rig_map, name):
    with pytest.raises(PresetError, match="cannot be the name of a preset"):
        save_preset(tmp_path, name, rig_map)
    assert list(tmp_path.iterdir()) == []


def test_missing_and_broken_presets_name_the_file(tmp_path):
    with pytest.raises(PresetError, match=r"There is no preset .*gone\.json"):
        load_preset(tmp_path, "gone")
    with pytest.raises(PresetError, match="There is no preset"):
        delete_preset(tmp_path, "gone")
    broken = tmp_path / "broken.json"
    broken.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PresetError, match=r"broken\.json could not be read"):
        read_preset(broken)
    broken.write_text("no json")
    with pytest.raises(PresetError, match=r"broken\.json: This is not a rig map"):
        read_preset(broken)


def test_failed_write_keeps_the_older_preset(tmp_path, rig_map):
    path = save_preset(tmp_path, "hero", rig_map)
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))  # writing fails half way, as on a full disk
    try:
        with pytest.raises(PresetError, match=r"hero\.json could not be written"):
            save_preset(tmp_path, "hero", rig_map)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_inconsistent_rigs_are_refused(rig):
    with pytest.raises(RigError, match="two bones of the same name"):
        replace(rig, bone_names=("hips",) * len(rig.bone_names))
    with pytest.raises(RigError, match="inconsistent"):
        replace(rig, parents=np.array([-1]))
    with pytest.raises(RigError, match="Hero has no bone named tail"):
        rig.index("tail")


def test_canonical_names_are_recognised(rig):
    found = find_rig_map(rig)
    assert found.family == "VRM humanoid"
    assert dict(found.bones) == {joint: joint for joint in JOINT_NAMES}
