# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the eyes look, from the irises between the eye corners."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .. import gaps, rotations
from .head import Face

Array = npt.NDArray[np.float64]

# outer corner, inner corner, upper lid (three), lower lid (three), iris centre; the left eye first
EYES: tuple[tuple[int, int, tuple[int, int, int], tuple[int, int, int], int], ...] = (
    (263, 362, (386, 385, 387), (374, 380, 373), 473),
    (33, 133, (159, 158, 160), (145, 153, 144), 468),
)
TURN_PER_WIDTH = 2.4
"""Sine of the eye's turn per eye width of iris shift: a palpebral fissure of 29 mm over a radius of rotation of 12
mm."""
_LIMIT = np.radians(45.0)
_SHUT = 0.45
"""Share of the usual opening below which the iris is hidden by the lids."""


@dataclass
class Gaze:
    """Turns of the left and the right eye ``(T, 2)`` in radians: ``yaw`` to the performer's left, ``pitch`` upwards."""

    yaw: Array
    pitch: Array

    def rotations(self) -> Array:
        """Local rotations ``(T, 2, 4)`` of the joints leftEye and rightEye."""
        yaw = rotations.from_axis_angle(np.array([0.0, 0.0, 1.0]), self.yaw)
        pitch = rotations.from_axis_angle(np.array([-1.0, 0.0, 0.0]), self.pitch)
        return rotations.multiply(yaw, pitch)


def openings(points: Array) -> Array:
    """Height over width ``(T, 2)`` of the left and the right eye's opening, from head-fixed points ``(T, 478, 3)``."""
    result = []
    for outer, inner, upper, lower, _ in EYES:
        width = np.linalg.norm(points[:, outer] - points[:, inner], axis=-1)
        height = np.linalg.norm(points[:, upper, 1:] - points[:, lower, 1:], axis=-1).mean(axis=1)
        result.append(height / np.maximum(width, 1e-9))
    return np.stack(result, axis=1)


def solve_gaze(face: Face, fps: float) -> Gaze:
    """The gaze of a clip. Both eyes turn up and down together; through blinks the gaze is carried over."""
    count = len(face.valid)
    if not face.valid.any():
        return Gaze(np.zeros((count, 2)), np.zeros((count, 2)))
    points = face.points
    opening = openings(points)
    usual = np.percentile(opening[face.valid], 60, axis=0)
    open_eyes = face.valid & np.all(opening > _SHUT * usual, axis=1)
    if not open_eyes.any():
        return Gaze(np.zeros((count, 2)), np.zeros((count, 2)))
    across, upwards = [], []
    for outer, inner, _, _, iris in EYES:
        width = np.linalg.norm(points[:, outer] - points[:, inner], axis=-1)
        shift = (points[:, iris] - (points[:, outer] + points[:, inner]) / 2.0) / np.maximum(width, 1e-9)[:, None]
        across.append(shift[:, 0])
        upwards.append(shift[:, 2])
    sideways, up = np.stack(across, axis=1), np.stack(upwards, axis=1).mean(axis=1)
    # a person's irises at rest lie symmetrically, and at a height of their own, the clip's median
    inwards = np.median((sideways[open_eyes, 1] - sideways[open_eyes, 0]) / 2.0)
    sideways = sideways + np.array([inwards, -inwards])
    up = up - np.median(up[open_eyes])
    yaw = np.arcsin(np.clip(sideways * TURN_PER_WIDTH, -1.0, 1.0))
    pitch = np.arcsin(np.clip(up * TURN_PER_WIDTH, -1.0, 1.0))
    yaw = gaps.fill_channels(yaw, open_eyes, fps, 0.0, hold=1.0)
    pitch = gaps.fill_channels(pitch, open_eyes, fps, 0.0, hold=1.0)
    return Gaze(np.clip(yaw, -_LIMIT, _LIMIT), np.repeat(np.clip(pitch, -_LIMIT, _LIMIT)[:, None], 2, axis=1))
