# SPDX-License-Identifier: GPL-3.0-or-later
"""A piece of a map around a direction, across the seam and up to the poles where it must be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Window:
    """Rows ``first_row`` to ``last_row`` (excluded) and ``columns`` ``(n,)`` of a map; ``ring``: those are all."""

    first_row: int
    last_row: int
    columns: npt.NDArray[np.int64]
    ring: bool

    @property
    def index(self) -> Tuple[slice, npt.NDArray[np.int64]]:
        """Selects the window in an array whose first axes are rows and columns."""
        return slice(self.first_row, self.last_row), self.columns

    @property
    def shape(self) -> Tuple[int, int]:
        """Rows and columns."""
        return self.last_row - self.first_row, len(self.columns)


def window_around(row: float, column: float, radius: float, shape: Tuple[int, int]) -> Window:
    """The window that holds a circle of ``radius`` (radians) around a point (in pixels) of a map of a shape."""
    height, width = shape
    reach = radius / np.pi * height
    first, last = max(0, int(np.floor(row - reach))), min(height, int(np.ceil(row + reach)) + 1)
    latitude = abs(np.pi / 2 - row * np.pi / height)
    if latitude + radius < np.pi / 2:
        half = int(np.ceil(np.arcsin(np.sin(radius) / np.cos(latitude)) / (2 * np.pi) * width)) + 1
        if 2 * half + 1 < width:
            columns = (np.arange(int(column) - half, int(column) + half + 1)) % width
            return Window(first, last, columns, False)
    return Window(first, last, np.arange(width), True)


def spread(region: Mask, ring: bool) -> Mask:
    """A region ``(h, w)`` with all eight neighbours of its pixels; the first column neighbours the last in a ring."""
    wide = region.copy()
    wide[:, 1:] |= region[:, :-1]
    wide[:, :-1] |= region[:, 1:]
    if ring:
        wide[:, 0] |= region[:, -1]
        wide[:, -1] |= region[:, 0]
    high = wide.copy()
    high[1:] |= wide[:-1]
    high[:-1] |= wide[1:]
    return high


def grown(region: Mask, allowed: Mask, ring: bool) -> Mask:
    """All that is joined to a region through allowed pixels ``(h, w)``, what is allowed of the region included."""
    height, width = allowed.shape
    row = width + 2
    free = np.zeros((height + 2, row), dtype=np.bool_)  # with an edge around that nothing passes
    free[1:-1, 1:-1] = allowed
    flat, last = free.ravel(), np.zeros(free.size, dtype=np.int64)
    steps = np.array([-row - 1, -row, -row + 1, -1, 1, row - 1, row, row + 1])
    down, across = np.nonzero(region)
    front = (down + 1) * row + across + 1
    flat[front] = False
    while len(front):
        near = (front[:, None] + steps).ravel()
        if ring:
            column = near % row
            near = near + width * ((column == 0).astype(np.int64) - (column == width + 1))
        near = near[flat[near]]
        flat[near] = False
        order = np.arange(len(near))
        last[near] = order
        front = near[last[near] == order]  # each once
    return np.asarray(allowed & ~free[1:-1, 1:-1])
