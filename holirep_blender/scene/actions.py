# SPDX-License-Identifier: GPL-3.0-or-later
"""Actions: writing whole F-curves at once, and putting actions in place without losing any."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Optional

import bpy
import numpy as np
import numpy.typing as npt

from . import blender_versions

MARK = "holirep"
"""Custom property of everything that HoliRep made; what bears it may be replaced when a take is applied again."""
RECORD = "holirep_written"
"""Custom property of an action: the name that HoliRep gave it and the data paths that it wrote for each slot, as JSON.
All else in it is the artist's."""
NLA_TRACK = "HoliRep"
_LINEAR = 1  # the value of 'LINEAR' in Keyframe.interpolation, as foreach_set wants it


@dataclass
class Channel:
    """One property to key: its data path, the group it is shown in, and values ``(T, components)`` or ``(T,)``."""

    path: str
    group: str
    values: npt.NDArray[np.float64]


class Rollback:
    """Steps that undo what was done so far; ``with`` runs them, the last first, when an exception leaves the block."""

    def __init__(self) -> None:
        self._steps: list[Callable[[], object]] = []

    def add(self, step: Callable[[], object]) -> None:
        """Remembers how to take back what was just done."""
        self._steps.append(step)

    def set(self, owner: Any, **values: object) -> None:
        """Sets properties of ``owner`` and remembers what they were."""
        for name, value in values.items():
            self.keep(owner, name)
            setattr(owner, name, value)

    def keep(self, owner: Any, *names: str) -> None:
        """Remembers what properties of ``owner`` are."""
        for name in names:
            before = getattr(owner, name)
            self.add(lambda name=name, before=before: setattr(owner, name, before))

    def __enter__(self) -> Rollback:
        """Begins with nothing to take back."""
        return self

    def __exit__(self, kind: object, _error: object, _traceback: object) -> None:
        if kind is not None:
            self.take_back()

    def take_back(self) -> None:
        """Takes everything back, the last first."""
        for step in reversed(self._steps):
            try:
                step()
            except Exception:  # the other steps must still be taken back, and the first error be told
                logging.getLogger(__name__).exception("A change could not be taken back")


@contextmanager
def put_back() -> Iterator[Rollback]:
    """A Rollback that takes everything back however its block is left: for what is changed for a while only."""
    rollback = Rollback()
    try:
        yield rollback
    finally:
        rollback.take_back()


def is_tweaked(owner: Optional[bpy.types.ID]) -> bool:
    """Whether the NLA's tweak mode is on for a data-block: Blender then lets nobody change its action."""
    return owner is not None and owner.animation_data is not None and owner.animation_data.use_tweak_mode


def write_action(
    owner: bpy.types.ID, name: str, kind: str, frames: npt.ArrayLike, channels: Sequence[Channel], rollback: Rollback
) -> bpy.types.Action:
    """An action with linear keys at ``frames (T,)`` (fractions allowed), marked as HoliRep's but not yet assigned.

    F-curves that the artist added to the action that HoliRep made before, in whatever slot, are in the new one as well;
    what HoliRep wrote is not. Whole curves are handed over as float32, which is thousands of times faster than
    ``keyframe_insert``.
    """
    paths = {channel.path for channel in channels}
    previous, slot = _made_before(owner)
    if previous is not None and _artists_curves(previous, slot, paths):
        action, container = blender_versions.copied_action(previous, owner, slot)
        stale = paths | _written(previous, slot)
        for curve in [curve for curve in container.fcurves if curve.data_path in stale]:
            container.fcurves.remove(curve)
        action.use_fake_user = False
    else:
        action, container = blender_versions.new_action(name, owner)
        action[MARK], action[RECORD] = kind, json.dumps({"name": name, "paths": {}})
    rollback.add(lambda: bpy.data.actions.remove(action))
    _record(action, container, paths)
    count = len(np.asarray(frames))
    points = np.empty((count, 2), dtype=np.float32)
    points[:, 0] = frames
    linear = np.full(count, _LINEAR, dtype=np.intc)
    for channel in channels:
        values = channel.values.reshape(count, -1)
        for index in range(values.shape[1]):
            curve = blender_versions.new_fcurve(container, channel.path, index, channel.group)
            curve.keyframe_points.add(count)
            points[:, 1] = values[:, index]
            curve.keyframe_points.foreach_set("co", points.ravel())
            curve.keyframe_points.foreach_set("interpolation", linear)
            curve.update()
    for group in [group for group in container.groups if not len(group.channels)]:
        container.groups.remove(group)
    return action


def put_in_place(
    owner: bpy.types.ID,
    action: Optional[bpy.types.Action],
    *,
    to_nla: bool,
    keep_previous_on_nla: bool,
    rollback: Rollback,
) -> Callable[[], None]:
    """Makes an action drive its owner, in place of what HoliRep put there before and of nothing else.

    Parameters
    ----------
    action : None only takes away what HoliRep put there.
    to_nla : put it on the NLA track *HoliRep*, and leave the artist's active action alone.
    keep_previous_on_nla : the artist's own active action goes on an NLA track below; otherwise it is kept as data only,
        with a fake user.

    Returns
    -------
    What is to be called once all went well: it removes what was replaced, and gives the action its name.
    """
    data = owner.animation_data or owner.animation_data_create()
    base, base_slot = _made_before(owner)
    renamed = _renamed(base) if base is not None else None
    previous, slot = data.action, blender_versions.active_slot(owner)
    ours = previous is not None and MARK in previous
    stale = [(track, strip) for track in data.nla_tracks for strip in track.strips if _is_ours(strip)]
    replaced = [strip.action for _, strip in stale] + ([previous] if ours else [])
    if previous is not None and action is not None and not ours and not to_nla:
        rollback.set(previous, use_fake_user=True)
        if keep_previous_on_nla:
            _add_strip(owner, previous, previous.name, slot, rollback)
    if ours or not (to_nla or action is None):
        rollback.add(lambda: blender_versions.assign_action(owner, previous, slot))
        blender_versions.assign_action(owner, None if to_nla else action, _same_slot(action, base_slot))
    if to_nla and action is not None:
        like = stale[-1] if stale else None
        _add_strip(owner, action, NLA_TRACK, _same_slot(action, base_slot), rollback, like)

    def finish() -> None:
        for track, strip in stale:
            old = strip.action
            old_slot = blender_versions.strip_slot(strip)
            if old != base and not old.use_fake_user and _artists_curves(old, old_slot, set()):
                _leave_to_artist(old, old_slot)  # only one action is taken over: this stays with the artist's keys
                continue
            track.strips.remove(strip)
            if not len(track.strips):
                data.nla_tracks.remove(track)
        if action is not None and base is not None and base_slot is not None:
            blender_versions.move_other_slots(base, action, base_slot)
        stays = base is not None and base.users > 0
        for old in dict.fromkeys(replaced):
            if old.users == 0:
                bpy.data.actions.remove(old)
        if action is not None:
            action.name = renamed if renamed and not stays else _record_of(action)["name"]

    return finish


def take_away(owner: bpy.types.ID, rollback: Rollback) -> Callable[[], None]:
    """Takes away the keys that HoliRep gave a data-block; the artist's, also those in the same action, stay.

    Returns what is to be called once all went well.
    """
    previous, slot = _made_before(owner)
    if previous is None:
        return lambda: None
    action = None
    if _artists_curves(previous, slot, set()):
        action = write_action(owner, previous.name, previous[MARK], [], [], rollback)
    to_nla = owner.animation_data.action != previous
    return put_in_place(owner, action, to_nla=to_nla, keep_previous_on_nla=False, rollback=rollback)


def _made_before(owner: bpy.types.ID) -> tuple[Optional[bpy.types.Action], Any]:
    """The action of HoliRep's that drives a data-block, and its slot: the active one, else the upper one on the NLA."""
    data = owner.animation_data
    if data is None:
        return None, None
    if data.action is not None and MARK in data.action:
        return data.action, blender_versions.active_slot(owner)
    strips = [strip for track in data.nla_tracks for strip in track.strips if _is_ours(strip)]
    return (strips[-1].action, blender_versions.strip_slot(strips[-1])) if strips else (None, None)


def _artists_curves(action: bpy.types.Action, slot: Any, replaced: set[str]) -> bool:
    """Whether an action of HoliRep's has F-curves that HoliRep did not write for this slot and will not replace now."""
    known = replaced | _written(action, slot)
    own = blender_versions.fcurves_of_slot(action, slot)
    return len(blender_versions.fcurves_of(action)) > len(own) or any(curve.data_path not in known for curve in own)


def _leave_to_artist(action: bpy.types.Action, slot: Any) -> None:
    written = _written(action, slot)
    for container in blender_versions.containers_of(action):
        for curve in [curve for curve in container.fcurves if curve.data_path in written]:
            container.fcurves.remove(curve)
    if MARK in action:
        del action[MARK], action[RECORD]


def _record(action: bpy.types.Action, container: Any, paths: set[str]) -> None:
    record = _record_of(action)
    record["paths"][str(getattr(container, "slot_handle", 0))] = sorted(paths)
    action[RECORD] = json.dumps(record)


def _record_of(action: bpy.types.Action) -> dict[str, Any]:
    return dict(json.loads(action.get(RECORD, '{"name": "", "paths": {}}')))


def _written(action: bpy.types.Action, slot: Any) -> set[str]:
    return set(_record_of(action)["paths"].get(str(slot.handle if slot is not None else 0), ()))


def _renamed(action: bpy.types.Action) -> Optional[str]:
    """The name that the artist gave an action of HoliRep's; None where it has the one that it was made with."""
    made_with = str(_record_of(action)["name"])
    return None if re.fullmatch(re.escape(made_with) + r"(\.\d+)?", action.name) else str(action.name)


def _same_slot(action: Optional[bpy.types.Action], slot: Any) -> Any:
    """The slot of a copied action that was ``slot`` in the one that it was copied from."""
    return None if action is None or slot is None else blender_versions.slot_of_handle(action, slot.handle)


def _is_ours(strip: bpy.types.NlaStrip) -> bool:
    return strip.action is not None and MARK in strip.action


def _add_strip(
    owner: bpy.types.ID,
    action: bpy.types.Action,
    name: str,
    slot: object,
    rollback: Rollback,
    like: Optional[tuple[bpy.types.NlaTrack, bpy.types.NlaStrip]] = None,
) -> None:
    """Puts an action on a new track; with ``like`` right above that track and set up as that track and strip are."""
    tracks = owner.animation_data.nla_tracks
    track = tracks.new(prev=like[0]) if like else tracks.new()
    rollback.add(lambda: tracks.remove(track))
    track.name = like[0].name if like else name
    start, end = action.frame_range
    strip = track.strips.new(action.name, int(np.floor(start)), action)
    blender_versions.set_strip_slot(strip, owner, slot)
    strip.frame_start, strip.frame_end = start, end
    if like:
        track.mute = like[0].mute
        strip.mute, strip.blend_type, strip.extrapolation = like[1].mute, like[1].blend_type, like[1].extrapolation
