# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a character from the scene: the rest state of its armature and its meshes with shape keys."""

from __future__ import annotations

import bpy
import numpy as np

from ..motion.rigs import Rig


def read_rig(armature_object: bpy.types.Object) -> Rig:
    """The rest state of an armature object as a `Rig`, in armature space; the object's transform is not included."""
    armature = armature_object.data
    bones = armature.bones
    count = len(bones)
    index = {bone.name: number for number, bone in enumerate(bones)}
    matrices = np.empty(count * 16)
    bones.foreach_get("matrix_local", matrices)
    lengths = np.empty(count)
    bones.foreach_get("length", lengths)
    return Rig(
        bone_names=tuple(bone.name for bone in bones),
        parents=np.array([index[bone.parent.name] if bone.parent else -1 for bone in bones], dtype=np.int64),
        rest=matrices.reshape(count, 4, 4).transpose(0, 2, 1).copy(),
        lengths=lengths,
        name=armature_object.name,
        properties=_custom_properties(armature_object),
    )


def character_meshes(armature_object: bpy.types.Object) -> list[bpy.types.Object]:
    """The mesh objects that belong to an armature object: deformed by it or hung below it, in a stable order."""
    found = []
    for candidate in bpy.data.objects:
        if candidate.type != "MESH":
            continue
        deformed = any(
            modifier.type == "ARMATURE" and modifier.object == armature_object for modifier in candidate.modifiers
        )
        if deformed or _hangs_below(candidate, armature_object):
            found.append(candidate)
    return sorted(found, key=lambda mesh: mesh.name)


def meshes_with_shape_keys(armature_object: bpy.types.Object) -> list[bpy.types.Object]:
    """The character's meshes that have shape keys besides their basis."""
    return [mesh for mesh in character_meshes(armature_object) if shape_key_names(mesh)]


def shape_key_names(mesh_object: bpy.types.Object) -> list[str]:
    """Names of a mesh object's shape keys without the reference key; empty where it has none."""
    keys = mesh_object.data.shape_keys
    if keys is None:
        return []
    return [block.name for block in keys.key_blocks if block != keys.reference_key]


def armature_of(candidate: bpy.types.Object | None) -> bpy.types.Object | None:
    """The armature object meant by an object: itself, or the one that deforms or carries it; None if there is none."""
    if candidate is None:
        return None
    if candidate.type == "ARMATURE":
        return candidate
    for modifier in candidate.modifiers:
        if modifier.type == "ARMATURE" and modifier.object is not None:
            return modifier.object
    return armature_of(candidate.parent)


def _custom_properties(armature_object: bpy.types.Object) -> dict[str, tuple[str, ...]]:
    """Names of the pose bones' custom properties; an armature without bones has no pose."""
    if armature_object.pose is None:
        return {}
    named = ((bone.name, tuple(bone.keys())) for bone in armature_object.pose.bones)
    return {bone: names for bone, names in named if names}


def _hangs_below(candidate: bpy.types.Object, ancestor: bpy.types.Object) -> bool:
    parent = candidate.parent
    while parent is not None:
        if parent == ancestor:
            return True
        parent = parent.parent
    return False
