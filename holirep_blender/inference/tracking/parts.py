# SPDX-License-Identifier: GPL-3.0-or-later
"""The two kinds of work on a part of a plate: scanning it for people, and following the performer through it."""

from __future__ import annotations

from typing import Callable, Dict, Iterator, List, Optional, Set, Tuple

import numpy as np

from ...motion.observations import Observations
from ..plate import Plate
from .answers import FaceAnswer, Networks, PoseAnswer
from .body import BodyFollower, Numbered
from .face import FaceFollower
from .face import confidence as face_confidence
from .hand_rules import LEFT, RIGHT, Pair, confidence
from .hands import HandFollower
from .plan import Plan, is_thorough, scan_stride, scanned
from .prefetch import prefetched
from .scan import Scanner, Sighting, visible_box

# Told the number of frames done so far in the part.
Report = Callable[[int], None]
Bodies = List[Optional[PoseAnswer]]
Faces = List[Optional[FaceAnswer]]
# The frames from one scanned frame to the next, and the performer's body in each.
Stretch = Tuple[List[Numbered], Bodies]
# What was found in a frame: its number, the body, the hands and the face.
Row = Tuple[int, PoseAnswer, Pair, Optional[FaceAnswer]]


class PartWorker:
    """Owns the networks, so that one process builds them once."""

    def __init__(self, networks: Networks) -> None:
        self._pose = networks.pose()
        self._scanner = Scanner(self._pose, networks)
        self._face, self._hands = FaceFollower(networks), HandFollower(networks)

    def scan(self, plate: Plate, first: int, last: int, report: Report) -> List[Sighting]:
        """Everybody in the scanned frames of a part."""
        self._scanner.restart()
        wanted = set(scanned(plate, first, last))
        sightings: List[Sighting] = []
        frames = prefetched(plate.frames(first, last, wanted))
        # The next frame is searched by the detector while this one's findings are checked.
        detected = ((number, image, self._scanner.detect(image)) for number, _, image in frames)
        for number, image, found in prefetched(detected, depth=1):
            sightings += self._scanner.check(number, image, found, is_thorough(plate, number))
            report(number - first + 1)
        report(last - first + 1)
        return sightings

    def find(self, plate: Plate, frame: int) -> List[Sighting]:
        """Everybody in one frame."""
        for number, _, image in plate.frames(frame, frame):
            return self._scanner.look(number, image)
        return []

    def follow(self, plate: Plate, first: int, last: int, plan: Plan, report: Report) -> Observations:
        """The performer in every frame of a part.

        The stretch before the part is followed too, so that the part starts as if it had no beginning, and the last
        stretch runs on to the next scanned frame.
        """
        stride = scan_stride(plate)
        before = (first - plate.first_frame) // stride * stride + plate.first_frame - stride
        begin = max(plate.first_frame, before)
        end = min(plate.last_frame, last + (plate.first_frame - last) % stride)
        stops = set(scanned(plate, begin, end))
        body = BodyFollower(self._pose, plan.performer, plan.others, plan.look, plan.other_looks)
        self._face.restart()
        self._hands.restart((last - first + 1) / plate.frame_count)
        rows = Observations.empty(last - first + 1, plate.size)
        rows.times[:] = plate.times[first - plate.first_frame : last - plate.first_frame + 1]
        rows.frame_numbers[:] = np.arange(first, last + 1)
        # What follows a stretch may still find hands in it, so it is written one stretch later.
        kept: List[Row] = []
        # The next stretch's face, and the body of the one after it, are followed while the hands of this one, most of
        # the work, are looked at.
        stretches = prefetched(_followed(plate, begin, end, stops, body), depth=1)
        for stretch, bodies, faces in prefetched(self._with_faces(stretches), depth=1):
            found = self._with_hands(stretch, bodies, faces)
            _write_all(rows, first, last, kept)
            kept = found
            report(max(0, min(stretch[-1][0], last) - first + 1))
        _write_all(rows, first, last, kept)
        self._hands.restart()
        return rows

    def _with_faces(self, stretches: Iterator[Stretch]) -> Iterator[Tuple[List[Numbered], Bodies, Faces]]:
        for frames, bodies in stretches:
            yield frames, bodies, [self._face.look(image, body) for (_, image), body in zip(frames, bodies)]

    def _with_hands(self, frames: List[Numbered], bodies: Bodies, faces: Faces) -> List[Row]:
        hands: List[Pair] = []
        for (_, image), answer in zip(frames, bodies):
            self._hands.start(image, answer)
            hands.append(self._hands.finish(image, answer))
        self._hands.fill(frames, bodies, hands)
        return [
            (number, answer, pair, face)
            for (number, _), answer, pair, face in zip(frames, bodies, hands, faces)
            if answer is not None
        ]


def _followed(plate: Plate, begin: int, end: int, stops: Set[int], body: BodyFollower) -> Iterator[Stretch]:
    """The frames from one stop to the next, and the performer's body in each."""
    stretch: List[Numbered] = []
    for number, _, image in prefetched(plate.frames(begin, end)):
        stretch.append((number, image))
        if number in stops or number == end:
            yield stretch, body.follow(stretch)
            stretch = []
    if stretch:  # a frame that cannot be decoded is left out, also where it would have been the last
        yield stretch, body.follow(stretch)


def _write_all(rows: Observations, first: int, last: int, found: List[Row]) -> None:
    for number, answer, pair, face in found:
        if first <= number <= last:
            _write(rows, number - first, answer, pair, face)


def _write(rows: Observations, row: int, body: PoseAnswer, hands: Pair, face: Optional[FaceAnswer]) -> None:
    rows.body_image[row] = body.image
    rows.body_world[row] = body.world
    rows.body_visibility[row] = body.visibility
    rows.body_confidence[row] = body.score * (0.5 + 0.5 * float(body.visibility[[11, 12, 23, 24]].mean()))
    rows.person_box[row] = visible_box(body, (int(rows.image_size[0]), int(rows.image_size[1])))
    if face is not None:
        rows.face_image[row] = face.image
        rows.face_confidence[row] = face_confidence(face, body)
    left, right = hands[LEFT], hands[RIGHT]
    if left is not None:
        rows.left_hand_image[row] = left.image
        rows.left_hand_world[row] = left.world
        rows.left_hand_confidence[row] = confidence(left, body, LEFT)
    if right is not None:
        rows.right_hand_image[row] = right.image
        rows.right_hand_world[row] = right.world
        rows.right_hand_confidence[row] = confidence(right, body, RIGHT)


def joined(parts: List[Observations]) -> Observations:
    """One set of observations from consecutive parts."""
    arrays: Dict[str, np.ndarray] = {}
    stored = [part.to_arrays() for part in parts]
    for name in stored[0]:
        arrays[name] = stored[0][name] if name == "image_size" else np.concatenate([part[name] for part in stored])
    return Observations.from_arrays(arrays)
