# SPDX-License-Identifier: GPL-3.0-or-later
"""Putting a take on a character: new actions on mapped bones and shape keys, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Optional

import bpy
import numpy as np

from ..motion.refining.options import RefineOptions
from ..motion.refining.performer import RefinedTake, refined_take
from ..motion.refining.refine import RefineCache, refined_motion
from ..motion.refining.report import RefineReport
from ..motion.retargeting import BoneInheritance, RetargetedMotion, RetargetOptions, retarget
from ..motion.retargeting.face_joints import with_face_joints
from ..motion.retargeting.timing import on_whole_frames, scene_frames
from ..motion.rigs import Rig, RigError, RigMap, find_rig_map, usable
from ..motion.rigs.names import readable_joint
from ..motion.rigs.posed_rest import from_rest
from ..motion.take import Take
from .actions import Channel, Rollback, is_tweaked, put_in_place, write_action
from .bone_channels import location_channel, locked_channels, rotation_channels
from .characters import armature_of, meshes_with_shape_keys, read_rig
from .parent_spaces import follow_constraints
from .rig_behaviour import as_posed, uneven_proportions
from .shape_keys import KeyedFace, ShapeKeyMap, face_channels

_GAZE = {"eyeLookInLeft", "eyeLookOutLeft", "eyeLookUpLeft", "eyeLookDownLeft"}


class ApplyError(ValueError):
    """A take that cannot be applied to a character; the message is for the user, and nothing was changed."""


@dataclass
class ApplyOptions:
    """How a take is applied.

    Attributes
    ----------
    retargeting : space, root and the like.
    rig_map : which joint drives which bone; found by itself where None.
    shape_key_maps : mesh name to ARKit name to ``[(shape key, factor)]``; found by the keys' names where left out.
    frame_start : the scene's frame for the take's first frame; the scene's first frame where None.
    whole_frames : resample to the scene's whole frames; otherwise each frame of the plate gets its key at its own time,
        between the scene's frames where the rates differ.
    push_to_nla : put the keys on an NLA track named HoliRep and leave the active action alone.
    keep_previous_on_nla : the artist's own active action goes on an NLA track; otherwise it stays as data.
    set_scene_range : make the scene's range that of the take.
    body, face : what to apply.
    keep_face_keys : leave the keys of shape keys as they are, as when only the body is refined again.
    refine : how the motion is refined before it is keyed; None leaves it as it was captured.
    refine_cache : what refining may keep for the next time, when only contacts were edited.
    refine_at_once : rather have a first answer to such an edit than wait long; the refining's report tells.
    """

    retargeting: RetargetOptions = field(default_factory=RetargetOptions)
    rig_map: Optional[RigMap] = None
    shape_key_maps: Optional[Mapping[str, ShapeKeyMap]] = None
    frame_start: Optional[float] = None
    whole_frames: bool = False
    push_to_nla: bool = False
    keep_previous_on_nla: bool = False
    set_scene_range: bool = False
    body: bool = True
    face: bool = True
    keep_face_keys: bool = False
    refine: Optional[RefineOptions] = None
    refine_cache: Optional[RefineCache] = None
    refine_at_once: bool = False


@dataclass
class AppliedReport:
    """What was keyed: bone names, shape keys per mesh, first and last scene frame, and sentences for the user.

    ``refine`` is what refining did and found, its frames those of the keys; None where the motion was not refined.
    """

    bones: tuple[str, ...]
    shape_keys: dict[str, int]
    frames: tuple[float, float]
    key_count: int
    family: str
    actions: tuple[str, ...]
    warnings: tuple[str, ...]
    refine: Optional[RefineReport] = None


def apply_take(
    context: bpy.types.Context, take: Take, character: bpy.types.Object, options: Optional[ApplyOptions] = None
) -> AppliedReport:
    """Keys a take on a character: its armature object, or a mesh that belongs to one.

    Plain data edits only: no operator is called and no undo step is pushed; the caller's operator is one undo step.
    Where something fails nothing is left half applied.

    Raises
    ------
    ApplyError : the character is gone, is linked, has no usable bones, or the take is empty.
    """
    chosen = options or ApplyOptions()
    armature = check_character(character)
    if take.frame_count == 0:
        raise ApplyError("The take has no frames. Replicate the plate again.")
    try:
        take.check_finite()
    except ValueError as error:
        raise ApplyError(f"The take cannot be used: {error}. Replicate the plate again.") from error
    scene = context.scene
    fps = scene.render.fps / scene.render.fps_base
    played = on_whole_frames(take, fps) if chosen.whole_frames else take
    refined = _refined(played, chosen) if chosen.body and chosen.refine is not None else None
    played = played if refined is None else refined.take
    start = float(scene.frame_start) if chosen.frame_start is None else float(chosen.frame_start)
    frames = scene_frames(played, fps, start)
    warnings: list[str] = []

    faces = face_channels(played, armature, warnings, chosen.shape_key_maps) if chosen.face else []
    if chosen.face and not faces:
        warnings.append("No mesh of the character has shape keys for the face: the face is not keyed.")
    motion, rig_map, held, refining = None, None, False, None
    if chosen.body:
        rig = read_rig(armature)
        rig_map = _rig_map(rig, chosen, warnings)
        inheritance = _inheritance(armature, rig)
        unit = scene.unit_settings.scale_length
        motion, refining = _retarget(played, refined, armature, rig, rig_map, inheritance, faces, chosen, unit)
        held = bool(inheritance.held.any())
        if armature.data.pose_position == "REST":
            warnings.append(f"{armature.name} shows its rest pose: set Pose Position to Pose to see the motion.")
        uneven = uneven_proportions(armature, rig_map)
        warnings += [*motion.warnings, *([uneven] if uneven else [])]
        warnings += refining.warnings if refining is not None else ()

    actions: list[bpy.types.Action] = []
    with Rollback() as rollback:
        finishing = []
        if motion is not None and rig_map is not None:
            _set_properties(armature, rig_map, rollback)
            if held:
                motion.rotations, stuck = follow_constraints(context, armature, motion)
                warnings += stuck
            channels = _bone_channels(armature, motion, warnings)
            actions.append(write_action(armature, f"{armature.name} HoliRep", "pose", frames, channels, rollback))
            finishing.append(_place(armature, actions[-1], chosen, rollback))
        for keyed in faces if not chosen.keep_face_keys else ():
            name = f"{keyed.mesh_name} HoliRep Face"
            actions.append(write_action(keyed.key, name, "shape_keys", frames, keyed.channels, rollback))
            finishing.append(_place(keyed.key, actions[-1], chosen, rollback))
        for finish in finishing:
            finish()
    if chosen.set_scene_range:
        scene.frame_start, scene.frame_end = int(np.floor(frames[0])), int(np.ceil(frames[-1]))
    scene.frame_set(scene.frame_current, subframe=scene.frame_subframe)
    return AppliedReport(
        bones=motion.bone_names if motion is not None else (),
        shape_keys={keyed.mesh_name: len(keyed.channels) for keyed in faces},
        frames=(float(frames[0]), float(frames[-1])),
        key_count=len(frames),
        family=rig_map.family if rig_map is not None else "",
        actions=tuple(action.name for action in actions),
        warnings=tuple(warnings),
        refine=refining,
    )


def check_character(character: Optional[bpy.types.Object]) -> bpy.types.Object:
    """The armature object of a character. Raises ApplyError, in the user's words, where it cannot be keyed."""
    try:
        armature = armature_of(character)
    except ReferenceError:
        raise ApplyError("The character was deleted. Choose another one and apply the take again.") from None
    if armature is None:
        raise ApplyError("Choose a character first: an armature, or a mesh that an armature deforms.")
    if armature.library is not None:
        raise ApplyError(
            f"{armature.name} is linked from another file and cannot be keyed. "
            "Make a library override of it first (Object > Library Override > Make)."
        )
    keys = [(mesh.name, mesh.data.shape_keys) for mesh in meshes_with_shape_keys(armature)]
    for name, owner in [(armature.name, armature), *keys]:
        if is_tweaked(owner):
            raise ApplyError(f"{name} is in the NLA's tweak mode. Leave it first (Tab in the NLA editor).")
    return armature


def _rig_map(rig: Rig, options: ApplyOptions, warnings: list[str]) -> RigMap:
    try:
        found = options.rig_map or find_rig_map(rig)
    except RigError as error:
        raise ApplyError(str(error)) from error
    present = found.without_missing(rig)
    if not usable(present):
        raise ApplyError(
            f"{rig.name} has no usable bones: the rig map needs the hips and at least one arm or leg. "
            "Fill in the rig map."
        )
    missing = [f"{readable_joint(joint)} ({bone})" for joint, bone in found.bones.items() if joint not in present.bones]
    if missing:
        warnings.append(
            f"{rig.name} has no such bones, so these joints of the rig map were not keyed: {', '.join(missing)}."
        )
    return present


def _refined(take: Take, options: ApplyOptions) -> RefinedTake:
    assert options.refine is not None
    try:
        return refined_take(take, options.refine, options.refine_cache, options.refine_at_once)
    except ValueError as error:
        raise ApplyError(str(error)) from error


def _retarget(
    take: Take,
    refined: Optional[RefinedTake],
    armature: bpy.types.Object,
    rig: Rig,
    rig_map: RigMap,
    inheritance: BoneInheritance,
    faces: list[KeyedFace],
    options: ApplyOptions,
    scale_length: float,
) -> tuple[RetargetedMotion, Optional[RefineReport]]:
    """The take on the rig, and with ``refined``, the same take with its contacts, made to hold there."""
    coefficients = {name for keyed in faces for name in keyed.driven_by}
    bones = dict(rig_map.bones)
    if "jawOpen" in coefficients or not options.face:
        bones.pop("jaw", None)
    if coefficients & _GAZE or not options.face:
        bones.pop("leftEye", None)
        bones.pop("rightEye", None)
    driven = RigMap(rig_map.family, bones, rig_map.settings, rig_map.parents, rig_map.score)
    metres = np.diag(
        [scale_length, scale_length, scale_length, 1.0]
    )  # the take is in metres, whatever the scene's unit
    at_rest, matrix = driven.followed(rig), metres @ np.array(armature.matrix_world)
    followed = as_posed(armature, at_rest, driven)
    try:
        faced, memo = with_face_joints(take), options.refine_cache
        if refined is None or memo is None:
            motion = retarget(faced, followed, driven, matrix, options.retargeting, inheritance=inheritance)
        else:
            motion = memo.motions.retargeted(faced, followed, driven, matrix, options.retargeting, inheritance)
        motion = from_rest(motion, at_rest, followed)
        if refined is None or options.refine is None:
            return motion, None
        return refined_motion(refined, motion, followed, driven, matrix, options.refine, memo, options.refine_at_once)
    except ValueError as error:
        raise ApplyError(str(error)) from error


def _inheritance(armature: bpy.types.Object, rig: Rig) -> BoneInheritance:
    bones = [armature.data.bones[name] for name in rig.bone_names]
    drivers = armature.animation_data.drivers if armature.animation_data is not None else ()
    driven = " ".join(curve.data_path for curve in drivers)
    held = [bool(len(armature.pose.bones[name].constraints)) or f'["{name}"].' in driven for name in rig.bone_names]
    return BoneInheritance(
        np.array([bone.use_inherit_rotation for bone in bones]),
        np.array([bone.use_connect and bone.parent is not None for bone in bones]),
        np.array([bone.use_local_location for bone in bones]),
        np.array(held),
    )


def _bone_channels(armature: bpy.types.Object, motion: RetargetedMotion, warnings: list[str]) -> list[Channel]:
    bones = [armature.pose.bones[name] for name in motion.bone_names]
    channels = rotation_channels(bones, motion.rotations)
    locked = [bone.name for bone in bones if locked_channels(bone, bone.name == motion.location_bone)]
    if motion.location_bone is not None:
        channels.append(location_channel(armature.pose.bones[motion.location_bone], motion.locations))
    if locked:
        warnings.append(f"Locked channels were keyed all the same: {', '.join(locked)}. Locks only bind the mouse.")
    return channels


def _set_properties(armature: bpy.types.Object, rig_map: RigMap, rollback: Rollback) -> None:
    """Sets the IK/FK switches and the like that the rig map asks for."""
    for bone_name, name, value in rig_map.settings:
        bone = armature.pose.bones.get(bone_name)
        if bone is None or name not in bone:
            continue
        before = bone[name]
        rollback.add(lambda bone=bone, name=name, before=before: bone.__setitem__(name, before))
        bone[name] = type(before)(value)
    armature.update_tag()


def _place(owner: bpy.types.ID, action: bpy.types.Action, options: ApplyOptions, rollback: Rollback):  # type: ignore[no-untyped-def]
    return put_in_place(
        owner,
        action,
        to_nla=options.push_to_nla,
        keep_previous_on_nla=options.keep_previous_on_nla,
        rollback=rollback,
    )
