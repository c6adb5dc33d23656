# SPDX-License-Identifier: GPL-3.0-or-later
"""Characters with other legs, and what their feet do in Blender's evaluated pose."""

from __future__ import annotations

import bpy
import numpy as np

from tests.rigs.builders import build_rig, true_bones

FAMILY = "unity"
BONES = true_bones(FAMILY)


def legs_scaled(factor: float) -> bpy.types.Object:
    """A test rig whose legs are ``factor`` times as long between hip and ankle; it stands on its feet as before."""
    rig = build_rig(FAMILY)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    bones = rig.data.edit_bones
    ankle, hip = bones[BONES["leftFoot"]].head.z, bones[BONES["leftUpperLeg"]].head.z

    def height(z: float) -> float:
        return z if z <= ankle else ankle + (z - ankle) * factor if z <= hip else z + (factor - 1.0) * (hip - ankle)

    torso = [bone for bone in bones if not any(part in bone.name for part in ("Leg", "Foot", "Toe"))]
    for bone in bones:
        for end in (bone.head, bone.tail):
            end.z = end.z + (factor - 1.0) * (hip - ankle) if bone in torso else height(end.z)
    bpy.ops.object.mode_set(mode="OBJECT")
    return rig


def folded_up() -> bpy.types.Object:
    """A test rig whose rest pose has the legs folded up along the trunk, as some exporters store skeletons."""
    rig = build_rig(FAMILY)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    bones = rig.data.edit_bones
    hip = bones[BONES["leftUpperLeg"]].head.z
    for bone in bones:
        if any(part in bone.name for part in ("Leg", "Foot", "Toe")):
            bone.head.z, bone.tail.z = 2.0 * hip - bone.head.z, 2.0 * hip - bone.tail.z
    bpy.ops.object.mode_set(mode="OBJECT")
    return rig


def heads(rig: bpy.types.Object, names: list[str], frames: np.ndarray) -> np.ndarray:
    """World positions ``(T, N, 3)`` of bones' heads, as Blender evaluates them."""
    scene = bpy.context.scene
    result = np.empty((len(frames), len(names), 3))
    for row, frame in enumerate(frames):
        scene.frame_set(int(np.floor(frame)), subframe=float(frame - np.floor(frame)))
        evaluated = rig.evaluated_get(bpy.context.evaluated_depsgraph_get())
        matrix = np.array(evaluated.matrix_world)
        for column, name in enumerate(names):
            result[row, column] = matrix[:3, :3] @ np.array(evaluated.pose.bones[name].head) + matrix[:3, 3]
    return result


def ankle_slides(rig: bpy.types.Object, bones: dict[str, str], contacts, frames: np.ndarray) -> np.ndarray:
    """Metres that each ankle moved between neighbouring frames in which that whole foot rests, over both feet."""
    found = []
    for side in ("left", "right"):
        places = heads(rig, [bones[f"{side}Foot"]], frames)[:, 0]
        flat = contacts.touching(f"{side}Heel") & contacts.touching(f"{side}Toes")
        both = flat[1:] & flat[:-1]
        found.append(np.linalg.norm(np.diff(places, axis=0), axis=1)[both])
    return np.concatenate(found)
