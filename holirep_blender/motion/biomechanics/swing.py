# SPDX-License-Identifier: GPL-3.0-or-later
"""Joint quaternions and their angles: a swing of the joint's length after a rotation about it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

MOTIONS: tuple[str, ...] = ("flexion", "abduction", "rotation")
"""In the order of the last axis of ``angles_of``."""


def angles_of(quaternions: Array, mirrors: npt.ArrayLike) -> Array:
    """Angles ``(N, T, 3)`` in radians, as ``MOTIONS``, of joint quaternions ``(N, T, 4)``; ``mirrors (N,)``."""
    w, x, y, z = np.moveaxis(quaternions, -1, 0)
    scale = np.sqrt(w * w + x * x)
    half_turn = scale < 1e-9
    if half_turn.any():
        # half a turn of the swing has two directions, q and -q one each: one of them is chosen
        lead = np.where(np.abs(y) > 1e-9, y, z)
        turned = np.where(half_turn & (lead < 0.0), -1.0, 1.0)
        y, z = turned * y, turned * z
    divisor = np.where(half_turn, 1.0, scale)
    cosine, sine = np.where(half_turn, 1.0, w / divisor), np.where(half_turn, 0.0, x / divisor)
    flexion, third = cosine * y - sine * z, cosine * z + sine * y
    length = np.sqrt(flexion * flexion + third * third)
    angle = 2.0 * np.arctan2(length, scale)
    ratio = np.where(length < 1e-9, 2.0, angle / np.where(length < 1e-9, 1.0, length))
    # q and -q are one rotation: the twist lies within a half turn either way
    sign = np.where(np.where(np.abs(cosine) < 1e-9, sine, cosine) < 0.0, -1.0, 1.0)
    twist = 2.0 * np.arctan2(sine * sign, cosine * sign)
    mirror = np.asarray(mirrors, dtype=np.float64)[:, None]
    return np.stack([ratio * flexion, ratio * third * mirror, twist], axis=-1)


def quaternions_of(angles: Array, mirror: float) -> Array:
    """Joint quaternions ``(T, 4)`` of angles ``(T, 3)``: the inverse of ``angles_of`` for one joint."""
    flexion, third, half = angles[:, 0], angles[:, 1] * mirror, angles[:, 2] / 2.0
    swing = np.sqrt(flexion * flexion + third * third)
    scale, ratio = np.cos(swing / 2.0), 0.5 * np.sinc(swing / (2.0 * np.pi))
    y, z = ratio * flexion, ratio * third
    cosine, sine = np.cos(half), np.sin(half)
    return np.stack([scale * cosine, scale * sine, y * cosine + z * sine, z * cosine - y * sine], axis=-1)
