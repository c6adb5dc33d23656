# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a performer is in the plate, from the points that the tracker saw: rather too much than too little."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Optional, Tuple

import cv2
import numpy as np
import numpy.typing as npt

from ...motion.observations import Observations

Mask = npt.NDArray[np.uint8]
Box = Tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels, the ends not included."""

_LIMBS = (
    (11, 13, 0.26), (13, 15, 0.22), (15, 19, 0.22), (12, 14, 0.26), (14, 16, 0.22), (16, 20, 0.22),
    (11, 12, 0.34), (11, 23, 0.38), (12, 24, 0.38), (23, 24, 0.38), (11, 24, 0.38), (12, 23, 0.38),
    (23, 25, 0.34), (25, 27, 0.28), (27, 29, 0.20), (29, 31, 0.20), (27, 31, 0.20),
    (24, 26, 0.34), (26, 28, 0.28), (28, 30, 0.20), (30, 32, 0.20), (28, 32, 0.20),
)  # fmt: skip
"""Two of the tracker's body points, and half the width there over the trunk's length, with loose clothes."""
_HEAD, _SHOULDERS, _HIPS = (0, 7, 8), (11, 12), (23, 24)
_HEAD_RADIUS = 0.52
"""Over the trunk's length: a head with its hair."""
_FINGERS = 0.6
"""Fingers go on beyond the point at their root by so much of the hand."""
_LONGEST_GAP = 1.0
"""Seconds for which a performer who was lost is taken to have moved evenly."""
_SHARE_OF_USUAL = 0.7
"""Of the trunk's usual length, below which it is seen from its end and is no measure."""


@dataclass(frozen=True)
class Silhouette:
    """One frame's body points ``(33, 2)`` in pixels, and the trunk's length in pixels."""

    points: npt.NDArray[np.float64]
    size: float

    def box(self, around: float, below: float) -> Box:
        """A box around the performer, wider by ``around`` and longer downward by ``below`` trunks, in whole pixels."""
        low, high = self.points.min(axis=0), self.points.max(axis=0)
        x0, y0 = np.floor(low - around * self.size).astype(int)
        x1, y1 = np.ceil(high + (around * self.size, below * self.size)).astype(int)
        return int(x0), int(y0), int(x1), int(y1)

    def mask(self, box: Box) -> Mask:
        """What of a box the performer covers ``(h, w)``: 255 there, else 0."""
        x0, y0, x1, y1 = box
        mask = np.zeros((y1 - y0, x1 - x0), dtype=np.uint8)
        points = self.points - (x0, y0)
        for start, end, width in _LIMBS:
            tip = points[end]
            if start in (15, 16):
                tip = tip + _FINGERS * (tip - points[start])
            thickness = max(1, round(2.0 * width * self.size))
            cv2.line(mask, _pixel(points[start]), _pixel(tip), 255, thickness)
        head = points[list(_HEAD)].mean(axis=0)
        cv2.circle(mask, _pixel(head), max(1, round(_HEAD_RADIUS * self.size)), 255, -1)
        neck = points[list(_SHOULDERS)].mean(axis=0)
        cv2.line(mask, _pixel(head), _pixel(neck), 255, max(1, round(_HEAD_RADIUS * self.size)))
        return mask


def silhouettes(observations: Observations) -> Dict[int, Silhouette]:
    """The performer by the plate's frame numbers, where they were seen, or lost for at most a second in between."""
    points = observations.body_image[..., :2]
    seen = (observations.body_confidence > 0.0) & np.isfinite(points).all(axis=(1, 2))
    rows = np.flatnonzero(seen)
    if rows.size == 0:
        return {}
    times = observations.times
    trunk = np.linalg.norm(_middle(points, _SHOULDERS) - _middle(points, _HIPS), axis=1)
    usual = float(np.median(trunk[rows]))
    found: Dict[int, Silhouette] = {}
    for row in range(rows[0], rows[-1] + 1):
        known = points[row].copy() if seen[row] else _between(points, times, rows, row)
        if known is not None:
            size = np.linalg.norm(known[list(_SHOULDERS)].mean(axis=0) - known[list(_HIPS)].mean(axis=0))
            found[int(observations.frame_numbers[row])] = Silhouette(known, max(float(size), _SHARE_OF_USUAL * usual))
    return found


def _between(
    points: npt.NDArray[np.float64], times: npt.NDArray[np.float64], rows: npt.NDArray[np.intp], row: int
) -> Optional[npt.NDArray[np.float64]]:
    after = int(np.searchsorted(rows, row))
    first, last = rows[after - 1], rows[after]
    span = times[last] - times[first]
    if span > _LONGEST_GAP:
        return None
    share = (times[row] - times[first]) / span
    return np.asarray((1.0 - share) * points[first] + share * points[last])


def _middle(points: npt.NDArray[np.float64], which: Tuple[int, ...]) -> npt.NDArray[np.float64]:
    return np.asarray(points[:, list(which)].mean(axis=1))


def _pixel(point: npt.NDArray[np.float64]) -> Tuple[int, int]:
    x, y = np.clip(np.round(point), -30000, 30000)  # OpenCV draws with 16 bits
    return int(x), int(y)
