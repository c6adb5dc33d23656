# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the people in the plate is the performer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping, Optional, Sequence, Tuple

import numpy as np

from ..errors import TrackingError
from .people import PersonTrack


@dataclass(frozen=True)
class PersonChoice:
    """`largest`; or the person nearest to a point, or that fits a box, in plate pixels at a plate frame."""

    kind: str = "largest"
    frame: Optional[int] = None
    point: Optional[Tuple[float, float]] = None
    box: Optional[Tuple[float, float, float, float]] = None

    def __post_init__(self) -> None:
        """Raises TrackingError for a kind that is not known, or a point or box without what it needs."""
        if self.kind not in ("largest", "point", "box"):
            raise TrackingError(f"Person: “{self.kind}” is not known; use largest, point or box.")
        for kind, value, count in (("point", self.point, 2), ("box", self.box, 4)):
            if self.kind == kind and (value is None or len(value) != count or self.frame is None):
                raise TrackingError(
                    f"Person: a {kind} needs {count} pixel coordinates and the frame they are meant for."
                )

    @classmethod
    def from_json(cls, data: Optional[Mapping[str, Any]]) -> PersonChoice:
        """From the `person` parameter of the worker protocol; None is `largest`."""
        if data is None:
            return cls()
        point, box, frame = data.get("point"), data.get("box"), data.get("frame")
        return cls(
            kind=str(data.get("kind", "largest")),
            frame=None if frame is None else int(frame),
            point=None if point is None else (float(point[0]), float(point[1])),
            box=None if box is None else (float(box[0]), float(box[1]), float(box[2]), float(box[3])),
        )


LARGEST = PersonChoice()


def choose(choice: PersonChoice, people: Sequence[PersonTrack], frames: Tuple[int, int]) -> Optional[PersonTrack]:
    """The performer among the people of a plate; None where there is nobody at all.

    `largest` is the most prominent person: visible area summed over the time on screen.  Raises TrackingError where a
    point or box meets nobody at its frame; the message says who is there.
    """
    if choice.kind == "largest":
        return max(people, key=lambda person: person.prominence) if people else None
    assert choice.frame is not None
    if not frames[0] <= choice.frame <= frames[1]:
        raise TrackingError(
            f"Person: frame {choice.frame} is outside the range {frames[0]}-{frames[1]}; "
            "choose the person at a frame inside."
        )
    present = [(person, person.box_at(choice.frame)) for person in people]
    there = [(person, box) for person, box in present if box is not None]
    if there:
        if choice.kind == "point":
            assert choice.point is not None
            point = np.array(choice.point)
            person, box = min(there, key=lambda pair: _point_distance(point, pair[1]))
            if _point_distance(point, box) < 1.0:
                return person
        else:
            wanted = np.array(choice.box, np.float64)
            person, box = max(there, key=lambda pair: overlap(wanted, pair[1]))
            if overlap(wanted, box) > 0.1:
                return person
    known = "; ".join(f"{box[0]:.0f},{box[1]:.0f} to {box[2]:.0f},{box[3]:.0f}" for _, box in there)
    raise TrackingError(
        f"Person: nobody was found at the given {choice.kind} in frame {choice.frame}. "
        + (f"People there (pixels): {known}." if known else "No person is visible there; choose another frame.")
    )


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union of two boxes x0 y0 x1 y1."""
    low, high = np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:])
    shared = float(np.prod(np.clip(high - low, 0.0, None)))
    union = float(np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2])) - shared
    return shared / union if union > 0 else 0.0


def _point_distance(point: np.ndarray, box: np.ndarray) -> float:
    """Distance of a point from a box's middle, 0.5 at the box's sides and 1 a half box outside."""
    half = np.maximum((box[2:] - box[:2]) / 2.0, 1.0)
    return 0.5 * float(np.max(np.abs(point - (box[:2] + box[2:]) / 2.0) / half))
