# SPDX-License-Identifier: GPL-3.0-or-later
"""Legs that bring feet where they are held, and come and go smoothly between stances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .. import rotations
from .blending import bridged
from .feet import Foot, FootPath, foot_path, lift, toes_turned
from .pelvis import LegNeed, pelvis_shift
from .pose import Limb, Pose
from .stances import Phases
from .two_bone import Hinge, hinge_of, reaching

Array = npt.NDArray[np.float64]
Frames = npt.NDArray[np.intp]

_SETTLE = 0.25
"""Seconds in which a leg comes to rest before its foot touches, and leaves it after."""
_LEAST_BENT, _SAFELY_BENT = np.radians(1.0), np.radians(8.0)
"""A standing leg may become as straight as it was, between these flexions of the knee."""
_FASTEST = np.radians(12.0)
"""Turn per frame with which a correction may leave a stance, and by which that may change per frame."""
_STIFFEST = np.radians(4.0)
"""Flexion below which a knee is not taken as more sensitive."""
_STRAIGHTEST = np.radians(0.6)
"""Flexion that a leg which cannot reach comes to."""


@dataclass
class _Leg:
    """A leg under work: its foot and path, and how it was."""

    foot: Foot
    phases: Phases
    path: FootPath
    hinge: Hinge

    @property
    def longest(self) -> Array:
        """Distance ``(T,)`` of hip and ankle that the leg may have while it stands."""
        return self.hinge.distance(np.clip(self.hinge.flexion, _LEAST_BENT, _SAFELY_BENT))

    @property
    def stiffness(self) -> Array:
        """How much more ``(T,)`` a stretch of the leg turns the knee than a swing of the same length turns the hip."""
        bent = np.maximum(self.hinge.flexion, _STIFFEST)
        distance = self.hinge.distance(bent)
        # the derivative of the flexion by the distance of the ends is 2 distance / (span sin(flexion))
        turn = 2.0 * distance / (self.hinge.span * np.sin(np.minimum(bent, np.radians(150.0))))
        return np.asarray((turn * distance) ** 2)


def legs_planted(
    pose: Pose, feet: list[Foot], phases: list[Phases], strength: float, movable: bool
) -> tuple[list[FootPath], list[int], Array]:
    """Edits the pose so that feet hold; gives their paths, the joints that were turned and the root's shift ``(T, 3)``.

    Parameters
    ----------
    strength : 0 leaves all as it is, 1 holds exactly.
    movable : whether the pelvis may give way.
    """
    reach = max(1, round(_SETTLE * pose.take.fps))
    legs = []
    for foot, phase in zip(feet, phases):
        hinge = hinge_of(foot.leg, pose.turned[:, foot.leg.upper], pose.turned[:, foot.leg.lower])
        legs.append(_Leg(foot, phase, foot_path(pose, foot, phase, reach), hinge))
    frames = np.arange(pose.take.frame_count)
    needs = [
        LegNeed(
            pose.placed[:, leg.foot.leg.upper],
            target,
            target - pose.placed[:, leg.foot.leg.end],
            leg.path.touching,
            leg.longest,
            leg.stiffness,
        )
        for leg in legs
        for target in (leg.path.ankle(frames, frames),)
    ]
    shift = strength * pelvis_shift(needs, pose.take.fps) if movable else np.zeros((len(frames), 3))
    changed: list[int] = []
    for leg in legs:
        _plant(pose, leg, shift, strength, reach)
        limb = leg.foot.leg
        changed += [limb.upper, limb.lower, limb.end] + ([leg.foot.toes] if leg.foot.toes >= 0 else [])
    return [leg.path for leg in legs], changed, shift


def _plant(pose: Pose, leg: _Leg, shift: Array, strength: float, reach: int) -> None:
    """Turns a leg's joints: solved where the foot touches, bridged joint by joint in between."""
    limb = leg.foot.leg
    chain = [pose.take.parents[limb.upper], limb.upper, limb.lower, limb.end]
    old = [_local(pose, joint) for joint in chain[1:]]
    toes = _local(pose, leg.foot.toes) if leg.foot.toes >= 0 else None
    frames = np.arange(len(shift))
    changes = [
        _changes(pose, leg, shift, old, frames, np.clip(frames + step, 0, len(frames) - 1)) for step in (0, -1, 1)
    ]
    above = pose.turned[:, chain[0]]
    for joint, local, now, earlier, later in zip(chain[1:], old, *changes):
        vectors = strength * bridged(now, leg.path.touching, earlier, later, reach, _FASTEST)
        above = rotations.multiply(above, rotations.multiply(rotations.from_rotation_vector(vectors), local))
        pose.turned[:, joint] = above
    _place(pose, limb, shift)
    carried = rotations.multiply(above, toes) if toes is not None else above
    turned = toes_turned(leg.foot, leg.phases, carried, reach) if toes is not None else above
    rise = strength * lift(leg.foot, leg.phases, pose.placed[:, limb.end], above, turned)
    if rise.any():
        target = pose.placed[:, limb.end] + rise[:, None] * (0.0, 0.0, 1.0)
        solved = reaching(
            limb, pose.turned[:, limb.upper], pose.turned[:, limb.lower], pose.placed[:, limb.upper], target
        )
        risen = (rise > 0.0)[:, None]
        for joint, each in zip((limb.upper, limb.lower), solved):
            pose.turned[:, joint] = np.where(risen, each, pose.turned[:, joint])
        _place(pose, limb, np.zeros(3))
    if toes is not None:
        pose.turned[:, leg.foot.toes] = turned


def _place(pose: Pose, limb: Limb, shift: Array) -> None:
    """Sets the positions of a limb's joints from their rotations."""
    pose.placed[:, limb.upper] += shift
    pose.placed[:, limb.lower] = pose.placed[:, limb.upper] + rotations.rotate(pose.turned[:, limb.upper], limb.first)
    pose.placed[:, limb.end] = pose.placed[:, limb.lower] + rotations.rotate(pose.turned[:, limb.lower], limb.second)


def _local(pose: Pose, joint: int) -> Array:
    return rotations.multiply(rotations.inverse(pose.turned[:, pose.take.parents[joint]]), pose.turned[:, joint])


def _changes(pose: Pose, leg: _Leg, shift: Array, old: list[Array], frames: Frames, rows: Frames) -> list[Array]:
    """How the joints of a leg turn in their parents' frames, rotation vectors ``(T, 3)`` for hip, knee and ankle.

    The pose is that of the frames ``rows``, the place at which the foot is held that of ``frames``.
    """
    limb = leg.foot.leg
    upper, lower = pose.turned[rows, limb.upper], pose.turned[rows, limb.lower]
    start = pose.placed[rows, limb.upper] + shift[rows]
    target = _within(leg, start, leg.path.ankle(frames, rows), rows)
    above = pose.turned[rows, pose.take.parents[limb.upper]]
    result = []
    for local, turned in zip(old, [*reaching(limb, upper, lower, start, target), leg.path.turned[rows]]):
        step = rotations.multiply(rotations.multiply(rotations.inverse(above), turned), rotations.inverse(local[rows]))
        result.append(rotations.to_rotation_vector(step))
        above = turned
    return result


def _within(leg: _Leg, start: Array, target: Array, rows: Frames) -> Array:
    """The place ``(N, 3)`` nearest to ``target`` that the leg reaches without snapping straight; C2 in the distance."""
    longest = leg.longest[rows]
    room = np.maximum(leg.hinge.distance(np.full(len(leg.longest), _STRAIGHTEST))[rows] - longest, 1e-6)
    away = target - start
    distance = np.linalg.norm(away, axis=-1)
    short = np.where(distance > longest, longest + room * np.tanh((distance - longest) / room), distance)
    return np.asarray(start + away * (short / np.maximum(distance, 1e-9))[:, None])
