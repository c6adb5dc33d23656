# SPDX-License-Identifier: GPL-3.0-or-later
"""Means that skip what is missing, over windows of frames and over columns, and distances from a smooth curve."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_SMOOTH = 0.07
"""Seconds to each side of the curve through neighbouring frames: shorter than anything a body does on purpose."""


def mean_known(values: Array) -> Array:
    """Means ``(T,)`` over the columns ``(T, N)`` that have a value; NaN where none has."""
    known = np.isfinite(values)
    total = np.where(known, values, 0.0).sum(axis=1)
    return np.where(known.any(axis=1), total / np.maximum(known.sum(axis=1), 1), np.nan)


def averaged(values: Array, half: int) -> Array:
    """Means ``(T, ...)`` over ``half`` frames to each side of those that are numbers; NaN where none is."""
    known = np.isfinite(values)
    count = _sums(known.astype(np.float64), half)
    total = _sums(np.where(known, values, 0.0), half)
    return np.where(count > 0.5, total / np.maximum(count, 1.0), np.nan)


def residual(values: Array, fps: float) -> Array:
    """Distances of samples ``(T, ...)``, at least five, from the quadratic through their neighbours in time.

    Savitzky and Golay, Smoothing and differentiation of data by simplified least squares procedures (1964); 0 in the
    first and the last frames, which have no neighbours on one side.
    """
    half = max(2, round(_SMOOTH * fps))
    half = min(half, (len(values) - 1) // 2)
    places = np.arange(-half, half + 1.0)
    weights = np.linalg.pinv(np.vander(places, 3, increasing=True))[0]
    result = np.zeros_like(values)
    inside = result[half : len(values) - half]
    inside += values[half : len(values) - half]
    for shift, weight in enumerate(weights):
        inside -= weight * values[shift : shift + len(inside)]
    return result


def _sums(values: Array, half: int) -> Array:
    """Sums over ``half`` frames to each side, as far as there are frames."""
    total = np.concatenate([np.zeros((1,) + values.shape[1:]), np.cumsum(values, axis=0)])
    rows = np.arange(len(values))
    return np.asarray(total[np.minimum(rows + half + 1, len(values))] - total[np.maximum(rows - half, 0)])
