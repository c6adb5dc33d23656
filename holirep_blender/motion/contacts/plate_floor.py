# SPDX-License-Identifier: GPL-3.0-or-later
"""The floor from the plate: four corners of something rectangular that lies on it."""

from __future__ import annotations

from typing import Optional

import numpy as np
import numpy.typing as npt

from .. import rotations
from ..take import Take
from .floor import Floor, check_floor
from .names import SOLE_POINTS
from .record import Contacts
from .soles import contact_points

Array = npt.NDArray[np.float64]

_SMALLEST = 16.0
"""Area in square pixels of the smallest rectangle that tells a direction."""


def floor_from_corners(take: Take, frame: int, corners: npt.ArrayLike) -> Floor:
    """The floor from a rectangle on it, as the solved camera sees it in a frame.

    Opposite sides of the rectangle meet in two vanishing points, whose directions span the floor (Caprile & Torre
    1990). The camera does not tell how far the rectangle is: the floor's height is the one on which the performer's
    feet stand in the frames with contacts, or, without any, the one that their lowest places touch.

    Parameters
    ----------
    frame : frame of the take, from 0, whose picture was clicked on.
    corners : (4, 2) pixels, in their order around the rectangle, either way.

    Raises ValueError in the user's words where the take has no camera, or the corners make no rectangle.
    """
    if take.camera is None:
        raise ValueError("This take has no camera, so a floor cannot be found in its plate.")
    pixels = np.asarray(corners, dtype=np.float64)
    if pixels.shape != (4, 2) or not np.isfinite(pixels).all():
        raise ValueError("Mark four corners on the plate.")
    if not 0 <= frame < take.frame_count:
        raise ValueError(f"Frame {frame + 1} is not in the take, which has {take.frame_count} frames.")
    _check_corners(pixels)
    rays = np.concatenate([pixels, np.ones((4, 1))], axis=1) @ np.linalg.inv(take.camera.intrinsics).T
    normal = _normal(rays)
    if normal is None:
        raise ValueError("The four corners lie on the horizon or on one line: mark a larger rectangle on the floor.")
    pose = take.camera.world_from_camera[frame]
    up = pose[:3, :3] @ normal
    place = _standing_place(take, up)
    toward = pose[:3, :3] @ rays.mean(axis=0)
    along = float(np.dot(place - pose[:3, 3], up)) / float(np.dot(toward, up))
    point = pose[:3, 3] + along * toward if along > 0.0 else place
    floor = Floor(_triple(point), _triple(up))
    check_floor(take, floor)
    return floor


def _check_corners(pixels: Array) -> None:
    edges = np.roll(pixels, -1, axis=0) - pixels
    turns = edges[:, 0] * np.roll(edges, -1, axis=0)[:, 1] - edges[:, 1] * np.roll(edges, -1, axis=0)[:, 0]
    if not (np.all(turns > 0.0) or np.all(turns < 0.0)):
        raise ValueError("The four corners must go around the rectangle in their order, without crossing.")
    across, along = pixels[2] - pixels[0], pixels[3] - pixels[1]
    if 0.5 * abs(across[0] * along[1] - across[1] * along[0]) < _SMALLEST:
        raise ValueError("The four corners lie too close together: mark a larger rectangle on the floor.")


def _normal(rays: Array) -> Optional[Array]:
    """Upward normal ``(3,)`` in the camera's axes of the plane whose rectangle's corners lie on rays ``(4, 3)``."""
    sides = np.cross(rays, np.roll(rays, -1, axis=0))
    directions = rotations.normalized([np.cross(sides[0], sides[2]), np.cross(sides[1], sides[3])])
    normal = np.cross(directions[0], directions[1])
    if np.linalg.norm(normal) < 1e-3:
        return None
    normal = rotations.normalized(normal)
    facing = rotations.normalized(rays) @ normal
    # the camera is over the floor: its rays to all corners go down
    if np.all(facing > 1e-4):
        return -normal
    return normal if np.all(facing < -1e-4) else None


def _standing_place(take: Take, up: Array) -> Array:
    """Where the performer's feet stand ``(3,)``, for a floor of that direction."""
    points = contact_points(take)
    soles = [name for name in SOLE_POINTS if name in points.names]
    if not soles:
        raise ValueError("The take has no feet that could stand on the floor, so its height is not known.")
    places = points.world(take)[:, [points.index(name) for name in soles]]
    contacts = Contacts.from_take(take)
    touching = np.stack([contacts.touching(name) for name in soles], axis=1)
    if not touching.any():
        heights = places @ up
        touching = heights <= np.percentile(heights.min(axis=1), 40.0)
    standing = places[touching]
    heights = standing @ up
    return np.asarray(standing.mean(axis=0) + up * (np.median(heights) - heights.mean()))


def _triple(vector: Array) -> tuple[float, float, float]:
    return (float(vector[0]), float(vector[1]), float(vector[2]))
