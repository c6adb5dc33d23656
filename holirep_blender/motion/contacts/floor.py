# SPDX-License-Identifier: GPL-3.0-or-later
"""The floor under a performer or character: a plane, found from the motion or given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..take import Take

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Floor:
    """A plane in the take's world.

    Attributes
    ----------
    point : any point of it, metres.
    normal : the direction away from the ground; need not have length 1.
    """

    point: tuple[float, float, float] = (0.0, 0.0, 0.0)
    normal: tuple[float, float, float] = (0.0, 0.0, 1.0)

    def __post_init__(self) -> None:
        """Raises ValueError in the user's words where the plane is none."""
        values = np.array([self.point, self.normal], dtype=np.float64)
        if values.shape != (2, 3) or not np.isfinite(values).all():
            raise ValueError("The floor's place and direction must be three numbers each.")
        length = float(np.linalg.norm(values[1]))
        if length < 1e-9:
            raise ValueError("The floor has no direction: its normal must not be zero.")
        object.__setattr__(self, "point", tuple(float(value) for value in values[0]))
        object.__setattr__(self, "normal", tuple(float(value) for value in values[1] / length))

    @property
    def up(self) -> Array:
        """Unit normal ``(3,)``."""
        return np.array(self.normal)

    def height_of(self, points: npt.ArrayLike) -> Array:
        """Signed heights ``(...)`` in metres of points ``(..., 3)`` over the floor."""
        return np.asarray((np.asarray(points, dtype=np.float64) - np.array(self.point)) @ self.up)


def estimate_floor(take: Take) -> Floor:
    """The level floor on which a take's performer stands most."""
    from .soles import contact_points

    points = contact_points(take)
    if not points.names or take.frame_count == 0:
        return Floor()
    return Floor((0.0, 0.0, float(np.percentile(points.world(take)[..., 2].min(axis=1), 40))))


def check_floor(take: Take, floor: Floor) -> None:
    """Raises ValueError in the user's words where a performer cannot stand on the floor."""
    raise NotImplementedError
