# SPDX-License-Identifier: GPL-3.0-or-later
"""The performer's face: looked for at full resolution around the head, then followed."""

from __future__ import annotations

import math
from typing import Optional

import numpy as np

from .answers import FaceAnswer, Networks, PoseAnswer
from .regions import Region, face_region, face_region_from_detection, head_region_from_body

PRESENT = 0.5
# Below this a second look, from where the first one points, has no chance.
HOPELESS = 0.02
# Of the square about the head, the part that the face fills.
FACE_OF_HEAD = 0.5
# While the face stays lost (turned away), the search pauses for 1, 2, 4, 8 frames; at most so many.
LONGEST_PAUSE = 8
# Nose, outer corners of the right and left eye, corners of the mouth: in the face mesh, and in the body's points.
_FACE_POINTS = [1, 33, 263, 61, 291]
_BODY_POINTS = [0, 6, 3, 10, 9]
WRONG_FACE = 0.16


class FaceFollower:
    """The performer's face in consecutive frames."""

    def __init__(self, networks: Networks) -> None:
        self._network = networks.face()
        self._detector = networks.detector("face")
        self.restart()

    def restart(self) -> None:
        """Forget whom it followed."""
        self._last: Optional[FaceAnswer] = None
        self._pause = 0
        self._wait = 0

    def look(self, image: np.ndarray, body: Optional[PoseAnswer]) -> Optional[FaceAnswer]:
        """The face of the next frame: followed from the frame before, or searched."""
        if body is None:
            self._last = None
            return None
        answer = None if self._last is None else self._network.run(image, face_region(self._last.image))
        if answer is None or not _belongs(answer, body):
            answer = self._searched(image, body)
        self._last = answer
        return answer

    def _searched(self, image: np.ndarray, body: PoseAnswer) -> Optional[FaceAnswer]:
        if self._last is not None:
            self._pause = self._wait = 0
        if self._wait > 0:
            self._wait -= 1
            return None
        head = head_region_from_body(body.image)
        found = self._detector.run(image, head)
        if found:
            middle = np.array([head.x, head.y])
            best = min(found, key=lambda item: float(np.hypot(*((item.box[:2] + item.box[2:]) / 2.0 - middle))))
            answer = self._network.run(image, face_region_from_detection(best.box, best.points))
            if _belongs(answer, body):
                return answer
            # In profile the detector's two eyes give no rotation: upright, and then from where that look points.
            rough = self._network.run(image, Region(head.x, head.y, FACE_OF_HEAD * head.side))
            if rough.score >= HOPELESS:
                answer = self._network.run(image, face_region(rough.image))
                if _belongs(answer, body):
                    return answer
        self._pause = min(max(1, 2 * self._pause), LONGEST_PAUSE)
        self._wait = self._pause
        return None


def _disagreement(answer: FaceAnswer, body: PoseAnswer) -> float:
    """How far nose, eyes and mouth of face and body lie apart, in face sizes.

    The face network's own score does not tell a good face from one invented on a cheek: seen from the side it gives
    both 1.  The body's face points come from another network; on frontal faces the two differ by 0.03-0.15.
    """
    face, points = answer.image, body.image
    distances = np.hypot(*(face[_FACE_POINTS, :2] - points[_BODY_POINTS, :2]).T)
    return float(distances.mean()) / _size(answer)


def _size(answer: FaceAnswer) -> float:
    mesh = answer.image[:468, :2]
    return max(float(max(mesh.max(0) - mesh.min(0))), 1e-6)


def _belongs(answer: FaceAnswer, body: PoseAnswer) -> bool:
    """Whether it is a face, and the performer's."""
    radius = math.dist(body.circle, body.centre)
    return answer.score >= PRESENT and _disagreement(answer, body) < WRONG_FACE and _size(answer) < 0.8 * radius


def confidence(answer: FaceAnswer, body: PoseAnswer) -> float:
    """0..1: presence, lowered where face and body disagree on where nose, eyes and mouth are."""
    excess = max(0.0, _disagreement(answer, body) - 0.1) / 0.1
    return float(np.clip(answer.score * np.exp(-(excess**2)), 0.0, 1.0))
