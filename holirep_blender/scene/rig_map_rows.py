# SPDX-License-Identifier: GPL-3.0-or-later
"""The rig map as rows of the shot, which the user edits, and as the ``RigMap`` that retargeting uses."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import bpy

if TYPE_CHECKING:
    from ..motion.rigs import RigMap

_filling = False  # each row's update callback would look for conflicts; once at the end is enough


def has_rig_map(shot: bpy.types.PropertyGroup) -> bool:
    """Whether there is a rig map for the chosen character."""
    return bool(shot.rig_map) and shot.character is not None and shot.rig_map_of == shot.character


def read_rig_map(shot: bpy.types.PropertyGroup) -> RigMap:
    """The shot's rig map, with the user's edits. Raises ValueError where there is none."""
    if not shot.rig_map:
        raise ValueError("There is no rig map yet: press Find Rig Map, or load a preset")
    from ..motion.rigs import RigMap

    bones = {row.joint: row.bone for row in shot.rig_map if row.bone}
    return replace(RigMap.from_json(shot.rig_map_found), bones=bones)


def write_rig_map(shot: bpy.types.PropertyGroup, rig_map: RigMap) -> None:
    """Shows a rig map in the shot: a row for each of the 55 joints, also those without a bone."""
    from ..motion.rigs.names import readable_joint
    from ..motion.skeleton import JOINT_NAMES

    global _filling
    _filling = True
    try:
        shot.rig_map.clear()
        for joint in JOINT_NAMES:
            row = shot.rig_map.add()
            row.name, row.joint, row.bone = readable_joint(joint), joint, rig_map.bones.get(joint, "")
    finally:
        _filling = False
    shot.rig_map_found = rig_map.to_json()
    shot.rig_map_of = shot.character
    shot.rig_family = rig_map.family
    _show_shape_keys(shot)
    refresh_conflicts(shot)


def clear_rig_map(shot: bpy.types.PropertyGroup) -> None:
    """Forgets the rig map."""
    shot.rig_map.clear()
    shot.rig_map_found = ""
    shot.rig_map_of = None
    shot.rig_family = ""
    shot.shape_keys = ""
    shot.shape_key_rows.clear()
    shot.rig_map_conflicts = ""


def refresh_conflicts(shot: bpy.types.PropertyGroup) -> None:
    """Looks anew at what does not fit between the rows and the character."""
    if _filling or shot.character is None or not shot.rig_map:
        return
    from .characters import read_rig

    conflicts = read_rig_map(shot).conflicts(read_rig(shot.character))
    shot.rig_map_conflicts = "\n".join(conflicts)
    for row in shot.rig_map:
        row.conflict = next((text for text in conflicts if _is_about(text, row)), "")


def _show_shape_keys(shot: bpy.types.PropertyGroup) -> None:
    """Shows which shape keys the face drives: a sentence, and for each mesh its name and a row for each shape."""
    from ..motion.arkit import ARKIT_NAMES
    from ..motion.rigs.shape_keys import find_shape_key_map
    from .characters import meshes_with_shape_keys, shape_key_names

    shot.shape_keys = ""
    shot.shape_key_rows.clear()
    if shot.character is None:
        return
    maps = {mesh.name: find_shape_key_map(shape_key_names(mesh)) for mesh in meshes_with_shape_keys(shot.character)}
    for mesh, mapping in maps.items():
        if mapping:
            shot.shape_key_rows.add().name = mesh
        for name in ARKIT_NAMES:
            if name in mapping:
                row = shot.shape_key_rows.add()
                row.name = name
                row.keys = ", ".join(key if share == 1.0 else f"{key} × {share:g}" for key, share in mapping[name])
    found = {name for mapping in maps.values() for name in mapping}
    meshes = sum(1 for mapping in maps.values() if mapping)
    if not meshes:
        shot.shape_keys = "No shape keys for the face"
        return
    where = "mesh" if meshes == 1 else "meshes"
    shot.shape_keys = f"{len(found)} of {len(ARKIT_NAMES)} face shapes on {meshes} {where}"


def _is_about(conflict: str, row: bpy.types.PropertyGroup) -> bool:
    """Whether a conflict's sentence speaks of a row: it begins with the joint, or with the bone that is used twice."""
    return conflict.startswith((f"{row.name} has ", f"{row.name} is ", f"{row.name} and ")) or (
        bool(row.bone) and conflict.startswith(f"{row.bone} is used for ")
    )
