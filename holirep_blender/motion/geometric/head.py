# SPDX-License-Identifier: GPL-3.0-or-later
"""The head from the face points: its rotation, and the points freed from it for gaze and expression."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .. import gaps, rotations
from . import camera as cameras
from .face_points import STABLE
from .similarity import similarities

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

RIGHT_EYE_OUTER, RIGHT_EYE_INNER, LEFT_EYE_INNER, LEFT_EYE_OUTER = 33, 133, 362, 263
_SIDES = ((33, 263), (127, 356), (234, 454))
_EARS = (234, 454)
_EYES_ABOVE_EARS = np.radians(8.0)
"""Pitch of the line from before the ear to the outer eye corner when the head looks level (Frankfurt horizontal)."""


@dataclass
class Face:
    """The face of a clip, filled where not ``valid (T,)``.

    ``rotation (T, 3, 3)``: the head joint in the level camera's world. ``points (T, 478, 3)``: in the head's rest
    axes (x to
    the performer's left, y backwards, z up), about the middle between the eyes, in units of the clip's mean distance
    between
    the middles of the eyes.
    """

    rotation: Array
    points: Array
    valid: Mask
    confidence: Array


def _mean_shape(stable: Array) -> Array:
    """The clip's mean of the stable points ``(T, N, 3)``, by generalised Procrustes analysis (Gower 1975)."""
    width = np.linalg.norm(stable[:, STABLE.index(263)] - stable[:, STABLE.index(33)], axis=-1)
    depth = np.abs(stable[:, STABLE.index(263), 2] - stable[:, STABLE.index(33), 2])
    mean = stable[int(np.argmin(depth / np.maximum(width, 1e-9)))]
    mean = (mean - mean.mean(0)) / np.linalg.norm(mean - mean.mean(0))
    for _ in range(3):
        rotation, scale, shift = similarities(mean, stable)
        back = np.einsum("tji,tnj->tni", rotation, (stable - shift[:, None]) / scale[:, None, None])
        mean = np.median(back, axis=0)
        mean = (mean - mean.mean(0)) / np.linalg.norm(mean - mean.mean(0))
    return np.asarray(mean)


def _head_frame(mean: Array) -> Array:
    """Columns: the head's left, back and up in the axes of the mean shape."""
    at = {point: mean[row] for row, point in enumerate(STABLE)}
    left = rotations.normalized(sum(at[b] - at[a] for a, b in _SIDES))
    back = (at[_EARS[0]] + at[_EARS[1]]) / 2.0 - (at[RIGHT_EYE_OUTER] + at[LEFT_EYE_OUTER]) / 2.0
    frame = rotations.frame(left, back)
    tilt = rotations.to_matrix(rotations.from_rotation_vector(np.array([_EYES_ABOVE_EARS, 0.0, 0.0])))
    return np.asarray(frame @ tilt)


def solve_face(image: Array, confidence: Array, focal: float, centre: Array, times: Array, fps: float) -> Face:
    """The head's rotation and the face without it, from face points ``(T, 478, 3)`` in pixels."""
    finite = np.isfinite(image).all(axis=(1, 2)) & (confidence > 0.0)
    valid = gaps.without_islands(finite, round(0.1 * fps))
    count = len(image)
    if not valid.any():
        eye = np.broadcast_to(np.eye(3), (count, 3, 3)).copy()
        return Face(eye, np.zeros((count, 478, 3)), valid, np.zeros(count))
    seen = image[valid]
    mean = _mean_shape(seen[:, STABLE])
    frame = _head_frame(mean)
    rotation, scale, shift = similarities(mean, seen[:, STABLE])
    points = np.einsum("tji,tnj->tni", rotation @ frame, (seen - shift[:, None]) / scale[:, None, None])
    eyes = [(points[:, a] + points[:, b]) / 2.0 for a, b in ((33, 133), (362, 263))]
    unit = float(np.median(np.linalg.norm(eyes[1] - eyes[0], axis=-1)))
    points = (points - np.median((eyes[0] + eyes[1]) / 2.0, axis=0)) / unit

    ray = cameras.facing_rays(seen[:, STABLE, :2].mean(1), focal, centre)
    turned = cameras.WORLD_FROM_LEVEL_CAMERA @ ray @ rotation @ frame
    quaternions = np.zeros((count, 4))
    quaternions[valid] = rotations.from_matrix(turned)
    everywhere = np.zeros((count, 478, 3))
    everywhere[valid] = points
    filled = gaps.fill_channels(everywhere, valid, fps)
    full = rotations.to_matrix(gaps.fill_rotations(quaternions, valid, fps))
    return Face(full, filled, valid, np.where(valid, confidence, 0.0))
