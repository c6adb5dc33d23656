# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether motion follows what the tracker saw move: the test that frozen and over-smoothed motion fails."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .windows import averaged

Array = npt.NDArray[np.float64]

REACH = 0.1
"""Seconds before and after a frame between which motion is taken: long against a tracker's trembling."""
_WINDOW = 0.5
TOO_SHORT = "The take is too short: whether it follows the plate shows over a quarter of a second."


def shortest(fps: float) -> int:
    """Frames of the shortest take of which it can be told."""
    return 2 * max(1, round(REACH * fps)) + 1


def not_followed(own: Array, seen: Array, fps: float, still: float) -> Array:
    """Share ``(T,)`` of the seen motion that the own one lacks or adds: 0 where it follows, 1 where it is frozen.

    For displacements ``d`` over twice :data:`REACH`, summed over points and the second about each frame:
    ``sqrt(Σ|d_own − d_seen|² / (Σ|d_seen|² + N still²))``. Where nothing moves the denominator is that of a tracker's
    noise, so that noise is not taken for motion.

    Parameters
    ----------
    own, seen : (T, N, D) places in one unit; NaN where there is none.
    still : displacement, in that unit, that points seem to make when nothing moves.
    """
    count = len(own)
    half = max(1, round(REACH * fps))
    if count < shortest(fps):
        return np.full(count, np.nan)
    smooth = max(0, round(0.02 * fps))
    own, seen = averaged(own, smooth), averaged(seen, smooth)
    moved = [each[2 * half :] - each[: -2 * half] for each in (own, seen)]
    error = np.sum((moved[0] - moved[1]) ** 2, axis=-1)
    motion = np.where(np.isfinite(error), np.sum(moved[1] ** 2, axis=-1), np.nan)
    table = np.full((count, 2), np.nan)
    known = np.isfinite(error)
    points = known.sum(axis=1)
    some = points > 0
    inside = table[half : count - half]
    inside[some, 0] = np.where(known, error, 0.0).sum(axis=1)[some] / points[some]
    inside[some, 1] = np.where(known, motion, 0.0).sum(axis=1)[some] / points[some]
    table[:half], table[count - half :] = table[half], table[count - half - 1]
    errors, motions = averaged(table, round(_WINDOW * fps)).T
    result = np.sqrt(errors / (motions + still**2))
    # only where something was seen about the frame itself
    return np.where(np.isfinite(table[:, 0]), result, np.nan)
