# SPDX-License-Identifier: GPL-3.0-or-later
"""Legs that limits have moved: back over the point that the foot stands on, as far as the limits let them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Optional

import numpy as np
import numpy.typing as npt

from .. import gaps, rotations
from ..biomechanics.own_limits import OwnLimits
from ..take import Take
from .blending import eased, upper_envelope
from .feet import Foot, FootPath
from .legs import settling
from .limb_solving import Hold, hold
from .pose import Pose

if TYPE_CHECKING:
    from ..biomechanics.engine import LimitOptions

Array = npt.NDArray[np.float64]
Frames = npt.NDArray[np.intp]

_MISSED = 5e-4
"""Metres off its place from which a foot is brought back."""
_STEPS, _SUNK, _RISEN = 3.0, 3.0, 0.3
"""How much more than being off its place it counts that a point slides from frame to frame, and is under the floor; and
how little that it is over the floor: a heel that rises is what is to happen."""
_ROUNDS, _NEARER = 6, 0.97
"""So often feet are brought back at most, and by how much a stance must come nearer for a round to count."""
_NOTHING = 1e-8
"""Square metres over a stance that nobody sees, so that rounding decides nothing."""
_PASS = 0.2
"""Seconds in which a foot that limits keep from being flat passes from its heel to its ball."""


def feet_brought_back(
    limited_take: Take, pose: Pose, feet: list[Foot], paths: list[FootPath], limits: LimitOptions
) -> Take:
    """The take with its feet brought back to their places, within the limits.

    A foot keeps the turn that the limits left it and stands on its ball, if that touches, else on its heel: where an
    ankle cannot bend enough the heel rises, and nothing slides. A risen heel bends the knee, and so the ankle, once
    more; hence some rounds, each of which counts only for the stances that it brings nearer.

    Parameters
    ----------
    limited_take : the planted take after the limits. pose : over the floor, as it was planted.
    """
    result = limited_take
    stances = [_stances(path) for path in paths]
    for _ in range(_ROUNDS):
        nearer = _round(result, pose, feet, paths, stances, limits)
        if nearer is None:
            break
        result = nearer
    return result


def _round(
    take: Take,
    pose: Pose,
    feet: list[Foot],
    paths: list[FootPath],
    stances: list[Frames],
    limits: LimitOptions,
) -> Optional[Take]:
    """One round of ``feet_brought_back``; None where it brings no stance nearer."""
    now = Pose.over(take, pose.floor)
    before = replace(now, turned=now.turned.copy(), placed=now.placed.copy())
    reach = settling(pose.take.fps)
    changed: list[int] = []
    for foot, path in zip(feet, paths):
        turned = now.turned[:, foot.leg.end].copy()
        heel = np.nan_to_num(path.heel)
        pivot = np.nan_to_num(path.ball) - _under(now, foot)
        share = _on_ball(path, pose.take.fps)[:, None]

        def end(
            frames: Frames,
            rows: Frames,
            foot: Foot = foot,
            turned: Array = turned,
            heel: Array = heel,
            pivot: Array = pivot,
            share: Array = share,
        ) -> tuple[Array, Array]:
            by_heel = heel[frames] - rotations.rotate(turned[rows], foot.heel)
            by_ball = pivot[frames] - rotations.rotate(turned[rows], foot.pivot)
            return by_heel + share[frames] * (by_ball - by_heel), turned[rows]

        touching = np.flatnonzero(path.touching)
        off = np.linalg.norm(now.placed[touching, foot.leg.end] - end(touching, touching)[0], axis=-1)
        if not (off > _MISSED).any():
            continue
        axis = rotations.rotate(now.turned[:, foot.leg.upper], foot.leg.hinge)
        goal = Hold.of(now, foot.leg, axis, path.touching, path.touching, end)
        hold(now, goal, np.zeros_like(heel), 1.0, reach)
        changed += [foot.leg.upper, foot.leg.lower, foot.leg.end]
    if not changed:
        return None
    result = now.to_take(changed, np.zeros_like(now.placed[:, 0]))
    local = result.local_rotations.copy()
    local[:, changed] = OwnLimits(result, changed, limits).limited(local[:, changed])
    tried = Pose.over(replace(result, local_rotations=local), pose.floor)
    any_nearer = False
    for foot, path, groups in zip(feet, paths, stances):
        leg = [foot.leg.upper, foot.leg.lower, foot.leg.end, *([foot.toes] if foot.toes >= 0 else [])]
        count = int(groups.max(initial=0)) + 1
        old, new = (np.bincount(groups, weights=_misses(each, foot, path), minlength=count) for each in (before, tried))
        nearer = new < _NEARER * old - _NOTHING
        any_nearer |= bool(nearer.any())
        # a stance that is where it was stays as it was, whatever is done to others
        worse = ~nearer
        if worse.any():
            # a step that is too short to pass from one to the other in takes it from the stance that is brought back
            share = 1.0 - upper_envelope(np.where(worse[groups], 1.0, 0.0), max(1, reach // 2))
            for joint in leg:
                shared = rotations.slerp(take.local_rotations[:, joint], local[:, joint], share)
                local[:, joint] = np.where(share[:, None] < 1.0, shared, local[:, joint])
    return replace(take, local_rotations=local) if any_nearer else None


def _stances(path: FootPath) -> Frames:
    """Which stance each frame belongs to ``(T,)``; frames in the air are shared out in the middle."""
    touching = np.flatnonzero(path.touching)
    if len(touching) == 0:
        return np.zeros(len(path.touching), dtype=np.intp)
    gaps_after = np.flatnonzero(np.diff(touching) > 1)
    middles = (touching[gaps_after] + touching[gaps_after + 1]) // 2
    return np.searchsorted(middles, np.arange(len(path.touching)), side="left")


def _misses(pose: Pose, foot: Foot, path: FootPath) -> Array:
    """Square ``(T,)`` of how far a foot's points are from where they are held, and how fast they move there."""
    total = np.zeros(len(path.touching))
    turned, ankle = pose.turned[:, foot.leg.end], pose.placed[:, foot.leg.end]
    for arm, under, place in ((foot.heel, 0.0, path.heel), (foot.pivot, _under(pose, foot), path.ball)):
        error = ankle + rotations.rotate(turned, arm) + under - place
        steps = np.diff(error, axis=0)
        error[:, 2] *= np.where(error[:, 2] < 0.0, _SUNK, _RISEN)
        total += np.nan_to_num(np.sum(error**2, axis=-1))
        total[1:] += np.nan_to_num(np.sum((_STEPS * steps) ** 2, axis=-1))
    return total


def _under(pose: Pose, foot: Foot) -> Array:
    """The ball from what a foot rolls over ``(T, 3)``; toes that limits keep from lying level take it along."""
    toes = foot.toes if foot.toes >= 0 else foot.leg.end
    return np.asarray(rotations.rotate(pose.turned[:, toes], foot.ball))


def _on_ball(path: FootPath, fps: float) -> Array:
    """1 where a foot is held by its ball, 0 where by its heel ``(T,)``, passing from one to the other while flat."""
    ball, heel = np.isfinite(path.ball[:, 0]), np.isfinite(path.heel[:, 0])
    passed = gaps.distance_to_valid(heel & ~ball) / max(1.0, _PASS * fps)
    return np.where(ball, np.where(heel, eased(np.clip(passed, 0.0, 1.0)), 1.0), 0.0)
