# SPDX-License-Identifier: GPL-3.0-or-later
"""Slowing a part of a motion: a time filter in a window whose outside stays as it is.

Whittaker (1923) smoothing by third differences with the frames outside held: what is left between them follows the
samples as closely as the cutoff allows, and where samples are not trusted it is the minimum-jerk movement (Flash &
Hogan 1985) between what is. Third differences make the joins smooth in position, velocity and acceleration.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from .. import rotations

Array = npt.NDArray[np.float64]

_ORDER = 3


def slowed_channels(values: Array, first: int, last: int, trust: Array, cutoff_hz: float, fps: float) -> Array:
    """Channels ``(T, K)`` filtered from frame ``first`` to ``last`` (inclusive); all others are returned unchanged.

    Parameters
    ----------
    trust : (last - first + 1,) weight of each sample in the window, 0 for one to be left out.
    cutoff_hz : where the filter falls to half; lower is slower.
    """
    start, stop = max(first - _ORDER, 0), min(last + _ORDER, len(values) - 1)
    count = stop - start + 1
    order = min(_ORDER, count - 1)
    if order < 1:
        return values.copy()
    differences = _differences(count, order)
    inside = slice(first - start, last - start + 1)
    outside = [frame for frame in range(count) if not inside.start <= frame < inside.stop]
    stiffness = (2.0 * np.sin(np.pi * min(cutoff_hz, 0.49 * fps) / fps)) ** (-2 * order)
    free, held = differences[:, inside], differences[:, outside]
    # where nothing is trusted and little is held the samples still say which of all smooth movements is meant
    weights = np.maximum(trust, 1e-4)
    matrix = np.diag(weights) + stiffness * free.T @ free
    known = values[start : stop + 1]
    right = weights[:, None] * known[inside] - stiffness * free.T @ (held @ known[outside])
    result = values.copy()
    result[first : last + 1] = np.linalg.solve(matrix, right)
    return result


@lru_cache(maxsize=64)
def _differences(count: int, order: int) -> Array:
    """Matrix ``(count - order, count)`` of differences."""
    return np.diff(np.eye(count), n=order, axis=0)


def slowed_rotations(quaternions: Array, first: int, last: int, trust: Array, cutoff_hz: float, fps: float) -> Array:
    """Unit quaternions ``(T, K, 4)`` filtered like channels, on the side of their trusted neighbours."""
    start, stop = max(first - _ORDER, 0), min(last + _ORDER, len(quaternions) - 1)
    part = quaternions[start : stop + 1].copy()
    sure = np.ones(len(part), dtype=bool)
    sure[first - start : last - start + 1] = trust > 0.0
    steady = np.flatnonzero(sure) if sure.any() else np.arange(len(part))
    part[steady] = rotations.continuous(part[steady])
    for frame in np.flatnonzero(~sure) if sure.any() else []:
        near = steady[np.argmin(np.abs(steady - frame))]
        sign = np.where(np.sum(part[frame] * part[near], axis=-1, keepdims=True) < 0.0, -1.0, 1.0)
        part[frame] = part[frame] * sign
    flat = part.reshape(len(part), -1)
    smooth = slowed_channels(flat, first - start, last - start, trust, cutoff_hz, fps).reshape(part.shape)
    result = quaternions.copy()
    result[first : last + 1] = rotations.normalized(smooth[first - start : last - start + 1])
    return result
