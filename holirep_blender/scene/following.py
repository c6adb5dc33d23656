# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether bones follow their new keys, and what is left to do where constraints or drivers turn them on after these."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import bpy
import numpy as np
import numpy.typing as npt

from ..motion import rotations
from ..motion.biomechanics.engine import check_limits
from ..motion.biomechanics.report import Violation
from ..motion.contacts import contact_points
from ..motion.planting import to_motion
from ..motion.refining.frames import range_weight
from ..motion.refining.limits import limit_options
from ..motion.refining.report import RefineReport
from ..motion.refining.verbs import clamped
from ..motion.retargeting import RetargetedMotion
from ..motion.take import Take
from .actions import Rollback
from .animation_take import AnimationOptions, read_animation
from .fixed_joints import without_fixed
from .motion_reading import ActiveMotion, MotionError, read_motion
from .motion_writing import Written, carrier_of, write_motion

Array = npt.NDArray[np.float64]

_FOLLOWS = np.radians(1.0)
"""Radians by which a bone may be turned other than its keys say and still follows them."""
_SAMPLES = 5
"""How many frames, evenly over the clip, are looked at for that, and at most twice as many in which most is changed."""
_ATTEMPTS = 3
"""How often motion is looked at again that constraints turned out of its limits; it is clamped again in between."""
_BEYOND = 0.01
"""Degrees beyond a limit that single precision may leave."""
_OFF = 1e-3
"""Metres that constraints may keep a foot from where it was planted without a word."""


def write_following(
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
        to_first = rotations.from_matrix(_rotation_of(active.object_moves[row]))
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


def _rotation_of(matrix: Array) -> Array:
    """The rotation ``(3, 3)`` of a matrix ``(4, 4)`` without its scale."""
    return np.asarray(rotations.normalized(matrix[:3, :3].T).T)


def clamp_on(
    context: bpy.types.Context,
    character: bpy.types.Object,
    options: AnimationOptions,
    stuck: list[str],
    fixed: dict[str, str],
) -> tuple[tuple[Violation, ...], list[str]]:
    """Clamps on where constraints or drivers turned bones out of their limits again after their keys.

    Returns what stays beyond them, and a sentence on each such bone. ``stuck`` are bones, ``fixed`` joints whose keys
    do not change; they are told of elsewhere.
    """
    for attempt in range(_ATTEMPTS):
        active, copied, asked, _, _ = read_animation(context, character, options)
        free = without_fixed(asked, fixed, copied.take, False) if fixed else asked
        bones = {bone for bone, held in zip(active.motion.bone_names, active.held) if held} - {*stuck}
        held = frozenset(joint for joint, bone in active.rig_map.bones.items() if bone in bones) - fixed.keys()
        held = held if free.joints is None else held & free.joints
        found = check_limits(copied.take, replace(limit_options(free), joints=held)) if held else []
        found = [one for one in found if abs(one.value - one.bound) > _BEYOND]
        if free.frames is not None:
            whole = range_weight(copied.take.frame_count, free.frames, copied.take.fps) >= 1.0
            found = [one for one in found if whole[one.worst_frame]]
        if not found or attempt == _ATTEMPTS - 1:
            break
        clean, _ = clamped(copied.take, free)
        write_following(context, active, to_motion(copied, clean, active.motion), frozenset(stuck), whole=False)
    told = []
    for joint in dict.fromkeys(one.joint for one in found):
        worst = max((one for one in found if one.joint == joint), key=lambda one: abs(one.value - one.bound))
        bone, beyond = active.rig_map.bones[joint], abs(worst.value - worst.bound)
        told.append(
            f"Constraints or drivers keep {bone} up to {beyond:.2g}° beyond its limits "
            f"(frame {active.frames[worst.worst_frame]:g}): switch them off, or bake the motion to the bone."
        )
    return tuple(found), told


def feet_off(now: Take, wanted: Take, report: RefineReport) -> list[str]:
    """What to say where constraints keep feet from where they were planted, in what they really do ``now``."""
    if report.contacts is None:
        return []
    points, touching = contact_points(wanted), report.contacts.touching
    off = np.linalg.norm(points.world(now) - points.world(wanted), axis=-1)
    names = [name for name in points.names if name in report.contacts.names]
    worst = max((float(np.max(off[touching(name), points.index(name)], initial=0.0)) for name in names), default=0.0)
    if worst < _OFF:
        return []
    return [
        f"Constraints or drivers keep feet up to {1000.0 * worst:.0f} mm from where they were planted: "
        "switch them off, or bake the motion to the bones."
    ]
