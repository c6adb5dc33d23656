# SPDX-License-Identifier: GPL-3.0-or-later
"""Feet that hold already: what was planted once is left as it is, so that planting again changes nothing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .. import gaps, rotations
from .stances import Phases, flattened

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_PLACE = 7e-4
"""Metres from its place, as a share of the leg, at which a point stands: keys hold single precision."""
_FEW, _PLACE_OF_FEW = 4, 1e-5
"""Frames of a stance that is so short that it may stand by chance, and what it may be off its place then."""
_MOSTLY = 0.6
"""Share of a stance that holds already, from which its ends are taken for coming and going."""
_UNDER = 2e-3
"""Metres under the height at which it stands that a point may be while the other holds the foot."""
_LEVEL = np.radians(0.3)
"""The same for the tilt of a foot that is flat, and of toes that carry."""


def without_strays(
    phases: Phases,
    points: tuple[Array, Array],
    heights: tuple[float, float],
    turned: Array,
    toes: Array,
    up: Array,
    leg: float,
    sure: Mask,
) -> Phases:
    """The phases without frames at the ends of stances in which a foot comes or goes that holds already in most of it.

    What was planted before touches the floor for a moment as it lands; held anew, that moment would set the whole
    stance elsewhere. Nor is a moment held by itself, between stances that hold already.

    Parameters
    ----------
    sure : (T,) frames that stay what they are, as those that the artist edited. Others as of ``stands_already``.
    """
    right = _right(phases, points, heights, turned, toes, up)
    kept = np.ones(len(turned), dtype=bool)
    spans = gaps.spans(phases.touching)
    standing = []
    for first, end in spans:
        here = slice(first, end)
        still = right[here].copy()
        for touching, point, height in zip((phases.heel[here], phases.ball[here]), points, heights):
            if touching.any():
                place = np.median(point[here][touching], axis=0)
                place[2] = height
                still &= ~touching | (np.linalg.norm(point[here] - place, axis=-1) < _PLACE * leg)
        length, start = max(((stop - start, start) for start, stop in gaps.spans(still)), default=(0, 0))
        standing.append(length >= max(_FEW, _MOSTLY * (end - first)))
        if standing[-1]:
            kept[here] = False
            kept[first + start : first + start + length] = True
    for number, (first, end) in enumerate(spans):
        beside = standing[max(number - 1, 0) : number] + standing[number + 1 : number + 2]
        if not standing[number] and end - first <= _FEW and beside and all(beside):
            kept[first:end] = False
    kept |= sure
    return Phases(phases.heel & kept, phases.ball & kept)


def _right(
    phases: Phases, points: tuple[Array, Array], heights: tuple[float, float], turned: Array, toes: Array, up: Array
) -> Mask:
    """Frames ``(T,)`` in which no point is too deep, and what is to be level is."""
    result = np.ones(len(turned), dtype=bool)
    for point, height in zip(points, heights):
        result &= point[:, 2] > height - _UNDER
    for touching, rotation in ((phases.flat, turned), (phases.ball, toes)):
        result &= ~touching | (rotations.angle_between(rotation, flattened(rotation, up)) < _LEVEL)
    return result


def stands_already(
    phases: Phases,
    points: tuple[Array, Array],
    heights: tuple[float, float],
    turned: Array,
    toes: Array,
    up: Array,
    leg: float,
) -> tuple[Mask, tuple[Array, Array]]:
    """Frames ``(T,)`` of stances in which a foot holds all the while, and where heel and pivot are then ``(T, 3)``.

    Parameters
    ----------
    points : (T, 3) of the heel and of what the foot rolls over. heights : over the floor, at which they stand, metres.
    turned, toes : (T, 4) world rotations of the foot and of its toes, the foot's own where the rig has none.
    up : (3,) what points up in their rest pose where they are level.
    leg : the leg's length, metres.
    """
    right, off = _right(phases, points, heights, turned, toes, up), np.zeros(len(turned))
    places = []
    for touching, point, height in zip((phases.heel, phases.ball), points, heights):
        place = point.copy()
        for first, end in gaps.spans(touching):
            place[first:end] = point[first:end].mean(axis=0)
        place[:, 2] = height
        places.append(place)
        off = np.maximum(off, np.where(touching, np.linalg.norm(point - place, axis=-1), 0.0))
    result = np.zeros(len(turned), dtype=bool)
    for first, end in gaps.spans(phases.touching):
        allowed = _PLACE if end - first >= _FEW else _PLACE_OF_FEW
        result[first:end] = right[first:end].all() and off[first:end].max() < allowed * leg
    return result, (places[0], places[1])
