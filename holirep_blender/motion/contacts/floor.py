# SPDX-License-Identifier: GPL-3.0-or-later
"""The floor under a performer or character: a plane, found from the motion or given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..take import Take

Array = npt.NDArray[np.float64]

_SLOW = 0.3
"""Metres per second below which a foot may be standing."""
_BAND = 0.04
"""Height in metres of the band that holds the heights of standing feet."""
_HIGHEST_POINTS: tuple[str, ...] = ("head", "neck", "upperChest", "chest", "spine", "hips")


@dataclass(frozen=True)
class Floor:
    """A plane in the take's world.

    Attributes
    ----------
    point : any point of it, metres.
    normal : the direction away from the ground; kept at length 1.
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

    def axes(self) -> Array:
        """Rotation matrix ``(3, 3)`` whose rows are two directions in the plane and its normal; identity if level."""
        up = self.up
        across = np.array([1.0, 0.0, 0.0]) if abs(up[0]) < 0.9 else np.array([0.0, 1.0, 0.0])
        first = across - np.dot(across, up) * up
        first /= np.linalg.norm(first)
        return np.stack([first, np.cross(up, first), up])


def estimate_floor(take: Take) -> Floor:
    """The level floor on which a take's feet stand most of the time.

    Of the frames in which the lowest point of the soles is slow, the band of heights that holds the most is the floor;
    its mean is taken. Steps, jumps and lying down do not move it as long as standing is what is done most. In motion
    that was planted it is where points are held. Who never has the feet under the hips (a handstand) has the floor
    under what is lowest. A skeleton without legs has it at 0.

    Raises ValueError where the take holds values that are not numbers.
    """
    from .already_held import heights_held
    from .soles import contact_points

    take.check_finite()
    points = contact_points(take)
    soles = [row for row, name in enumerate(points.names) if name.endswith(("Heel", "Toes"))]
    if not soles or take.frame_count == 0:
        return Floor()
    turned, placed = take.world()
    places = points.placed(turned, placed)[:, soles]
    seen = take.joint_confidence[:, [points.joints[row] for row in soles]].any(axis=1)
    if 0 < np.count_nonzero(seen) < len(seen):
        places, placed = places[seen], placed[seen]  # what is only held says nothing of where the feet stand
    rows = np.arange(len(places))
    lowest = np.argmin(places[..., 2], axis=1)
    heights = places[rows, lowest, 2]
    hips = take.joint_names.index("hips") if "hips" in take.joint_names else 0
    upright = heights < placed[:, hips, 2]
    if not upright.any():
        return Floor((0.0, 0.0, _densest(placed[..., 2].min(axis=1))))
    if len(places) > 2:
        speed = np.linalg.norm(np.gradient(places, axis=0), axis=-1)[rows, lowest] * take.fps
        slow = upright & (speed <= max(_SLOW, float(np.percentile(speed[upright], 25))))
        held = heights_held(places[..., 2], slow, places, placed, take.fps)
        if held is not None:
            return Floor((0.0, 0.0, float(np.median(held))))
        heights = heights[slow]
    else:
        heights = heights[upright]
    return Floor((0.0, 0.0, _densest(heights)))


def _densest(heights: Array) -> float:
    """Mean of the heights within the band that holds most of them."""
    ordered = np.sort(heights)
    ends = np.searchsorted(ordered, ordered + _BAND, side="right")
    first = int(np.argmax(ends - np.arange(len(ordered))))
    return float(np.mean(ordered[first : ends[first]]))


def check_floor(take: Take, floor: Floor) -> None:
    """Whether a performer can be on this side of the floor.

    Raises ValueError in the user's words where the take holds values that are not numbers, and where the floor lies
    above the head in every frame.
    """
    take.check_finite()
    highest = next((name for name in _HIGHEST_POINTS if name in take.joint_names), None)
    if highest is None or take.frame_count == 0:
        return
    heights = floor.height_of(take.world_positions()[:, take.joint_names.index(highest)])
    best = float(heights.max())
    if best <= 0.0:
        name = "head" if highest in ("head", "neck") else "body"
        raise ValueError(
            f"The floor lies {-best:.2f} m above the {name} even where it is highest. "
            "Lower the floor, turn it over, or let it be estimated."
        )
