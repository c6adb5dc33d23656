# SPDX-License-Identifier: GPL-3.0-or-later
"""Every supported family is recognised by its names, with the complete right map, also under decorated names."""

from __future__ import annotations

from dataclasses import replace

import bpy
import numpy as np
import pytest

from holirep_blender.motion.rigs import NoUsableBonesError, Rig, find_rig_map, usable
from holirep_blender.scene.characters import read_rig
from tests.rigs.builders import QUICK_FAMILIES, build_rig, family_name, true_bones


def renamed(rig: Rig, rename) -> Rig:
    return replace(rig, bone_names=tuple(map(rename, rig.bone_names)))


@pytest.mark.parametrize("family", QUICK_FAMILIES)
def test_family_is_found_with_the_complete_map(rigs, family):
    rig_map = find_rig_map(rigs[family])
    assert rig_map.family == family_name(family)
    assert dict(rig_map.bones) == true_bones(family)
    assert rig_map.conflicts(rigs[family]) == []
    assert rig_map.score == pytest.approx(1.0)
    assert usable(rig_map)


DECORATIONS = {
    "prefix": lambda name: f"Hero_{name}",
    "namespace": lambda name: f"hero:{name}",
    "suffix": lambda name: f"{name}.jnt",
    "both": lambda name: f"Hero_{name}_jnt",
    "upper case": str.upper,
    "no separators": lambda name: "".join(sign for sign in name if sign not in "_.- "),
}


@pytest.mark.parametrize("decoration", DECORATIONS)
@pytest.mark.parametrize("family", ["mixamo", "unreal_5", "makehuman", "rigify_metarig", "smpl_x", "biped", "vroid"])
def test_decorated_names_are_still_the_family(rigs, family, decoration):
    decorate = DECORATIONS[decoration]
    rig_map = find_rig_map(renamed(rigs[family], decorate))
    assert rig_map.family == family_name(family)
    assert dict(rig_map.bones) == {joint: decorate(bone) for joint, bone in true_bones(family).items()}


@pytest.mark.slow
def test_generated_rigify_rig_is_mapped_to_its_fk_controls(generated_rigify):
    rig = read_rig(generated_rigify)
    rig_map = find_rig_map(rig)
    assert rig_map.family == "Rigify"
    assert dict(rig_map.bones) == true_bones("rigify")
    assert rig_map.conflicts(rig) == []
    wanted = {
        *((f"{limb}_parent.{side}", "IK_FK", 1.0) for limb in ("upper_arm", "thigh") for side in "LR"),
        *((f"{limb}_parent.{side}", "FK_limb_follow", 0.0) for limb in ("upper_arm", "thigh") for side in "LR"),
        ("torso", "neck_follow", 1.0),
        ("torso", "head_follow", 1.0),
    }
    assert set(rig_map.settings) == wanted
    for bone, name, _ in rig_map.settings:
        assert name in generated_rigify.pose.bones[bone]


@pytest.mark.slow
def test_generated_rigify_controls_follow_each_other_as_the_map_says(generated_rigify):
    """With the settings applied, turning a control turns exactly the controls below it in the followed hierarchy."""
    rig = read_rig(generated_rigify)
    rig_map = find_rig_map(rig)
    followed = rig_map.followed(rig)
    pose = generated_rigify.pose.bones
    for bone, name, value in rig_map.settings:
        pose[bone][name] = value
    controls = [bone for joint, bone in rig_map.bones.items() if joint != "jaw"]
    for turned in ("torso", "spine_fk.002", "spine_fk.003", "shoulder.L", "upper_arm_fk.L", "hand_fk.L", "shin_fk.R"):
        for bone in pose:
            bone.matrix_basis.identity()
        pose[turned].rotation_mode = "XYZ"
        pose[turned].rotation_euler = (0.2, 0.3, 0.25)
        generated_rigify.update_tag()
        bpy.context.view_layer.update()
        for bone in controls:
            change = pose[bone].matrix.to_3x3() @ pose[bone].bone.matrix_local.to_3x3().inverted()
            angle = change.to_quaternion().angle
            follows = bone == turned or followed.is_below(bone, turned)
            assert (angle > 0.1) == follows, f"{bone} when {turned} turns: {angle}"
            assert angle < 0.001 or abs(angle - 0.43) < 0.1


@pytest.mark.slow
def test_older_rigify_switch_names_are_used(generated_rigify):
    rig = read_rig(generated_rigify)
    older = {
        bone: tuple({"IK_FK": "IK/FK"}.get(name, name) for name in names if name != "FK_limb_follow")
        for bone, names in rig.properties.items()
    }
    settings = find_rig_map(replace(rig, properties=older)).settings
    assert ("upper_arm_parent.L", "IK/FK", 1.0) in settings
    assert not any(name in ("IK_FK", "FK_limb_follow") for _, name, _ in settings)


@pytest.mark.slow
@pytest.mark.parametrize(("pivot", "spine"), [(1, 3), (2, 2), (3, 1)])
def test_generated_spines_with_another_pivot(pivot, spine):
    """Rigify's spine controls below the pivot turn the pelvis only; those above it are the spine."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    metarig = build_rig("rigify_basic_metarig")
    metarig.pose.bones["spine"].rigify_parameters.pivot_pos = pivot
    bpy.ops.pose.rigify_generate()
    rig = read_rig(next(made for made in bpy.data.objects if made.type == "ARMATURE" and made != metarig))
    rig_map = find_rig_map(rig)
    assert rig_map.family == "Rigify"
    assert rig_map.conflicts(rig) == []
    controls = [bone for bone in rig.bone_names if bone.startswith("spine_fk")]
    wanted = dict(zip(("spine", "chest", "upperChest"), sorted(controls)[-spine:]))
    assert {
        joint: rig_map.bones[joint] for joint in ("spine", "chest", "upperChest") if joint in rig_map.bones
    } == wanted


def test_merged_daz_bones(rigs):
    """Importers that merge bend and twist bones keep the rest of the names."""
    merged = part(rigs["daz_genesis_8"], lambda name: not name.endswith("Twist"))
    merged = renamed(merged, lambda name: name[:-4] if name.endswith("Bend") else name)
    rig_map = find_rig_map(merged)
    assert rig_map.family == "Daz Genesis 3 and 8"
    assert rig_map.bones["leftUpperArm"] == "lShldr"
    assert len(rig_map.bones) == 55


def test_helper_bones_are_never_mapped(rigs):
    for family, rig in rigs.items():
        for bone in find_rig_map(rig).bones.values():
            plain = bone.lower().replace("necktwist", "neck")
            assert not any(word in plain for word in ("twist", "ik_", "sharebone", "corrective", "nub", "_end")), family


def test_two_characters_in_one_rig_do_not_confuse_it(rigs):
    """A weapon, a mount or a second skeleton beside the first takes nothing from the map."""
    rig = rigs["mixamo"]
    extra = renamed(rig, lambda name: f"horse_{name.split(':')[1]}_ctrl")
    both = Rig(
        rig.bone_names + extra.bone_names,
        np.concatenate([rig.parents, np.where(extra.parents < 0, -1, extra.parents + len(rig.bone_names))]),
        np.concatenate([rig.rest, extra.rest]),
        np.concatenate([rig.lengths, extra.lengths]),
    )
    assert dict(find_rig_map(both).bones) == true_bones("mixamo")


def part(rig: Rig, keep) -> Rig:
    """The rig with only the bones whose names `keep` takes, each hung on the nearest one above that is left."""
    kept = [index for index, name in enumerate(rig.bone_names) if keep(name)]
    place = {old: new for new, old in enumerate(kept)}
    parents = [next((place[above] for above in rig.ancestors(old) if above in place), -1) for old in kept]
    return Rig(
        tuple(rig.bone_names[old] for old in kept), np.array(parents), rig.rest[kept], rig.lengths[kept], rig.name
    )


def test_upper_body_alone_is_usable_and_says_what_it_lacks(rigs):
    bust = part(rigs["mixamo"], lambda name: not any(word in name for word in ("Leg", "Foot", "Toe")))
    rig_map = find_rig_map(bust)
    assert rig_map.family == "Mixamo"
    assert usable(rig_map)
    assert rig_map.conflicts(bust) == [
        f"{side} {bone} has no bone." for side in ("Left", "Right") for bone in ("upper leg", "lower leg", "foot")
    ]
    assert rig_map.score < 0.75


def test_only_a_face_rig_is_refused(rigs):
    face = part(rigs["metahuman"], lambda name: "FACIAL" in name or name == "head")
    with pytest.raises(NoUsableBonesError):
        find_rig_map(face)


@pytest.mark.parametrize("family", ["mixamo", "unreal_5", "daz_genesis_8", "vroid"])
def test_rigs_without_fingers_toes_and_eyes(rigs, family):
    truth = true_bones(family)
    extra = ("Thumb", "Index", "Middle", "Ring", "Little", "Eye", "jaw", "Toes")
    gone = {bone for joint, bone in truth.items() if any(word in joint for word in extra)}
    rig = part(rigs[family], lambda name: name not in gone)
    rig_map = find_rig_map(rig)
    assert rig_map.family == family_name(family)
    assert dict(rig_map.bones) == {joint: bone for joint, bone in truth.items() if bone not in gone}


def test_rig_without_a_body_raises_one_clear_error():
    bpy.ops.wm.read_factory_settings(use_empty=True)
    armature = bpy.data.armatures.new("Crane")
    crane = bpy.data.objects.new("Crane", armature)
    bpy.context.collection.objects.link(crane)
    bpy.context.view_layer.objects.active = crane
    bpy.ops.object.mode_set(mode="EDIT")
    for number in range(6):
        bone = armature.edit_bones.new(f"Segment{number}")
        bone.head, bone.tail = (0, 0, number), (0, 0.1 * number, number + 1)
    bpy.ops.object.mode_set(mode="OBJECT")
    with pytest.raises(NoUsableBonesError, match="No body was recognised in Crane"):
        find_rig_map(read_rig(crane))


def test_empty_armature_raises_the_same_error():
    bpy.ops.wm.read_factory_settings(use_empty=True)
    rig = bpy.data.objects.new("Empty", bpy.data.armatures.new("Empty"))
    bpy.context.collection.objects.link(rig)
    with pytest.raises(NoUsableBonesError, match="0 bones"):
        find_rig_map(read_rig(rig))


def test_read_rig_agrees_with_blender(rigs):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    armature = build_rig("unreal_4")
    rig = read_rig(armature)
    for index, bone in enumerate(armature.data.bones):
        assert rig.bone_names[index] == bone.name
        assert rig.rest[index] == pytest.approx(np.array(bone.matrix_local), abs=1e-6)
        assert list(rig.tails[index]) == pytest.approx(list(bone.tail_local), abs=1e-3)
        parent = rig.parents[index]
        assert (rig.bone_names[parent] if parent >= 0 else None) == (bone.parent.name if bone.parent else None)
