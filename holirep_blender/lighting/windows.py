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
    """All that is joined to a region through allowed pixels ``(h, w)``, the region included."""
    before = int(np.count_nonzero(region & allowed))
    region = spread(region, ring) & allowed
    size = int(np.count_nonzero(region))
    if size == before:
        return region
    across, down = _runs(allowed), _runs(np.ascontiguousarray(allowed.T))
    while True:
        region = spread(region, ring) & allowed
        region = _filled_runs(region, allowed, across)
        region = _filled_runs(np.ascontiguousarray(region.T), allowed.T, down).T
        now = int(np.count_nonzero(region))
        if now == size:
            return np.ascontiguousarray(region)
        size = now


def _runs(allowed: Mask) -> npt.NDArray[np.int64]:
    """A number for each pixel, the same along a row as long as nothing that is not allowed lies between."""
    breaks = ~allowed
    breaks[:, 0] = True
    return np.asarray(np.cumsum(breaks.ravel()).reshape(allowed.shape))


def _filled_runs(region: Mask, allowed: Mask, runs: npt.NDArray[np.int64]) -> Mask:
    """The region with all of each run that it touches."""
    touched = np.zeros(int(runs[-1, -1]) + 1, dtype=np.bool_)
    touched[runs[region]] = True
    return np.asarray(touched[runs] & allowed)
