# SPDX-License-Identifier: GPL-3.0-or-later
"""The performer's face: looked for at full resolution around the head, then followed."""

from __future__ import annotations

from typing import Optional

import numpy as np

from .networks import DetectorNetwork, FaceAnswer, FaceNetwork, PoseAnswer
from .regions import Region, face_region, face_region_from_detection, head_region_from_body

PRESENT = 0.5


class FaceFollower:
    """Start a frame, do other work, finish it: the network runs in its own thread meanwhile."""

    def __init__(self) -> None:
        self._network = FaceNetwork()
        self._detector = DetectorNetwork("FaceDetectionShortRangeCpu", 128)
        self._last: Optional[FaceAnswer] = None
        self._started = False

    def start(self, image: np.ndarray, body: Optional[PoseAnswer]) -> None:
        self._started = False
        if body is None:
            self._last = None
            return
        region = self._region(image, body)
        if region is not None:
            self._network.start(image, region)
            self._started = True

    def finish(self, image: np.ndarray, body: Optional[PoseAnswer]) -> Optional[FaceAnswer]:
        if not self._started or body is None:
            self._last = None
            return None
        answer = self._network.finish()
        if not _belongs(answer, body) and self._last is not None:
            self._last = None
            region = self._region(image, body)
            if region is not None:
                answer = self._network.run(image, region)
        self._last = answer if _belongs(answer, body) else None
        return self._last

    def _region(self, image: np.ndarray, body: PoseAnswer) -> Optional[Region]:
        if self._last is not None:
            return face_region(self._last.image)
        head = head_region_from_body(body.image)
        found = self._detector.run(image, head)
        if not found:
            return None
        middle = np.array([head.x, head.y])
        best = min(found, key=lambda item: float(np.hypot(*((item.box[:2] + item.box[2:]) / 2.0 - middle))))
        return face_region_from_detection(best.box, best.points)


def _belongs(answer: FaceAnswer, body: PoseAnswer) -> bool:
    """Whether it is a face, and on the performer's head."""
    if answer.score < PRESENT:
        return False
    low, high = answer.image[:468, :2].min(0), answer.image[:468, :2].max(0)
    head = body.image[:11, :2].mean(0)
    size = float(max(high - low))
    radius = float(np.hypot(*(body.circle - body.centre)))
    near = float(np.hypot(*((low + high) / 2.0 - head))) < 0.6 * size + 0.05 * radius
    return near and size < 0.8 * radius
