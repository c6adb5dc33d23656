# SPDX-License-Identifier: GPL-3.0-or-later
"""The equirectangular layout: pixels to directions and solid angles, and back.

Cycles' own: ``u = 0.5`` is +X, ``u`` grows clockwise seen from above, the top row is the zenith.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def row_latitudes(edges: npt.NDArray[Any], height: int) -> Array:
    """Latitudes (radians) of row edges given in pixels from the top of a map of ``height`` rows."""
    return np.asarray(np.pi / 2 - np.asarray(edges, dtype=np.float64) * np.pi / height)


def column_angles(columns: npt.NDArray[Any], width: int) -> Array:
    """Angles (radians) about Z, counted from +X toward +Y, of columns in pixels from the left edge."""
    return np.asarray((0.5 - np.asarray(columns, dtype=np.float64) / width) * 2 * np.pi)


def directions(latitudes: Array, angles: Array) -> Array:
    """Unit vectors ``(..., 3)`` of latitudes and angles about Z (radians, broadcast against each other)."""
    flat = np.cos(latitudes)
    return np.stack(np.broadcast_arrays(flat * np.cos(angles), flat * np.sin(angles), np.sin(latitudes)), axis=-1)


def row_solid_angles(latitudes: Array, width: float) -> Array:
    """Exact solid angle of one pixel in each row, from the latitudes of the rows' edges; the sphere sums to 4π."""
    return np.asarray((2 * np.pi / width) * (np.sin(latitudes[:-1]) - np.sin(latitudes[1:])))


def pixel_of(direction: npt.ArrayLike, width: int, height: int) -> tuple[float, float]:
    """Row and column, in pixels from the top left corner, where a map shows a direction ``(3,)``."""
    x, y, z = np.asarray(direction, dtype=np.float64) / np.linalg.norm(direction)
    row = (0.5 - float(np.arcsin(np.clip(z, -1.0, 1.0))) / np.pi) * height
    column = (0.5 - float(np.arctan2(y, x)) / (2 * np.pi)) * width
    return row, column % width


def tangents(direction: Array) -> tuple[Array, Array]:
    """Two unit vectors ``(3,)`` that with ``direction`` are at right angles to each other."""
    helper = np.array([0.0, 0.0, 1.0]) if abs(direction[2]) < 0.9 else np.array([1.0, 0.0, 0.0])
    first = np.cross(helper, direction)
    first /= np.linalg.norm(first)
    return first, np.cross(direction, first)


def even_directions(count: int) -> Array:
    """Directions ``(count, 3)`` spread evenly over the sphere along a spiral of the golden angle."""
    steps = np.arange(count) + 0.5
    height = 1 - 2 * steps / count
    turn = steps * np.pi * (1 + np.sqrt(5.0))
    flat = np.sqrt(1 - height**2)
    return np.stack([flat * np.cos(turn), flat * np.sin(turn), height], axis=1)
