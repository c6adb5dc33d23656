# SPDX-License-Identifier: GPL-3.0-or-later
"""The performer's hands: each looked for at full resolution at its own wrist, and never mistaken for the other."""

from __future__ import annotations

from typing import List, Optional, Sequence, Tuple

import cv2
import numpy as np

from .networks import DetectorNetwork, HandAnswer, HandNetwork, PoseAnswer
from .regions import Region, hand_region, hand_region_from_body, hand_region_from_palm

Numbered = Tuple[int, np.ndarray]
Pair = List[Optional[HandAnswer]]
LEFT, RIGHT = 0, 1
# The body's elbow, wrist, little finger and index finger, left and right.
_ARM = ((13, 15, 17, 19), (14, 16, 18, 20))
PRESENT = 0.5
FAINT = 0.25
# Below this a second look, from where the first one points, has no chance.
HOPELESS = 0.02
# Above it a second look is not needed.
CERTAIN = 0.9
# A hand's length is about a fifth of the radius (half height): the hand's wrist lies no further from the body's.
WRIST_REACH = 0.22
# While a hand stays lost, the search near the wrist pauses for 1, 2, 4 … frames; at most so many.
LONGEST_PAUSE = 4


class HandFollower:
    """Both hands of one person over consecutive stretches of frames."""

    def __init__(self) -> None:
        self._networks = (HandNetwork(), HandNetwork())
        self._palms = DetectorNetwork("PalmDetectionCpu", 192)
        self._last: Pair = [None, None]
        self._last_body: Optional[PoseAnswer] = None
        self._pause = [0, 0]
        self._wait = [0, 0]
        self._running = [False, False]

    def start(self, image: np.ndarray, body: Optional[PoseAnswer]) -> None:
        """Begin on a frame: hands seen in the frame before are followed, each in its network's own thread."""
        for side in (LEFT, RIGHT):
            last, before = self._last[side], self._last_body
            self._running[side] = False
            if body is not None and last is not None and before is not None:
                self._networks[side].start(image, _moved(last, before, body, side))
                self._running[side] = True

    def finish(self, image: np.ndarray, body: Optional[PoseAnswer]) -> Pair:
        """Both hands of the frame begun with `start`."""
        found: Pair = [None, None]
        for side in (LEFT, RIGHT):
            if self._running[side]:
                answer = self._networks[side].finish()
                if body is not None and belongs(answer, body, side, followed=True):
                    found[side] = answer
        self._last_body = body
        if body is None:
            self._last = [None, None]
            return found
        found = _untangled(body, found)
        due = [side for side in (LEFT, RIGHT) if found[side] is None and self._is_due(side, body, image)]
        if due:
            found = self._searched(image, body, found, due)
        self._last = list(found)
        return found

    def _is_due(self, side: int, body: PoseAnswer, image: np.ndarray) -> bool:
        """Whether to search for a lost hand now: at once when it was just lost, then ever more rarely."""
        if self._last[side] is not None:
            self._pause[side] = self._wait[side] = 0
        if self._wait[side] > 0:
            self._wait[side] -= 1
            return False
        if not _in_view(side, body, image):
            return False
        self._pause[side] = min(max(1, 2 * self._pause[side]), LONGEST_PAUSE)
        self._wait[side] = self._pause[side]
        return True

    def _searched(self, image: np.ndarray, body: PoseAnswer, found: Pair, due: List[int]) -> Pair:
        """Palms near the wrists at full resolution; each that is not a hand found already is given to a side."""
        for hand in found:
            if hand is not None:
                image = _without(image, hand)
        regions = [_search_region(side, body) for side in due]
        if len(regions) == 2:
            apart = float(np.hypot(regions[0].x - regions[1].x, regions[0].y - regions[1].y))
            if apart < 0.6 * regions[0].side:
                middle = (regions[0].x + regions[1].x) / 2.0, (regions[0].y + regions[1].y) / 2.0
                regions = [Region(middle[0], middle[1], regions[0].side + apart)]
        candidates: List[HandAnswer] = []
        for region in regions:
            for palm in self._palms.run(image, region)[:3]:
                guess = hand_region_from_palm(palm.box, palm.points)
                known = [item for item in (*found, *candidates) if item is not None]
                if any(_covers(item, (palm.box[:2] + palm.box[2:]) / 2.0) for item in known):
                    continue
                answer = self._settled(image, guess)
                if answer is not None and not any(same_hand(answer, item) for item in known):
                    candidates.append(answer)
        if not candidates:
            for side in due:
                guess = hand_region_from_body(*(body.image[i, :2] for i in _ARM[side][1:]))
                answer = self._settled(image, _at_least(guess, 0.4 * _radius(body)))
                if answer is not None and not any(item is not None and same_hand(answer, item) for item in found):
                    candidates.append(answer)
        result = list(found)
        offers = [
            (_misfit(item, body, side), side, item) for side in due for item in candidates if belongs(item, body, side)
        ]
        for _, side, item in sorted(offers, key=lambda offer: offer[0]):
            if result[side] is None and result[1 - side] is not item:
                result[side] = item
                self._pause[side] = self._wait[side] = 0
        return result

    def _settled(self, image: np.ndarray, region: Region) -> Optional[HandAnswer]:
        """The hand in a region, looked at again from where the first look says that it lies."""
        rough = self._networks[LEFT].run(image, region)
        if rough.score < HOPELESS:
            return None
        if rough.score > CERTAIN:
            return rough
        fine = self._networks[LEFT].run(image, hand_region(rough.image))
        best = fine if fine.score >= rough.score else rough
        return best if best.score >= PRESENT else None

    def fill_backward(
        self, frames: Sequence[Numbered], bodies: Sequence[Optional[PoseAnswer]], hands: List[Pair]
    ) -> None:
        """Where a hand is missing before a frame that has it, follow it backward from there, in place."""
        for side in (LEFT, RIGHT):
            for index in range(len(frames) - 2, -1, -1):
                later, body, after = hands[index + 1][side], bodies[index], bodies[index + 1]
                if hands[index][side] is not None or later is None or body is None or after is None:
                    continue
                answer = self._networks[side].run(frames[index][1], _moved(later, after, body, side))
                twin = hands[index][1 - side]
                if belongs(answer, body, side, followed=True) and not (twin is not None and same_hand(answer, twin)):
                    hands[index][side] = answer


def _untangled(body: PoseAnswer, found: Pair) -> Pair:
    """Never both on one hand, and each on its own side."""
    left, right = found
    if left is None or right is None:
        return found
    straight = _misfit(left, body, LEFT) + _misfit(right, body, RIGHT)
    if same_hand(left, right):
        better = LEFT if _misfit(left, body, LEFT) <= _misfit(right, body, RIGHT) else RIGHT
        return [left, None] if better == LEFT else [None, right]
    crossed = _misfit(right, body, LEFT) + _misfit(left, body, RIGHT)
    return [right, left] if crossed + 0.5 < straight else found


def _radius(body: PoseAnswer) -> float:
    return float(np.hypot(*(body.circle - body.centre)))


def _moved(hand: HandAnswer, then: PoseAnswer, now: PoseAnswer, side: int) -> Region:
    """Where a hand seen with one body is to be looked for with another: the body's wrist shows how far it went."""
    region = hand_region(hand.image)
    x, y = now.image[_ARM[side][1], :2] - then.image[_ARM[side][1], :2]
    return Region(region.x + float(x), region.y + float(y), region.side, region.rotation)


def _in_view(side: int, body: PoseAnswer, image: np.ndarray) -> bool:
    """Whether the wrist, or the hand beyond it, is in the picture and not quite hidden."""
    height, width = image.shape[:2]
    wrist = body.image[_ARM[side][1], :2]
    return 0 < wrist[0] < width and 0 < wrist[1] < height and bool(body.visibility[_ARM[side][1]] > 0.15)


def _at_least(region: Region, side: float) -> Region:
    return region if region.side >= side else Region(region.x, region.y, side, region.rotation)


def _without(image: np.ndarray, hand: HandAnswer) -> np.ndarray:
    """The picture with a hand painted over in the colour around it, so that the other one is not mistaken for it."""
    hull = cv2.convexHull(hand.image[:, :2].astype(np.float32)).astype(np.int32)
    region = hand_region(hand.image)
    reach = int(0.6 * region.side)
    height, width = image.shape[:2]
    left, right = max(0, int(region.x) - reach), min(width, int(region.x) + reach)
    top, bottom = max(0, int(region.y) - reach), min(height, int(region.y) + reach)
    if right - left < 2 or bottom - top < 2:
        return image
    result = image.copy()
    around = np.median(image[top:bottom, left:right].reshape(-1, 3), axis=0)
    cv2.fillConvexPoly(result, hull, tuple(float(value) for value in around))
    return result


def _covers(hand: HandAnswer, point: np.ndarray) -> bool:
    """Whether a point lies in the middle of a hand's palm."""
    palm = hand.image[[0, 5, 17], :2]
    reach = 0.35 * float(np.hypot(*(palm[0] - palm[1:].mean(0))))
    return float(np.hypot(*(point - palm.mean(0)))) < reach


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
    """Whether two answers lie on one and the same hand: hands laid together differ at least in their thumbs' sides."""
    size = max(hand_region(a.image).side, hand_region(b.image).side)
    distance = float(np.median(np.hypot(*(a.image - b.image)[:, :2].T)))
    return distance < (0.15 if abs(a.right - b.right) < 0.5 else 0.06) * size


def belongs(answer: HandAnswer, body: PoseAnswer, side: int, followed: bool = False) -> bool:
    """Whether it is a hand, and this body's hand of this side.

    A hand that is being followed may be faint for a while (motion blur) as long as it stays at its wrist and does not
    look like the other one; its confidence says how faint it is.
    """
    radius = _radius(body)
    own = float(np.hypot(*(answer.image[0, :2] - body.image[_ARM[side][1], :2])))
    other = float(np.hypot(*(answer.image[0, :2] - body.image[_ARM[1 - side][1], :2])))
    wrong = answer.right if side == LEFT else 1.0 - answer.right
    faint = answer.score >= FAINT and own < 0.4 * WRIST_REACH * radius and wrong < 0.5
    if answer.score < PRESENT and not (followed and faint):
        return False
    size = hand_region(answer.image).side
    if own > WRIST_REACH * radius or not 0.08 * radius < size < 0.9 * radius:
        return False
    return not (other < own + 0.05 * radius and wrong > 0.8)


def confidence(answer: HandAnswer, body: PoseAnswer, side: int) -> float:
    """0..1: presence, lowered where the hand lies away from the body's wrist or looks like one of the other side."""
    return float(np.clip(answer.score * (1.0 - 0.25 * min(_misfit(answer, body, side), 1.5)), 0.0, 1.0))
