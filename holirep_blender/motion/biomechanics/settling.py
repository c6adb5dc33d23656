# SPDX-License-Identifier: GPL-3.0-or-later
"""No pops: where limits made a joint jerk that did not before, its limited angles are smoothed over some frames.

Limits shrink motion, so this is rare: it happens where tracking jumps, where a joint was turned round behind its back,
and where an excursion is a frame or two long. Averages of allowed angles are allowed angles, so the limits still hold.
"""

from __future__ import annotations

from typing import Callable, Optional

import numpy as np
import numpy.typing as npt

from .swing import quaternions_of

Array = npt.NDArray[np.float64]

_REACH = 3
_ROUNDS = 4
_FREE = np.radians(0.5)
"""Change of a joint's turn from one frame to the next that nobody sees."""


def settled(
    before: Array, after: Array, angles: Array, mirror: float, clip: Callable[[Array], Array]
) -> Optional[Array]:
    """Limited ``angles (T, 3)`` that jerk no more than the joint did; None where they already do not.

    Parameters
    ----------
    before, after : (T, 4) joint quaternions as they came and as they were limited, of ``angles``.
    clip : cuts angles ``(T, 3)`` off at the hard limits, which may depend on each other.
    """
    if len(before) < 3:
        return None
    allowed = _widest(_jerks(before)) + _FREE
    bad = _jerks(after) > allowed
    if not bad.any():
        return None
    # written within the limits, so that averages of a rotation do not go round by its back
    result = clip(angles)
    for _ in range(_ROUNDS):
        weight = np.zeros(len(angles))
        weight[1:-1] = bad
        weight = np.minimum(_spread(weight[:, None])[:, 0] * 2.0 * _REACH, 1.0)
        touched = weight > 0.0
        mixed = clip(result + weight[:, None] * (_spread(result) - result))
        result = np.where(touched[:, None], mixed, result)
        angles = np.where(touched[:, None], mixed, angles)
        bad = _jerks(quaternions_of(result, mirror)) > allowed
        if not bad.any():
            break
    return angles


def _jerks(quaternions: Array) -> Array:
    """How much a joint's turn changes from frame to frame, ``(T - 2,)``, of quaternions ``(T, 4)``.

    A turn counts as twice the sine of its half angle, in radians where it is small.
    """
    w, x, y, z = np.ascontiguousarray(quaternions.T)
    p, px, py, pz = w[:-1], x[:-1], y[:-1], z[:-1]
    q, qx, qy, qz = w[1:], x[1:], y[1:], z[1:]
    turn = np.empty((3, len(p)))
    turn[0] = p * qx - q * px - py * qz + pz * qy
    turn[1] = p * qy - q * py - pz * qx + px * qz
    turn[2] = p * qz - q * pz - px * qy + py * qx
    turn *= np.where(p * q + px * qx + py * qy + pz * qz < 0.0, -2.0, 2.0)
    change = np.diff(turn, axis=1)
    change *= change
    return np.asarray(np.sqrt(change[0] + change[1] + change[2]))


def _widest(values: Array) -> Array:
    """The largest of each value and its neighbours."""
    padded = np.pad(values, _REACH, mode="edge")
    return np.asarray(np.max([padded[offset : offset + len(values)] for offset in range(2 * _REACH + 1)], axis=0))


def _spread(values: Array) -> Array:
    """Moving average of ``values (T, N)`` by a Hann window; the ends are held."""
    window = np.hanning(2 * _REACH + 3)[1:-1]
    padded = np.pad(values, ((_REACH, _REACH), (0, 0)), mode="edge")
    result = np.zeros_like(values)
    for offset, share in enumerate(window / window.sum()):
        result += share * padded[offset : offset + len(values)]
    return result
