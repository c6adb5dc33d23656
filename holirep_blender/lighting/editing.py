# SPDX-License-Identifier: GPL-3.0-or-later
"""Joining and splitting lamps without losing light or spread."""

from __future__ import annotations

from dataclasses import replace
from typing import Tuple

import numpy as np

from .lamps import Lamp, disk_angle
from .sphere import Array

_HALF = 8.0 / (3.0 * np.pi)
"""How far the middle of half a disk of uniform radiance is from the disk's, in standard deviations of the disk."""


def merged(first: Lamp, second: Lamp) -> Lamp:
    """One lamp with the irradiance of two, between them, as spread out as both together."""
    strengths = np.array([first.irradiance.sum(), second.irradiance.sum()])
    if not strengths.sum() > 0:
        return first
    parts = strengths / strengths.sum()
    middle = parts[0] * first.direction + parts[1] * second.direction
    length = float(np.linalg.norm(middle))
    if length < 0.2:
        raise ValueError("These lamps shine from opposite sides: one lamp cannot stand for both.")
    direction = middle / length
    spread = sum(
        part * (_tensor(lamp) + np.outer(aside, aside))
        for part, lamp in zip(parts, (first, second))
        for aside in [_aside(lamp.direction - direction, direction)]
    )
    spreads, axes = np.linalg.eigh(spread)
    axis = _aside(axes[:, 2], direction)
    own = float(parts @ [_variance(first), _variance(second)])
    apart = float(2 * (1 - length))
    elongation = float(np.sqrt(spreads[2] / max(spreads[1], 1e-4 * spreads[2], 1e-16)))
    return replace(
        first if strengths[0] >= strengths[1] else second,
        direction=direction,
        irradiance=first.irradiance + second.irradiance,
        angle=disk_angle(min(own + apart, 1.9)),
        elongation=elongation,
        axis=np.asarray(axis / np.linalg.norm(axis)),
        share=first.share + second.share,
        sun=first.sun and second.sun,
    )


def halves(lamp: Lamp) -> Tuple[Lamp, Lamp]:
    """Two lamps of half the irradiance, side by side along the lamp's longest axis, together as spread out as it is."""
    variance = _variance(lamp)
    along = variance * lamp.elongation**2 / (1 + lamp.elongation**2)
    offset = _HALF * float(np.sqrt(along))
    across = variance - along
    left = max(along - offset**2, 1e-12)
    axis = _aside(lamp.axis, lamp.direction)
    axis = axis / np.linalg.norm(axis)
    longest, shortest = max(left, across), max(min(left, across), 1e-12)
    made = []
    for side in (1.0, -1.0):
        direction = np.cos(offset) * lamp.direction + side * np.sin(offset) * axis
        made.append(
            replace(
                lamp,
                direction=np.asarray(direction),
                irradiance=lamp.irradiance / 2,
                angle=disk_angle(left + across),
                elongation=float(np.sqrt(longest / shortest)),
                axis=axis if left >= across else np.asarray(np.cross(direction, axis)),
                share=lamp.share / 2,
            )
        )
    return made[0], made[1]


def _variance(lamp: Lamp) -> float:
    """Mean square angle of the lamp's directions, as ``disk_angle`` takes it."""
    return 1.0 - float(np.cos(lamp.angle / 2))


def _tensor(lamp: Lamp) -> Array:
    """Covariance ``(3, 3)`` of the lamp's directions, flat across the line of sight."""
    along = _aside(lamp.axis, lamp.direction)
    along = along / np.linalg.norm(along)
    across = np.cross(lamp.direction, along)
    least = _variance(lamp) / (1 + lamp.elongation**2)
    return np.asarray(least * (lamp.elongation**2 * np.outer(along, along) + np.outer(across, across)))


def _aside(vector: Array, direction: Array) -> Array:
    return np.asarray(vector - direction * float(vector @ direction))
