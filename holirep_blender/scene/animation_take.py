# SPDX-License-Identifier: GPL-3.0-or-later
"""The active action of a mapped rig as a take on the character's own skeleton, and what a verb is to do with it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Optional

import bpy
import numpy as np

from ..motion import rotations
from ..motion.contacts.floor import Floor
from ..motion.planting import CharacterTake, character_take
from ..motion.refining.options import RefineOptions
from ..motion.refining.rest_pose import folded_joint
from ..motion.retargeting import RetargetOptions
from ..motion.rigs import RigMap, find_rig_map, usable
from ..motion.rigs.names import readable_joint
from .applying import ApplyError, check_character
from .characters import read_rig
from .motion_checks import measured_at
from .motion_reading import ActiveMotion, MotionError, action_frames, check_animation, read_motion

_AROUND = 1.0
"""Seconds of the action around the range that are read with it: contacts and excursions begin before it."""


@dataclass(frozen=True)
class AnimationOptions:
    """What of an animation is refined, and how.

    Attributes
    ----------
    refine : preset, strengths and overrides; ``joints``, ``frames`` and ``contact_edits`` are set from what follows.
    rig_map : which bone is which joint; found by itself where None.
    first, last : the scene's frames, both included; None for the action's, beyond which nothing is keyed in any case.
    bones : names of the bones that may be changed; None for all mapped ones.
    scene_floor : the floor in the scene's world, in its units; None finds it from the motion.
    """

    refine: RefineOptions = field(default_factory=RefineOptions)
    rig_map: Optional[RigMap] = None
    first: Optional[int] = None
    last: Optional[int] = None
    bones: Optional[frozenset[str]] = None
    scene_floor: Optional[Floor] = None


def rig_map_of(armature: bpy.types.Object, given: Optional[RigMap] = None) -> RigMap:
    """The rig map of an armature object without the bones that are not there. Raises MotionError where it is no use."""
    rig = read_rig(armature)
    found = (given or find_rig_map(rig)).without_missing(rig)
    if not usable(found):
        raise MotionError(
            f"{armature.name} has no usable bones: the rig map needs the hips and at least one arm or leg. "
            "Fill in the rig map."
        )
    return found


def read_animation(
    context: bpy.types.Context, character: bpy.types.Object, options: AnimationOptions
) -> tuple[ActiveMotion, CharacterTake, RefineOptions, list[str], tuple[int, int]]:
    """The animation as a take on the character's skeleton, and what is to be done with it in that take's frames."""
    try:
        armature = check_character(character)
    except ApplyError as error:
        raise MotionError(str(error)) from error
    rig_map = rig_map_of(armature, options.rig_map)
    check_animation(armature)
    own = action_frames(armature)
    span = _range(options, own)
    scene = context.scene
    fps = scene.render.fps / scene.render.fps_base
    around = int(np.ceil(_AROUND * fps))
    first, last = max(own[0], span[0] - around), min(own[1], span[1] + around)
    active = read_motion(context, armature, read_rig(armature), rig_map, first, last)
    warnings = _switches(armature, rig_map)
    size = scene.unit_settings.scale_length
    factor, told = measured_at(active.rig, rig_map, size * active.object_matrix)
    size *= factor
    warnings += [told] if told else []
    matrix = np.diag([size, size, size, 1.0]) @ active.object_matrix
    floor = None
    if options.scene_floor is not None:
        along = size * np.array(options.scene_floor.point)
        floor = Floor((float(along[0]), float(along[1]), float(along[2])), options.scene_floor.normal)
        active.motion = replace(active.motion, options=RetargetOptions(space="world"))
    copied = character_take(active.motion, active.rig, rig_map, matrix, fps=fps)
    folded = folded_joint(copied.take)
    if folded:
        raise MotionError(
            f"The rest pose of {armature.name} is folded up (see the {folded}), so which way its joints bend cannot be "
            "told. Import it with an upright rest pose, or transfer its motion to a rig that has one."
        )
    joints = _joints(rig_map, options.bones)
    frames = None if (first, last) == span else (span[0] - first, span[1] - first)
    chosen = replace(options.refine, joints=joints, frames=frames, contact_edits=())
    if floor is not None:
        chosen = replace(chosen, floor=floor)
    warnings += _stretched(active, copied)
    return active, copied, chosen, warnings, span


def _range(options: AnimationOptions, own: tuple[int, int]) -> tuple[int, int]:
    first = own[0] if options.first is None else options.first
    last = own[1] if options.last is None else options.last
    if last < first:
        raise MotionError(f"The range ends at frame {last}, before it begins at frame {first}.")
    if last < own[0] or first > own[1]:
        raise MotionError(f"There are no keys in frames {first} to {last}: the action has frames {own[0]} to {own[1]}.")
    return max(first, own[0]), min(last, own[1])


def _joints(rig_map: RigMap, bones: Optional[frozenset[str]]) -> Optional[frozenset[str]]:
    if bones is None:
        return None
    joints = frozenset(joint for joint, bone in rig_map.bones.items() if bone in bones)
    if not joints:
        raise MotionError("None of the selected bones is in the rig map. Select mapped bones, or choose all bones.")
    return joints


def _switches(armature: bpy.types.Object, rig_map: RigMap) -> list[str]:
    """What to say where a control rig plays its IK and not the FK bones that the rig map names."""
    off = []
    for bone_name, name, value in rig_map.settings:
        bone = armature.pose.bones.get(bone_name)
        if bone is not None and name in bone and abs(float(bone[name]) - value) > 1e-3:
            off.append(f"{bone_name} {name} is {float(bone[name]):g}, not {value:g}")
    if not off:
        return []
    return [f"Keys on the mapped bones do not show while {'; '.join(off)}. Bake the motion to them and switch first."]


def _stretched(active: ActiveMotion, copied: CharacterTake) -> list[str]:
    """What to say where bones have no constant length, so that joints are not where rotations alone put them."""
    take = copied.take
    heads = take.world_positions()
    moved = rotations.rotate(rotations.inverse(copied.to_world), heads - copied.origin) / copied.scale
    size = float(np.ptp(active.rig.heads, axis=0).max()) or 1.0
    worst, where = 0.0, ""
    for joint, row in enumerate(copied.bones):
        if row >= 0 and take.joint_names[joint] in active.rig_map.bones:
            off = float(np.linalg.norm(moved[:, joint] - active.heads[:, row], axis=-1).max()) / size
            if off > worst:
                worst, where = off, readable_joint(take.joint_names[joint])
    if worst < 0.005:
        return []
    return [
        f"Bones change their length or are scaled unevenly ({where} most): they are taken as rigid, so feet may not "
        "hold exactly. Scale them evenly, or bake the motion to bones that keep their length."
    ]
