# SPDX-License-Identifier: GPL-3.0-or-later
"""The tracker's lookers on an engine: the same crops and the same answers as with MediaPipe's own interpreter."""

from __future__ import annotations

from collections import deque
from queue import SimpleQueue
from typing import Any, Deque, List, Protocol, Sequence, Tuple

import cv2
import numpy as np

from ..answers import FaceAnswer, Found, HandAnswer, Look, PoseAnswer, hand_answer, pose_answer
from ..device_picture import DevicePicture
from ..regions import Region
from .sizes import BORDERED, KEY_POINTS, LEAST_SCORES, SIZES

# Boxes that overlap by more than this, as a share of their union, are one.
_SAME_BOX = 0.3


class Engine(Protocol):
    """What answers: `engine.Engine` in this process, or `client.Client` for one in another."""

    def ask(self, name: str, crop: np.ndarray, replies: SimpleQueue[Any]) -> None:
        """Put the answer about a crop `(S, S, 3)` uint8 into `replies`: an array `(columns,)`, or the error."""


class _Looker:
    """Asks one network about crops, and gives what it says about each, in their order."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine, self._name, self._size = engine, name, SIZES[name]
        self._replies: SimpleQueue[Any] = SimpleQueue()
        self.runs = 0
        self._under_way: Deque[Tuple[Region, bool]] = deque()

    def start(self, image: np.ndarray, region: Region, mirrored: bool = False) -> None:
        """Begin on a region of the picture."""
        self._under_way.append((region, mirrored))
        self.runs += 1
        if isinstance(image, DevicePicture):
            image.holder.look(self._name, image.row, region, mirrored, self._replies)
            return
        crop = region.cut(image, self._size, cv2.BORDER_CONSTANT if self._name in BORDERED else cv2.BORDER_REPLICATE)
        self._engine.ask(self._name, crop[:, ::-1] if mirrored else crop, self._replies)

    def _row(self) -> Tuple[np.ndarray, Region, bool]:
        """The answer about what was begun first, the region, and whether it was shown mirrored."""
        answer = self._replies.get()
        if isinstance(answer, Exception):
            self._under_way.clear()
            raise answer
        return (np.asarray(answer, np.float64), *self._under_way.popleft())


class TorchPose(_Looker):
    """See `answers.PoseLooker`."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, "pose")

    def run(self, image: np.ndarray, region: Region, mirrored: bool = False) -> PoseAnswer:
        """See `answers.PoseLooker`."""
        self.start(image, region, mirrored)
        row, _, _ = self._row()
        return pose_answer(region, float(row[0]), row[1:196].reshape(39, 5), row[196:].reshape(33, 3), mirrored)


class TorchHand(_Looker):
    """See `answers.HandLooker`."""

    def __init__(self, engine: Engine, lite: bool) -> None:
        super().__init__(engine, "hand_lite" if lite else "hand")

    def finish(self) -> HandAnswer:
        """See `answers.HandLooker`."""
        row, region, mirrored = self._row()
        points, world = row[2:65].reshape(21, 3), row[65:].reshape(21, 3)
        return hand_answer(region, float(row[0]), float(row[1]), points, world, mirrored)

    def run(self, image: np.ndarray, region: Region, mirrored: bool = False) -> HandAnswer:
        """See `answers.HandLooker`."""
        self.start(image, region, mirrored)
        return self.finish()

    def run_all(self, image: np.ndarray, looks: Sequence[Look]) -> List[HandAnswer]:
        """See `answers.HandLooker`."""
        for region, mirrored in looks:
            self.start(image, region, mirrored)
        return [self.finish() for _ in looks]


class TorchFace(_Looker):
    """See `answers.FaceLooker`."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, "face")

    def run(self, image: np.ndarray, region: Region) -> FaceAnswer:
        """See `answers.FaceLooker`."""
        self.start(image, region)
        row, _, _ = self._row()
        return FaceAnswer(score=float(row[0]), image=region.to_plate(row[1:].reshape(478, 3)))


class TorchDetector(_Looker):
    """See `answers.DetectorLooker`."""

    def run(self, image: np.ndarray, region: Region) -> List[Found]:
        """See `answers.DetectorLooker`."""
        return self.run_all(image, [region])[0]

    def run_all(self, image: np.ndarray, regions: Sequence[Region]) -> List[List[Found]]:
        """See `answers.DetectorLooker`."""
        for region in regions:
            self.start(image, region)
        return [self._finish() for _ in regions]

    def _finish(self) -> List[Found]:
        table, region, _ = self._row()
        rows = table.reshape(-1, 5 + 2 * KEY_POINTS[self._name])
        found = []
        for row in merged(rows[rows[:, 0] >= LEAST_SCORES[self._name]]):
            points = np.zeros((len(row) // 2, 3))
            points[0, :2], points[1, :2] = row[1:3] - row[3:5] / 2.0, row[1:3] + row[3:5] / 2.0
            points[2:, :2] = row[5:].reshape(-1, 2)
            plate = region.to_plate(points)[:, :2]
            found.append(Found(float(row[0]), plate[:2].reshape(4), plate[2:]))
        return found


def merged(rows: np.ndarray) -> List[np.ndarray]:
    """Boxes `(N, 5 + 2 K)` (score, centre, size, points), the surest first, with those that overlap made one.

    What is left is the mean of the boxes weighted by their scores, with the best one's score: MediaPipe's weighted
    non-maximum suppression (NonMaxSuppressionCalculator).
    """
    kept: List[np.ndarray] = []
    while len(rows):
        low, high = rows[:, 1:3] - rows[:, 3:5] / 2.0, rows[:, 1:3] + rows[:, 3:5] / 2.0
        shared = np.clip(np.minimum(high, high[0]) - np.maximum(low, low[0]), 0.0, None).prod(-1)
        area = rows[:, 3] * rows[:, 4]
        same = shared > _SAME_BOX * (area + area[0] - shared)
        same[0] = True
        weights = rows[same, :1]
        mean = (rows[same] * weights).sum(0) / weights.sum()
        kept.append(np.concatenate([rows[0, :1], mean[1:]]))
        rows = rows[~same]
    return kept


class TorchNetworks:
    """Lookers that share an engine; see `answers.Networks`."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def pose(self) -> TorchPose:  # noqa: D102
        return TorchPose(self.engine)

    def hand(self, lite: bool = False) -> TorchHand:  # noqa: D102
        return TorchHand(self.engine, lite)

    def face(self) -> TorchFace:  # noqa: D102
        return TorchFace(self.engine)

    def detector(self, kind: str) -> TorchDetector:  # noqa: D102
        return TorchDetector(self.engine, kind + "_detector")
