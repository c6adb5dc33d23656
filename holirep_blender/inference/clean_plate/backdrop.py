# SPDX-License-Identifier: GPL-3.0-or-later
"""What is behind a performer: what the frames of a plate agree on in which they stood elsewhere.

For a camera that stands still, or one whose way is known: frames are turned over each other by its rotation. Where it
travels, near and far move apart; only frames from nearly the same place are used then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional, Sequence, Tuple

import cv2
import numpy as np
import numpy.typing as npt

from ...motion.take import Camera
from ..errors import PlateError
from .silhouettes import Box, Mask

Picture = npt.NDArray[np.uint8]
Array = npt.NDArray[np.float64]
Seen = Tuple[Picture, npt.NDArray[np.bool_]]
"""A background, and where it was seen."""

MOST_SAMPLES, FEWEST_SAMPLES = 31, 9
"""Frames that are looked at, as memory allows."""
SAMPLE_BYTES = 400_000_000
"""What they may take together."""
ALIKE = 16
"""Of 255: how far the brightness of what stays the same wavers, by noise, compression and exposure."""
PARALLAX = 1.5
"""Pixels by which what is as near as the performer may move between two frames that are laid over each other."""
SHIFT = 2.0
"""Pixels by which the picture's corners may disagree before frames do not fit over each other."""
_LOOK_WIDTH = 480
"""Width of the pictures in which that is measured."""
_LIKE = 0.6
"""Correlation below which two pictures cannot be compared: no background, or another one."""


@dataclass(frozen=True)
class Sample:
    """A frame of the plate, RGB ``(H, W, 3)``, and what the performer covers in it ``(H, W)``; ``row`` of the take."""

    row: int
    picture: Picture
    covered: Mask


def sample_count(size: Tuple[int, int]) -> int:
    """How many frames of a size (width, height) are kept."""
    return int(np.clip(SAMPLE_BYTES // (size[0] * size[1] * 4), FEWEST_SAMPLES, MOST_SAMPLES))


class Backdrop:
    """The background of any frame; ``camera`` None or one that stands still: the same for all.

    ``distance`` is the performer's from the camera, in metres; ``within`` a box that holds all boxes that will be asked
    for. Raises PlateError where the camera moves otherwise than it is said to.
    """

    def __init__(self, samples: Sequence[Sample], camera: Optional[Camera], distance: float, within: Box) -> None:
        self._samples = list(samples)
        self._camera = camera if camera is not None and _moves(camera) else None
        self._distance = distance
        self._within = within
        self._still: Optional[Seen] = None
        self._rays = np.linalg.inv(camera.intrinsics) if camera is not None else np.eye(3)
        self._check()

    @property
    def moves(self) -> bool:
        """Whether the camera moves, so that each frame has a background of its own."""
        return self._camera is not None

    def behind(self, row: int, box: Box) -> Seen:
        """The background in a box of the take's frame ``row``: RGB ``(h, w, 3)``, and where it was seen ``(h, w)``."""
        if self._camera is not None:
            return self._turned(row, box)
        left, top, right, bottom = self._within
        if self._still is None:
            part = (slice(top, bottom), slice(left, right))
            self._still = most_agreed(
                [each.picture[part] for each in self._samples],
                [each.covered[part] > 0 for each in self._samples],
                (bottom - top, right - left),
            )
        x0, y0, x1, y1 = box
        part = (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
        return self._still[0][part], self._still[1][part]

    def _turned(self, row: int, box: Box) -> Seen:
        x0, y0, x1, y1 = box
        size = (x1 - x0, y1 - y0)
        pictures, hidden = [], []
        for sample in self._samples:
            turn = self._turn(sample.row, row)
            if turn is None:
                continue
            to_box = np.array([[1.0, 0.0, -x0], [0.0, 1.0, -y0], [0.0, 0.0, 1.0]]) @ turn
            pictures.append(cv2.warpPerspective(sample.picture, to_box, size, flags=cv2.INTER_LINEAR))
            kept = cv2.warpPerspective(255 - sample.covered, to_box, size, flags=cv2.INTER_LINEAR)
            hidden.append(kept < 255)  # beyond the picture's edge it is 0
        return most_agreed(pictures, hidden, (y1 - y0, x1 - x0))

    def _turn(self, from_row: int, to_row: int) -> Optional[Array]:
        """What takes pixels of one frame to another ``(3, 3)``; None where the camera has travelled too far."""
        if self._camera is None:
            return np.eye(3)
        ways, lens = self._camera.world_from_camera, self._camera.intrinsics
        one, other = ways[min(from_row, len(ways) - 1)], ways[min(to_row, len(ways) - 1)]
        travelled = float(np.linalg.norm(one[:3, 3] - other[:3, 3]))
        if lens[0, 0] * travelled / max(self._distance, 1e-3) > PARALLAX:
            return None
        return np.asarray(lens @ other[:3, :3].T @ one[:3, :3] @ self._rays)

    def _check(self) -> None:
        """Lays each sample over the one in the middle, and looks whether what stands still agrees."""
        middle = self._samples[len(self._samples) // 2]
        shifts = []
        for sample in self._samples:
            turn = self._turn(sample.row, middle.row)
            shift = None if sample is middle or turn is None else _shift(sample, middle, turn)
            if shift is not None:
                shifts.append(shift)
        worst = float(np.percentile(shifts, 80)) if shifts else 0.0
        if worst <= SHIFT:
            return
        if self._camera is None:
            raise PlateError(
                f"The camera moves (the picture shifts by {worst:.0f} pixels), so frames do not lie over each other. "
                "Track the camera and solve the take with its track, or film or paint a clean plate and choose it."
            )
        raise PlateError(
            f"The camera's track is {worst:.0f} pixels off the plate, so frames do not lie over each other. Mend the "
            "track and solve the take again, or film or paint a clean plate and choose it."
        )


def most_agreed(pictures: Sequence[Picture], hidden: Sequence[npt.NDArray[np.bool_]], shape: Tuple[int, int]) -> Seen:
    """What most RGB pictures ``(h, w, 3)`` agree on, without what is ``hidden (h, w)`` in each; and where any shows.

    For each pixel the brightness that most pictures have, within ``ALIKE``, and the colour of the one in the middle of
    those. A median would show whoever stands there in half of the pictures. ``shape`` is (h, w), for no pictures.
    """
    result = np.zeros((*shape, 3), dtype=np.uint8)
    seen = np.zeros(shape, dtype=bool)
    if not pictures:
        return result, seen
    strip = max(1, 4_000_000 // (len(pictures) * shape[1] * 3))
    for top in range(0, shape[0], strip):
        rows = slice(top, top + strip)
        away = np.stack([mask[rows] for mask in hidden])
        result[rows] = _agreed(np.stack([picture[rows] for picture in pictures]), away)
        seen[rows] = ~away.all(axis=0)
    return result, seen


def _agreed(stack: Picture, away: npt.NDArray[np.bool_]) -> Picture:
    """The same for pictures ``(N, h, w, 3)`` that are few enough to be sorted at once."""
    bright = (stack @ np.array([77, 150, 29], dtype=np.uint16) >> 8).astype(np.uint32)  # ITU-R BT.601
    packed = (bright << 24) | (stack[..., 0].astype(np.uint32) << 16) | (stack[..., 1].astype(np.uint32) << 8)
    packed |= stack[..., 2]
    packed[away] = 0xFFFFFFFF  # sorted to the end, behind all that is counted
    packed.sort(axis=0)
    count = (~away).sum(axis=0)
    order = (packed >> 24).astype(np.int16)
    order[np.arange(len(stack))[:, None, None] >= count] = 1000
    most = np.zeros(count.shape, dtype=np.int16)
    middle = np.zeros(count.shape, dtype=np.intp)
    for first in range(len(stack)):
        agreeing = (order[first:] <= order[first] + ALIKE).sum(axis=0, dtype=np.int16)
        agreeing[first >= count] = 0
        better = agreeing > most
        np.copyto(most, agreeing, where=better)
        np.copyto(middle, first + agreeing // 2, where=better)
    middle = np.minimum(middle, np.maximum(count - 1, 0))
    chosen = np.take_along_axis(packed, middle[None], axis=0)[0]
    return np.stack([chosen >> 16 & 255, chosen >> 8 & 255, chosen & 255], axis=-1).astype(np.uint8)


def _moves(camera: Camera) -> bool:
    return bool(np.abs(camera.world_from_camera - camera.world_from_camera[:1]).max() > 1e-6)


def _shift(sample: Sample, other: Sample, turn: Array) -> Optional[float]:
    """By how many pixels, at most, the corners of two frames disagree; None where they cannot be compared."""
    height, width = other.covered.shape
    scale = min(1.0, _LOOK_WIDTH / width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    kept = cv2.warpPerspective(255 - sample.covered, turn, (width, height)) & (255 - other.covered)
    looks: List[Picture] = []
    for picture in (cv2.warpPerspective(sample.picture, turn, (width, height)), other.picture):
        looks.append(cv2.resize(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_AREA))
    mask = (cv2.resize(kept, size, interpolation=cv2.INTER_AREA) == 255).astype(np.uint8)
    if mask.mean() < 0.1:
        return None
    found = np.eye(2, 3, dtype=np.float32)
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 1e-4)
    try:
        alike, found = cv2.findTransformECC(looks[1], looks[0], found, cv2.MOTION_EUCLIDEAN, stop, mask, 5)
    except cv2.error:  # an even background tells nothing, and needs nothing
        return None
    if alike < _LIKE:
        return None
    corners = np.array([[0, 0], [size[0], 0], [0, size[1]], size], dtype=np.float64)
    moved = corners @ found[:, :2].T + found[:, 2]
    return float(np.linalg.norm(moved - corners, axis=1).max() / scale)
