# SPDX-License-Identifier: GPL-3.0-or-later
"""What the networks say about a region of the plate, whoever runs them, and what runs them has to offer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Protocol, Sequence, Tuple

import numpy as np

from .regions import Region

# A region, and whether its mirror image is shown.
Look = Tuple[Region, bool]
# The body's points with left and right exchanged.
_MIRRORED = [0, 4, 5, 6, 1, 2, 3, 8, 7, 10, 9] + [i + 1 if i % 2 else i - 1 for i in range(11, 33)]


@dataclass
class PoseAnswer:
    """What the pose network says about a region: plate pixels, metres, 0..1."""

    score: float
    image: np.ndarray
    world: np.ndarray
    visibility: np.ndarray
    presence: np.ndarray
    centre: np.ndarray
    circle: np.ndarray


@dataclass
class HandAnswer:
    """What the hand network says about a region. `right` is 1 for a hand that looks like a right one."""

    score: float
    right: float
    image: np.ndarray
    world: np.ndarray


@dataclass
class FaceAnswer:
    """What the face network says about a region: presence 0..1 and (478, 3) plate pixels."""

    score: float
    image: np.ndarray


@dataclass
class Found:
    """A detection: score 0..1, box x0 y0 x1 y1 and key points (K, 2), plate pixels."""

    score: float
    box: np.ndarray
    points: np.ndarray


def pose_answer(region: Region, score: float, points: np.ndarray, world: np.ndarray, mirrored: bool) -> PoseAnswer:
    """From `points` (39, 5) of the crop (x, y, z 0..1, visibility, presence) and `world` (33, 3), which are changed.

    `mirrored`: the crop was the region's mirror image, and its answer is mirrored back.
    """
    if mirrored:
        points[:33], world = points[_MIRRORED], world[_MIRRORED]
        points[:, 0] = 1.0 - points[:, 0]
        world[:, 0] *= -1.0
    plate = region.to_plate(points[:, :3])
    return PoseAnswer(
        score=score,
        image=plate[:33],
        world=region.turn(world),
        visibility=points[:33, 3],
        presence=points[:33, 4],
        centre=plate[33, :2],
        circle=plate[34, :2],
    )


def hand_answer(
    region: Region, score: float, right: float, points: np.ndarray, world: np.ndarray, mirrored: bool
) -> HandAnswer:
    """From `points` (21, 3) of the crop, 0..1, and `world` (21, 3), which are changed; `mirrored` as for the body."""
    if mirrored:
        points[:, 0] = 1.0 - points[:, 0]
        world[:, 0] *= -1.0
        right = 1.0 - right
    return HandAnswer(score=score, right=right, image=region.to_plate(points), world=region.turn(world))


class PoseLooker(Protocol):
    """Runs the pose network: 33 landmarks, 2 points that say where to look next, presence."""

    def run(self, image: np.ndarray, region: Region, mirrored: bool = False) -> PoseAnswer:
        """What is in the region; `mirrored` shows the network the mirror image and mirrors its answer back."""


class HandLooker(Protocol):
    """Runs a hand network: 21 points, presence, handedness."""

    runs: int

    def start(self, image: np.ndarray, region: Region, mirrored: bool = False) -> None:
        """Begin on a region of the picture; nothing may be under way.  `mirrored`: as in `PoseLooker.run`."""

    def finish(self) -> HandAnswer:
        """The answer about the region begun with `start`."""

    def run(self, image: np.ndarray, region: Region, mirrored: bool = False) -> HandAnswer:
        """`start` and `finish`."""

    def run_all(self, image: np.ndarray, looks: Sequence[Look]) -> List[HandAnswer]:
        """Several looks that do not depend on each other, side by side where that is faster."""


class FaceLooker(Protocol):
    """Runs the face network: 468 mesh points with refined lips and eyes, and 10 iris points."""

    def run(self, image: np.ndarray, region: Region) -> FaceAnswer:
        """What is in the region."""


class DetectorLooker(Protocol):
    """Runs one of the detectors."""

    def run(self, image: np.ndarray, region: Region) -> List[Found]:
        """What is found in the region."""

    def run_all(self, image: np.ndarray, regions: Sequence[Region]) -> List[List[Found]]:
        """What is found in each of several regions, looked at side by side where that is faster."""


class Networks(Protocol):
    """Makes lookers for one part of a plate; each is used by one thread at a time."""

    def pose(self) -> PoseLooker:
        """The body's network."""

    def hand(self, lite: bool = False) -> HandLooker:
        """The hand's network, or the lite one at half the cost."""

    def face(self) -> FaceLooker:
        """The face's network."""

    def detector(self, kind: str) -> DetectorLooker:
        """The detector of a `kind`: "body", "palm" or "face"."""
