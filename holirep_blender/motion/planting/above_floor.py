# SPDX-License-Identifier: GPL-3.0-or-later
"""Feet that limits have pushed under the floor: legs bend within the limits, and at last the root rises.

Limits shorten how far a leg spreads or an ankle points, so a foot may come under the floor. A leg in the air bends
where it may. Where its limits leave it no room, as in a split that goes further than they allow, the root rises
smoothly: that turns no joint, so limits hold and nothing pops.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from .. import gaps, rotations
from ..biomechanics.own_limits import OwnLimits
from ..take import Take
from .blending import upper_envelope
from .feet import SUNK, Foot, FootPath
from .leg_moves import sole_heights
from .limb_solving import settle
from .pose import Pose, turn_accelerations
from .two_bone import reaching

if TYPE_CHECKING:
    from ..biomechanics.engine import LimitOptions

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_UP = np.array([0.0, 0.0, 1.0])
_ROUNDS = 3
"""So often legs are bent further, because limits take back a part of it."""
_LEG_LAYERS = ((0.0, 0.17), (0.02, 0.27), (0.06, 0.5))
_ROOT_LAYERS = ((0.0, 0.15), (0.01, 0.25), (0.05, 0.45))
"""Depths under the floor, in metres, and seconds before and after in which what is deeper is lifted: the deeper, the
longer, so that a deep one does not become a jerk."""
_LARGEST = 0.30
"""Metres by which a leg is bent at most: more is the root's to give."""
_STEEP = 0.4
"""Sine of a leg's slope below which its ankle is lifted ever more upwards, and less towards the hip."""
_LEFT = 0.6
"""Share of a depth that may be left after legs were bent; else the root rises instead."""
_JERKS = 1.5
"""Times the fastest acceleration of the motion (``pose.pace``) that bending a leg may come to; else the root rises."""
_BELOW = 1.5e-3
"""Metres that a sole may be under the floor at last."""


def legs_bent(take: Take, pose: Pose, feet: list[Foot], paths: list[FootPath], limits: LimitOptions) -> Take:
    """The take with legs in the air bent so that their feet come out of the floor, as far as limits let them.

    Parameters
    ----------
    take : within the limits. pose : over the floor.
    """
    fps = take.fps
    rises = [np.zeros(take.frame_count) for _ in feet]
    result, stale = take, False
    first: list[Array] = []
    for _ in range(_ROUNDS):
        now = Pose.over(result, pose.floor)
        needs = [np.where(path.touching, 0.0, _depth(now, foot, SUNK)) for foot, path in zip(feet, paths)]
        first = first or needs
        if not any(need.any() for need in needs):
            break
        rises = [rise + _lifted(need, _LEG_LAYERS, fps, path.touching) for rise, need, path in zip(rises, needs, paths)]
        rises = [np.where(_spans_with(rise > 0.0, rise > _LARGEST), 0.0, rise) for rise in rises]
        result = _bent(take, pose, feet, rises, limits)
    if result is take:
        return take
    now = Pose.over(result, pose.floor)
    for number, (foot, path, before) in enumerate(zip(feet, paths, first)):
        left = np.where(path.touching, 0.0, _depth(now, foot, SUNK))
        jerk, was = _jerks(result, foot), _jerks(take, foot)
        for begin, end in gaps.spans(rises[number] > 0.0):
            around = slice(max(begin - 2, 0), end + 2)
            jerked = jerk[around].max(initial=0.0) > max(_JERKS * pose.pace[0], was[around].max(initial=0.0))
            if jerked or left[begin:end].max() > max(_LEFT * before[begin:end].max(), _BELOW):
                rises[number][begin:end] = 0.0
                stale = True
    return _bent(take, pose, feet, rises, limits) if stale else result


def root_raised(take: Take, pose: Pose, feet: list[Foot], among: list[Mask]) -> Take:
    """The take with its root raised smoothly, where a sole would be under the floor in the frames ``among``."""
    now = Pose.over(take, pose.floor)
    need = np.zeros(take.frame_count)
    for foot, mask in zip(feet, among):
        need = np.maximum(need, np.where(mask, _depth(now, foot, _BELOW), 0.0))
    if not need.any():
        return take
    rise = _lifted(need, _ROOT_LAYERS, take.fps, np.zeros(len(need), dtype=bool))
    return replace(take, root_translation=take.root_translation + rise[:, None] * pose.floor.up)


def _bent(take: Take, pose: Pose, feet: list[Foot], rises: list[Array], limits: LimitOptions) -> Take:
    """The take with ankles lifted by ``rises (T,)`` each, and within limits."""
    now = Pose.over(take, pose.floor)
    changed: dict[int, Mask] = {}
    for foot, rise in zip(feet, rises):
        rows = rise > 0.0
        if rows.any():
            _lift(now, foot, rise, rows)
            changed.update(dict.fromkeys((foot.leg.upper, foot.leg.lower, foot.leg.end), rows))
    if not changed:
        return take
    bent = now.to_take(list(changed), np.zeros_like(take.root_translation))
    within = OwnLimits(bent, list(changed), limits).limited(bent.local_rotations[:, list(changed)])
    local = take.local_rotations.copy()
    for number, (joint, rows) in enumerate(changed.items()):
        # limits calm what is around, too: frames that were not lifted are within them, and stand
        local[rows, joint] = within[rows, number]
    return replace(bent, local_rotations=local)


def _jerks(take: Take, foot: Foot) -> Array:
    """The fastest angular acceleration of a leg's joints, radians a frame a frame, in the frames ``(T,)``."""
    local = take.local_rotations[:, [foot.leg.upper, foot.leg.lower, foot.leg.end]]
    result = np.zeros(take.frame_count)
    result[1:-1] = turn_accelerations(local).max(axis=1, initial=0.0)
    return result


def _lift(pose: Pose, foot: Foot, rise: Array, rows: Mask) -> None:
    """Bends a leg of the pose so that its ankle is higher by ``rise (T,)`` in the frames ``rows (T,)``."""
    leg = foot.leg
    upper, lower = pose.turned[rows, leg.upper], pose.turned[rows, leg.lower]
    ankle = pose.placed[rows, leg.end]
    towards = rotations.normalized(pose.placed[rows, leg.upper] - ankle)
    # towards the hip only the knee bends; a leg that lies nearly level has to be swung up
    towards = towards / np.maximum(towards[:, 2:], _STEEP)
    towards[:, 2] = 1.0
    target = ankle + rise[rows, None] * towards
    axis = rotations.rotate(upper, leg.hinge)
    solved = reaching(leg, upper, lower, axis, pose.placed[rows, leg.upper], target)
    pose.turned[rows, leg.upper], pose.turned[rows, leg.lower] = solved
    settle(pose, leg)


def _depth(pose: Pose, foot: Foot, least: float) -> Array:
    """Metres ``(T,)`` by which the lower of heel and ball is more than ``least`` under the floor."""
    low = sole_heights(pose, foot, np.arange(pose.take.frame_count)).min(axis=1)
    return np.asarray(np.maximum(-low - least, 0.0))


def _lifted(need: Array, layers: tuple[tuple[float, float], ...], fps: float, kept: Mask) -> Array:
    """A smooth curve ``(T,)`` nowhere below ``need (T,)``; 0 where ``kept``, and quick near those frames."""
    if not need.any():
        return need
    total = np.zeros_like(need)
    room = np.maximum(gaps.distance_to_valid(kept) - 1, 0)
    for number, (above, seconds) in enumerate(layers):
        below = layers[number + 1][0] if number + 1 < len(layers) else np.inf
        part = np.clip(need - above, 0.0, below - above)
        if part.any():
            widest = max(1, round(seconds * fps))
            widths = np.minimum(room, widest).astype(int)
            curves = {width: upper_envelope(part, width) for width in np.unique(widths)}
            for width, curve in curves.items():
                total += np.where(widths == width, curve, 0.0)
    return np.where(kept, 0.0, total)


def _spans_with(mask: Mask, marked: Mask) -> Mask:
    """Those spans of ``mask (T,)`` in which a frame is ``marked (T,)``."""
    result = np.zeros_like(mask)
    for begin, end in gaps.spans(mask):
        result[begin:end] = marked[begin:end].any()
    return result
