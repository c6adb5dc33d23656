# SPDX-License-Identifier: GPL-3.0-or-later
"""The performer's hands: each looked for at full resolution at its own wrist, and never mistaken for the other."""

from __future__ import annotations

from typing import List, Optional, Sequence, Tuple

import cv2
import numpy as np

from .answers import HandAnswer, Networks, PoseAnswer
from .device_picture import pixels
from .hand_rules import (
    ARM,
    LEFT,
    PRESENT,
    RIGHT,
    Pair,
    belongs,
    in_view,
    misfit,
    moved,
    radius_of,
    same_hand,
    untangled,
)
from .hand_search import HOPELESS, USUAL_SIZE, body_hand_region, closer_follow, closer_look
from .regions import Region, hand_region, hand_region_from_palm

Numbered = Tuple[int, np.ndarray]
# A picture, the body in it, and its hands.
Seen = Tuple[np.ndarray, Optional[PoseAnswer], Pair]
# Above it a second look is not needed.
CERTAIN = 0.9
# What the lite network says of the body's hand point: below, nothing like a hand is at this wrist.
NOTHING = 0.012
# While a hand stays lost, the search near the wrist pauses for 0, 0, 1, 2, 4 … frames; at most so many.
PATIENCE = 2
LONGEST_PAUSE = 4
# … where the search saw something like a hand.
LONGEST_PAUSE_WITH_HOPE = 1
# Closer looks take many runs of the network: so many a frame on average, and so many saved up at most.
RUNS_PER_FRAME = 0.15
MOST_RUNS_SAVED = 60.0
# What a run of the lite network counts.
LITE_COST = 0.55
# So many frames a hand that is found again is followed back into the stretch before.
FRAMES_BACK = 4


class HandFollower:
    """Both hands of one person over consecutive stretches of frames."""

    def __init__(self, networks: Networks) -> None:
        self._networks = (networks.hand(), networks.hand())
        self._probe = networks.hand(lite=True)
        self._palms = networks.detector("palm")
        self.restart()

    def restart(self, share: float = 1.0) -> None:
        """Forget whom it followed, and begin on this share of a plate."""
        self._last: Pair = [None, None]
        self._last_body: Optional[PoseAnswer] = None
        self._misses = [0, 0]
        self._wait = [0, 0]
        self._running = [False, False]
        self._runs_left = share * MOST_RUNS_SAVED
        self._tail: List[Seen] = []
        # The side of a hand's square in radii of the body: what the hands seen clearly so far have.
        self._size = USUAL_SIZE

    def start(self, image: np.ndarray, body: Optional[PoseAnswer]) -> None:
        """Begin on a frame: hands seen in the frame before are followed, each in its network's own thread."""
        for side in (LEFT, RIGHT):
            last, before = self._last[side], self._last_body
            self._running[side] = False
            if body is not None and last is not None and before is not None:
                self._networks[side].start(image, moved(last, before, body, side))
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
        self._runs_left = min(self._runs_left + RUNS_PER_FRAME, MOST_RUNS_SAVED)
        if body is None:
            self._last = [None, None]
            return found
        found = untangled(body, found)
        due = [side for side in (LEFT, RIGHT) if found[side] is None and self._is_due(side, body, image)]
        if due:
            found = self._searched(image, body, found, due)
        self._last = list(found)
        for hand in found:
            if hand is not None and hand.score > CERTAIN:
                self._size += 0.1 * (hand_region(hand.image).side / radius_of(body) - self._size)
        return found

    def _is_due(self, side: int, body: PoseAnswer, image: np.ndarray) -> bool:
        """Whether to search for a lost hand now: at once when it was just lost, then ever more rarely."""
        if self._last[side] is not None:
            self._misses[side] = self._wait[side] = 0
        if self._wait[side] > 0:
            self._wait[side] -= 1
            return False
        if not in_view(side, body, image):
            return False
        self._misses[side] += 1
        over = min(self._misses[side] - PATIENCE, LONGEST_PAUSE)
        pause = 2 ** (over - 1) if over > 0 else 0
        self._wait[side] = min(pause, LONGEST_PAUSE)
        return True

    def _searched(self, image: np.ndarray, body: PoseAnswer, found: Pair, due: List[int]) -> Pair:
        """Palms near the wrists at full resolution; each that is not a hand found already is given to a side."""
        picture = image
        for hand in found:
            if hand is not None:
                image = _without(image, hand)
        found, due = self._probed(image, body, found, due)
        regions = [_search_region(side, body) for side in due]
        if len(regions) == 2:
            apart = float(np.hypot(regions[0].x - regions[1].x, regions[0].y - regions[1].y))
            if apart < 0.6 * regions[0].side:
                middle = (regions[0].x + regions[1].x) / 2.0, (regions[0].y + regions[1].y) / 2.0
                regions = [Region(middle[0], middle[1], regions[0].side + apart)]
        candidates: List[HandAnswer] = []
        for palms in self._palms.run_all(image, regions):
            for palm in palms[:3]:
                guess = hand_region_from_palm(palm.box, palm.points)
                known = [item for item in (*found, *candidates) if item is not None]
                if any(_covers(item, (palm.box[:2] + palm.box[2:]) / 2.0) for item in known):
                    continue
                answer = self._settled(image, guess)
                if answer is not None and not any(same_hand(answer, item) for item in known):
                    candidates.append(answer)
        result = list(found)
        offers = [
            (misfit(item, body, side), side, item) for side in due for item in candidates if belongs(item, body, side)
        ]
        for _, side, item in sorted(offers, key=lambda offer: offer[0]):
            if result[side] is None and result[1 - side] is not item:
                result[side] = item
        for side in due:
            if result[side] is None and self._runs_left > 0.0:
                known = [item for item in result if item is not None]
                network, probe = self._networks[side], self._probe
                before = network.runs + LITE_COST * probe.runs
                result[side], hope = closer_look(network, probe, picture, body, side, self._size, known)
                self._runs_left -= network.runs + LITE_COST * probe.runs - before
                if hope:
                    self._wait[side] = min(self._wait[side], LONGEST_PAUSE_WITH_HOPE)
            if result[side] is not None:
                self._misses[side] = self._wait[side] = 0
        return result

    def _probed(self, image: np.ndarray, body: PoseAnswer, found: Pair, due: List[int]) -> Tuple[Pair, List[int]]:
        """A cheap look where the body's points say that the hand is: the hands seen there at once, and the sides where
        something like a hand is worth the search by palms.
        """
        result, rest = list(found), []
        looks = [(body_hand_region(body, side, self._size), False) for side in due]
        for side, rough in zip(due, self._probe.run_all(image, looks)):
            if rough.score < NOTHING:
                continue
            answer = self._settled(image, hand_region(rough.image)) if rough.score >= PRESENT else None
            other = result[1 - side]
            if answer is not None and belongs(answer, body, side) and (other is None or not same_hand(answer, other)):
                result[side] = answer
                self._misses[side] = self._wait[side] = 0
            else:
                rest.append(side)
        return result, rest

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

    def fill(self, frames: Sequence[Numbered], bodies: Sequence[Optional[PoseAnswer]], hands: List[Pair]) -> None:
        """Where a hand is missing beside a frame that has it, follow it from there, backward and forward, in place.

        Backward it goes on into the last frames of the stretch before, whose pairs are changed then.
        """
        images = [image for _, image in frames]
        before, last = len(self._tail), len(self._tail) + len(frames) - 1
        seen = [*self._tail, *zip(images, bodies, hands)]
        for side in (LEFT, RIGHT):
            for index in range(last - 1, -1, -1):
                if index >= before:
                    self._fill(side, seen[index], seen[index + 1])
                # what was tried in its own stretch is not tried again
                elif seen[index][2][side] is not None or not self._fill(side, seen[index], seen[index + 1]):
                    break
            for index in range(before + 1, last + 1):
                self._fill(side, seen[index], seen[index - 1])
        self._tail = seen[-FRAMES_BACK:]
        if hands:
            self._last = list(hands[-1])

    def _fill(self, side: int, here: Seen, beside: Seen) -> bool:
        """Look for a hand that is missing here and seen beside; whether it was found."""
        (image, body, pair), (_, body_beside, pair_beside) = here, beside
        there = pair_beside[side]
        if pair[side] is not None or there is None or body is None or body_beside is None:
            return False
        known = [item for item in (pair[1 - side],) if item is not None]
        pair[side] = closer_follow(self._networks[side], image, body, side, (there, body_beside), known)
        return pair[side] is not None


def _without(image: np.ndarray, hand: HandAnswer) -> np.ndarray:
    """The picture with a hand painted over in the colour around it, so that the other one is not mistaken for it."""
    image = pixels(image)
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
    elbow, wrist = body.image[ARM[side][0], :2], body.image[ARM[side][1], :2]
    x, y = wrist + 0.3 * (wrist - elbow)
    return Region(float(x), float(y), 0.8 * radius_of(body))
