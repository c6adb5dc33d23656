# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether standing soles stand still in the picture: where the camera moves, or what was said of the soles is wrong,
the ground must not hold the performer.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .evidence import Evidence
from .marks import MARKS
from .terms import Array

_HEELS_AND_TOES = [
    next(row for row, mark in enumerate(MARKS) if (mark.tracker, mark.point) == ("body", point))
    for point in (29, 31, 30, 32)
]
"""Marks of the soles, in the order of contacts."""
_TRUSTED, _STANDS = 0.06, 0.7
"""Metres by which a mark may be off, and how surely a sole must be said to stand."""
_HALF, _FEWEST = 0.15, 5
"""Seconds before and after a moment over which a mark's place is averaged, and the fewest moments that tell."""


def sole_speed(standing: Array, evidence: Evidence, away: Array, focal: float, fps: float) -> float:
    """Median speed across the view, metres a second, of the marks of soles that are said to stand.

    Parameters
    ----------
    standing : (T, 4) how surely left heel, left ball, right heel, right ball stand, 0..1.
    away : (T,) metres to the performer along the optical axis; ``focal`` in pixels.

    0 where no sole is seen to stand for so long: nothing speaks against what was said.
    """
    half = max(1, round(_HALF * fps))
    if len(standing) <= 2 * half:
        return 0.0
    still = (standing > _STANDS) & (evidence.spread[:, _HEELS_AND_TOES] < _TRUSTED)
    whole = sliding_window_view(still, 2 * half + 1, axis=0).all(-1)
    if whole.sum() <= _FEWEST:
        return 0.0
    places = sliding_window_view(evidence.pixels[:, _HEELS_AND_TOES], 2 * half + 1, axis=0)
    moved = places[..., half + 1 :].mean(-1) - places[..., :half].mean(-1)
    speed = np.linalg.norm(moved, axis=-1) * fps / (half + 1) * (away[half:-half] / focal)[:, None]
    return float(np.median(speed[whole]))
