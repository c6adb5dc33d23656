# SPDX-License-Identifier: GPL-3.0-or-later
"""Armatures of every supported rig family, built in Blender with their real bone names and plausible rest poses."""

from __future__ import annotations

import random
from typing import Callable, Optional

import addon_utils
import bpy
import numpy as np
from mathutils import Euler, Vector

from tests.rigs.body import Body
from tests.rigs.families import TABLE, Family

RIGIFY_FAMILIES = ("rigify_metarig", "rigify_basic_metarig", "rigify")
FAMILIES: tuple[str, ...] = (*TABLE, *RIGIFY_FAMILIES)
"""Every family; ``rigify`` is a generated rig and takes some seconds."""
QUICK_FAMILIES: tuple[str, ...] = FAMILIES[:-1]

_FINGERS = ("Thumb", "Index", "Middle", "Ring", "Little")
_RIGIFY_FINGERS = dict(zip(_FINGERS, ("thumb", "f_index", "f_middle", "f_ring", "f_pinky")))
_TURN_Y_UP = np.array(((1, 0, 0), (0, 0, 1), (0, -1, 0)), dtype=float)

Row = tuple[str, str, np.ndarray, np.ndarray, str]


def build_rig(
    family: str,
    *,
    context: Optional[bpy.types.Context] = None,
    rename: Optional[Callable[[str], str]] = None,
) -> bpy.types.Object:
    """An armature object of a family (see `FAMILIES`), linked to the scene; `rename` changes every bone's name."""
    context = context or bpy.context
    rig = _add_rigify(family, context) if family in RIGIFY_FAMILIES else _add_from_table(family, context)
    if rename is not None:
        for bone in rig.data.bones:
            bone.name = rename(bone.name)
    return rig


def family_name(family: str) -> str:
    """The name under which a family is to be recognised."""
    if family in TABLE:
        return TABLE[family].family
    return "Rigify" if family == "rigify" else "Rigify metarig"


def true_bones(family: str) -> dict[str, str]:
    """The right rig map of a family's test rig: joint to bone."""
    if family in RIGIFY_FAMILIES:
        return _rigify_truth(family)
    return {joint: bone for bone, _, _, _, joint in rows_of(TABLE[family]) if joint}


def rows_of(table: Family) -> list[Row]:
    """The bones of a table with both sides: name, parent, head and tail (metres, Z up), joint."""
    body = Body(table.pose)
    rows: list[Row] = []
    seen = set()
    for line in filter(str.strip, table.rows.splitlines()):
        cells = [cell.strip() for cell in line.split("|")]
        for side in ("left", "right"):
            name, parent, joint = (_fill(cells[column], table, side) for column in (0, 1, 4))
            if name not in seen:
                seen.add(name)
                rows.append((name, parent, body.at(cells[2], side), body.at(cells[3], side), joint))
    for side in ("left", "right"):
        rows.extend(_finger_rows(table, body, side))
    return rows


def _fill(text: str, table: Family, side: str) -> str:
    mark = table.sides[("left", "right").index(side)]
    text = text.replace("{s}", mark).replace("{S}", mark.upper()).replace("{p}", table.prefix)
    return text.replace("{side}", side).replace("{long}", side)


def _finger_rows(table: Family, body: Body, side: str) -> list[Row]:
    fingers = table.fingers
    if fingers is None:
        return []
    rows: list[Row] = []
    for number, (finger, name) in enumerate(zip(_FINGERS, fingers.names)):
        points, parent = finger.lower(), _fill(fingers.parent, table, side)
        if fingers.palm and number > 0:
            palm = fingers.palm_names[number - 1] if fingers.palm_names else name
            palm = _fill(fingers.palm.replace("{f}", palm), table, side)
            rows.append((palm, parent, body.at(f"{points}0", side), body.at(f"{points}1", side), ""))
            parent = palm
        parts = ("Metacarpal", "Proximal", "Distal") if finger == "Thumb" else ("Proximal", "Intermediate", "Distal")
        for index, digit in enumerate(_digits(table, finger)):
            bone = _fill(fingers.pattern.replace("{f}", name).replace("{n}", digit), table, side)
            head, tail = body.at(f"{points}{index + 1}", side), body.at(f"{points}{min(index + 2, 4)}", side)
            if index == 3:
                tail = head + (head - body.at(f"{points}3", side)) / 2
            rows.append((bone, parent, head, tail, f"{side}{finger}{parts[index]}" if index < 3 else ""))
            parent = bone
    return rows


def _digits(table: Family, finger: str) -> tuple[str, ...]:
    fingers = table.fingers
    assert fingers is not None
    numbers = fingers.numbers
    if finger == "Thumb" and table.family == "VRM humanoid":
        numbers = ("Metacarpal", "Proximal", "Distal")
    return (*numbers, fingers.end) if fingers.end else numbers


def _add_from_table(family: str, context: bpy.types.Context) -> bpy.types.Object:
    table = TABLE[family]
    armature = bpy.data.armatures.new(family)
    rig = bpy.data.objects.new(family, armature)
    context.collection.objects.link(rig)
    context.view_layer.objects.active = rig
    chance = random.Random(family)
    bpy.ops.object.mode_set(mode="EDIT")
    rows = rows_of(table)
    for name, _, head, tail, _ in rows:
        bone = armature.edit_bones.new(name)
        if table.up == "Y":
            head, tail = _TURN_Y_UP @ head, _TURN_Y_UP @ tail
        along = Vector(tail - head) * table.unit
        if table.axes == "across":
            along = along.orthogonal().normalized() * along.length
        bone.head = Vector(head) * table.unit
        bone.tail = bone.head + along
        bone.roll = 0.0 if table.axes == "along" else chance.uniform(-3.0, 3.0)
    for name, parent, *_ in rows:
        if parent:
            armature.edit_bones[name].parent = armature.edit_bones[parent]
    bpy.ops.object.mode_set(mode="OBJECT")
    rig.rotation_euler = Euler((np.pi / 2 if table.up == "Y" else 0.0, 0.0, np.radians(table.turned)))
    rig.scale = (1 / table.unit,) * 3
    context.view_layer.update()
    return rig


def _add_rigify(family: str, context: bpy.types.Context) -> bpy.types.Object:
    if not addon_utils.check("rigify")[1]:
        addon_utils.enable("rigify", default_set=True)
    if context.object is not None and context.object.mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")
    if family == "rigify_basic_metarig":
        bpy.ops.object.armature_basic_human_metarig_add()
        return context.object
    bpy.ops.object.armature_human_metarig_add()
    metarig = context.object
    if family == "rigify_metarig":
        return metarig
    before = set(bpy.data.objects)
    bpy.ops.pose.rigify_generate()
    rig = next(added for added in bpy.data.objects if added not in before and added.type == "ARMATURE")
    bpy.data.objects.remove(metarig)
    return rig


def _rigify_truth(family: str) -> dict[str, str]:
    control = "_fk" if family == "rigify" else ""
    if family == "rigify":
        truth = {"hips": "torso", "spine": "spine_fk.002", "chest": "spine_fk.003", "neck": "neck", "head": "head"}
    else:
        truth = {"hips": "spine", "spine": "spine.001", "chest": "spine.002", "upperChest": "spine.003"}
        truth.update({"neck": "spine.004", "head": "spine.006"})
    if family != "rigify_basic_metarig":
        truth["jaw"] = "jaw_master" if family == "rigify" else "jaw"
    limbs = {"UpperArm": "upper_arm", "LowerArm": "forearm", "Hand": "hand"}
    limbs.update({"UpperLeg": "thigh", "LowerLeg": "shin", "Foot": "foot", "Toes": "toe"})
    for side, mark in (("left", "L"), ("right", "R")):
        truth[f"{side}Shoulder"] = f"shoulder.{mark}"
        truth.update({f"{side}{part}": f"{bone}{control}.{mark}" for part, bone in limbs.items()})
        if family == "rigify_metarig":
            truth[f"{side}Eye"] = f"eye.{mark}"
        if family != "rigify_basic_metarig":
            for finger, bone in _RIGIFY_FINGERS.items():
                parts = ("Metacarpal", "Proximal", "Distal")
                parts = parts if finger == "Thumb" else ("Proximal", "Intermediate", "Distal")
                truth.update({f"{side}{finger}{part}": f"{bone}.0{n}.{mark}" for n, part in enumerate(parts, 1)})
    return truth
