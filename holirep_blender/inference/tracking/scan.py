# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is in the picture: detections in single frames, each checked by two independent views of the same place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Mapping, Sequence, Tuple

import cv2
import numpy as np

from .answers import Found, Networks, PoseAnswer, PoseLooker
from .appearance import LENGTH, PARTS, signature
from .device_picture import pixels
from .regions import Region, body_region, whole

# Shoulders, elbows, hips, knees: where two views of a real body agree.
CORE = [11, 12, 13, 14, 23, 24, 25, 26]
# Two views of a person differ by 0.5-2 % of the region's side, of a chair or a table by 5 % and more.
AGREEMENT = 0.035
WORTH_KEEPING = 0.25
HOPELESS = 0.05
VIEW_SIDE = 128
# Furniture scores up to 0.6 with the detector and 0.3 with the network, people 0.7-0.98 and 0.99.
CLEAR_DETECTION = 0.75
CLEAR_PRESENCE = 0.97
# What evidence a sighting needs, and how far its size may change, for the next to be believed by the detector alone.
WORTH_COPYING = 0.7
SAME_SIZE = 1.25


@dataclass
class Sighting:
    """A person in one frame.

    `evidence` 0..1; `centre` (2,) between the hips and `circle` (2,) on the circle about the person, plate pixels;
    `box` (4,) of what is visible; `look`, the appearance; `view`, the whole picture in grey and small, which shows
    what moves and what does not.
    """

    frame: int
    evidence: float
    centre: np.ndarray
    circle: np.ndarray
    box: np.ndarray
    look: np.ndarray
    view: np.ndarray

    @property
    def radius(self) -> float:
        """About half the person's height, in pixels."""
        return float(np.hypot(*(self.circle - self.centre)))


def agreement(first: PoseAnswer, second: PoseAnswer, side: float) -> float:
    """0..1, how far two answers about the same place show the same body: presence of both, and the points' distance."""
    seen = np.minimum(first.visibility, second.visibility)[CORE]
    weights = np.maximum(seen, 0.05)
    distance = np.hypot(*(first.image - second.image)[CORE, :2].T)
    relative = float((distance * weights).sum() / weights.sum()) / side
    return min(first.score, second.score) * float(np.exp(-((relative / (2.0 * AGREEMENT)) ** 2)))


def visible_box(answer: PoseAnswer, size: Tuple[int, int]) -> np.ndarray:
    """x0 y0 x1 y1 around the points that are seen, a little wider, cut at the picture's edges."""
    points = answer.image[answer.visibility > 0.3, :2]
    if len(points) < 2:
        points = answer.image[:25, :2]
    low, high = points.min(0), points.max(0)
    margin = 0.08 * max(high - low)
    limit = np.array(size, np.float64)
    return np.concatenate([np.clip(low - margin, 0, limit), np.clip(high + margin, 0, limit)])


def tiles(image: np.ndarray) -> List[Region]:
    """The whole picture, and for wide or tall pictures overlapping squares, so that full figures are not too small."""
    height, width = image.shape[:2]
    regions = [whole(image)]
    short, long = min(height, width), max(height, width)
    if long < 1.45 * short:
        return regions
    count = int(np.ceil((long - 0.2 * short) / (0.8 * short)))
    for place in np.linspace(short / 2.0, long - short / 2.0, count):
        regions.append(Region(place, short / 2.0, short) if width > height else Region(short / 2.0, place, short))
    return regions


class Scanner:
    """Finds everybody in a frame."""

    def __init__(self, pose: PoseLooker, networks: Networks) -> None:
        self._detector = networks.detector("body")
        self._pose = pose
        self._last: List[Sighting] = []
        self._detected = np.zeros((2, 2))

    def restart(self) -> None:
        """Forget the frame before: the next one begins another part of a plate."""
        self._last = []

    def look(self, frame: int, image: np.ndarray, thorough: bool = True) -> List[Sighting]:
        """Everybody in the frame: `detect` and `check` in one."""
        return self.check(frame, image, self.detect(image), thorough)

    def detect(self, image: np.ndarray) -> List[Found]:
        """What may be people, the surest first; may run in another thread than `check`."""
        found = self._detector.run_all(image, tiles(image))
        return sorted((item for part in found for item in part), key=lambda item: -item.score)

    def check(self, frame: int, image: np.ndarray, found: Sequence[Found], thorough: bool = True) -> List[Sighting]:
        """Everybody among the detections; frames are given in order.

        Where not `thorough`, a person whom the first view shows beyond doubt is believed without the second view; its
        evidence is then what the detector and the network say.  Whoever was alone in the frame looked at before, and
        is alone at the same place now, is believed without any.
        """
        same = None if thorough else self._still_alone(frame, image, found)
        self._last = self._checked_all(frame, image, found, thorough) if same is None else [same]
        self._detected = found[0].points[:2] if found else np.zeros((2, 2))
        return self._last

    def _still_alone(self, frame: int, image: np.ndarray, found: Sequence[Found]) -> Sighting | None:
        """The one person of the frame before, moved to the only place that is clearly detected in this one."""
        if len(self._last) != 1 or not found or found[0].score < CLEAR_DETECTION:
            return None
        last, points, before = self._last[0], found[0].points[:2], self._detected
        growth = float(np.hypot(*(points[1] - points[0])) / np.hypot(*(before[1] - before[0])))
        if last.evidence < WORTH_COPYING or not 1.0 / SAME_SIZE < growth < SAME_SIZE:
            return None
        if not _same(before[0], before[1], last) or not all(
            _same(item.points[0], item.points[1], last) for item in found
        ):
            return None
        # detector and network differ a little, and in the next frame by as much as in the last
        centre, circle = points + growth * (np.array([last.centre, last.circle]) - before)
        limit = np.tile([image.shape[1], image.shape[0]], 2)
        box = np.clip(np.tile(centre, 2) + growth * (last.box - np.tile(last.centre, 2)), 0, limit)
        evidence = min(last.evidence, found[0].score)
        return Sighting(frame, evidence, centre, circle, box, last.look, small_view(image))

    def _checked_all(self, frame: int, image: np.ndarray, found: Sequence[Found], thorough: bool) -> List[Sighting]:
        sightings: List[Sighting] = []
        for item in found:
            if any(_same(item.points[0], item.points[1], other) for other in sightings):
                continue
            sighting = self._checked(frame, image, item, thorough)
            if sighting is None:
                continue
            twin = [other for other in sightings if _same(sighting.centre, sighting.circle, other)]
            if twin and twin[0].evidence >= sighting.evidence:
                continue
            sightings = [other for other in sightings if other not in twin] + [sighting]
        return sightings

    def _checked(self, frame: int, image: np.ndarray, item: Found, thorough: bool) -> Sighting | None:
        """A sighting where a mirrored second look, from where the first one points, sees the same body."""
        first = self._pose.run(image, body_region(item.points[0], item.points[1]))
        if first.score < HOPELESS:
            return None
        if not thorough and first.score > CLEAR_PRESENCE and item.score > CLEAR_DETECTION:
            return _sighting(frame, image, first, first.score * item.score)
        region = body_region(first.centre, first.circle)
        second = self._pose.run(image, region, mirrored=True)
        evidence = agreement(first, second, region.side)
        if evidence < WORTH_KEEPING:
            return None
        return _sighting(frame, image, first if first.score >= second.score else second, evidence)


def small_view(image: np.ndarray) -> np.ndarray:
    """The picture in grey, reduced to `VIEW_SIDE` pixels at its longer side, uint8."""
    image = pixels(image)
    scale = VIEW_SIDE / max(image.shape[:2])
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    return cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_AREA)


def _sighting(frame: int, image: np.ndarray, answer: PoseAnswer, evidence: float) -> Sighting:
    box = visible_box(answer, (image.shape[1], image.shape[0]))
    look = signature(image, answer.image, answer.visibility)
    return Sighting(frame, evidence, answer.centre, answer.circle, box, look, small_view(image))


def _same(centre: np.ndarray, circle: np.ndarray, other: Sighting) -> bool:
    radius = min(float(np.hypot(*(circle - centre))), other.radius)
    return float(np.hypot(*(centre - other.centre))) < 0.35 * radius


def to_arrays(sightings: Sequence[Sighting]) -> Dict[str, np.ndarray]:
    """Sightings as arrays for an `.npz`."""
    return {
        "frame": np.array([item.frame for item in sightings], np.int64),
        "evidence": np.array([item.evidence for item in sightings], np.float64),
        "centre": np.array([item.centre for item in sightings], np.float64).reshape(-1, 2),
        "circle": np.array([item.circle for item in sightings], np.float64).reshape(-1, 2),
        "box": np.array([item.box for item in sightings], np.float64).reshape(-1, 4),
        "look": np.array([item.look for item in sightings], np.float64).reshape(-1, PARTS, LENGTH),
        "view": np.array([item.view for item in sightings], np.uint8),
    }


def from_arrays(arrays: Mapping[str, np.ndarray]) -> List[Sighting]:
    """The inverse of `to_arrays`."""
    names = ("frame", "evidence", "centre", "circle", "box", "look", "view")
    return [
        Sighting(int(frame), float(evidence), centre, circle, box, look, view)
        for frame, evidence, centre, circle, box, look, view in zip(*(arrays[name] for name in names))
    ]
