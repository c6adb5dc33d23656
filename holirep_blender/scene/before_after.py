# SPDX-License-Identifier: GPL-3.0-or-later
"""Comparing: the motion as it was before refining, in an action of its own beside the refined one.

The refined action is only put aside, with all that the artist keyed in it, and comes back as it is. The action that
shows the motion before is made for looking: what HoliRep wrote in it is locked, and it goes when the refined one comes
back; where the artist keyed something in it all the same, it stays in the file.
"""

from __future__ import annotations

import json
from typing import Any, Callable, Optional

import bpy

from . import blender_versions
from .actions import MARK, RECORD
from .characters import armature_of

_FINGERPRINT = "holirep_before"
"""Custom property of the action that shows the motion before: what was in it besides HoliRep's own curves."""


def shows_before(shot: bpy.types.PropertyGroup) -> bool:
    """Whether the character plays the motion as it was before refining."""
    before, after = shot.refine.before, shot.refine.after
    return before is not None and after is not None and _playing(shot, before) is not None


def can_compare(shot: bpy.types.PropertyGroup) -> bool:
    """Whether the character plays motion that HoliRep refined, or the motion before."""
    refine = shot.refine
    return refine.has_report and refine.character == shot.character and _playing(shot) is not None


def show_before(shot: bpy.types.PropertyGroup, apply_unrefined: Callable[[], object]) -> None:
    """Puts the refined action aside and plays the motion before.

    ``apply_unrefined`` applies the take to the character without refining, as an action in place of the one that plays.
    Raises what that raises; then the refined action plays as before.
    """
    refine = shot.refine
    refine.after = _playing(shot)
    if refine.after is None:
        raise ValueError("There is no refined motion on the character to compare with: apply the take first")
    # the pointer is a user, so that applying lets the refined action live
    try:
        apply_unrefined()
    except Exception:
        refine.after = None
        raise
    before = _playing(shot)
    assert before is not None
    before.name = f"{refine.after.name} Before"
    written = _written(before)
    for curve in blender_versions.fcurves_of(before):
        if curve.data_path in written:
            curve.lock = True
    before[_FINGERPRINT] = _fingerprint(before)
    refine.before = before


def show_after(shot: bpy.types.PropertyGroup) -> str:
    """Plays the refined action again; does nothing where it plays already.

    Returns the name of the action with what the artist keyed meanwhile; empty where nothing was.
    """
    refine = shot.refine
    if not shows_before(shot):
        return ""
    before, after = refine.before, refine.after
    owner = armature_of(refine.character)
    slot = _swap(owner, before, after)
    if slot is not None:
        blender_versions.move_other_slots(before, after, slot)
    refine.before = refine.after = None
    if before.get(_FINGERPRINT) != _fingerprint(before):
        before.use_fake_user = True
        for name in (MARK, RECORD, _FINGERPRINT):
            if name in before:
                del before[name]
        return str(before.name)
    if before.users == 0:
        bpy.data.actions.remove(before)
    return ""


def _playing(shot: bpy.types.PropertyGroup, wanted: Optional[bpy.types.Action] = None) -> Optional[bpy.types.Action]:
    """The action of HoliRep's that moves the character: the active one, else the upper one on the NLA.

    With ``wanted`` that action, where it is the one or is on the NLA.
    """
    character = shot.refine.character
    owner = armature_of(character) if character is not None else None
    data = owner.animation_data if owner is not None else None
    if data is None:
        return None
    actions = [strip.action for track in reversed(data.nla_tracks) for strip in track.strips]
    for action in [data.action, *actions]:
        if action is not None and (MARK in action if wanted is None else action == wanted):
            return action
    return None


def _swap(owner: bpy.types.Object, old: bpy.types.Action, new: bpy.types.Action) -> Any:
    """Lets an action take another's place; returns the slot that it had in the old one."""
    data = owner.animation_data
    if data.action == old:
        slot = blender_versions.active_slot(owner)
        blender_versions.assign_action(owner, new, _fitting(new, slot))
        return slot
    for track in data.nla_tracks:
        for strip in track.strips:
            if strip.action == old:
                slot = blender_versions.strip_slot(strip)
                strip.action = new
                blender_versions.set_strip_slot(strip, owner, _fitting(new, slot))
                return slot
    return None


def _fitting(action: bpy.types.Action, slot: Any) -> Any:
    return blender_versions.slot_of_handle(action, slot.handle) if slot is not None else None


def _written(action: bpy.types.Action) -> set[str]:
    paths = json.loads(action.get(RECORD, "{}")).get("paths", {})
    return {path for written in paths.values() for path in written}


def _fingerprint(action: bpy.types.Action) -> str:
    """What the artist keyed in an action, so that a change of it is noticed."""
    written = _written(action)
    curves = [curve for curve in blender_versions.fcurves_of(action) if curve.data_path not in written]
    keys = [
        (
            curve.data_path,
            curve.array_index,
            [tuple(round(value, 5) for value in key.co) for key in curve.keyframe_points],
        )
        for curve in curves
    ]
    return json.dumps(sorted(keys))
