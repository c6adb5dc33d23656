# SPDX-License-Identifier: GPL-3.0-or-later
"""Euler angles of whole clips, in any of the six orders, without jumps."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from . import rotations

Array = npt.NDArray[np.float64]

_AXES = {"X": 0, "Y": 1, "Z": 2}


def from_euler(angles: npt.ArrayLike, order: str) -> Array:
    """Quaternions ``(..., 4)`` of angles ``(..., 3)`` in radians; the order's first axis is the outermost factor."""
    values = np.asarray(angles, dtype=np.float64)
    result = rotations.identity(values.shape[:-1])
    for column, axis in enumerate(order):
        result = rotations.multiply(result, rotations.from_axis_angle(np.eye(3)[_AXES[axis]], values[..., column]))
    return result


def to_euler(q: npt.ArrayLike, order: str) -> Array:
    """Angles ``(..., 3)`` in radians of unit quaternions ``(..., 4)``; the inverse of ``from_euler``.

    The middle angle lies in ±pi/2. Where it is ±pi/2 the last angle is taken as 0 (gimbal lock).
    """
    i, j, k = (_AXES[axis] for axis in order)
    sign = 1.0 if (i, j, k) in ((0, 1, 2), (1, 2, 0), (2, 0, 1)) else -1.0
    m = rotations.to_matrix(q)
    middle = np.arcsin(np.clip(sign * m[..., i, k], -1.0, 1.0))
    locked = np.abs(m[..., i, k]) > 1.0 - 1e-12
    first = np.arctan2(-sign * m[..., j, k], m[..., k, k])
    last = np.arctan2(-sign * m[..., i, j], m[..., i, i])
    first = np.where(locked, np.arctan2(sign * m[..., k, j], m[..., j, j]), first)
    return np.stack([first, middle, np.where(locked, 0.0, last)], axis=-1)


def continuous_euler(q: npt.ArrayLike, order: str) -> Array:
    """Angles ``(T, ..., 3)`` of quaternions ``(T, ..., 4)``; in each frame the triple nearest to the frame before.

    A rotation has two triples, ``(a, b, c)`` and ``(a + pi, pi - b, c + pi)``, each up to full turns.
    """
    plain = to_euler(q, order)
    other = np.stack([plain[..., 0] + np.pi, np.pi - plain[..., 1], plain[..., 2] + np.pi], axis=-1)
    result = np.empty_like(plain)
    turn = 2.0 * np.pi
    for frame in range(len(plain)):
        if frame == 0:
            result[0] = plain[0]
            continue
        before = result[frame - 1]
        near = [triple + turn * np.round((before - triple) / turn) for triple in (plain[frame], other[frame])]
        cost = [np.sum(np.abs(triple - before), axis=-1, keepdims=True) for triple in near]
        result[frame] = np.where(cost[1] < cost[0] - 1e-12, near[1], near[0])
    return result
