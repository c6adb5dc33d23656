# SPDX-License-Identifier: GPL-3.0-or-later
"""The performer's hands: each looked for at full resolution at its own wrist, followed, and never mistaken for the other."""

from __future__ import annotations

from typing import List, Optional, Sequence, Tuple

import numpy as np

from .networks import DetectorNetwork, HandAnswer, HandNetwork, PoseAnswer
from .regions import Region, hand_region, hand_region_from_body, hand_region_from_palm

Numbered = Tuple[int, np.ndarray]
Pair = List[Optional[HandAnswer]]
LEFT, RIGHT = 0, 1
# The body's elbow, wrist, little finger and index finger, left and right.
_ARM = ((13, 15, 17, 19), (14, 16, 18, 20))
PRESENT = 0.5
# A hand's length is about a fifth of the radius (half height): the hand's wrist lies no further from the body's.
WRIST_REACH = 0.22
# Frames between two attempts of the slower palm detector while a hand stays lost.
PALM_PATIENCE = 4


class HandFollower:
    """Both hands of one person over consecutive stretches of frames."""

    def __init__(self) -> None:
        self._networks = (HandNetwork(), HandNetwork())
        self._palms = DetectorNetwork("PalmDetectionCpu", 192)
        self._last: Pair = [None, None]
        self._waited = [PALM_PATIENCE, PALM_PATIENCE]

    def start(self, image: np.ndarray, body: Optional[PoseAnswer]) -> None:
        """Begin on a frame: the first guess for each hand runs in its network's own thread."""
        self._running = [False, False]
        for side in (LEFT, RIGHT):
            region = None if body is None else self._guess(side, body, image)
            if region is not None:
                self._networks[side].start(image, region)
                self._running[side] = True

    def finish(self, image: np.ndarray, body: Optional[PoseAnswer]) -> Pair:
        """Both hands of the frame begun with `start`."""
        found: Pair = [None, None]
        if body is None:
            self._last = [None, None]
            return found
        for side in (LEFT, RIGHT):
            if self._running[side]:
                answer = self._networks[side].finish()
                found[side] = answer if belongs(answer, body, side) else None
            if found[side] is None:
                found[side] = self._searched(image, body, side)
        found = self._untangled(image, body, found)
        for side in (LEFT, RIGHT):
            self._waited[side] = 0 if found[side] is not None else self._waited[side] + 1
        self._last = found
        return found

    def fill_backward(
        self, frames: Sequence[Numbered], bodies: Sequence[Optional[PoseAnswer]], hands: List[Pair]
    ) -> None:
        """Where a hand is missing before a frame that has it, follow it backward from there, in place."""
        for side in (LEFT, RIGHT):
            for index in range(len(frames) - 2, -1, -1):
                later, body = hands[index + 1][side], bodies[index]
                if hands[index][side] is not None or later is None or body is None:
                    continue
                answer = self._networks[side].run(frames[index][1], hand_region(later.image))
                twin = hands[index][1 - side]
                if belongs(answer, body, side) and not (twin is not None and same_hand(answer, twin)):
                    hands[index][side] = answer

    def _guess(self, side: int, body: PoseAnswer, image: np.ndarray) -> Optional[Region]:
        last = self._last[side]
        return hand_region(last.image) if last is not None else _body_guess(side, body, image)

    def _searched(self, image: np.ndarray, body: PoseAnswer, side: int) -> Optional[HandAnswer]:
        """The hand near its wrist: by the body's hand points, then by the palm detector."""
        guess = _body_guess(side, body, image)
        if guess is None:
            return None
        if self._last[side] is not None:
            found = self._settled(image, body, side, guess)
            if found is not None:
                return found
            self._waited[side] = PALM_PATIENCE
        if self._waited[side] < PALM_PATIENCE:
            return None
        self._waited[side] = -1
        for palm in self._palms.run(image, _search_region(side, body))[:2]:
            found = self._settled(image, body, side, hand_region_from_palm(palm.box, palm.points))
            if found is not None:
                return found
        return None

    def _settled(self, image: np.ndarray, body: PoseAnswer, side: int, region: Region) -> Optional[HandAnswer]:
        """The hand in a region, looked at again from where it says it lies."""
        rough = self._networks[side].run(image, region)
        if not belongs(rough, body, side):
            return None
        fine = self._networks[side].run(image, hand_region(rough.image))
        return fine if belongs(fine, body, side) else rough

    def _untangled(self, image: np.ndarray, body: PoseAnswer, found: Pair) -> Pair:
        """Never both on one hand, and each on its own side."""
        left, right = found
        if left is None or right is None:
            return found
        if same_hand(left, right):
            loser = LEFT if _misfit(left, body, LEFT) > _misfit(right, body, RIGHT) else RIGHT
            found[loser] = None
            guess = _body_guess(loser, body, image)
            if guess is not None:
                again = self._settled(image, body, loser, guess)
                winner = found[1 - loser]
                if again is not None and winner is not None and not same_hand(again, winner):
                    found[loser] = again
            return found
        straight = _misfit(left, body, LEFT) + _misfit(right, body, RIGHT)
        crossed = _misfit(right, body, LEFT) + _misfit(left, body, RIGHT)
        return [right, left] if crossed + 0.3 < straight else found


def _radius(body: PoseAnswer) -> float:
    return float(np.hypot(*(body.circle - body.centre)))


def _body_guess(side: int, body: PoseAnswer, image: np.ndarray) -> Optional[Region]:
    """From the body's own hand points; None where they are out of the picture or nowhere to be seen."""
    elbow, wrist, pinky, index = (body.image[i, :2] for i in _ARM[side])
    height, width = image.shape[:2]
    hand = (wrist + pinky + index) / 3.0
    if not (0 < hand[0] < width and 0 < hand[1] < height) or body.visibility[_ARM[side][1]] < 0.2:
        return None
    guess = hand_region_from_body(wrist, pinky, index)
    least = 0.45 * _radius(body)
    return guess if guess.side >= least else Region(guess.x, guess.y, least, guess.rotation)


def _search_region(side: int, body: PoseAnswer) -> Region:
    elbow, wrist = body.image[_ARM[side][0], :2], body.image[_ARM[side][1], :2]
    x, y = wrist + 0.3 * (wrist - elbow)
    return Region(float(x), float(y), 0.8 * _radius(body))


def _misfit(answer: HandAnswer, body: PoseAnswer, side: int) -> float:
    """How badly a hand suits a side: distance of the wrists (1 = the reach), and the network's view of the side."""
    distance = float(np.hypot(*(answer.image[0, :2] - body.image[_ARM[side][1], :2])))
    wrong = answer.right if side == LEFT else 1.0 - answer.right
    return distance / (WRIST_REACH * _radius(body)) + 0.5 * wrong


def same_hand(a: HandAnswer, b: HandAnswer) -> bool:
    """Whether two answers lie on one and the same hand."""
    size = max(hand_region(a.image).side, hand_region(b.image).side)
    distance = np.hypot(*(a.image - b.image)[:, :2].T)
    return float(np.median(distance)) < 0.15 * size


def belongs(answer: HandAnswer, body: PoseAnswer, side: int) -> bool:
    """Whether it is a hand, and this body's hand of this side."""
    if answer.score < PRESENT:
        return False
    radius = _radius(body)
    own = float(np.hypot(*(answer.image[0, :2] - body.image[_ARM[side][1], :2])))
    other = float(np.hypot(*(answer.image[0, :2] - body.image[_ARM[1 - side][1], :2])))
    size = hand_region(answer.image).side
    if own > WRIST_REACH * radius or not 0.08 * radius < size < 0.9 * radius:
        return False
    wrong = answer.right if side == LEFT else 1.0 - answer.right
    return not (other < own and wrong > 0.8)


def confidence(answer: HandAnswer, body: PoseAnswer, side: int) -> float:
    """0..1: presence, lowered where the hand lies away from the body's wrist or looks like one of the other side."""
    return float(np.clip(answer.score * (1.0 - 0.25 * min(_misfit(answer, body, side), 1.5)), 0.0, 1.0))
