# SPDX-License-Identifier: GPL-3.0-or-later
"""What the picture says of a clip: points with the distance by which each of them may be off."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ....motion.observations import Observations
from .marks import MARKS

Array = npt.NDArray[np.float64]

_BODY_SPREAD = (
    [0.016] * 7 + [0.024] * 2 + [0.020] * 2 + [0.020] * 2 + [0.020] * 2 + [0.020] * 2 + [0.035] * 6 + [0.028] * 2
    + [0.020] * 2 + [0.024] * 2 + [0.032] * 4
)  # fmt: skip
"""Metres across the line of sight by which a trusted point of the body is off, a clip's constant part included, as
measured with the real tracker on rendered performers."""
_FACE_SPREAD, _HAND_SPREAD = 0.010, 0.014
_UNTRUSTED = 5.0
"""How much farther off a point is that the tracker does not trust."""


@dataclass(frozen=True)
class Evidence:
    """Points in the picture: ``pixels (T, M, 2)`` from the optical axis, ``spread (T, M)`` metres at the performer's
    depth (infinite where there is no word of a point).
    """

    pixels: Array
    spread: Array

    def part(self, rows: slice) -> Evidence:
        """The evidence of some frames."""
        return replace(self, pixels=self.pixels[rows], spread=self.spread[rows])


def evidence_of(rows: Observations, centre: Array) -> Evidence:
    """The evidence in observations; what is out of the picture, where trackers guess, is none."""
    count = len(rows)
    pixels, spread = np.zeros((count, len(MARKS), 2)), np.full((count, len(MARKS)), np.inf)
    size = np.asarray(rows.image_size, dtype=np.float64)
    visible = np.clip(np.nan_to_num(rows.body_visibility), 0.0, 1.0)
    for row, mark in enumerate(MARKS):
        if mark.tracker == "body":
            points, found = rows.body_image[:, mark.point, :2], rows.body_confidence > 0.0
            off = _BODY_SPREAD[mark.point] * (1.0 + (_UNTRUSTED - 1.0) * (1.0 - visible[:, mark.point]) ** 1.5)
            found = found & (visible[:, mark.point] > 0.05)
        elif mark.tracker == "face":
            points, found = rows.face_image[:, mark.point, :2], rows.face_confidence > 0.0
            off = np.full(count, _FACE_SPREAD)
        else:
            points = getattr(rows, f"{mark.tracker}_hand_image")[:, mark.point, :2]
            found = getattr(rows, f"{mark.tracker}_hand_confidence") > 0.0
            off = np.full(count, _HAND_SPREAD)
        points = np.asarray(points, dtype=np.float64)
        with np.errstate(invalid="ignore"):
            found = found & np.isfinite(points).all(1) & (points >= 0.0).all(1) & (points <= size).all(1)
        pixels[found, row] = points[found] - centre
        spread[found, row] = off[found]
    return Evidence(pixels, spread)
