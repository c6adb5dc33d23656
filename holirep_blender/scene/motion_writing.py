# SPDX-License-Identifier: GPL-3.0-or-later
"""A changed motion back into the artist's own action: only what changed gets keys, and all other keys stay."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional

import bpy
import numpy as np
import numpy.typing as npt

from ..motion import rotations
from ..motion.euler import to_euler
from ..motion.retargeting import RetargetedMotion
from . import blender_versions
from .action_channels import bone_path, evaluated, rotation_property
from .actions import Rollback
from .curve_keys import CurveKeys
from .motion_reading import ActiveMotion

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_TURNED = np.radians(0.003)
"""Smaller turns are rounding: curves hold single precision."""
_MOVED = 2e-6
_GAP = 3
"""Spans with fewer frames than this between them are one: each span is held by a key on both sides."""


@dataclass
class Written:
    """What was written: bones whose keys changed, the channels that had none before, and sentences for the user."""

    bones: tuple[str, ...] = ()
    new_channels: tuple[str, ...] = ()
    first: Optional[int] = None
    last: Optional[int] = None
    warnings: list[str] = field(default_factory=list)


def write_motion(
    active: ActiveMotion, motion: RetargetedMotion, rollback: Rollback, without: frozenset[str] = frozenset()
) -> Written:
    """Writes the poses of ``motion``, which are ``active.motion``'s with changes, into the active action.

    A bone gets keys on whole frames where its rotation changed, and where it is carried by a bone that changed while it
    is to stay. Its keys elsewhere stay, with their interpolation and handles; so do those of other bones, and of those
    that ``without`` names.
    """
    written = Written()
    basis, changed = _basis(active, motion)
    spans_of: list[tuple[int, int]] = []
    bones = []
    for column, name in enumerate(active.motion.bone_names):
        if name in without or not changed[:, column].any():
            continue
        bone, mode = active.armature.pose.bones[name], active.modes[column]
        path = bone_path(name, rotation_property(mode))
        problem = _why_not(active, path)
        if problem:
            written.warnings.append(f"{name} was left alone: {problem}.")
            continue
        values = nearest_values(mode, basis[:, column], active.values[column])
        spans = _spans(changed[:, column])
        _write_property(active, path, name, values, active.values[column], spans, rollback, written)
        bones.append(bone.name)
        spans_of += spans
    _write_location(active, motion, rollback, written, bones, spans_of)
    written.bones = tuple(dict.fromkeys(bones))
    if spans_of:
        written.first = int(active.frames[min(span[0] for span in spans_of)])
        written.last = int(active.frames[max(span[1] for span in spans_of)])
    return written


def unchangeable(active: ActiveMotion) -> dict[str, str]:
    """Bones whose keys cannot be changed, with the reason in the user's words."""
    result = {}
    for name, mode in zip(active.motion.bone_names, active.modes):
        result[name] = _why_not(active, bone_path(name, rotation_property(mode)))
    if active.location_bone is not None and not result.get(active.location_bone):
        result[active.location_bone] = _why_not(active, bone_path(active.location_bone, "location"))
    return {name: reason for name, reason in result.items() if reason}


def nearest_values(mode: str, basis: Array, before: Array) -> Array:
    """Values of a rotation property for quaternions ``(T, 4)``, each the one nearest to the values ``before``."""
    if mode == "QUATERNION":
        sign = np.where(np.sum(basis * before, axis=-1, keepdims=True) < 0.0, -1.0, 1.0)
        return np.asarray(basis * sign)
    if mode == "AXIS_ANGLE":
        return _nearest_axis_angle(basis, before)
    order = mode[::-1]
    angles = to_euler(basis, order)
    plain = np.stack([angles[..., order.index(axis)] for axis in "XYZ"], axis=-1)
    first, middle, last = (("XYZ").index(axis) for axis in order)
    other = plain.copy()
    other[:, first] += np.pi
    other[:, middle] = np.pi - other[:, middle]
    other[:, last] += np.pi
    turn = 2.0 * np.pi
    near = [triple + turn * np.round((before - triple) / turn) for triple in (plain, other)]
    cost = [np.abs(triple - before).sum(axis=-1, keepdims=True) for triple in near]
    return np.asarray(np.where(cost[1] < cost[0] - 1e-9, near[1], near[0]))


def _nearest_axis_angle(basis: Array, before: Array) -> Array:
    sine = np.linalg.norm(basis[:, 1:], axis=-1, keepdims=True)
    angle = 2.0 * np.arctan2(sine[:, 0], basis[:, 0])
    old_axis = rotations.normalized(before[:, 1:])
    axis = np.where(sine > 1e-7, basis[:, 1:] / np.maximum(sine, 1e-12), old_axis)
    flip = np.sum(axis * old_axis, axis=-1) < 0.0
    axis, angle = np.where(flip[:, None], -axis, axis), np.where(flip, -angle, angle)
    angle = angle + 2.0 * np.pi * np.round((before[:, 0] - angle) / (2.0 * np.pi))
    return np.concatenate([angle[:, None], axis], axis=-1)


def _basis(active: ActiveMotion, motion: RetargetedMotion) -> tuple[Array, Mask]:
    """Basis rotations ``(T, B, 4)`` for the poses of ``motion``, and where they differ from what they were ``(T, B)``.

    What turned a bone's space is known from its old pose and its old basis, whatever the rig does there; the space
    turns on with the nearest bone above it that changed.
    """
    old = active.motion
    index = {name: column for column, name in enumerate(old.bone_names)}
    carriers = [carrier_of(active, name, index) for name in old.bone_names]
    space = rotations.multiply(old.pose_rotations, rotations.inverse(old.rotations))
    basis = np.empty_like(old.rotations)
    for column, carrier in enumerate(carriers):
        turned = space[:, column]
        if carrier >= 0:
            more = rotations.multiply(
                motion.pose_rotations[:, carrier], rotations.inverse(old.pose_rotations[:, carrier])
            )
            turned = rotations.multiply(more, turned)
        basis[:, column] = rotations.multiply(rotations.inverse(turned), motion.pose_rotations[:, column])
    return rotations.normalized(basis), rotations.angle_between(basis, old.rotations) > _TURNED


def carrier_of(active: ActiveMotion, name: str, index: dict[str, int]) -> int:
    """The column of the nearest bone above that carries a bone's rotation; -1 for none. ``index``: bone to column."""
    rig, current = active.rig, active.rig.index(name)
    while rig.parents[current] >= 0:
        bone = active.armature.data.bones[rig.bone_names[current]]
        if not bone.use_inherit_rotation and bone.parent is not None:
            return -1
        current = int(rig.parents[current])
        if rig.bone_names[current] in index:
            return index[rig.bone_names[current]]
    return -1


def _write_location(
    active: ActiveMotion,
    motion: RetargetedMotion,
    rollback: Rollback,
    written: Written,
    bones: list[str],
    spans_of: list[tuple[int, int]],
) -> None:
    name = active.location_bone
    if name is None or motion.pose_locations.shape != active.motion.pose_locations.shape:
        return
    moved = motion.pose_locations - active.motion.pose_locations
    size = float(np.ptp(active.rig.heads, axis=0).max()) or 1.0
    changed = np.linalg.norm(moved, axis=-1) > _MOVED * size
    if not changed.any():
        return
    path = bone_path(name, "location")
    problem = _why_not(active, path)
    if problem:
        written.warnings.append(f"The location of {name} was left alone: {problem}.")
        return
    values = active.locations + np.linalg.solve(active.location_axes, moved[..., None])[..., 0]
    spans = _spans(changed)
    _write_property(active, path, name, values, active.locations, spans, rollback, written)
    bones.append(name)
    spans_of += spans


def _why_not(active: ActiveMotion, path: str) -> str:
    """Why a property's keys cannot be changed; empty when they can."""
    channels = active.channels
    curves = [curve for (each, _), curve in channels.curves.items() if each == path]
    if path in channels.muted:
        return "its channels are muted"
    if any(curve.lock or getattr(curve.group, "lock", False) for curve in curves):
        return "its channels are locked"
    if any(not modifier.mute and modifier.type != "CYCLES" for curve in curves for modifier in curve.modifiers):
        return "its channels have modifiers; bake them first"
    if not curves and active.plays_nla:
        return "it has no keys in the active action, only on the NLA"
    return ""


def _spans(changed: Mask) -> list[tuple[int, int]]:
    """First and last row of each stretch of changes."""
    rows = np.flatnonzero(changed)
    cuts = np.flatnonzero(np.diff(rows) > _GAP)
    firsts, lasts = np.concatenate([rows[:1], rows[cuts + 1]]), np.concatenate([rows[cuts], rows[-1:]])
    return [(int(first), int(last)) for first, last in zip(firsts, lasts)]


def _write_property(
    active: ActiveMotion,
    path: str,
    bone: str,
    values: Array,
    before: Array,
    spans: list[tuple[int, int]],
    rollback: Rollback,
    written: Written,
) -> None:
    channels = active.channels
    for component in range(values.shape[1]):
        curve = channels.curves.get((path, component))
        if curve is None:
            if all(np.abs(values[a : b + 1, component] - before[a : b + 1, component]).max() < 1e-6 for a, b in spans):
                continue
            curve = _add_curve(active, path, component, bone, rollback)
            written.new_channels += (f"{bone} {path.rsplit('.', 1)[1]}",)
        else:
            kept = CurveKeys(curve)
            rollback.add(lambda curve=curve, kept=kept: kept.write(curve))
        _bake(active, curve, values[:, component], before[:, component], spans)


def _add_curve(active: ActiveMotion, path: str, component: int, bone: str, rollback: Rollback) -> bpy.types.FCurve:
    channels = active.channels
    container = channels.container()
    had_group = container.groups.get(bone) is not None
    curve = blender_versions.new_fcurve(container, path, component, bone)
    channels.curves[(path, component)] = curve

    def take_back() -> None:
        del channels.curves[(path, component)]  # what is removed must not be touched again
        container.fcurves.remove(curve)
        group = container.groups.get(bone)
        if not had_group and group is not None and not len(group.channels):
            container.groups.remove(group)

    rollback.add(take_back)
    return curve


def _bake(
    active: ActiveMotion, curve: bpy.types.FCurve, values: Array, before: Array, spans: list[tuple[int, int]]
) -> None:
    keys = CurveKeys(curve)
    start, last_row, own = int(active.frames[0]), len(values) - 1, keys.frames
    inside = []
    for first, last in spans:
        low, high = start + first, start + last
        baked, left, right = values[first : last + 1], None, None
        segment = keys.eased(low - 1)
        if segment is not None:  # such an easing cannot be split: its part before the change is baked as it is
            more = np.arange(np.floor(segment[0]) + 1.0, low)
            low, baked = low - len(more), np.concatenate([evaluated(curve, more), baked])
        elif first > 0 or bool(np.any(own < low)):
            left = curve.evaluate(low - 1) if len(own) else float(before[first - 1])
        segment = keys.eased(high + 1)
        if segment is not None:
            more = np.arange(high + 1.0, np.ceil(segment[1]))
            high, baked = high + len(more), np.concatenate([baked, evaluated(curve, more)])
        elif last < last_row or bool(np.any(own > high)):
            right = curve.evaluate(high + 1) if len(own) else float(before[last + 1])
        keys.bake(low, baked, left, right)
        inside.append((low - 1e-3, high + 1e-3))
    keys.write(curve, inside)
