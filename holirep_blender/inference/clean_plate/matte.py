# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a frame is replaced: the performer, what of them is wider than their points, and their shadow."""

from __future__ import annotations

from typing import Tuple

import cv2
import numpy as np
import numpy.typing as npt

from .backdrop import Picture
from .silhouettes import Box, Mask, Silhouette

_NEAR = 0.35
"""In trunks: how far hair, clothes and what is held stand off the silhouette."""
_DIFFERENT = 14.0
"""Least difference to the background, in 8-bit values, that is not noise."""
_NOISES = 5.0
"""The same in typical differences around the performer, where leaves and grass move."""
_MOST_GAIN = 1.25
"""By which the exposure may have changed between a frame and the background."""
_COMPARED = 20_000
"""Pixels that the exposure is told from."""
_FEATHER = 0.02
"""In trunks: how soft the edge is."""

Gains = npt.NDArray[np.float32]


def exposure(frame: Picture, background: Picture, around: npt.NDArray[np.bool_]) -> Gains:
    """Red, green and blue of a frame over those of its background, where only that is seen: ``(3,)``."""
    if np.count_nonzero(around) < 64:
        return np.ones(3, dtype=np.float32)
    some = slice(None, None, max(1, np.count_nonzero(around) // _COMPARED))
    ratio = np.median((frame[around][some] + 1.0) / (background[around][some] + 1.0), axis=0)  # whatever a shadow does
    return np.asarray(np.clip(ratio, 1.0 / _MOST_GAIN, _MOST_GAIN), dtype=np.float32)


def patch(
    frame: Picture, background: Picture, seen: npt.NDArray[np.bool_], silhouette: Silhouette, box: Box
) -> Tuple[Picture, Mask]:
    """What is put over a box of a frame: RGB ``(h, w, 3)`` and its alpha ``(h, w)``, 0..255.

    Besides the silhouette it covers what differs from the ``background`` near it, and what is darker than it from the
    hips down: the shadow at the performer's feet. Where the background was never ``seen`` nothing is compared.
    """
    size = silhouette.size
    core = silhouette.mask(box)
    near = cv2.distanceTransform(255 - core, cv2.DIST_L2, 3) <= _NEAR * size
    around = ~near & seen
    adjusted = np.clip(background * exposure(frame, background, around), 0.0, 255.0).astype(np.float32)
    apart = cv2.GaussianBlur(frame.astype(np.float32) - adjusted, (0, 0), max(1.0, 0.01 * size))
    most = np.abs(apart).max(axis=2)
    noise = float(np.median(most[around])) if around.any() else 0.0
    least = max(_DIFFERENT, _NOISES * noise)
    differs = (most > least) & near
    hips = silhouette.points[[23, 24], 1].mean() - box[1]
    ground = np.arange(len(core))[:, None] > hips
    shadow = (apart.max(axis=2) < -least) & ground
    grown = (((differs | shadow) & seen) | (core > 0)).astype(np.uint8)
    opened = cv2.morphologyEx(grown, cv2.MORPH_OPEN, _disk(max(1.0, 0.02 * size))) | (core > 0).astype(np.uint8)
    _, parts = cv2.connectedComponents(opened)
    touching = np.unique(parts[core > 0])
    whole = np.isin(parts, touching[touching > 0])
    feather = max(1.0, _FEATHER * size)
    wide = cv2.dilate(whole.astype(np.uint8) * 255, _disk(2.0 * feather))
    return np.round(adjusted).astype(np.uint8), cv2.GaussianBlur(wide, (0, 0), feather)


def _disk(radius: float) -> Mask:
    whole = max(1, round(radius))
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * whole + 1, 2 * whole + 1)), dtype=np.uint8)
