# SPDX-License-Identifier: GPL-3.0-or-later
"""A limb of two bones brought to a place: in closed form, for whole clips, and without ever flipping.

The middle joint only turns about its own hinge, to the side on which it flexes; then the limb is swung the shortest way
until its end points at the place. So the plane of the limb stays what it was, also where the limb is straight and the
plane cannot be seen from the joints' positions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .. import rotations
from .pose import Limb

Array = npt.NDArray[np.float64]

STRAIGHTEST = np.radians(0.5)
"""Flexion that a solved limb keeps: at 0 the middle joint would snap through."""
MOST_BENT = np.radians(165.0)


@dataclass(frozen=True)
class Hinge:
    """The middle joint of a limb in every frame.

    The distance between the limb's ends is ``sqrt(base + span cos(flexion))``, ``(T,)`` each, with the angle of flexion
    counted from where the limb is straightest; ``flexion (T,)`` is the angle that it has.
    """

    base: Array
    span: Array
    flexion: Array

    def distance(self, flexion: Array) -> Array:
        """Distance ``(T,)`` of the limb's ends at an angle of flexion in radians ``(T,)``."""
        return np.asarray(np.sqrt(np.maximum(self.base + self.span * np.cos(flexion), 0.0)))

    def at(self, distance: Array) -> Array:
        """Angle of flexion ``(T,)`` at a distance of the limb's ends ``(T,)``; the nearest possible."""
        cosine = (distance**2 - self.base) / np.where(self.span < 1e-12, 1.0, self.span)
        return np.asarray(np.clip(np.arccos(np.clip(cosine, -1.0, 1.0)), STRAIGHTEST, MOST_BENT))


def hinge_of(limb: Limb, upper: Array, lower: Array, axis: Array) -> Hinge:
    """The hinge about ``axis (T, 3)`` of a limb whose bones' world rotations are ``upper`` and ``lower (T, 4)``."""
    first, second = rotations.rotate(upper, limb.first), rotations.rotate(lower, limb.second)
    along = _dot(first, axis) * _dot(second, axis)
    straight = _dot(first, second) - along
    turned = _dot(first, rotations.cross(axis, second))
    squares = np.sum(limb.first**2, axis=-1) + np.sum(limb.second**2, axis=-1)
    return Hinge(squares + 2.0 * along, 2.0 * np.hypot(straight, turned), -np.arctan2(turned, straight))


def _dot(one: Array, two: Array) -> Array:
    return np.asarray(np.einsum("...i,...i->...", one, two))


def reaching(limb: Limb, upper: Array, lower: Array, axis: Array, start: Array, target: Array) -> tuple[Array, Array]:
    """World rotations ``(T, 4)`` of both bones with which the limb's end is at ``target (T, 3)``.

    Where that is too far or too near the end is in its direction.

    Parameters
    ----------
    upper, lower : (T, 4) world rotations as they are.
    axis : (T, 3) the hinge's axis in the world.
    start : (T, 3) where the limb begins.
    """
    hinge = hinge_of(limb, upper, lower, axis)
    away = target - start
    bend = hinge.at(np.linalg.norm(away, axis=-1)) - hinge.flexion
    bent = rotations.multiply(rotations.from_axis_angle(axis, bend), lower)
    ends = rotations.rotate(upper, limb.first) + rotations.rotate(bent, limb.second)
    swing = rotations.between(ends, away)
    return rotations.multiply(swing, upper), rotations.multiply(swing, bent)
