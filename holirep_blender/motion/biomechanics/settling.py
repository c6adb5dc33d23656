# SPDX-License-Identifier: GPL-3.0-or-later
"""No pops: where limits made a joint jerk that did not before, its limited angles are smoothed over some frames.

Limits shrink motion, so this is rare: it happens where tracking jumps, where a joint was turned round behind its back,
and where an excursion is a frame or two long. Averages of allowed angles are allowed angles, so the limits still hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Optional

import numpy as np
import numpy.typing as npt

from .. import rotations
from .swing import angles_of, quaternions_of

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Frames = npt.NDArray[np.intp]
Clip = Callable[[Array, Frames], Array]

_REACH = 3
_CHANGE_ROUNDS, _ROUNDS = 2, 4
_FREE = np.radians(0.1)
"""Change of a joint's turn from one frame to the next that nobody sees."""
_TAKEN_OVER = 0.6
"""Share of the jerks of a joint that hands its turn over that the one which takes it may show."""
_JUMP = np.radians(60.0)
"""A joint that jerks by more jumps: nothing of its own motion is worth keeping there."""
_WINDOW = np.hanning(2 * _REACH + 3)[1:-1] / (_REACH + 1.0)
"""Shares of a moving average; they sum to 1."""


@dataclass(frozen=True)
class Driver:
    """Another joint ``(T, 4)`` as it came, and the frames ``(T,)`` in which it hands its turn over with its jerks."""

    quaternions: Array
    hands_over: Mask

    def jerks(self) -> Array:
        """What the joint that takes the turn over may jerk for it ``(T - 2,)``."""
        over = self.hands_over[:-2] | self.hands_over[1:-1] | self.hands_over[2:]
        return np.where(over, _TAKEN_OVER * _jerks(self.quaternions), 0.0)


def settled(
    before: Array, after: Array, angles: Array, mirror: float, clip: Clip, driver: Optional[Driver] = None
) -> Optional[Array]:
    """Limited ``angles (T, 3)`` that jerk no more than the joint did; None where they already do not.

    What limits changed is smoothed first, so that the joint's own motion stays as quick as it was. Where that is not
    enough, because the joint itself jumps, its limited angles are.

    Parameters
    ----------
    before, after : (T, 4) joint quaternions as they came and as they were limited, of ``angles``.
    clip : cuts angles ``(N, 3)`` of the frames ``(N,)`` off at the hard limits, which may depend on each other.
    driver : another joint, whose jerks this one may take over with its turn.
    """
    if len(before) < 3:
        return None
    jerks = _jerks(before) if driver is None else np.maximum(_jerks(before), driver.jerks())
    allowed = _widest(jerks) + _FREE
    bad = _jerks(after) > allowed
    if not bad.any():
        return None
    calm, quaternions, left = angles, after, bad
    if (bad & (allowed < _JUMP)).any():
        calm, quaternions, left = _calmed_change(before, after, angles, mirror, clip, allowed, bad)
    return _calmed_angles(calm, quaternions, mirror, clip, allowed, left) if left.any() else calm


def _calmed_change(
    before: Array, after: Array, angles: Array, mirror: float, clip: Clip, allowed: Array, bad: Mask
) -> tuple[Array, Array, Mask]:
    """Angles and quaternions with the turn from ``before`` to ``after`` smoothed, where that helps; jerks left."""
    calm, quaternions, wrong = angles.copy(), after.copy(), bad & (allowed < _JUMP)
    change = rotations.multiply(rotations.inverse(before), after)
    touched = np.zeros(len(angles), dtype=bool)
    for _ in range(_CHANGE_ROUNDS):
        frames, weight = _around(wrong)
        touched[frames] = True
        smooth = rotations.multiply(before[frames], rotations.normalized(_average(change, frames, signed=True)))
        now = quaternions[frames]
        smooth = np.where(np.einsum("tk,tk->t", smooth, now)[:, None] < 0.0, -smooth, smooth)
        mixed = rotations.normalized(now + weight * (smooth - now))
        calm[frames] = clip(angles_of(mixed[None], [mirror])[0], frames)
        quaternions[frames] = quaternions_of(calm[frames], mirror)
        change[frames] = rotations.multiply(rotations.inverse(before[frames]), quaternions[frames])
        _look_again(wrong, quaternions, frames, allowed)
        if not wrong.any():
            break
    again = _stretches_with(touched, np.concatenate([[False], wrong, [False]]))
    calm[again], quaternions[again] = angles[again], after[again]
    return calm, quaternions, bad & (again[1:-1] | again[:-2] | again[2:] | (allowed >= _JUMP))


def _calmed_angles(angles: Array, quaternions: Array, mirror: float, clip: Clip, allowed: Array, wrong: Mask) -> Array:
    """Angles smoothed where they still jerk."""
    # written within the limits, so that averages of a rotation do not go round by its back
    within, result, quaternions = clip(angles, np.arange(len(angles))), angles.copy(), quaternions.copy()
    for _ in range(_ROUNDS):
        frames, weight = _around(wrong)
        now = within[frames]
        within[frames] = clip(now + weight * (_average(within, frames) - now), frames)
        result[frames] = within[frames]
        quaternions[frames] = quaternions_of(within[frames], mirror)
        _look_again(wrong, quaternions, frames, allowed)
        if not wrong.any():
            break
    return result


def _around(wrong: Mask) -> tuple[Frames, Array]:
    """The frames ``(N,)`` around jerks ``(T - 2,)``, and how much each is smoothed ``(N, 1)``."""
    weight = np.convolve(np.pad(wrong, _REACH + 1), _WINDOW, mode="valid")
    frames = np.flatnonzero(weight > 1e-9)
    return frames, np.minimum(weight[frames] * 2.0 * _REACH, 1.0)[:, None]


def _average(values: Array, frames: Frames, signed: bool = False) -> Array:
    """Moving average of ``values (T, K)`` at ``frames``; the ends are held. ``signed``: either sign is as good."""
    result = np.zeros((len(frames), values.shape[1]))
    for offset, share in enumerate(_WINDOW, start=-_REACH):
        near = values[np.clip(frames + offset, 0, len(values) - 1)]
        if signed:
            near = np.where(np.einsum("nk,nk->n", near, values[frames])[:, None] < 0.0, -near, near)
        result += share * near
    return result


def _look_again(wrong: Mask, quaternions: Array, frames: Frames, allowed: Array) -> None:
    """Judges the jerks in which ``frames`` have a part anew."""
    looked = np.zeros(len(quaternions), dtype=bool)
    looked[frames] = True
    seen = np.flatnonzero(looked[:-2] | looked[1:-1] | looked[2:])
    wrong[seen] = _jerks_at(quaternions, seen) > allowed[seen]


def _stretches_with(inside: Mask, marked: Mask) -> Mask:
    """The stretches of ``inside (T,)`` in which a frame is ``marked (T,)``."""
    number = np.cumsum(inside & ~np.concatenate([[False], inside[:-1]])) * inside
    hit = np.zeros(int(number.max(initial=0)) + 1, dtype=bool)
    hit[number[marked]] = True
    hit[0] = False
    return np.asarray(hit[number])


def _jerks(quaternions: Array) -> Array:
    """How much a joint's turn changes from frame to frame, ``(T - 2,)``, of quaternions ``(T, 4)``.

    A turn counts as twice the sine of its half angle, in radians where it is small.
    """
    turn = _turns(*np.ascontiguousarray(quaternions[:-1].T), *np.ascontiguousarray(quaternions[1:].T))
    change = np.diff(turn, axis=1)
    return np.asarray(np.sqrt(np.einsum("kt,kt->t", change, change)))


def _jerks_at(quaternions: Array, frames: Frames) -> Array:
    """Some of ``_jerks``, ``(N,)``."""
    first, second, third = (np.ascontiguousarray(quaternions[frames + offset].T) for offset in range(3))
    change = _turns(*second, *third) - _turns(*first, *second)
    return np.asarray(np.sqrt(np.einsum("kt,kt->t", change, change)))


def _turns(p: Array, px: Array, py: Array, pz: Array, q: Array, qx: Array, qy: Array, qz: Array) -> Array:
    """Turns ``(3, N)`` from one quaternion to the other, given by their parts ``(N,)``."""
    turn = np.empty((3, len(p)))
    turn[0] = p * qx - q * px - py * qz + pz * qy
    turn[1] = p * qy - q * py - pz * qx + px * qz
    turn[2] = p * qz - q * pz - px * qy + py * qx
    turn *= np.where(p * q + px * qx + py * qy + pz * qz < 0.0, -2.0, 2.0)
    return turn


def _widest(values: Array) -> Array:
    """The largest of each value and its neighbours."""
    padded = np.pad(values, _REACH, mode="edge")
    return np.asarray(np.max([padded[offset : offset + len(values)] for offset in range(2 * _REACH + 1)], axis=0))
