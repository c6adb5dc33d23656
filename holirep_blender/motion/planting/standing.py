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
_UNDER = 2e-3
"""Metres under the height at which it stands that a point may be while the other holds the foot."""
_LEVEL = np.radians(0.3)
"""The same for the tilt of a foot that is flat, and of toes that carry."""


def stands_already(
    phases: Phases, points: tuple[Array, Array], heights: tuple[float, float], turned: Array, toes: Array, leg: float
) -> tuple[Mask, tuple[Array, Array]]:
    """Frames ``(T,)`` of stances in which a foot holds all the while, and where heel and pivot are then ``(T, 3)``.

    Parameters
    ----------
    points : (T, 3) of the heel and of what the foot rolls over. heights : over the floor, at which they stand, metres.
    turned, toes : (T, 4) world rotations of the foot and of its toes, the foot's own where the rig has none.
    leg : the leg's length, metres.
    """
    right, off = np.ones(len(turned), dtype=bool), np.zeros(len(turned))
    places = []
    for touching, point, height in zip((phases.heel, phases.ball), points, heights):
        place = point.copy()
        for first, end in gaps.spans(touching):
            place[first:end] = point[first:end].mean(axis=0)
        place[:, 2] = height
        places.append(place)
        right &= point[:, 2] > height - _UNDER
        off = np.maximum(off, np.where(touching, np.linalg.norm(point - place, axis=-1), 0.0))
    for touching, rotation in ((phases.flat, turned), (phases.ball, toes)):
        right &= ~touching | (rotations.angle_between(rotation, flattened(rotation)) < _LEVEL)
    result = np.zeros(len(turned), dtype=bool)
    for first, end in gaps.spans(phases.touching):
        allowed = _PLACE if end - first >= _FEW else _PLACE_OF_FEW
        result[first:end] = right[first:end].all() and off[first:end].max() < allowed * leg
    return result, (places[0], places[1])
