# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person looks like, to be told from others: colours of head, chest and legs."""

from __future__ import annotations

import cv2
import numpy as np

from .device_picture import pixels

# Hue and saturation tell clothes apart under changing light, value tells black from white.
BINS = (12, 6, 6)
PARTS = 3
LENGTH = BINS[0] * BINS[1] * BINS[2]
_PART_SIZE = 32


def signature(image: np.ndarray, points: np.ndarray, visibility: np.ndarray) -> np.ndarray:
    """(3, LENGTH) colour histograms of head, torso and thighs; a row of NaN where the part is not in the picture.

    `points` (33, 3) plate pixels, `visibility` (33,) 0..1, `image` RGB.
    """
    image = pixels(image)
    shoulders, hips, knees = points[[11, 12], :2], points[[23, 24], :2], points[[25, 26], :2]
    torso = float(np.hypot(*(shoulders.mean(0) - hips.mean(0))))
    across = max(float(np.hypot(*(shoulders[0] - shoulders[1]))), 0.35 * torso)
    head = points[:11, :2]
    result = np.full((PARTS, LENGTH), np.nan)
    limbs = (
        (head.mean(0) - (0, 0.5 * across), head.mean(0) + (0, 0.3 * across), 0.7 * across, visibility[:11].mean()),
        (shoulders.mean(0), hips.mean(0), 0.8 * across, visibility[[11, 12]].mean()),
        (hips.mean(0), knees.mean(0), 0.6 * across, visibility[[23, 24, 25, 26]].mean()),
    )
    for part, (top, bottom, width, seen) in enumerate(limbs):
        if seen > 0.3:
            result[part] = _histogram(image, np.asarray(top), np.asarray(bottom), float(width))
    return result


def _histogram(image: np.ndarray, top: np.ndarray, bottom: np.ndarray, width: float) -> np.ndarray:
    """Normalised histogram of the band of that width from top to bottom; NaN where its middle is out of the picture."""
    height, breadth = image.shape[:2]
    middle = (top + bottom) / 2.0
    if not (0 <= middle[0] < breadth and 0 <= middle[1] < height):
        return np.full(LENGTH, np.nan)
    along = (bottom - top) / _PART_SIZE
    length = float(np.hypot(*along)) * _PART_SIZE
    if length < 2.0:
        return np.full(LENGTH, np.nan)
    side = np.array([along[1], -along[0]]) * width / length
    matrix = np.array([[side[0], along[0], 0.0], [side[1], along[1], 0.0]])
    matrix[:, 2] = middle - matrix[:, :2] @ (_PART_SIZE / 2.0, _PART_SIZE / 2.0)
    band = cv2.warpAffine(
        image,
        matrix,
        (_PART_SIZE, _PART_SIZE),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    hsv = cv2.cvtColor(band, cv2.COLOR_RGB2HSV)
    counts = cv2.calcHist([hsv], [0, 1, 2], None, list(BINS), [0, 180, 0, 256, 0, 256])
    counts = cv2.GaussianBlur(counts.reshape(BINS[0], -1), (1, 3), 0).reshape(-1)
    return counts / counts.sum()


def difference(a: np.ndarray, b: np.ndarray) -> float:
    """Hellinger distance of two signatures, 0 (same) .. 1, averaged over the parts that both have; NaN if none."""
    overlap = np.sqrt(a * b).sum(-1)
    distances = np.sqrt(np.clip(1.0 - overlap, 0.0, 1.0))
    known = np.isfinite(distances)
    return float(distances[known].mean()) if np.any(known) else float("nan")
