# SPDX-License-Identifier: GPL-3.0-or-later
"""From sightings in single frames to people with an identity over the plate."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import List, Optional, Sequence, Tuple

import numpy as np

from .appearance import difference
from .scan import Sighting
from .stillness import is_picture

# A person may be out of sight for this long, behind something or somebody, and still be the same.
PATIENCE_SECONDS = 2.0
# People move at up to some three radii (half heights) a second; with motion predicted, half of it is left.
REACH = 0.5
REACH_PER_SECOND = 1.5
STRONG = 0.6
# With more frames looked at than these, a person must be clearly seen twice, and three times: at the picture's edge a
# back or an arm may look like somebody, of another size, for two of them.
FEW_SAMPLES = (2, 8)
FORBIDDEN = 1e6


@dataclass
class PersonTrack:
    """One person: an identity (`id`, from 1) and where it was seen."""

    id: int
    sightings: List[Sighting] = field(default_factory=list)

    @property
    def first_frame(self) -> int:
        """The first frame with a sighting."""
        return self.sightings[0].frame

    @property
    def last_frame(self) -> int:
        """The last frame with a sighting."""
        return self.sightings[-1].frame

    @property
    def frames(self) -> np.ndarray:
        """(K,) frame numbers of the sightings."""
        return np.array([sighting.frame for sighting in self.sightings])

    @property
    def boxes(self) -> np.ndarray:
        """(K, 4) x0 y0 x1 y1 pixels."""
        return np.array([sighting.box for sighting in self.sightings])

    @property
    def evidence(self) -> np.ndarray:
        """(K,) 0..1."""
        return np.array([sighting.evidence for sighting in self.sightings])

    @property
    def prominence(self) -> float:
        """Visible area, weighted by evidence, summed over the sightings."""
        boxes = self.boxes
        return float(((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]) * self.evidence).sum())

    @property
    def look(self) -> np.ndarray:
        """The mean appearance, (3, LENGTH); NaN for parts that were never seen."""
        looks = np.array([sighting.look for sighting in self.sightings])
        known = np.isfinite(looks)
        count = known.sum(axis=0)
        return np.where(count > 0, np.where(known, looks, 0.0).sum(axis=0) / np.maximum(count, 1), np.nan)

    def box_at(self, frame: int) -> Optional[np.ndarray]:
        """The box at a frame, between sightings by interpolation; None well before the first or after the last one."""
        frames = self.frames
        spacing = int(np.median(np.diff(frames))) if len(frames) > 1 else 0
        if frame < frames[0] - spacing or frame > frames[-1] + spacing:
            return None
        boxes = self.boxes
        return np.array([np.interp(frame, frames, boxes[:, side]) for side in range(4)])


def link(sightings: Sequence[Sighting], fps: float, samples: int, size: Tuple[int, int]) -> List[PersonTrack]:
    """People from the sightings of a whole plate of (width, height) pixels; `samples` frames were looked at.

    Each frame's sightings are given to the people known so far as one assignment over predicted place, size and
    appearance.  A person that was not clearly seen three times (in a short plate twice) is not believed, nor is one
    that is only a picture.
    """
    frames = sorted({sighting.frame for sighting in sightings})
    people: List[PersonTrack] = []
    for frame in frames:
        present = [sighting for sighting in sightings if sighting.frame == frame]
        alive = [person for person in people if (frame - person.last_frame) / fps <= PATIENCE_SECONDS]
        costs = np.array([[_cost(person, sighting, fps) for sighting in present] for person in alive])
        taken = set()
        if costs.size:
            for row, column in _cheapest(costs):
                if costs[row, column] < FORBIDDEN:
                    alive[row].sightings.append(present[column])
                    taken.add(column)
        for column, sighting in enumerate(present):
            if column not in taken:
                people.append(PersonTrack(len(people) + 1, [sighting]))
    needed = sum(samples > most for most in FEW_SAMPLES) + 1
    believed = [person for person in people if int((person.evidence >= STRONG).sum()) >= needed]
    believed = [person for person in believed if not is_picture(person.sightings, fps, size)]
    for number, person in enumerate(believed, start=1):
        person.id = number
    return believed


def _cheapest(costs: np.ndarray) -> List[Tuple[int, int]]:
    """(row, column) of the assignment that costs least in all."""
    if min(costs.shape) == 1:
        row, column = np.unravel_index(int(costs.argmin()), costs.shape)
        return [(int(row), int(column))]
    from scipy.optimize import linear_sum_assignment  # loads for a quarter of a second: most plates have one person

    return list(zip(*linear_sum_assignment(costs)))


def _cost(person: PersonTrack, sighting: Sighting, fps: float) -> float:
    last = person.sightings[-1]
    seconds = (sighting.frame - last.frame) / fps
    predicted = last.centre + _velocity(person, fps) * min(seconds, 1.0)
    radius = max(last.radius, sighting.radius)
    reach = REACH + REACH_PER_SECOND * seconds
    distance = min(
        float(np.hypot(*(sighting.centre - predicted))),
        float(np.hypot(*(sighting.centre - last.centre))) + 0.2 * radius,
    )
    nearness = distance / radius / reach
    growth = abs(float(np.log(sighting.radius / last.radius)))
    look = difference(person.look, sighting.look)
    look = 0.5 if np.isnan(look) else look
    if nearness > 1.0 or growth > 0.6 + 0.4 * seconds or look > 0.85:
        return FORBIDDEN
    return nearness + 2.0 * look + growth


def _velocity(person: PersonTrack, fps: float) -> np.ndarray:
    """Pixels a second over the last half second of sightings."""
    last = person.sightings[-1]
    earlier = [item for item in person.sightings[-4:-1] if (last.frame - item.frame) / fps <= 0.8]
    if not earlier:
        return np.zeros(2)
    return (last.centre - earlier[0].centre) * fps / (last.frame - earlier[0].frame)
