# SPDX-License-Identifier: GPL-3.0-or-later
"""A grey or white ball in a picture: what each light of a rig would make of it."""

from __future__ import annotations

from typing import Sequence, Tuple

import numpy as np
import numpy.typing as npt

from .environment_map import Grid
from .irradiance import lamp_irradiance, map_irradiance
from .sphere import Array

_RIM = 0.95
"""Part of the radius that is looked at: the rim is blurred, and a glancing view shows the ball's gloss."""


def ball_normals(
    box: Sequence[float], size: Tuple[int, int], axes: npt.ArrayLike, intrinsics: npt.ArrayLike
) -> Tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Array]:
    """Rows, columns and world normals ``(n, 3)`` of a ball's pixels, exact for a camera at any distance.

    ``box``: left, top, right, bottom of the ball in pixels; ``size``: width and height of the picture; ``axes``
    ``(3, 3)``: the camera's right, up and backward in the world; ``intrinsics`` ``(3, 3)``: its matrix in pixels.
    Raises ValueError where the box holds no ball.
    """
    left, top, right, bottom = box
    wide, high = right - left, bottom - top
    if min(wide, high) < 6:
        raise ValueError("The ball is too small: draw the box from one corner of it to the other.")
    if max(wide, high) > 1.35 * min(wide, high):
        raise ValueError("A ball's box is as wide as high: draw it again, close around the ball.")
    columns, rows = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    inside = (2 * columns + 1 - left - right) ** 2 / wide**2 + (2 * rows + 1 - top - bottom) ** 2 / high**2 < 1
    rows, columns = rows[inside], columns[inside]
    x, y = (left + right) / 2, (top + bottom) / 2
    edges = _rays([(left, y), (right, y), (x, top), (x, bottom)], axes, intrinsics)
    middle = _rays([(x, y)], axes, intrinsics)[0]
    radius = float(np.mean(np.arccos(np.clip(edges @ middle, -1.0, 1.0))))
    rays = _rays(np.stack([columns + 0.5, rows + 0.5], axis=1), axes, intrinsics)
    distance = 1.0 / np.sin(radius)
    along = distance * (rays @ middle)
    depth = 1.0 - (distance**2 - along**2)
    seen = depth > 1.0 - _RIM**2
    if not seen.any():
        raise ValueError("The ball lies outside the picture: draw the box again.")
    normals = (along - np.sqrt(np.maximum(depth, 0.0)))[:, None] * rays - distance * middle
    return rows[seen], columns[seen], np.asarray(normals[seen])


def _rays(pixels: npt.ArrayLike, axes: npt.ArrayLike, intrinsics: npt.ArrayLike) -> Array:
    """Unit vectors ``(n, 3)`` in the world from the camera through pixels ``(n, 2)``."""
    points = np.asarray(pixels, dtype=np.float64)
    seen = np.column_stack([points, np.ones(len(points))]) @ np.linalg.inv(np.asarray(intrinsics)).T
    rays = (seen * (1.0, -1.0, -1.0)) @ np.asarray(axes, dtype=np.float64)
    return np.asarray(rays / np.linalg.norm(rays, axis=1, keepdims=True))


def ball_pictures(
    normals: Array,
    directions: Array,
    irradiances: Array,
    angles: Array,
    residual: Grid,
    turn: Array,
    reflectance: float,
) -> Array:
    """Radiance ``(k + 1, n, 3)`` of a Lambert ball by each lamp and, last, by the residual.

    ``directions`` ``(k, 3)`` toward the lamps in the world, ``irradiances`` ``(k, 3)`` and full ``angles`` ``(k,)`` as
    they are now; ``turn`` ``(3, 3)`` takes directions of the residual's map to the world's.
    """
    shading = [
        lamp_irradiance(directions[k : k + 1], irradiances[k : k + 1], normals, angles[k : k + 1])
        for k in range(len(directions))
    ]
    around = map_irradiance(residual, normals @ turn)  # the transpose takes them back
    return np.asarray(np.stack([*shading, around]) * (reflectance / np.pi))
