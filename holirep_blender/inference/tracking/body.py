# SPDX-License-Identifier: GPL-3.0-or-later
"""Following the performer's body from frame to frame, between the sightings that fix the identity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np

from .answers import PoseAnswer, PoseLooker
from .appearance import difference, signature
from .regions import body_region
from .scan import WORTH_KEEPING, agreement

Numbered = Tuple[int, np.ndarray]
# The pose network's own threshold for "there is a person".
PRESENT = 0.5
# Of the 33 points at least so many must be seen inside the picture.
SEEN_POINTS = 6
# Where no joint that is seen moves farther than this over two frames, as a share of the radius of the circle about the
# person, the frame between is half-way: on signers that differs from a look of its own by 1 % of the torso, which is
# the network's noise.
CALM = 0.06
# Nose, ears, and all from the shoulders down but the fingers, which the hands' own network sees better.
JOINTS = np.isin(np.arange(33), [0, 7, 8, *range(11, 17), *range(23, 33)])


@dataclass
class Place:
    """Where a person was sighted in a frame."""

    centre: np.ndarray
    circle: np.ndarray

    def is_at(self, answer: PoseAnswer) -> bool:
        """Whether the body of the answer is the one sighted here."""
        radius = float(np.hypot(*(self.circle - self.centre)))
        return float(np.hypot(*(answer.centre - self.centre))) < 0.35 * radius


class BodyFollower:
    """Follows one person through consecutive stretches of frames, each ending at a frame that was scanned."""

    def __init__(
        self,
        pose: PoseLooker,
        performer: Dict[int, Place],
        others: Dict[int, List[Place]],
        look: np.ndarray,
        other_looks: Sequence[np.ndarray],
    ) -> None:
        self._pose = pose
        self._performer = performer
        self._others = others
        self._look = look
        self._other_looks = other_looks
        self._last: Optional[PoseAnswer] = None
        self._calm = False

    def follow(self, frames: Sequence[Numbered]) -> List[Optional[PoseAnswer]]:
        """The performer's body in each frame of a stretch, None where it is not seen.

        Forward from the stretch before; where the scan says that the performer is elsewhere at the stretch's end,
        backward from there, and where the two disagree, by appearance.
        """
        forward = self._run(frames, self._last)
        number = frames[-1][0]
        place = self._performer.get(number)
        end = forward[-1]
        if place is not None:
            if end is None or not place.is_at(end):
                forward = self._joined(frames, forward, self._backward(frames, forward, place))
        elif end is not None:
            if any(other.is_at(end) for other in self._others.get(number, [])):
                forward = [
                    answer if self._is_performer(frame, answer) else None for frame, answer in zip(frames, forward)
                ]
                forward[-1] = None
            else:
                forward = self._without_phantoms(frames, forward)
        self._last = forward[-1]
        return forward

    def _run(self, frames: Sequence[Numbered], last: Optional[PoseAnswer]) -> List[Optional[PoseAnswer]]:
        """Forward from `last`. While the performer is calm, every second frame is looked at only where it has to be."""
        answers: List[Optional[PoseAnswer]] = []
        while len(answers) < len(frames):
            if last is None:
                answers.append(None)
                continue
            index = len(answers)
            ahead: Optional[PoseAnswer] = None
            if self._calm and index + 1 < len(frames):
                ahead = self._seen(frames[index + 1][1], last.centre, last.circle)
            if ahead is not None and _is_calm(last, ahead):
                answers += [_half_way(last, ahead), ahead]
                last = ahead
                continue
            before, last = last, self._seen(frames[index][1], last.centre, last.circle)
            answers.append(last)
            if last is not None and ahead is not None:
                answers.append(ahead)
                before, last = last, ahead
            self._calm = last is not None and _is_calm(before, last)
        return answers

    def _seen(self, image: np.ndarray, centre: np.ndarray, circle: np.ndarray) -> Optional[PoseAnswer]:
        answer = self._pose.run(image, body_region(centre, circle))
        height, width = image.shape[:2]
        inside = (answer.image[:, 0] > 0) & (answer.image[:, 0] < width)
        inside &= (answer.image[:, 1] > 0) & (answer.image[:, 1] < height) & (answer.visibility > 0.5)
        return answer if answer.score >= PRESENT and int(inside.sum()) >= SEEN_POINTS else None

    def _backward(
        self, frames: Sequence[Numbered], forward: List[Optional[PoseAnswer]], place: Place
    ) -> List[Optional[PoseAnswer]]:
        answers: List[Optional[PoseAnswer]] = [None] * len(frames)
        centre, circle = place.centre, place.circle
        first = self._seen(frames[-1][1], centre, circle)
        if first is not None:
            # a sighting may be the detector's, which points a little elsewhere than the network
            centre, circle = first.centre, first.circle
        for index in range(len(frames) - 1, -1, -1):
            answer = self._seen(frames[index][1], centre, circle)
            if answer is None:
                break
            answers[index] = answer
            centre, circle = answer.centre, answer.circle
            ahead = forward[index]
            if ahead is not None and Place(centre, circle).is_at(ahead):
                break
        return answers

    def _joined(
        self, frames: Sequence[Numbered], forward: List[Optional[PoseAnswer]], backward: List[Optional[PoseAnswer]]
    ) -> List[Optional[PoseAnswer]]:
        result: List[Optional[PoseAnswer]] = []
        for frame, ahead, behind in zip(frames, forward, backward):
            if ahead is None or behind is None:
                only = behind if ahead is None else ahead
                result.append(only if behind is not None or self._is_performer(frame, only) else None)
            else:
                result.append(min((behind, ahead), key=lambda answer: self._strangeness(frame, answer)))
        if backward[-1] is not None:
            result[-1] = backward[-1]
        return result

    def _strangeness(self, frame: Numbered, answer: PoseAnswer) -> float:
        value = difference(self._look, signature(frame[1], answer.image, answer.visibility))
        return 0.5 if np.isnan(value) else value

    def _is_performer(self, frame: Numbered, answer: Optional[PoseAnswer]) -> bool:
        """Whether the body looks more like the performer than like anybody else in the plate."""
        if answer is None:
            return False
        look = signature(frame[1], answer.image, answer.visibility)
        own = difference(self._look, look)
        rivals = [difference(other, look) for other in self._other_looks]
        return bool(np.isnan(own) or all(np.isnan(rival) or own <= rival for rival in rivals))

    def _without_phantoms(
        self, frames: Sequence[Numbered], answers: List[Optional[PoseAnswer]]
    ) -> List[Optional[PoseAnswer]]:
        """Drop what a second, mirrored look does not confirm, from the end back to the last frame that holds."""
        for index in range(len(frames) - 1, -1, -1):
            answer = answers[index]
            if answer is None:
                continue
            region = body_region(answer.centre, answer.circle)
            second = self._pose.run(frames[index][1], region, mirrored=True)
            if agreement(answer, second, region.side) >= WORTH_KEEPING:
                break
            answers[index] = None
        return answers


def _is_calm(before: PoseAnswer, after: PoseAnswer) -> bool:
    """Whether no joint that is seen both times moved far."""
    seen = JOINTS & (before.visibility > 0.5) & (after.visibility > 0.5)
    steps = np.hypot(*(after.image - before.image)[seen, :2].T)
    return bool(seen.any() and steps.max() < CALM * float(np.hypot(*(before.circle - before.centre))))


def _half_way(before: PoseAnswer, after: PoseAnswer) -> PoseAnswer:
    """The body in the frame between two that hardly differ, no surer than either."""
    return PoseAnswer(
        score=min(before.score, after.score),
        image=(before.image + after.image) / 2.0,
        world=(before.world + after.world) / 2.0,
        visibility=np.minimum(before.visibility, after.visibility),
        presence=np.minimum(before.presence, after.presence),
        centre=(before.centre + after.centre) / 2.0,
        circle=(before.circle + after.circle) / 2.0,
    )
