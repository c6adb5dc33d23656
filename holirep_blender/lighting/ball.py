# SPDX-License-Identifier: GPL-3.0-or-later
"""A grey or white ball in a picture: what each light of a rig would make of it."""

from __future__ import annotations

from typing import Sequence, Tuple

import numpy as np
import numpy.typing as npt

from .environment_map import Grid
from .irradiance import lamp_irradiance, map_irradiance
from .sphere import Array

_RIM = 0.92
"""Part of the radius that is looked at: the rim is blurred, and a glancing view shows the ball's gloss."""


def ball_normals(
    box: Sequence[float], size: Tuple[int, int], camera: npt.ArrayLike, toward: npt.ArrayLike
) -> Tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Array]:
    """Rows, columns and world normals ``(n, 3)`` of a ball's pixels.

    ``box``: left, top, right, bottom of the ball in pixels; ``size``: width and height of the picture; ``camera``
    ``(3, 3)``: world axes of the camera's right, up and backward; ``toward`` ``(3,)``: from the ball to the camera, in
    the world. The ball is taken as seen from far away. Raises ValueError where the box holds no ball.
    """
    left, top, right, bottom = box
    radius = np.array([(right - left) / 2, (bottom - top) / 2])
    if radius.min() < 3:
        raise ValueError("The ball is too small: draw the box from one corner of it to the other.")
    if radius.max() > 1.35 * radius.min():
        raise ValueError("A ball's box is as wide as high: draw it again, close around the ball.")
    columns, rows = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    x = (columns + 0.5 - (left + right) / 2) / radius[0]
    y = -(rows + 0.5 - (top + bottom) / 2) / radius[1]
    inside = x**2 + y**2 < _RIM**2
    if not inside.any():
        raise ValueError("The ball lies outside the picture: draw the box again.")
    axes = np.asarray(camera, dtype=np.float64)
    back = np.asarray(toward, dtype=np.float64)
    back = back / np.linalg.norm(back)
    across = axes[0] - back * float(axes[0] @ back)
    across /= np.linalg.norm(across)
    up = np.cross(back, across)
    x, y = x[inside], y[inside]
    normals = x[:, None] * across + y[:, None] * up + np.sqrt(1 - x**2 - y**2)[:, None] * back
    return rows[inside], columns[inside], np.asarray(normals)


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
