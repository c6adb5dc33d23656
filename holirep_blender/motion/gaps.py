# SPDX-License-Identifier: GPL-3.0-or-later
"""Gaps: finding the spans in which something was not seen, filling them, and saying how far to trust the filling."""

from __future__ import annotations

from typing import Optional

import numpy as np
import numpy.typing as npt

from . import rotations

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def spans(mask: npt.ArrayLike) -> list[tuple[int, int]]:
    """Half-open ranges ``(first, end)`` in which the mask ``(T,)`` is true."""
    flags = np.concatenate([[False], np.asarray(mask, dtype=bool), [False]])
    edges = np.flatnonzero(flags[1:] != flags[:-1])
    return [(int(first), int(end)) for first, end in zip(edges[::2], edges[1::2])]


def without_islands(valid: npt.ArrayLike, shortest: int) -> Mask:
    """The mask ``(T,)`` without true spans shorter than ``shortest`` frames that have gaps on both sides or one.

    A detector that finds something for a frame or two between long misses has usually found something else.
    """
    result = np.array(valid, dtype=bool)
    for first, end in spans(result):
        if end - first < shortest and end - first < len(result):
            result[first:end] = False
    return result


def distance_to_valid(valid: npt.ArrayLike) -> Array:
    """Frames ``(T,)`` to the nearest true one; infinite where there is none."""
    mask = np.asarray(valid, dtype=bool)
    index = np.arange(len(mask), dtype=np.float64)
    seen = np.flatnonzero(mask).astype(np.float64)
    if len(seen) == 0:
        return np.full(len(mask), np.inf)
    right = np.searchsorted(seen, index)
    after = seen[np.minimum(right, len(seen) - 1)]
    before = seen[np.maximum(right - 1, 0)]
    return np.asarray(np.minimum(np.abs(after - index), np.abs(index - before)))


def confidence_into_gaps(confidence: npt.ArrayLike, valid: npt.ArrayLike, fps: float, reach: float = 0.3) -> Array:
    """Confidence ``(T,)`` that falls linearly from the border's value to 0 within ``reach`` seconds into each gap."""
    mask = np.asarray(valid, dtype=bool)
    values = np.where(mask, np.asarray(confidence, dtype=np.float64), 0.0)
    if not mask.any():
        return np.zeros(len(mask))
    index = np.arange(len(mask))
    seen = np.flatnonzero(mask)
    border = np.interp(index, seen, values[seen])
    fade = np.clip(1.0 - distance_to_valid(mask) / max(reach * fps, 1.0), 0.0, 1.0)
    return np.asarray(np.where(mask, values, border * fade))


def _ease(t: Array) -> Array:
    """Smoothstep 0..1."""
    return t * t * (3.0 - 2.0 * t)


def _neutral_share(first: int, end: int, count: int, fps: float, blend: float, hold: float) -> Array:
    """How far ``(end - first,)`` frames of a gap are relaxed: 0 at its borders and in short gaps, 1 deep inside long
    ones.
    """
    index = np.arange(first, end, dtype=np.float64)
    left = (index - first + 1.0) / fps if first > 0 else np.full(len(index), np.inf)
    right = (end - index) / fps if end < count else np.full(len(index), np.inf)
    depth = np.minimum(left, right) - hold
    return _ease(np.clip(depth / blend, 0.0, 1.0))


def fill_rotations(
    quaternions: npt.ArrayLike,
    valid: npt.ArrayLike,
    fps: float,
    neutral: Optional[npt.ArrayLike] = None,
    blend: float = 0.3,
    hold: float = 0.15,
) -> Array:
    """Fills rotations ``(T, ..., 4)`` where ``valid (T,)`` is false.

    Inside a gap the borders are joined by an eased spherical interpolation; before the first and after the last valid
    frame the nearest is held. With ``neutral`` ``(..., 4)``, long gaps relax: ``hold`` seconds inside they begin to
    leave
    the interpolation for it, ``blend`` seconds later they have arrived, and they come back likewise.
    """
    result = rotations.continuous(np.where(np.isfinite(quaternions), quaternions, rotations.identity()))
    mask = np.asarray(valid, dtype=bool)
    count = len(mask)
    if not mask.any():
        result[:] = rotations.identity() if neutral is None else neutral
        return result
    extra = (1,) * (result.ndim - 2)
    for first, end in spans(~mask):
        before, after = result[max(first - 1, 0)], result[min(end, count - 1)]
        before, after = (after if first == 0 else before), (before if end == count else after)
        share = np.arange(1, end - first + 1) / (end - first + 1.0)
        weight = np.broadcast_to(_ease(share).reshape((-1, *extra)), (end - first,) + result.shape[1:-1])
        filled = rotations.slerp(before[None], after[None], weight)
        if neutral is not None:
            relaxed = _neutral_share(first, end, count, fps, blend, hold).reshape((-1, *extra))
            filled = rotations.slerp(filled, np.asarray(neutral)[None], np.broadcast_to(relaxed, filled.shape[:-1]))
        result[first:end] = filled
    return rotations.continuous(result)


def fill_channels(
    samples: npt.ArrayLike,
    valid: npt.ArrayLike,
    fps: float,
    neutral: Optional[npt.ArrayLike] = None,
    blend: float = 0.3,
    hold: float = 0.15,
) -> Array:
    """Fills channels ``(T, ...)`` where ``valid (T,)`` is false, as :func:`fill_rotations` does for rotations."""
    result = np.array(samples, dtype=np.float64)
    mask = np.asarray(valid, dtype=bool)
    count = len(mask)
    if not mask.any():
        result[:] = 0.0 if neutral is None else neutral
        return result
    for first, end in spans(~mask):
        before, after = result[max(first - 1, 0)], result[min(end, count - 1)]
        before, after = (after if first == 0 else before), (before if end == count else after)
        shape = (-1,) + (1,) * (result.ndim - 1)
        share = _ease(np.arange(1, end - first + 1) / (end - first + 1.0)).reshape(shape)
        filled = before + (after - before) * share
        if neutral is not None:
            relaxed = _neutral_share(first, end, count, fps, blend, hold).reshape(shape)
            filled = filled + (np.asarray(neutral) - filled) * relaxed
        result[first:end] = filled
    return result


def fill_points(points: npt.ArrayLike, times: npt.ArrayLike) -> Array:
    """Fills NaN rows of points ``(T, N, C)`` by a cubic through the neighbouring rows in time; ends are held.

    Each point is filled by itself. The slopes at a gap's borders come from the rows beyond it, limited as in
    Fritsch & Carlson (1980), so that nothing overshoots. A point that is never seen stays NaN.
    """
    result = np.array(points, dtype=np.float64)
    clock = np.asarray(times, dtype=np.float64)
    finite = np.isfinite(result).all(axis=-1)
    for point in np.flatnonzero(~finite.all(axis=0) & finite.any(axis=0)):
        seen = np.flatnonzero(finite[:, point])
        missing = np.flatnonzero(~finite[:, point])
        result[missing, point] = _monotone_cubic(clock[seen], result[seen, point], clock[missing])
    return result


def _monotone_cubic(x: Array, y: Array, at: Array) -> Array:
    """Fritsch–Carlson interpolation of ``y (n, C)`` over ``x (n,)``; constant beyond the ends."""
    if len(x) == 1:
        return np.repeat(y, len(at), axis=0)
    step = np.diff(x)[:, None]
    slope = np.diff(y, axis=0) / step
    tangent = np.zeros_like(y)
    same = slope[1:] * slope[:-1] > 0.0
    weighted = (step[1:] + 2.0 * step[:-1]) / 3.0 / (step[1:] + step[:-1])
    harmonic = weighted / np.where(same, slope[1:], 1.0) + (1.0 - weighted) / np.where(same, slope[:-1], 1.0)
    tangent[1:-1] = np.where(same, 1.0 / np.where(same, harmonic, 1.0), 0.0)
    inside = np.clip(at, x[0], x[-1])
    left = np.clip(np.searchsorted(x, inside, side="right") - 1, 0, len(x) - 2)
    h = step[left]
    t = ((inside - x[left])[:, None]) / h
    return np.asarray(
        (1 + 2 * t) * (1 - t) ** 2 * y[left]
        + t * (1 - t) ** 2 * h * tangent[left]
        + t * t * (3 - 2 * t) * y[left + 1]
        + t * t * (t - 1) * h * tangent[left + 1]
    )


def border_nearness(valid: npt.ArrayLike, fps: float, reach: float = 0.25) -> Array:
    """1 at the frames where something is lost or found, falling to 0 within ``reach`` seconds to either side,
    ``(T,)``.
    """
    mask = np.asarray(valid, dtype=bool)
    borders = np.flatnonzero(mask[1:] != mask[:-1]) + 0.5
    if len(borders) == 0:
        return np.zeros(len(mask))
    distance = np.min(np.abs(np.arange(len(mask))[:, None] - borders), axis=1) - 0.5
    return _ease(np.clip(1.0 - distance / max(reach * fps, 1.0), 0.0, 1.0))
