# SPDX-License-Identifier: GPL-3.0-or-later
"""The skin of the head as a grid of rows and columns, cut along the eyelids and between the lips.

Columns are angles about the vertical axis (0 in front, positive to the performer's left), rows run from the neck to the
crown. Some rows are drawn along the features (lip borders, the seams of mouth and lids); those between follow. Each
point lies where a ray from the head's axis leaves the head's field. Along the seams the vertices are doubled, so that
the upper and the lower edge are vertices of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from . import proportions as body
from .head_shape import MOUTH, head
from .implicit import Array, Field, gradient, project, smoothstep
from .surface_nets import Indices, Neighbours

Mask = NDArray[np.bool_]
EYE_INNER, EYE_OUTER = np.radians(11.0), np.radians(29.0)
MOUTH_CORNER = np.radians(16.0)
EYE_Z = float(body.EYE_CENTRE[2])


@dataclass
class Slit:
    """A cut along a row: `upper` and `lower` are vertex indices from corner to corner (corners are shared)."""

    row: int
    upper: Indices
    lower: Indices


@dataclass
class FaceGrid:
    """The skin with closed eyes. Arrays have one entry per vertex unless said otherwise."""

    points: Array
    row: Array
    angle: Array
    above: Mask
    faces: Indices
    face_row: Indices
    mouth: Slit
    eyes: dict[str, Slit]
    row_of: dict[str, int]
    columns: Array
    grid: Indices = field(repr=False)


def _columns() -> Array:
    half = np.concatenate([np.arange(0, 40, 1.0), np.arange(40, 60, 2.5), np.arange(60, 180.1, 7.5)])
    return np.radians(np.concatenate([-half[-2:0:-1], half]))


def _key_rows(u: Array) -> list[tuple[str, int, Array, Array]]:
    """(name, rows up to the next, height of the ray's origin, its elevation in radians) with a value per column."""
    a = np.abs(u)
    front = 0.5 + 0.5 * np.cos(u)
    flat = np.ones_like(u)
    mouth = np.clip(a / MOUTH_CORNER, 0, 1)
    seam = MOUTH + 0.0024 * mouth**2
    beyond = smoothstep(1.0, 2.0, a / MOUTH_CORNER)
    bow = 0.0016 * np.exp(-((a / np.radians(1.6)) ** 2))
    upper_lip = 0.0072 * (1 - mouth**1.8) - bow + 0.0006 + 0.006 * beyond
    lower_lip = 0.0090 * (1 - mouth**2.2) + 0.0006 + 0.006 * beyond
    middle = (EYE_INNER + EYE_OUTER) / 2
    s = np.clip((a - middle) / (EYE_OUTER - middle), -1, 1)
    slit = EYE_Z - 0.0054 * (1 - s**2) + 0.0020 * s
    eye_height = 0.0042 + 0.0068 * np.exp(-(((a - middle) / np.radians(11)) ** 2))
    zero = 0 * flat
    return [
        ("base", 5, 1.470 * flat, zero - 0.95),
        ("throat", 7, 1.452 * flat, -0.15 * front),
        ("under_chin", 6, 1.492 * flat, -0.55 * front),
        ("chin", 6, 1.503 * flat, -0.12 * front),
        ("below_lip", 4, 1.5185 * flat - 0.002 * beyond, zero),
        ("lower_lip", 4, seam - lower_lip, zero),
        ("mouth", 4, seam, zero),
        ("upper_lip", 5, seam + upper_lip, zero),
        ("nose_base", 9, 1.5530 * flat, zero),
        ("cheek", 6, EYE_Z - 0.0195 - 0.003 * flat, zero),
        ("lower_lid", 7, slit - eye_height * 0.95, zero),
        ("eye", 7, slit, zero),
        ("upper_lid", 5, slit + eye_height * 1.55, zero),
        ("brow", 5, EYE_Z + 0.0240 * flat, zero),
        ("forehead", 13, 1.648 * flat, zero + 0.05),
        ("crown", 0, 1.655 * flat, np.full_like(u, np.radians(86.0))),
    ]


def _cast(shape: Field, origin: Array, direction: Array) -> Array:
    """Where rays come out of the head: marched from outside inwards."""
    distance = np.full(len(origin), 0.17)
    going = np.arange(len(origin))
    for _ in range(46):
        step = 0.75 * np.clip(shape(origin[going] + direction[going] * distance[going, None]), -0.02, 0.05)
        distance[going] -= step
        going = going[np.abs(step) > 2e-6]
        if not len(going):
            break
    return origin + direction * distance[:, None]


def _relax(shape: Field, points: Array, faces: Indices, amount: Array, steps: int) -> Array:
    """Evens out the mesh where `amount` > 0 and keeps it on the surface."""
    neighbours = Neighbours(faces, len(points))
    moving = np.flatnonzero(amount > 0.01)
    for _ in range(steps):
        wanted = points + amount[:, None] * 0.7 * (neighbours.mean(points) - points)
        moved = wanted[moving]
        normal = gradient(shape, points[moving])
        step = moved - points[moving]
        step -= normal * np.sum(step * normal, axis=1, keepdims=True)
        points = points.copy()
        points[moving] = project(shape, points[moving] + step, 1, 0.003)
    return points


def _symmetric(points: Array, grid: Indices, slits: dict[str, Slit]) -> Array:
    """The points made exactly alike on both sides."""
    twin = np.arange(len(points))
    n = grid.shape[1]
    twin[grid] = grid[:, np.append(np.arange(n - 2, -1, -1), n - 1)]
    twin[slits["mouth"].upper[1:-1]] = slits["mouth"].upper[1:-1][::-1]
    twin[slits["left"].upper[1:-1]] = slits["right"].upper[1:-1][::-1]
    twin[slits["right"].upper[1:-1]] = slits["left"].upper[1:-1][::-1]
    return (points + points[twin] * np.array([-1.0, 1.0, 1.0])) / 2


def build_face_grid() -> FaceGrid:
    """The head's skin, eyes and mouth closed."""
    columns = _columns()
    n = len(columns)
    keys = _key_rows(columns)
    heights: list[np.ndarray] = []
    elevations: list[np.ndarray] = []
    row_of: dict[str, int] = {}
    for (name, count, z, e), following in zip(keys, keys[1:] + keys[-1:]):
        row_of[name] = len(heights)
        for k in range(max(count, 1)):
            t = k / max(count, 1)
            heights.append(z + (following[2] - z) * t)
            elevations.append(e + (following[3] - e) * t)
    z, e = np.array(heights), np.array(elevations)
    rows = len(z)
    u = np.broadcast_to(columns, z.shape)
    origin = np.stack([0 * z, 0.004 + 0 * z, z], axis=-1).reshape(-1, 3)
    direction = np.stack([np.sin(u) * np.cos(e), -np.cos(u) * np.cos(e), np.sin(e)], axis=-1).reshape(-1, 3)
    shape = head()
    points = _cast(shape, origin, direction)
    grid = np.arange(rows * n).reshape(rows, n)
    upper = grid.copy()

    def cut(name: str, low: float, high: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        inner = np.flatnonzero((columns > low - 1e-6) & (columns < high + 1e-6))
        return inner, grid[row_of[name], inner]

    extra = rows * n
    cuts = {
        "mouth": cut("mouth", -MOUTH_CORNER, MOUTH_CORNER),
        "left": cut("eye", EYE_INNER, EYE_OUTER),
        "right": cut("eye", -EYE_OUTER, -EYE_INNER),
    }
    doubled = []
    slits = {}
    for name, (inner, lower) in cuts.items():
        new = lower.copy()
        new[1:-1] = extra + np.arange(len(inner) - 2)
        extra += len(inner) - 2
        doubled.append(lower[1:-1])
        row = row_of["mouth" if name == "mouth" else "eye"]
        upper[row, inner] = new
        slits[name] = Slit(row, new, lower)
    duplicate = np.concatenate(doubled)
    points = np.concatenate([points, points[duplicate]])
    row = np.concatenate([np.repeat(np.arange(rows), n), np.repeat(np.arange(rows), n)[duplicate]])
    angle = np.concatenate([u.ravel(), u.ravel()[duplicate]])
    above = np.concatenate([np.zeros(rows * n, bool), np.ones(len(duplicate), bool)]) | (row > row_of["mouth"])

    below, over = upper[:-1], grid[1:]
    around = np.roll(np.arange(n), -1)
    faces = np.stack([below, below[:, around], over[:, around], over], axis=-1).reshape(-1, 4)
    face_row = np.repeat(np.arange(rows - 1), n)

    amount = (
        np.exp(-((np.abs(angle) / np.radians(15)) ** 4))
        * smoothstep(row_of["upper_lip"], row_of["upper_lip"] + 1.5, row.astype(float))
        * (1 - smoothstep(row_of["cheek"] + 1.0, row_of["lower_lid"], row.astype(float)))
    )
    chin = smoothstep(1.0, 6.0, row.astype(float)) * (
        1 - smoothstep(row_of["below_lip"], row_of["lower_lip"], row.astype(float))
    )
    points = _relax(shape, points, faces, np.maximum(amount, 0.8 * chin), 16)
    points = _symmetric(points, grid, slits)
    return FaceGrid(
        points,
        row.astype(float),
        angle,
        above,
        faces,
        face_row,
        slits["mouth"],
        {"left": slits["left"], "right": slits["right"]},
        row_of,
        columns,
        grid,
    )
