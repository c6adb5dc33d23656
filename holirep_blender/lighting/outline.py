# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a patch of pixels has a clean outline."""

from __future__ import annotations

from typing import List

import numpy as np

from .sphere import Array, tangents

_FILLED = 0.94
"""The part of its outline that a clean patch fills."""


def clean_outline(places: Array, middle: Array, pixel: float, covered: float) -> bool:
    """Whether a patch has an outline without dents, as a softbox that was painted has.

    ``places`` ``(n, 3)`` are its pixels' middles and ``middle`` ``(3,)`` its own; a pixel is ``pixel`` radians high;
    the patch has ``covered`` steradians.
    """
    flat = np.unique(np.round(places @ np.stack(tangents(middle), axis=1) / pixel, 3), axis=0)  # by rows
    hull: List[Array] = []
    for points in (flat, flat[::-1]):  # Andrew's monotone chain
        chain: List[Array] = []
        for point in points:
            while len(chain) > 1 and _turn(chain[-2], chain[-1], point) <= 0:
                chain.pop()
            chain.append(point)
        hull += chain[:-1]
    if len(hull) < 3:
        return False
    outline = np.array(hull)
    steps = np.roll(outline, -1, axis=0) - outline
    area = 0.5 * float((outline[:, 0] * steps[:, 1] - outline[:, 1] * steps[:, 0]).sum())
    return covered / pixel**2 > _FILLED * (area + 0.5 * float(np.hypot(steps[:, 0], steps[:, 1]).sum()))


def _turn(first: Array, second: Array, third: Array) -> float:
    """Above 0 where three points turn to the left."""
    one, two = second - first, third - first
    return float(one[0] * two[1] - one[1] * two[0])
