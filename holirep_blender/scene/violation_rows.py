# SPDX-License-Identifier: GPL-3.0-or-later
"""What refining found, as rows of the shot, and showing one: its frame and its bone."""

from __future__ import annotations

import contextlib
import math
from typing import TYPE_CHECKING, Any, Iterable, Optional, Sequence

import bpy

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ..motion.biomechanics.report import Violation

LISTED = 500
"""So many of the worst are kept in the file."""
_NOTICED = {"deg": 5.0, "m": 0.02, "m/frame": 0.002}
"""What of a unit counts as much as exceeding a speed or a moment by its own bound."""


def write(refine: bpy.types.PropertyGroup, violations: Iterable[Violation], frames: npt.NDArray[np.float64]) -> None:
    """Fills the list, the worst first; what is left for the artist before what was corrected.

    ``frames (T,)`` are the scene's frames of those that the violations count.
    """
    ordered = sorted(violations, key=_rank)
    refine.violations.clear()
    refine.found = len(ordered)
    refine.violation_index = -1  # no row: nothing takes the artist to another frame
    for one in ordered[:LISTED]:
        row = refine.violations.add()
        row.name, row.kind, row.joint, row.motion = one.sentence(), one.kind, one.joint, one.motion
        first, last, worst = (min(max(int(index), 0), len(frames) - 1) for index in _frames_of(one))
        row.first, row.last, row.frame = float(frames[first]), float(frames[last]), float(frames[worst])
        row.value, row.bound, row.unit = float(one.value), float(one.bound), one.unit
        row.altered, row.severity = bool(one.altered), severity(one.value, one.bound, one.unit)


def listed(refine: bpy.types.PropertyGroup) -> list[int]:
    """The rows that the list shows, by its filter."""
    kind, altered = refine.violation_kind, refine.show_altered
    return [
        index
        for index, row in enumerate(refine.violations)
        if (kind == "ALL" or row.kind == kind) and (altered or not row.altered)
    ]


def severity(value: float, bound: float, unit: str) -> float:
    """How far a value is beyond its bound, comparable between units; 0 where a value is not a number."""
    if not (math.isfinite(value) and math.isfinite(bound)):
        return 0.0
    return abs(value - bound) / _NOTICED.get(unit, max(abs(bound), 1e-9))


def show_violation(context: bpy.types.Context, scene: bpy.types.Scene, row: bpy.types.PropertyGroup) -> Optional[str]:
    """Goes to the frame at which it is worst and selects its bone in Pose Mode; returns the bone's name, None without.

    Nothing but selection, mode and frame is changed.
    """
    go_to(scene, float(row.frame))
    bone = bone_of(scene.holirep, row.joint)
    return bone if bone is not None and select_bones(context, scene, [bone]) else None


def go_to(scene: bpy.types.Scene, frame: float) -> None:
    """Shows a frame of the scene, between two whole ones too."""
    scene.frame_set(math.floor(frame), subframe=frame - math.floor(frame))


def select_bones(context: bpy.types.Context, scene: bpy.types.Scene, names: Sequence[str]) -> bool:
    """Selects these bones of the shot's character alone, in Pose Mode, the first active; False where it is hidden."""
    character = scene.holirep.character
    if not names or character is None or not _pose(context, scene, character):
        return False
    for each in character.pose.bones:
        _select(each, each.name in names)
    character.data.bones.active = character.data.bones[names[0]]
    return True


def bone_of(shot: bpy.types.PropertyGroup, joint: str) -> Optional[str]:
    """The character's bone that a joint drives, None where there is none."""
    return driven_bones(shot, [joint]).get(joint)


def driven_bones(shot: bpy.types.PropertyGroup, joints: Iterable[str]) -> dict[str, str]:
    """The character's bones that joints drive, by joint; those that drive none are not in it."""
    if shot.character is None:
        return {}
    mapped = {row.joint: row.bone for row in shot.rig_map}
    bones = shot.character.data.bones
    found = {joint: mapped.get(joint, joint) for joint in joints if joint}
    return {joint: bone for joint, bone in found.items() if bone in bones}


def _pose(context: bpy.types.Context, scene: bpy.types.Scene, character: bpy.types.Object) -> bool:
    """Makes the character active in Pose Mode; False where it is not to be seen in the scene."""
    layer = context.view_layer
    if layer.objects.get(character.name) != character or not character.visible_get(view_layer=layer):
        return False
    if layer.objects.active == character and character.mode == "POSE":
        return True
    with contextlib.suppress(RuntimeError):  # an operator that refuses leaves the mode as it is
        if layer.objects.active is not None and layer.objects.active.mode != "OBJECT":
            bpy.ops.object.mode_set(mode="OBJECT")
        for each in context.selected_objects:
            each.select_set(False)
        character.select_set(True)
        layer.objects.active = character
        bpy.ops.object.mode_set(mode="POSE")
    return bool(character.mode == "POSE")


def _select(bone: Any, on: bool) -> None:
    """From 5.0 on a bone is selected on the pose, before that on the armature."""
    owner = bone if hasattr(bone, "select") else bone.bone
    owner.select = on


def _rank(violation: Violation) -> tuple[bool, float, int]:
    return violation.altered, -severity(violation.value, violation.bound, violation.unit), violation.first_frame


def _frames_of(violation: Violation) -> tuple[int, int, int]:
    return violation.first_frame, violation.last_frame, violation.worst_frame
