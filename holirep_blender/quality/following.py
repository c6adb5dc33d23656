# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether motion follows what the tracker saw move: the test that frozen and over-smoothed motion fails."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .windows import averaged, mean_known

Array = npt.NDArray[np.float64]

REACHES = (0.1, 0.25, 0.6)
"""Seconds before and after a frame between which motion is taken: from a syllable or a step, long against a tracker's
trembling, to a phrase. Smoothing takes the shortest first and the longest last, so that more of it shows at any
strength."""
_WINDOW = 0.5
TOO_SHORT = "The take is too short: whether it follows the plate shows over a quarter of a second."


def shortest(fps: float) -> int:
    """Frames of the shortest take of which it can be told."""
    return 2 * max(1, round(REACHES[0] * fps)) + 1


def not_followed(own: Array, seen: Array, fps: float, still: float) -> Array:
    """Share ``(T,)`` of the seen motion that the own one lacks or adds: 0 where it follows, 1 where it is frozen.

    For displacements ``d`` over twice each of :data:`REACHES`, summed over points and the second about each frame:
    ``sqrt(Σ|d_own − d_seen|² / (Σ|d_seen|² + N still²))``, the mean over reaches. Where nothing moves the denominator
    is that of a tracker's noise, so that noise is not taken for motion. At no reach it counts more than 1: slow motion
    that goes the other way round than the fast one it was made of is no worse than none.

    Parameters
    ----------
    own, seen : (T, N, D) places in one unit; NaN where there is none.
    still : displacement, in that unit, that points seem to make when nothing moves.
    """
    count = len(own)
    if count < shortest(fps):
        return np.full(count, np.nan)
    smooth = max(0, round(0.02 * fps))
    own, seen = averaged(own, smooth), averaged(seen, smooth)
    halves = sorted({half for half in (max(1, round(reach * fps)) for reach in REACHES) if 2 * half < count})
    return mean_known(np.stack([_over(own, seen, half, fps, still) for half in halves], axis=1))


def _over(own: Array, seen: Array, half: int, fps: float, still: float) -> Array:
    """The share ``(T,)`` over displacements from ``half`` frames before to as many after each frame."""
    count = len(own)
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
    result = np.minimum(np.sqrt(errors / (motions + still**2)), 1.0)
    # only where something was seen about the frame itself
    return np.where(np.isfinite(table[:, 0]), result, np.nan)
