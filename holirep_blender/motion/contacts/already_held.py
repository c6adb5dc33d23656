# SPDX-License-Identifier: GPL-3.0-or-later
"""Contacts of motion that was planted before: there a point that touches does not move at all.

Captured points are never quite still: of the steps from frame to frame in which soles of motion capture touch, 0.1 %
are shorter than 0.1 mm. Where several in a row are, the contact was held by somebody who knew when it begins and ends,
and thresholds on speed, which take the soft landing and leaving for contact too, would only make it longer.
"""

from __future__ import annotations

from typing import Optional

import numpy as np
import numpy.typing as npt

from .. import gaps

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_STILL, _ROUNDING = 4e-6, 6e-7
"""Metres in 1/30 s that a point which is held may move, and what of its distance from the origin: rounding of keys and
of what was read from them. A foot that comes to rest smoothly moves more in its last frame before."""
_MOVES = 5e-4
"""Metres in 1/30 s from which some joint of the body moves: a pose that is only held tells nothing."""
_RATE = 30.0
_ON_FLOOR = 1e-3
"""Metres from the floor up to which a point is held on it."""
_IN_A_ROW, _MOST = 3, 0.5
"""Still steps in a row, or else the share of a contact's steps, with which it was held."""
_PLANTED = 0.3
"""Share of all steps with contact, or of frames with slow feet, that is still in motion that was planted."""
_NEW, _LOW = 0.6, 0.010
"""Seconds from which, and metres up to which, a point touches in planted motion although it is not held."""


def heights_held(heights: Array, slow: Mask, places: Array, joints: Array, fps: float) -> Optional[Array]:
    """Heights ``(N,)`` at which points are held; None where the motion was not planted.

    Parameters
    ----------
    heights : (T, P) of points of soles. slow : (T,) where feet are slow. places, joints : as for :func:`as_held`.
    """
    if len(heights) <= 2:
        return None
    still, moves = _still(places, joints, fps)
    held = np.zeros(heights.shape, dtype=bool)
    held[1:] = still & moves[:, None]
    if (held.any(axis=1) & slow).sum() < max(_PLANTED * slow.sum(), _IN_A_ROW):
        return None
    return np.asarray(heights[held])


def _still(places: Array, joints: Array, fps: float) -> tuple[Mask, Mask]:
    """Steps in which points do not move at all ``(T - 1, P)``, and in which the body does ``(T - 1,)``."""
    least = max(_STILL * _RATE / fps, _ROUNDING * float(np.abs(places).max(initial=0.0)))
    still = np.linalg.norm(np.diff(places, axis=0), axis=-1) < least
    moves = np.linalg.norm(np.diff(joints, axis=0), axis=-1).max(axis=1) > _MOVES * _RATE / fps
    return np.asarray(still), np.asarray(moves)


def as_held(
    touching: Mask, places: Array, heights: Array, joints: Array, feet: list[str], fps: float, size: float
) -> Mask:
    """Contacts of points ``(T, P)`` with those that were held before just as they were.

    Parameters
    ----------
    touching : (T, P) as found by speed and height.
    places : (T, P, 3) of the points as they are, not smoothed; heights : (T, P) of them over the floor; metres.
    joints : (T, J, 3) of the whole body.
    feet : (P,) which foot each point belongs to. size : the body's over a grown human's.
    """
    if len(touching) <= 2:
        return touching
    still, moves = _still(places, joints, fps)
    still &= (np.abs(heights[1:]) < _ON_FLOOR) & (np.abs(heights[:-1]) < _ON_FLOOR)
    told = still & moves[:, None]
    both = touching[1:] & touching[:-1] & moves[:, None]
    planted = told[both].sum() >= max(_PLANTED * both.sum(), _IN_A_ROW)
    result, held = touching.copy(), np.zeros_like(touching)
    loose = []
    for point in range(touching.shape[1]):
        for first, end in gaps.spans(touching[:, point]):
            steps = slice(first, end - 1)
            longest = max((last - begin for begin, last in gaps.spans(told[steps, point])), default=0)
            if longest < min(_IN_A_ROW, max(2.0, _MOST * moves[steps].sum())):
                loose.append((point, first, end))
                continue
            here = np.zeros(end - first, dtype=bool)
            here[1:] |= still[steps, point]
            here[:-1] |= still[steps, point]
            result[first:end, point] = held[first:end, point] = here
    for point, first, end in loose:
        # beside a point of the same foot that is held it was free when that was held
        beside = [other for other, foot in enumerate(feet) if foot == feet[point] and other != point]
        free = held[first:end, beside].any(axis=1).sum() > _MOST * (end - first)
        short = end - first < _NEW * fps or heights[first:end, point].mean() > _LOW * min(size, 1.0)
        if free or (planted and short):
            result[first:end, point] = False
    return result
