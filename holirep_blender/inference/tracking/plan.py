# SPDX-License-Identifier: GPL-3.0-or-later
"""What one part of the work on a plate needs to know: which frames to scan, and where the performer was sighted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from ..plate import Plate
from .appearance import LENGTH, PARTS
from .body import Place
from .people import PersonTrack

# People are looked for a few times a second; in between, the performer is followed from frame to frame.
SCANS_PER_SECOND = 4.0
# Every so many scanned frames each person is checked by a second view, however clear the first one is.
THOROUGH_EVERY = 3
# Who follows a part begins at most so many stretches from one scanned frame to the next before it.
LEAD = 2
# Who follows holds the pictures of the stretch whose hands are looked at, of the next three, and of the one being read.
STRETCHES_HELD = 5
MOST_BYTES_HELD = 1 << 30


def scan_stride(plate: Plate) -> int:
    """Frames from one scanned frame to the next: fewer where the pictures of a quarter of a second are too large."""
    width, height = plate.size
    most = MOST_BYTES_HELD // (3 * width * height * STRETCHES_HELD)
    return max(1, min(round(plate.fps / SCANS_PER_SECOND), most))


def pictures_held(plate: Plate) -> int:
    """How many pictures following through a part of the plate holds at a time."""
    return STRETCHES_HELD * scan_stride(plate)


def bytes_held(plate: Plate) -> int:
    """What those pictures take."""
    width, height = plate.size
    return 3 * width * height * pictures_held(plate)


def scanned(plate: Plate, first: int, last: int) -> List[int]:
    """The scanned frames of a part: on one grid for the whole range, and the range's last frame."""
    stride = scan_stride(plate)
    begin = plate.first_frame + -(-(first - plate.first_frame) // stride) * stride
    frames = list(range(begin, last + 1, stride))
    if last == plate.last_frame and (not frames or frames[-1] != last):
        frames.append(last)
    return frames


def is_thorough(plate: Plate, frame: int) -> bool:
    """Whether everybody in a scanned frame is checked by a second view."""
    return (frame - plate.first_frame) // scan_stride(plate) % THOROUGH_EVERY == 0


def split(plate: Plate, first: int, last: int, count: int) -> List[Tuple[int, int]]:
    """At most `count` contiguous parts (first, last) of about equal length.

    Each ends with a scanned frame, where what the one before it found of the performer can be checked.
    """
    stride = scan_stride(plate)
    ends = np.linspace(first - 1, last, count + 1)[1:-1]
    stops = (plate.first_frame + np.round((ends - plate.first_frame) / stride) * stride).astype(int)
    edges = [first - 1, *(stop for stop in sorted(set(stops.tolist())) if first <= stop < last), last]
    return [(before + 1, end) for before, end in zip(edges[:-1], edges[1:])]


@dataclass
class Plan:
    """Whom to follow: the performer's sightings, the others' sightings, and what they all look like."""

    performer: Dict[int, Place]
    others: Dict[int, List[Place]]
    look: np.ndarray
    other_looks: List[np.ndarray]

    @classmethod
    def of(cls, performer: Optional[PersonTrack], people: Sequence[PersonTrack]) -> Plan:
        """From the performer (None: nobody) and everybody."""
        plan = cls({}, {}, np.full((PARTS, LENGTH), np.nan), [])
        for person in people:
            for sighting in person.sightings:
                place = Place(sighting.centre, sighting.circle)
                if person is performer:
                    plan.performer[sighting.frame] = place
                else:
                    plan.others.setdefault(sighting.frame, []).append(place)
            if person is performer:
                plan.look = person.look
            else:
                plan.other_looks.append(person.look)
        return plan

    def to_arrays(self) -> Dict[str, np.ndarray]:
        """The plan as arrays for an `.npz`."""
        own = [(frame, *place.centre, *place.circle) for frame, place in self.performer.items()]
        rest = [(frame, *place.centre, *place.circle) for frame, places in self.others.items() for place in places]
        return {
            "performer": np.array(own, np.float64).reshape(-1, 5),
            "others": np.array(rest, np.float64).reshape(-1, 5),
            "look": self.look,
            "other_looks": np.array(self.other_looks, np.float64).reshape(-1, PARTS, LENGTH),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Plan:
        """The inverse of `to_arrays`."""
        plan = cls({}, {}, arrays["look"], list(arrays["other_looks"]))
        for row in arrays["performer"]:
            plan.performer[int(row[0])] = Place(row[1:3], row[3:5])
        for row in arrays["others"]:
            plan.others.setdefault(int(row[0]), []).append(Place(row[1:3], row[3:5]))
        return plan
