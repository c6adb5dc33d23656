# SPDX-License-Identifier: GPL-3.0-or-later
"""A lamp's direction, size and shape, from the light that was taken out of the map."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .sphere import Array, tangents


@dataclass(frozen=True)
class Lamp:
    """A lamp found in an environment.

    ``direction`` ``(3,)`` unit vector toward it; ``irradiance`` ``(3,)`` on a surface facing it, W/m²; ``angle`` the
    full angle, in radians, of a disk of uniform radiance that is as spread out; ``elongation`` how many times longer
    than wide; ``axis`` ``(3,)`` unit vector across the line of sight along which it is longest; ``share`` of the map's
    light (luminance); ``sun``: it is the sun. Lamps of one ``group`` stand for one light that was split.
    """

    direction: Array
    irradiance: Array
    angle: float
    elongation: float
    axis: Array
    share: float
    sun: bool = False
    group: int = 0


@dataclass
class Moments:
    """How light is spread: ``energy`` (luminance times solid angle), ``direction`` ``(3,)`` of its middle.

    ``variance`` is the mean square of the angle to the middle, in radians squared; ``elongation`` and ``axis`` are
    those of Lamp.
    """

    energy: float
    direction: Array
    variance: float
    elongation: float
    axis: Array = field(repr=False)


def moments(directions: Array, energies: Array) -> Moments:
    """Moments of light from ``directions`` ``(n, 3)`` with luminance times solid angle ``energies`` ``(n,)``."""
    energy = float(energies.sum())
    resultant = energies @ directions
    length = float(np.linalg.norm(resultant))
    middle = np.asarray(resultant / length)
    first, second = tangents(middle)
    flat = directions @ np.stack([first, second], axis=1)
    covariance = (flat * energies[:, None]).T @ flat / energy
    spreads, axes = np.linalg.eigh(covariance)
    axis = np.stack([first, second], axis=1) @ axes[:, 1]
    elongation = float(np.sqrt(spreads[1] / max(spreads[0], 1e-4 * spreads[1], 1e-16)))
    return Moments(energy, middle, max(2.0 * (1.0 - length / energy), 0.0), elongation, np.asarray(axis))


def disk_angle(variance: float) -> float:
    """Full angle (radians) of the disk of uniform radiance whose directions have this mean square angle.

    The mean cosine over a disk of half angle a is ``(1 + cos a) / 2``, and ``variance`` is ``2 (1 - mean cosine)``.
    """
    return 2.0 * float(np.arccos(np.clip(1.0 - variance, -1.0, 1.0)))


def pixel_variance(latitude: float, height: float, width: float) -> float:
    """Mean square angle within one pixel of a map, whose middle alone is counted, in radians squared.

    ``height`` and ``width`` in radians at the equator.
    """
    return (height**2 + (width * float(np.cos(latitude))) ** 2) / 12.0
