# SPDX-License-Identifier: GPL-3.0-or-later
"""Actions: writing whole F-curves at once, and putting actions in place without losing any."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import bpy
import numpy as np
import numpy.typing as npt

from . import blender_versions

MARK = "holirep"
"""Custom property of everything that HoliRep made; what bears it may be replaced when a take is applied again."""
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

    def __enter__(self) -> Rollback:
        """Begins with nothing to take back."""
        return self

    def __exit__(self, kind: object, _error: object, _traceback: object) -> None:
        if kind is not None:
            for step in reversed(self._steps):
                step()


def write_action(
    owner: bpy.types.ID, name: str, kind: str, frames: npt.ArrayLike, channels: Sequence[Channel], rollback: Rollback
) -> bpy.types.Action:
    """A new action with linear keys at ``frames (T,)`` (fractions allowed), marked as HoliRep's but not yet assigned.

    Whole curves are handed over as float32, which is thousands of times faster than ``keyframe_insert``.
    """
    action, container = blender_versions.new_action(name, owner)
    rollback.add(lambda: bpy.data.actions.remove(action))
    action[MARK] = kind
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
    return action


def put_in_place(
    owner: bpy.types.ID, action: bpy.types.Action, *, to_nla: bool, keep_previous_on_nla: bool, rollback: Rollback
) -> Callable[[], None]:
    """Makes an action drive its owner, in place of what HoliRep put there before and of nothing else.

    Parameters
    ----------
    to_nla : put it on the NLA track *HoliRep*, and leave the artist's active action alone.
    keep_previous_on_nla : the artist's own active action goes on an NLA track below; otherwise it is kept as data only,
        with a fake user.

    Returns
    -------
    What is to be called once all went well: it removes what was replaced.
    """
    data = owner.animation_data or owner.animation_data_create()
    previous, slot = data.action, blender_versions.active_slot(owner)
    ours = previous is not None and MARK in previous
    stale_tracks = [track for track in data.nla_tracks if any(_is_ours(strip) for strip in track.strips)]
    replaced = [strip.action for track in stale_tracks for strip in track.strips if _is_ours(strip)]
    if ours:
        replaced.append(previous)
    if previous is not None and not ours and not to_nla:
        had_fake_user = previous.use_fake_user
        previous.use_fake_user = True
        rollback.add(lambda: setattr(previous, "use_fake_user", had_fake_user))
        if keep_previous_on_nla:
            _add_strip(owner, previous, previous.name, slot, rollback)
    if ours or not to_nla:
        rollback.add(lambda: blender_versions.assign_action(owner, previous, slot))
        blender_versions.assign_action(owner, None if to_nla else action)
    if to_nla:
        _add_strip(owner, action, NLA_TRACK, None, rollback)

    def finish() -> None:
        for track in stale_tracks:
            for strip in [strip for strip in track.strips if _is_ours(strip)]:
                track.strips.remove(strip)
            if not len(track.strips):
                data.nla_tracks.remove(track)
        for old in dict.fromkeys(replaced):
            if old.users == 0:
                bpy.data.actions.remove(old)

    return finish


def _is_ours(strip: bpy.types.NlaStrip) -> bool:
    return strip.action is not None and MARK in strip.action


def _add_strip(owner: bpy.types.ID, action: bpy.types.Action, name: str, slot: object, rollback: Rollback) -> None:
    tracks = owner.animation_data.nla_tracks
    track = tracks.new()
    rollback.add(lambda: tracks.remove(track))
    track.name = name
    start, end = action.frame_range
    strip = track.strips.new(action.name, int(np.floor(start)), action)
    blender_versions.set_strip_slot(strip, owner, slot)
    strip.frame_start, strip.frame_end = start, end
