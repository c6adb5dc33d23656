# SPDX-License-Identifier: GPL-3.0-or-later
"""Clamp, plant and check: the active action of any mapped rig, whoever made it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Optional

import bpy
import numpy as np
import numpy.typing as npt

from ..motion import rotations
from ..motion.contacts.floor import Floor
from ..motion.planting import CharacterTake, character_take, to_motion
from ..motion.refining.options import RefineOptions
from ..motion.refining.refine import in_armature
from ..motion.refining.report import RefineReport
from ..motion.refining.rest_pose import folded_joint
from ..motion.refining.verbs import checked, clamped, planted_take
from ..motion.retargeting import RetargetedMotion, RetargetOptions
from ..motion.rigs import RigMap, find_rig_map, usable
from ..motion.rigs.names import readable_joint
from ..motion.take import Take
from .actions import Rollback
from .applying import ApplyError, check_character
from .characters import read_rig
from .fixed_joints import fixed_joints, in_the_way, without_fixed
from .motion_checks import measured_at
from .motion_reading import ActiveMotion, MotionError, action_frames, check_animation, read_motion
from .motion_writing import Written, carrier_of, write_motion
from .refining_record import note, with_note

Array = npt.NDArray[np.float64]
Verb = Callable[[Take, RefineOptions], tuple[Take, RefineReport]]

_NAMES: dict[Verb, str] = {clamped: "clamp", planted_take: "plant"}
_AROUND = 1.0
"""Seconds of the action around the range that are read with it: contacts and excursions begin before it."""
_FOLLOWS = np.radians(1.0)
_SAMPLES = 5


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


@dataclass
class AnimationReport:
    """What was done to an animation.

    Attributes
    ----------
    report : what was found; its frames count ``frames``.
    frames : (T,) the scene's frames that were read.
    range : first and last frame that might be changed.
    written : what was keyed; None for a check.
    sentence : what was done, for the user.
    warnings : what the user should look at.
    """

    report: RefineReport
    frames: Array
    range: tuple[int, int]
    written: Optional[Written]
    sentence: str
    warnings: tuple[str, ...]


def clamp_animation(
    context: bpy.types.Context, character: bpy.types.Object, options: AnimationOptions
) -> AnimationReport:
    """Brings the active action of a character within human limits.

    Raises ValueError, in the user's words, where it cannot be done; then nothing was changed.
    """
    return _refine(context, character, options, clamped)


def plant_animation(
    context: bpy.types.Context, character: bpy.types.Object, options: AnimationOptions
) -> AnimationReport:
    """Keeps the feet of the active action of a character where they touch the floor. Raises as ``clamp_animation``."""
    return _refine(context, character, options, planted_take)


def check_animation_of(
    context: bpy.types.Context, character: bpy.types.Object, options: AnimationOptions
) -> AnimationReport:
    """Looks at the active action of a character and changes nothing. Raises as ``clamp_animation``."""
    active, copied, chosen, warnings, span = _read(context, character, options)
    report = checked(copied.take, chosen)
    text = f"Checked frames {span[0]} to {span[1]} of {active.armature.name}: {', '.join(report.sentences)}"
    return AnimationReport(report, active.frames, span, None, text, tuple(warnings))


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


def _refine(
    context: bpy.types.Context, character: bpy.types.Object, options: AnimationOptions, verb: Verb
) -> AnimationReport:
    active, copied, asked, warnings, span = _read(context, character, options)
    fixed, plants = fixed_joints(active), verb is planted_take
    chosen = without_fixed(asked, fixed, copied.take, plants) if fixed else asked
    name = _NAMES[verb]
    result, report = verb(with_note(context, active, copied.take, name, chosen), chosen)
    motion = to_motion(copied, result, active.motion)
    if len(report.places):
        report.places = in_armature(copied, report.places)
    written, stuck = _write(context, active, motion, frozenset(), whole=plants)
    if stuck:
        written, _ = _write(context, active, motion, frozenset(stuck), whole=False)
        warnings.append(
            f"Constraints or drivers hold {', '.join(stuck)}: left alone. Switch them off, or map the controls instead."
        )
    warnings += in_the_way(fixed, asked, result, plants)
    if written.bones:
        note(context, active, name, chosen)
    context.scene.frame_set(context.scene.frame_current, subframe=context.scene.frame_subframe)
    if written.new_channels:
        warnings.append(f"These had no keys and got some: {', '.join(dict.fromkeys(written.new_channels))}.")
    warnings += [*written.warnings, *report.warnings]
    return AnimationReport(report, active.frames, span, written, _sentence(active, report, written), tuple(warnings))


def _sentence(active: ActiveMotion, report: RefineReport, written: Written) -> str:
    done = ", ".join(report.sentences)
    if not written.bones:
        return f"{active.armature.name}: {done}. No key was changed"
    count = len(written.bones)
    bones = "1 bone" if count == 1 else f"{count} bones"
    return f"{active.armature.name}: {done}. Keyed {bones}, frames {written.first} to {written.last}"


def _read(
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


def _write(
    context: bpy.types.Context, active: ActiveMotion, motion: RetargetedMotion, without: frozenset[str], whole: bool
) -> tuple[Written, list[str]]:
    """Writes a motion, and names the bones that do not do what their keys say; where there are any, nothing is written.

    With ``whole`` such bones are an error, because the rest makes no sense without them.
    """
    with contextlib.suppress(_HeldError), Rollback() as rollback:
        written = write_motion(active, motion, rollback, without)
        stuck = _not_following(context, active, motion, written) if active.evaluated and not without else []
        if stuck:
            raise _HeldError
        return written, []
    if whole:
        raise MotionError(
            f"Constraints or drivers hold {', '.join(stuck)}, so keys on them change nothing. Map the controls that "
            "move them, or bake the motion to the bones first."
        )
    return Written(), stuck


class _HeldError(Exception):
    """Takes back what was written, because bones do not follow."""


def _not_following(
    context: bpy.types.Context, active: ActiveMotion, motion: RetargetedMotion, written: Written
) -> list[str]:
    """Names of bones that do not turn against those above them as their new keys say; a few frames are looked at."""
    names, wanted = list(active.motion.bone_names), motion.pose_rotations
    index = {name: column for column, name in enumerate(names)}
    changed = [index[name] for name in written.bones if name in index]
    turned = rotations.angle_between(wanted, active.motion.pose_rotations)
    rows = np.unique([*np.linspace(0, len(wanted) - 1, _SAMPLES).astype(int), *np.argmax(turned[:, changed], axis=0)])
    carriers = {column: carrier_of(active, names[column], index) for column in changed}
    worst: dict[str, float] = {}
    for row in rows[: 3 * _SAMPLES]:
        frame = int(active.frames[row])
        now = read_motion(context, active.armature, active.base, active.rig_map, frame, frame, evaluate=True)
        place = {name: column for column, name in enumerate(now.motion.bone_names)}
        to_first = rotations.from_matrix(rotation_of(active.object_moves[row]))
        got = rotations.multiply(to_first, now.motion.pose_rotations[0])
        for column, carrier in carriers.items():
            if names[column] not in place or (carrier >= 0 and names[carrier] not in place):
                continue
            ours, theirs = got[place[names[column]]], wanted[row, column]
            if carrier >= 0:
                ours = rotations.multiply(rotations.inverse(got[place[names[carrier]]]), ours)
                theirs = rotations.multiply(rotations.inverse(wanted[row, carrier]), theirs)
            error = float(rotations.angle_between(ours, theirs))
            worst[names[column]] = max(worst.get(names[column], 0.0), error)
    return [name for name in names if worst.get(name, 0.0) > _FOLLOWS]


def rotation_of(matrix: Array) -> Array:
    """The rotation ``(3, 3)`` of a matrix ``(4, 4)`` without its scale."""
    return np.asarray(rotations.normalized(matrix[:3, :3].T).T)
