# SPDX-License-Identifier: GPL-3.0-or-later
"""Corrections that are known in some frames and must come and go smoothly in the others."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def bridged(values: Array, known: Mask, before: Array, after: Array, reach: int, fastest: float = np.inf) -> Array:
    """Fills vectors ``(T, C)`` between the frames where they are known, twice continuously differentiable.

    In a gap the values at both borders are joined by a quintic ease. Their velocity and acceleration at the borders die
    down within ``reach`` frames (quintic Hermite bases), so that a motion that holds still in the known frames does not
    start with a jerk. Before the first and after the last known frame the nearest is held likewise.

    Parameters
    ----------
    values : (T, C); rows that are not known are ignored.
    known : (T,).
    before, after : (T, C) what the correction would be one frame earlier and later, were it known there; used at the
        borders of gaps only.
    reach : frames.
    fastest : change per frame that a velocity at a border may have, and its change per frame; faster ones are slowed.
    """
    frames = np.flatnonzero(known)
    if len(frames) == 0:
        return np.zeros_like(values)
    result = np.where(known[:, None], values, 0.0)
    free = np.flatnonzero(~known)
    if len(free) == 0:
        return result
    right = np.searchsorted(frames, free)
    has_left, has_right = right > 0, right < len(frames)
    left_frame = frames[np.maximum(right - 1, 0)]
    right_frame = frames[np.minimum(right, len(frames) - 1)]
    left_frame = np.where(has_left, left_frame, right_frame)
    right_frame = np.where(has_right, right_frame, left_frame)
    length = np.maximum(right_frame - left_frame, 1).astype(np.float64)
    ease = np.where(has_left & has_right, eased((free - left_frame) / length), 0.0)[:, None]
    filled = values[left_frame] + (values[right_frame] - values[left_frame]) * ease
    window = np.where(has_left & has_right, np.minimum(length, float(reach)), float(reach))
    for border, sign, has in ((left_frame, 1.0, has_left), (right_frame, -1.0, has_right)):
        velocity = 0.5 * (after[border] - before[border]) * sign
        acceleration = after[border] - 2.0 * values[border] + before[border]
        share = np.clip(np.abs(free - border) / window, 0.0, 1.0)
        velocity, acceleration = _limited(velocity, fastest), _limited(acceleration, fastest)
        rate = (window * _velocity_base(share) * has)[:, None]
        curvature = (window**2 * _acceleration_base(share) * has)[:, None]
        filled = filled + rate * velocity + curvature * acceleration
    result[free] = filled
    return result


def _limited(vectors: Array, longest: float) -> Array:
    """Vectors ``(N, C)`` no longer than ``longest``."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors * np.minimum(1.0, longest / np.maximum(length, 1e-12)))


def eased(share: Array) -> Array:
    """Quintic from 0 to 1 whose first and second derivatives are 0 at both ends."""
    return np.asarray(share**3 * (10.0 + share * (6.0 * share - 15.0)))


def _velocity_base(share: Array) -> Array:
    """Quintic with slope 1 at 0; its value, slope and curvature are otherwise 0 at both ends."""
    return np.asarray(share * (1.0 - share) ** 3 * (1.0 + 3.0 * share))


def _acceleration_base(share: Array) -> Array:
    """Quintic with curvature 1 at 0; its value, slope and curvature are otherwise 0 at both ends."""
    return np.asarray(0.5 * share**2 * (1.0 - share) ** 3)


def smoothed(values: Array, width: float) -> Array:
    """Vectors ``(T, C)`` averaged over frames under a bell whose standard deviation is ``width`` frames; ends are held.

    The bell ``(1 - x^2)^4`` ends with three continuous derivatives, so that nothing jumps where its support ends.
    """
    # the variance of the bell over [-1, 1] is 1 / 11
    support = width * np.sqrt(11.0)
    radius = int(np.floor(support))
    if radius < 1 or len(values) < 2:
        return values.copy()
    kernel = (1.0 - (np.arange(-radius, radius + 1) / support) ** 2) ** 4
    return _convolved(values, kernel / kernel.sum())


def gathered(values: Array, width: float, reach: float) -> Array:
    """Sums of vectors ``(T, C)`` over the frames within ``reach``, weighted by ``1 / (1 + ((t - s) / width)^2)^2``.

    The bell is wide: where nothing is near, the far counts, and passes smoothly from one side of a gap to the other. It
    comes to its end with three continuous derivatives.
    """
    radius = max(0, min(int(np.floor(reach)), len(values) - 1))
    lag = np.arange(-radius, radius + 1)
    bell = (1.0 + (lag / width) ** 2) ** -2 * (1.0 - (lag / (max(reach, radius) + 1.0)) ** 2) ** 4
    padded = np.pad(values, ((radius, radius), (0, 0)))
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, len(bell), axis=0) @ bell)


def upper_envelope(values: Array, reach: int) -> Array:
    """A smooth curve ``(T,)`` that is nowhere below ``values (T,)``.

    It is their maximum over ``reach`` frames to either side, smoothed by a bell no wider than that.
    """
    if reach < 1 or len(values) < 2:
        return values.copy()
    highest = np.lib.stride_tricks.sliding_window_view(_held(values, reach), 2 * reach + 1).max(axis=1)
    bell = (1.0 - (np.arange(-reach, reach + 1) / (reach + 1.0)) ** 2) ** 3
    return np.convolve(_held(highest, reach), bell / bell.sum(), mode="valid")


def _held(values: Array, count: int) -> Array:
    """Values ``(T, ...)`` with their ends held for so many frames more; ``np.pad`` takes ten times as long."""
    return np.concatenate([values[:1].repeat(count, axis=0), values, values[-1:].repeat(count, axis=0)])


def _convolved(values: Array, kernel: Array) -> Array:
    radius = len(kernel) // 2
    windows = np.lib.stride_tricks.sliding_window_view(_held(values, radius), len(kernel), axis=0)
    return np.asarray(windows @ kernel)
