# SPDX-License-Identifier: GPL-3.0-or-later
"""Opening and closing the eyelids: they turn about the eyeball, edge first, and crease above it."""

from __future__ import annotations

import numpy as np

from . import proportions as body
from .face_grid import FaceGrid
from .implicit import Array

#: Height of the lids' edges above and below the eyeball's centre with the eyes open, metres.
OPEN_UPPER, OPEN_LOWER = 0.0068, 0.0068
LID_ROWS = 7.0
SIDES = {"left": 1.0, "right": -1.0}


def eye_centre(side: str) -> Array:
    """Centre of the eyeball of that side, metres."""
    return body.EYE_CENTRE * np.array([SIDES[side], 1.0, 1.0])


def _edge_heights(s: Array, upper: float, lower: float, corners: tuple[float, float]) -> tuple[Array, Array]:
    """Heights of the two edges over the eye's centre; `s` runs from the inner (-1) to the outer corner (1)."""
    line = corners[0] + (corners[1] - corners[0]) * (s + 1) / 2
    over = np.clip(1 - np.abs(s + 0.10 * (1 - s**2)) ** 2.3, 0, 1)
    under = np.clip(1 - np.abs(s - 0.12 * (1 - s**2)) ** 2.3, 0, 1)
    return line + (upper - line) * over, line + (-lower - line) * under


def lid_pose(
    face: FaceGrid, side: str, upper: float, lower: float, upper_share: float = 1.0, lower_share: float = 1.0
) -> Array:
    """Displacement (N, 3) from the closed lids to edges `upper` above and `lower` below the eye's centre, in metres.

    The shares scale each lid's turn from closed (0) to that pose (1).
    """
    slit = face.eyes[side]
    centre = eye_centre(side)
    moved = np.zeros_like(face.points)
    closed = face.points[slit.lower] - centre
    across = closed[:, 0] * SIDES[side]
    middle, half = (across.max() + across.min()) / 2, (across.max() - across.min()) / 2
    s = np.clip((across - middle) / half, -1, 1)
    inner, outer = (0, -1) if side == "left" else (-1, 0)
    over, under = _edge_heights(s, upper, lower, (closed[inner, 2], closed[outer, 2]))
    radius = np.hypot(closed[:, 1], closed[:, 2])
    rest = np.arctan2(closed[:, 2], -closed[:, 1])
    columns = face.angle[slit.lower]
    for edge, height, share in ((slit.upper, over, upper_share), (slit.lower, under, lower_share)):
        wanted = np.arcsin(np.clip(height / radius, -0.95, 0.95))
        turn = (wanted - rest) * share
        is_upper = edge is slit.upper
        ring = face.row - slit.row if is_upper else slit.row - face.row
        near = (ring > 0) & (ring < LID_ROWS) & (np.sign(face.angle) == SIDES[side])
        near[edge] = True
        index = np.flatnonzero(near)
        fade = np.clip(1 - (ring[index] / LID_ROWS) ** 1.25, 0, 1)
        angle = fade * np.interp(face.angle[index], columns, turn, left=0.0, right=0.0)
        relative = face.points[index] - centre
        c, sn = np.cos(angle), np.sin(angle)
        y = relative[:, 1] * c + relative[:, 2] * sn
        z = -relative[:, 1] * sn + relative[:, 2] * c
        moved[index] = np.stack([relative[:, 0], y, z], axis=1) + centre - face.points[index]
    return moved
