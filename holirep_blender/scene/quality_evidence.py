# SPDX-License-Identifier: GPL-3.0-or-later
"""What a shot has to be judged by: its take, the character's motion as it is keyed, contacts, floor and light."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

import bpy
import numpy as np

from ..motion.contacts.floor import Floor
from ..motion.contacts.names import SOLE_POINTS
from ..motion.contacts.record import Contacts
from ..motion.planting import CharacterTake, character_floor, character_take
from ..motion.refining.performer import own_floor
from ..motion.refining.rest_pose import folded_joint
from ..motion.retargeting import RetargetOptions
from ..motion.retargeting.timing import at_times
from ..motion.take import Take
from ..quality.evidence import Evidence
from ..quality.face_keys import FaceKeys
from . import quality_lighting, refine_clock
from .animation_take import rig_map_of
from .characters import read_rig
from .motion_reading import MotionError, action_frames, check_animation, read_motion
from .quality_face_keys import face_keys
from .quality_face_light import with_face
from .quality_strip import plate_file, shot_plate
from .refine_floor import floor_on_plate, ground_of_object
from .rig_map_rows import has_rig_map, read_rig_map
from .shot import character_problem

SPACE = "space"
"""In the header of a character's take: ``"world"``, the world of the take's camera, or ``"character"``, its own."""


def gather_evidence(context: bpy.types.Context, scene: bpy.types.Scene, take: Optional[Take] = None) -> Evidence:
    """All that a scene's shot knows of a take; what is not there is None, with the reason in ``missing``.

    ``character`` has a row for each of the take's frames, ``contacts`` too; the floor is in the world of ``character``,
    or of the take where there is none. Its header's ``space`` tells whether its world is that of the take's camera.

    Parameters
    ----------
    take : the shot's own where it is not given.

    Raises ValueError, in the user's words, where there is no take or it cannot be read.
    """
    shot = scene.holirep
    if take is None:
        take = take_of(shot)
    missing: dict[str, str] = {}
    start = refine_clock.take_start(scene, take.header)
    copied: Optional[CharacterTake] = None
    try:
        copied = _character(context, scene, take, start)
    except ValueError as error:
        missing["character"] = str(error)
    contacts: Optional[Contacts] = None
    floor: Optional[Floor] = None
    try:
        floor = _floor(shot, take, copied)
    except ValueError as error:
        missing["floor"] = str(error)
    if copied is None:
        missing["contacts"] = "there is no character that they were set on"
    elif not (shot.refine.has_report and shot.refine.character == shot.character):
        missing["contacts"] = "the character's motion was not refined"
    else:
        contacts = _contacts(scene, take, start)
    keys: Optional[FaceKeys] = None
    try:
        keys = _face_keys(scene, take, start)
    except ValueError as error:
        missing["face_keys"] = str(error)
    lighting, why = quality_lighting.lighting_evidence(scene)
    if why:
        missing["lighting"] = why
    if lighting is not None:
        plate = plate_file(take.header, shot_plate(shot))
        lighting = with_face(lighting, take, plate, bool(shot.match_camera))
    character = None if copied is None else copied.take
    return Evidence(take, character, contacts, floor, lighting, keys, missing)


def take_of(shot: bpy.types.PropertyGroup) -> Take:
    """The shot's take. Raises ValueError, in the user's words, where there is none or it cannot be read."""
    if not shot.take.strip():
        raise ValueError("There is no take yet: replicate a performance, or open a take")
    return Take.load(bpy.path.abspath(shot.take.strip()))


def _character(context: bpy.types.Context, scene: bpy.types.Scene, take: Take, start: float) -> CharacterTake:
    """The motion of the shot's character as it is keyed, at the take's times. Raises ValueError: why there is none."""
    shot = scene.holirep
    problem = character_problem(scene)
    if problem:
        raise MotionError(problem)
    armature = shot.character
    rig_map = rig_map_of(armature, read_rig_map(shot) if has_rig_map(shot) else None)
    check_animation(armature)
    fps = refine_clock.frame_rate(scene)
    end = start + (take.frame_count - 1) / take.fps * fps
    first, last = int(np.floor(start + 1e-3)), int(np.ceil(end - 1e-3))
    keyed = action_frames(armature)
    if keyed[1] < first or keyed[0] > last:
        raise MotionError(
            f"{armature.name} has keys in frames {keyed[0]} to {keyed[1]}, the take plays in {first} to {last}: "
            "apply it first"
        )
    active = read_motion(context, armature, read_rig(armature), rig_map, first, last)
    world = bool(shot.match_camera)
    motion = replace(active.motion, options=RetargetOptions(space="world" if world else "character"))
    unit = scene.unit_settings.scale_length
    matrix = np.diag([unit, unit, unit, 1.0]) @ active.object_matrix
    copied = character_take(motion, active.rig, rig_map, matrix, fps=fps, frame_start=take.frame_start)
    folded = folded_joint(copied.take)
    if folded:
        raise MotionError(f"The rest pose of {armature.name} is folded up (see the {folded}): give it an upright one")
    times = (start - first) / fps + take.times
    result = at_times(copied.take, times, take.fps)
    result.header[SPACE] = "world" if world else "character"
    for joint, name in enumerate(result.joint_names):
        if name in take.joint_names:
            result.joint_confidence[:, joint] = take.joint_confidence[:, take.joint_names.index(name)]
    return replace(copied, take=result)


def _face_keys(scene: bpy.types.Scene, take: Take, start: float) -> FaceKeys:
    """The shot's character's face as it is keyed, at the take's times. Raises ValueError: why there is none."""
    problem = character_problem(scene)
    if problem:
        raise ValueError(problem)
    return face_keys(scene.holirep.character, take, start + take.times * refine_clock.frame_rate(scene))


def _floor(shot: bpy.types.PropertyGroup, take: Take, character: Optional[CharacterTake]) -> Floor:
    """What the character stands on, as it was refined with; the performer's floor where there is no character."""
    refine = shot.refine
    picked = refine.floor_kind == "PLATE" and any(refine.floor_corners)
    own = (
        floor_on_plate(take, refine.floor_frame, np.array(refine.floor_corners).reshape(4, 2))
        if picked
        else own_floor(take)
    )
    if character is None:
        return own
    if refine.floor_kind == "OBJECT" and refine.floor_object is not None:
        return ground_of_object(shot, take)
    return Floor() if character.space == "character" else character_floor(character, take, own)


def _contacts(scene: bpy.types.Scene, take: Take, start: float) -> Contacts:
    """The contacts that the motion was refined with, in the take's rows."""
    spans = scene.holirep.refine.contact_spans
    names = tuple(dict.fromkeys([*SOLE_POINTS, *(span.point for span in spans)]))
    confidence = np.zeros((take.frame_count, len(names)))
    rate = take.fps / refine_clock.frame_rate(scene)
    for span in spans:
        first, last = (round((frame - start) * rate) for frame in (span.first, span.last))
        confidence[max(first, 0) : max(last + 1, 0), names.index(span.point)] = 1.0
    return Contacts(names, confidence)
