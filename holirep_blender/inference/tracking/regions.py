# SPDX-License-Identifier: GPL-3.0-or-later
"""Where to look: squares of the plate, and how MediaPipe's answers lead to the next one.

The proportions are those of MediaPipe's own graphs (mediapipe/modules/*/…_to_roi.pbtxt), which its networks were
trained with.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

# By how much pictures are reduced before a square is cut: up to two pixels to one are left to bilinear sampling.
REDUCTIONS = (1, 2, 3, 4, 6, 8, 12, 16)
_REDUCED_FROM = 2.0


def reduction(ratio: float) -> int:
    """The reduction for so many of the picture's pixels to one of the crop's."""
    return 1 if ratio <= _REDUCED_FROM else max(each for each in REDUCTIONS if each <= ratio)


@dataclass(frozen=True)
class Region:
    """A square of the plate: centre and side in pixels, and its rotation in radians (clockwise in the picture)."""

    x: float
    y: float
    side: float
    rotation: float = 0.0

    def matrix(self, size: int) -> np.ndarray:
        """The (2, 3) affine map from a `size` x `size` crop's pixel coordinates to the plate's (edges at integers)."""
        scale = self.side / size
        c, s = math.cos(self.rotation) * scale, math.sin(self.rotation) * scale
        half = size / 2.0
        return np.array([[c, -s, self.x - c * half + s * half], [s, c, self.y - s * half - c * half]], np.float64)

    def cut(self, image: np.ndarray, size: int, border: int = cv2.BORDER_REPLICATE) -> np.ndarray:
        """The region as a `size` x `size` RGB image.  Strong reduction is averaged first, so that it does not alias."""
        matrix = self.matrix(size)
        factor = reduction(self.side / size)
        if factor > 1:
            image, matrix = self._reduced(image, matrix, factor)
        # cv2 counts from pixel centres, HoliRep from pixel edges.
        shifted = matrix.copy()
        shifted[:, 2] += matrix[:, :2] @ (0.5, 0.5) - 0.5
        return cv2.warpAffine(
            image, shifted, (size, size), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=border
        )

    def _reduced(self, image: np.ndarray, matrix: np.ndarray, factor: int) -> tuple[np.ndarray, np.ndarray]:
        reach = self.side * (abs(np.cos(self.rotation)) + abs(np.sin(self.rotation))) / 2.0 + 2 * factor
        height, width = image.shape[:2]
        # on the grid that a reduction of the whole picture has (`torch_networks/pictures.py`)
        left = int(np.clip(np.floor(self.x - reach), 0, max(width - factor, 0))) // factor * factor
        top = int(np.clip(np.floor(self.y - reach), 0, max(height - factor, 0))) // factor * factor
        columns = max(int(min(width, self.x + reach) - left) // factor, 1)
        rows = max(int(min(height, self.y + reach) - top) // factor, 1)
        part = image[top : top + rows * factor, left : left + columns * factor]
        small = cv2.resize(part, (columns, rows), interpolation=cv2.INTER_AREA)
        moved = matrix.copy()
        moved[:, 2] -= (left, top)
        return small, moved / factor

    def to_plate(self, points: np.ndarray) -> np.ndarray:
        """Points (..., 3) of a crop, 0..1, to plate pixels; z is scaled by the side."""
        result = np.empty(points.shape, np.float64)
        unit = self.matrix(1)
        result[..., :2] = points[..., :2] @ unit[:, :2].T + unit[:, 2]
        result[..., 2] = points[..., 2] * self.side
        return result

    def turn(self, points: np.ndarray) -> np.ndarray:
        """Metric points (..., 3) seen in the crop, turned about the viewing axis to the plate's upright."""
        c, s = np.cos(self.rotation), np.sin(self.rotation)
        result = np.array(points, np.float64)
        result[..., 0] = c * points[..., 0] - s * points[..., 1]
        result[..., 1] = s * points[..., 0] + c * points[..., 1]
        return result


def whole(image: np.ndarray) -> Region:
    """The square around the whole picture."""
    height, width = image.shape[:2]
    return Region(width / 2.0, height / 2.0, float(max(width, height)))


def upright(origin: np.ndarray, above: np.ndarray, side: float) -> Region:
    """The square about `origin`, turned so that `above` lies straight above it in the crop."""
    x, y = float(above[0] - origin[0]), float(above[1] - origin[1])
    return Region(float(origin[0]), float(origin[1]), float(side), math.pi / 2 - math.atan2(-y, x))


def body_region(centre: np.ndarray, circle: np.ndarray) -> Region:
    """Around a body: `centre` between the hips, `circle` on the circle about the whole person."""
    return upright(centre, circle, 2.5 * math.dist(circle, centre))


def shifted(region: Region, x: float, y: float, scale: float) -> Region:
    """The region moved by parts of its side along its own axes, then scaled."""
    c, s = math.cos(region.rotation), math.sin(region.rotation)
    dx, dy = x * region.side, y * region.side
    return Region(region.x + c * dx - s * dy, region.y + s * dx + c * dy, region.side * scale, region.rotation)


# Wrist, thumb and the knuckles: the part of the hand that fingers do not change (HandLandmarkLandmarksToRoi).
_PALM = [0, 1, 2, 3, 5, 6, 9, 10, 13, 14, 17, 18]


def hand_region(points: np.ndarray) -> Region:
    """Around a hand seen before, from its (21, 3) plate points."""
    # in plain numbers: this is asked a dozen times a frame, and a dozen points are too few for arrays
    rows = points.tolist()
    (wrist_x, wrist_y, *_), (index_x, index_y, *_), (middle_x, middle_y, *_), (ring_x, ring_y, *_) = (
        rows[number] for number in (0, 5, 9, 13)
    )
    across = 0.25 * (index_x + ring_x) + 0.5 * middle_x - wrist_x
    down = 0.25 * (index_y + ring_y) + 0.5 * middle_y - wrist_y
    turn = math.pi / 2 - math.atan2(-down, across)
    c, s = math.cos(turn), math.sin(turn)
    local_x = [c * rows[number][0] + s * rows[number][1] for number in _PALM]
    local_y = [c * rows[number][1] - s * rows[number][0] for number in _PALM]
    left, right, top, bottom = min(local_x), max(local_x), min(local_y), max(local_y)
    x, y = (left + right) / 2.0, (top + bottom) / 2.0
    return shifted(Region(c * x - s * y, s * x + c * y, max(right - left, bottom - top), turn), 0.0, -0.1, 2.0)


def hand_region_from_body(wrist: np.ndarray, pinky: np.ndarray, index: np.ndarray) -> Region:
    """Around a hand guessed from the body's three hand points (2,) (HandDetectionsFromPoseToRects)."""
    middle = (2.0 * index + pinky) / 3.0
    side = 2.0 * math.dist(middle, wrist)
    turn = upright(wrist, middle, 1.0).rotation
    return shifted(Region(float(middle[0]), float(middle[1]), side, turn), 0.0, -0.1, 2.7)


def hand_region_from_palm(box: np.ndarray, points: np.ndarray) -> Region:
    """Around a hand from a palm detection: its box and its key points, wrist first, middle knuckle third."""
    centre = (box[:2] + box[2:]) / 2.0
    turn = upright(points[0], points[2], 1.0).rotation
    side = float(max(box[2:] - box[:2]))
    return shifted(Region(float(centre[0]), float(centre[1]), side, turn), 0.0, -0.5, 2.6)


def face_region(points: np.ndarray) -> Region:
    """Around a face seen before, from its (N, 3) plate points."""
    right_eye, left_eye = points[33, :2], points[263, :2]
    turn = float(np.arctan2(left_eye[1] - right_eye[1], left_eye[0] - right_eye[0]))
    low, high = points[:468, :2].min(0), points[:468, :2].max(0)
    return Region(float((low + high)[0] / 2), float((low + high)[1] / 2), 1.5 * float(max(high - low)), turn)


def face_region_from_detection(box: np.ndarray, points: np.ndarray) -> Region:
    """Around a face from a face detection: its box and its key points, right eye first, left eye second."""
    turn = float(np.arctan2(points[1, 1] - points[0, 1], points[1, 0] - points[0, 0]))
    centre = (box[:2] + box[2:]) / 2.0
    return Region(float(centre[0]), float(centre[1]), 1.5 * float(max(box[2:] - box[:2])), turn)


def head_region_from_body(points: np.ndarray) -> Region:
    """Around the head, from the body's (33, 3) plate points: wide enough for a face detector to find the face in it."""
    face = points[:11, :2]
    low, high = face.min(0), face.max(0)
    centre = (low + high) / 2.0
    torso = float(np.hypot(*(points[[11, 12], :2].mean(0) - points[[23, 24], :2].mean(0))))
    side = max(3.0 * float(max(high - low)), 0.6 * torso)
    return Region(float(centre[0]), float(centre[1]), side, 0.0)
