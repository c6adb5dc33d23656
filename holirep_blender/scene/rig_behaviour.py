# SPDX-License-Identifier: GPL-3.0-or-later
"""How a rig's bones move: by their keys alone, or by constraints, drivers, the NLA or an object that moves."""

from __future__ import annotations

from typing import Optional

import bpy
import numpy as np
import numpy.typing as npt
from mathutils import Matrix, Vector

from ..motion import rotations
from ..motion.rigs import Rig, RigMap
from ..motion.rigs.posed_rest import posed_rest
from .action_channels import ActionChannels, bone_path
from .actions import MARK

Array = npt.NDArray[np.float64]

_OBJECT_CHANNELS = ("location", "rotation", "scale", "delta_")
_CHANGED = 1e-4
"""By how much a scale, or a location in units of the armature, must change to be no constant."""


def with_ancestors(bones: list[int], parents: list[int]) -> list[int]:
    """The bones and all that they hang on, parents first."""
    depth: dict[int, int] = {}

    def visit(bone: int) -> int:
        if bone not in depth:
            depth[bone] = 0 if parents[bone] < 0 else visit(parents[bone]) + 1
        return depth[bone]

    for bone in bones:
        visit(bone)
    return sorted(depth, key=lambda bone: (depth[bone], bone))


def held_bones(armature: bpy.types.Object, rig: Rig, chain: list[int]) -> set[int]:
    """Those of a chain's bones that constraints or drivers act on."""
    drivers = armature.animation_data.drivers if armature.animation_data is not None else ()
    driven = {path.split('"')[1] for curve in drivers if (path := curve.data_path).startswith('pose.bones["')}
    held = set()
    for index in chain:
        bone = armature.pose.bones[rig.bone_names[index]]
        if bone.name in driven or any(not each.mute and each.influence > 0.0 for each in bone.constraints):
            held.add(index)
    # an IK constraint moves the bones above the one that has it, which need not be a mapped one
    for bone in armature.pose.bones:
        for constraint in bone.constraints:
            if constraint.type in {"IK", "SPLINE_IK"} and not constraint.mute and constraint.influence > 0.0:
                current, left = bone, constraint.chain_count or len(armature.pose.bones)
                while current is not None and left:
                    if rig.index(current.name) in chain:
                        held.add(rig.index(current.name))
                    current, left = current.parent, left - 1
    return held


def is_plain(armature: bpy.types.Object, rig: Rig, chain: list[int]) -> bool:
    """Whether F-curves and rest matrices alone tell where the bones of a chain are."""
    if uses_nla(armature) or not _object_is_still(armature):
        return False
    channels = ActionChannels(armature)
    for index in chain:
        bone = armature.pose.bones[rig.bone_names[index]]
        plain = bone.bone.use_inherit_rotation and bone.bone.inherit_scale == "FULL"
        moved = channels.keyed(bone_path(bone.name, "location")) or np.any(np.array(bone.location))
        if not plain or (moved and not bone.bone.use_local_location):
            return False
    return True


def uses_nla(armature: bpy.types.Object) -> bool:
    """Whether NLA tracks play below the active action."""
    data = armature.animation_data
    return bool(data.use_nla) and any(
        not track.mute and any(not strip.mute for strip in track.strips) for track in data.nla_tracks
    )


def _object_is_still(armature: bpy.types.Object) -> bool:
    current: Optional[bpy.types.Object] = armature
    while current is not None:
        data = current.animation_data
        if len(current.constraints) or (current.parent is not None and current.parent_type != "OBJECT"):
            return False
        if data is not None:
            if current != armature and (data.action is not None or len(data.nla_tracks)):
                return False
            curves = [*(ActionChannels(current).curves if data.action is not None else ())]
            paths = [path for path, _ in curves] + [driver.data_path for driver in data.drivers]
            if any(path.startswith(_OBJECT_CHANNELS) for path in paths):
                return False
        current = current.parent
    return True


def mover_of(armature: bpy.types.Object, hips: str) -> Optional[str]:
    """The bone whose location moves the hips: their own, or the one that connected hips hang on."""
    bone = armature.data.bones[hips]
    while bone.use_connect and bone.parent is not None:
        bone = bone.parent
    return bone.name


def axes_of_location(armature: bpy.types.Object, rig: Rig, name: str, poses: Array, moves: Array) -> Array:
    """What the axes of a bone's location are in the space of ``poses (T, N, 4, 4)``: ``(T, 3, 3)``."""
    bone, index = armature.data.bones[name], rig.index(name)
    if bone.parent is None:
        return np.asarray((moves @ (rig.rest[index] if bone.use_local_location else np.eye(4)))[:, :3, :3])
    parent = rig.index(bone.parent.name)
    if bone.use_local_location and bone.use_inherit_rotation and bone.inherit_scale == "FULL":
        return np.asarray((poses[:, parent] @ np.linalg.inv(rig.rest[parent]) @ rig.rest[index])[:, :3, :3])
    result = np.empty((len(poses), 3, 3))
    rest, rest_parent = Matrix(rig.rest[index].tolist()), Matrix(rig.rest[parent].tolist())
    for frame, pose in enumerate(poses[:, parent]):
        for axis in range(3):
            ends = [
                bone.convert_local_to_pose(
                    Matrix.Translation(np.eye(3)[axis] * size),
                    rest,
                    parent_matrix=Matrix(pose.tolist()),
                    parent_matrix_local=rest_parent,
                ).translation
                for size in (0.0, 1.0)
            ]
            result[frame, :, axis] = np.array(ends[1]) - np.array(ends[0])
    return result


def as_posed(armature: bpy.types.Object, rig: Rig, rig_map: RigMap) -> Rig:
    """The rig in the proportions that its pose gives it: what is scaled or shifted stays so when others are keyed.

    What is above the hips counts as at rest, for their keys follow it; so does what keys scale or shift now more, now
    less (``uneven_proportions`` tells), whatever the current frame. ``rig`` has the hierarchy of ``rig_map``.
    """
    animated = _animated(armature)
    mapped = [rig.index(bone) for bone in rig_map.bones.values()]
    carrier = mover_of(armature, rig_map.bones["hips"]) if "hips" in rig_map.bones else None
    free = {rig.index(carrier), *rig.ancestors(rig.index(carrier))} if carrier is not None else set()
    poses = [Matrix(rest.tolist()) for rest in rig.rest]
    changed = False
    for index in with_ancestors(mapped, [int(parent) for parent in rig.parents]):
        posed = armature.pose.bones[rig.bone_names[index]]
        still = index in free or posed.bone.use_connect or bone_path(posed.name, "location") in animated
        location = Vector() if still else posed.location
        even = (index in free and posed.name != carrier) or bone_path(posed.name, "scale") in animated
        scale = Vector((1.0, 1.0, 1.0)) if even else posed.scale
        changed = changed or location.length > 0.0 or (scale - Vector((1.0, 1.0, 1.0))).length > 0.0
        above = int(rig.parents[index])
        rest, parents = poses[index].copy(), {}
        if above >= 0:
            parents = {"parent_matrix": poses[above], "parent_matrix_local": Matrix(rig.rest[above].tolist())}
        poses[index] = posed.bone.convert_local_to_pose(Matrix.LocRotScale(location, None, scale), rest, **parents)
    if not changed:
        return rig
    at = np.array([poses[index] for index in mapped])
    turned = rotations.from_matrix(rotations.normalized(np.swapaxes(at[:, :3, :3], 1, 2)).swapaxes(1, 2))
    names = [rig.bone_names[index] for index in mapped]
    return posed_rest(rig, rig_map.bones, names, turned[None], at[None, :, :3, 3])


def _animated(armature: bpy.types.Object) -> set[str]:
    """Data paths that keys change in the action of HoliRep's that plays: those that an artist added stay in it."""
    data = armature.animation_data
    if data is None or data.action is None or MARK not in data.action:
        return set()
    changed = set()
    for (path, _), curve in ActionChannels(armature).curves.items():
        values = [key.co[1] for key in curve.keyframe_points] if path.endswith((".location", ".scale")) else []
        if values and max(values) - min(values) > _CHANGED:
            changed.add(path)
    return changed


def uneven_proportions(armature: bpy.types.Object, rig_map: RigMap) -> str:
    """What to say of mapped bones whose proportions do not stay what they are; empty where all do.

    Scaled unevenly, they shear the bones below as they turn; where keys scale or shift them, they have no one length.
    """
    bones = [armature.pose.bones[name] for name in rig_map.bones.values()]
    carriers = {above.name for bone in bones for above in bone.parent_recursive}
    animated = _animated(armature)
    mover = mover_of(armature, rig_map.bones["hips"]) if "hips" in rig_map.bones else ""
    for bone in bones:
        if bone.name not in carriers:
            continue
        shifted = bone.name != mover and not bone.bone.use_connect and bone_path(bone.name, "location") in animated
        if shifted or bone_path(bone.name, "scale") in animated:
            return f"Keys change how {bone.name} is scaled or shifted: it is taken as at rest, so feet may not hold."
        if max(bone.scale) - min(bone.scale) > 1e-3 * max(bone.scale):
            return f"{bone.name} is scaled unevenly, which shears the bones below: feet may not hold. Scale it evenly."
    return ""
