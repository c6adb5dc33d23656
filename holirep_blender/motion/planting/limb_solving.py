# SPDX-License-Identifier: GPL-3.0-or-later
"""Limbs that hold their ends in some frames and are bridged joint by joint in the others.

Bridging turns instead of places keeps joints calm where a limb is nearly straight: there a small error of a place is a
large one of the knee.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

import numpy as np
import numpy.typing as npt

from .. import rotations
from .blending import bridged
from .pose import Limb, Pose
from .two_bone import STRAIGHTEST, Hinge, hinge_of, reaching

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Frames = npt.NDArray[np.intp]

_FASTEST = np.radians(12.0)
"""Turn per frame with which a correction may leave the frames where it is held, and by which that may change."""
_SAFELY_BENT = np.radians(8.0)
"""A limb may become as straight as it was; below this flexion of its middle joint no straighter."""
_SOFTLY = np.radians(2.5)
"""Flexion from which on a limb in the air straightens ever more slowly, so that it never bends the wrong way."""
_STRAIGHTEST = np.radians(0.6)
"""Flexion that a limb which cannot reach comes to."""


@dataclass(frozen=True)
class Hold:
    """Where a limb's end is held, over ``T`` frames.

    Attributes
    ----------
    limb : the limb. axis : (T, 3) its hinge's axis in the world. upper : (T, 4) how its first bone was turned.
    hinge : its middle joint as it was.
    known : (T,) where the turns of the limb's joints are decided: held, or left alone.
    held : (T,) where the end is held; a part of ``known``.
    end : gives the place of the limb's end ``(N, 3)`` and its world rotation ``(N, 4)``, for the frames by which it is
        held and those in whose pose; the latter are the former or their neighbours.
    """

    limb: Limb
    axis: Array
    upper: Array
    hinge: Hinge
    known: Mask
    held: Mask
    end: Callable[[Frames, Frames], tuple[Array, Array]]

    @classmethod
    def of(
        cls,
        pose: Pose,
        limb: Limb,
        axis: Array,
        known: Mask,
        held: Mask,
        end: Callable[[Frames, Frames], tuple[Array, Array]],
    ) -> Hold:
        """The hold of a limb of the pose as it is now."""
        hinge = hinge_of(limb, pose.turned[:, limb.upper], pose.turned[:, limb.lower], axis)
        return cls(limb, axis, pose.turned[:, limb.upper].copy(), hinge, known, held, end)


def longest(hinge: Hinge) -> Array:
    """Distance ``(T,)`` of its ends that a limb may have: what it had, but neither quite straight nor too careful."""
    return hinge.distance(np.clip(hinge.flexion, STRAIGHTEST, _SAFELY_BENT))


def hold(pose: Pose, goal: Hold, shift: Array, strength: float, reach: int) -> None:
    """Turns the limb's joints and end in place, and moves its joints' positions.

    Parameters
    ----------
    shift : (T, 3) by how much the limb's start moves.
    strength : 0 leaves the joints alone, 1 holds exactly.
    reach : frames in which the limb comes to rest before it is held, and leaves after.
    """
    limb = goal.limb
    chain = (limb.upper, limb.lower, limb.end)
    above = pose.turned[:, pose.take.parents[limb.upper]]
    old = []
    parent = above
    for joint in chain:
        old.append(rotations.multiply(rotations.inverse(parent), pose.turned[:, joint]))
        parent = pose.turned[:, joint]
    frames = np.arange(len(shift))
    needed = _borders(goal.known)
    steps = []
    for step in (0, -1, 1):
        rows = np.clip(frames + step, 0, len(frames) - 1)
        where = goal.held if step == 0 else goal.held & needed
        steps.append(_changes(pose, goal, shift, old, np.flatnonzero(where), rows[where], len(frames)))
    for joint, local, now, earlier, later in zip(chain, old, *steps):
        vectors = strength * bridged(now, goal.known, earlier, later, reach, _FASTEST)
        above = rotations.multiply(above, rotations.multiply(rotations.from_rotation_vector(vectors), local))
        pose.turned[:, joint] = above
    pose.placed[:, limb.upper] += shift
    _unsnapped(pose, goal)
    settle(pose, limb)


def _unsnapped(pose: Pose, goal: Hold) -> None:
    """Bends the middle joint where a bridge, or the motion itself, has bent it the wrong way."""
    limb = goal.limb
    upper, lower = pose.turned[:, limb.upper], pose.turned[:, limb.lower]
    axis = rotations.rotate(rotations.multiply(upper, rotations.inverse(goal.upper)), goal.axis)
    flexion = hinge_of(limb, upper, lower, axis).flexion
    room = _SOFTLY - _STRAIGHTEST
    least = _SOFTLY - room * np.tanh(np.maximum(_SOFTLY - flexion, 0.0) / room)
    # as straight as it was it may be again
    least = np.minimum(least, np.maximum(goal.hinge.flexion, STRAIGHTEST))
    wrong = ~goal.held & (flexion < least)
    if not wrong.any():
        return
    bend = rotations.from_axis_angle(axis[wrong], least[wrong] - flexion[wrong])
    for joint in (limb.lower, limb.end):
        pose.turned[wrong, joint] = rotations.multiply(bend, pose.turned[wrong, joint])


def settle(pose: Pose, limb: Limb) -> None:
    """Sets the positions of a limb's middle and end from the turns of its bones."""
    pose.placed[:, limb.lower] = pose.placed[:, limb.upper] + rotations.rotate(pose.turned[:, limb.upper], limb.first)
    pose.placed[:, limb.end] = pose.placed[:, limb.lower] + rotations.rotate(pose.turned[:, limb.lower], limb.second)


def _borders(known: Mask) -> Mask:
    """The known frames ``(T,)`` next to ones that are not."""
    result = np.zeros_like(known)
    result[1:] |= ~known[:-1]
    result[:-1] |= ~known[1:]
    return np.asarray(result & known)


def _changes(
    pose: Pose, goal: Hold, shift: Array, old: list[Array], frames: Frames, rows: Frames, count: int
) -> list[Array]:
    """How the limb's joints turn in their parents' frames: rotation vectors ``(T, 3)`` each, 0 elsewhere."""
    limb = goal.limb
    result = [np.zeros((count, 3)) for _ in old]
    if len(frames) == 0:
        return result
    start = pose.placed[rows, limb.upper] + shift[rows]
    place, turned_end = goal.end(frames, rows)
    place = _within(goal.hinge, start, place, rows)
    upper, lower = pose.turned[rows, limb.upper], pose.turned[rows, limb.lower]
    above = pose.turned[rows, pose.take.parents[limb.upper]]
    for vectors, local, turned in zip(
        result, old, [*reaching(limb, upper, lower, goal.axis[rows], start, place), turned_end]
    ):
        step = rotations.multiply(rotations.multiply(rotations.inverse(above), turned), rotations.inverse(local[rows]))
        vectors[frames] = rotations.to_rotation_vector(step)
        above = turned
    return result


def _within(hinge: Hinge, start: Array, target: Array, rows: Frames) -> Array:
    """The place ``(N, 3)`` nearest to ``target`` that the limb reaches without snapping; C2 in the distance."""
    most = longest(hinge)[rows]
    straight = hinge.distance(np.full(len(hinge.flexion), _STRAIGHTEST))[rows]
    room = np.maximum(straight - most, 1e-6)
    away = target - start
    distance = np.linalg.norm(away, axis=-1)
    short = np.where(distance > most, most + room * np.tanh((distance - most) / room), distance)
    return np.asarray(start + away * (short / np.maximum(distance, 1e-9))[:, None])
