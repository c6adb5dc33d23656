# SPDX-License-Identifier: GPL-3.0-or-later
"""From a plate to observations of the performer."""

from __future__ import annotations

from typing import List, Optional, Sequence

from ...motion.observations import Observations
from ..plate import Plate
from .choice import LARGEST, PersonChoice
from .interface import DEFAULT, Progress, SeveralTracker, Tracker, get_tracker, register_tracker
from .people import PersonTrack

__all__ = [
    "PersonChoice",
    "PersonTrack",
    "Tracker",
    "find_people",
    "get_tracker",
    "list_people",
    "register_tracker",
    "track",
    "track_several",
]


def track(
    plate: Plate,
    choice: PersonChoice = LARGEST,
    *,
    processes: Optional[int] = None,
    progress: Optional[Progress] = None,
    tracker: str = DEFAULT,
) -> Observations:
    """Observations of one performer, a row per frame of the plate's range.

    Rows where the performer is not seen are NaN with confidence 0; where there is nobody at all, all of them.

    Parameters
    ----------
    choice : who the performer is; the most prominent person where it is not given.
    processes : how many processes may work at the same time; None for as many as pay off.
    progress : called with (frames done, frames in all), in order.
    tracker : the name of a registered tracker.

    Raises
    ------
    PlateError : the plate cannot be read to its end.
    TrackingError : nobody is where the choice points to, or the tracker is not installed.
    """
    return get_tracker(tracker).track(plate, choice, processes=processes, progress=progress)


def track_several(
    plate: Plate,
    choices: Sequence[PersonChoice],
    *,
    processes: Optional[int] = None,
    progress: Optional[Progress] = None,
    tracker: str = DEFAULT,
) -> List[Observations]:
    """As `track`, for several performers: looked for once and followed side by side where the tracker can do that."""
    used = get_tracker(tracker)
    if isinstance(used, SeveralTracker):
        return used.track_several(plate, choices, processes=processes, progress=progress)
    return [used.track(plate, choice, processes=processes, progress=progress) for choice in choices]


def list_people(
    plate: Plate,
    *,
    processes: Optional[int] = None,
    progress: Optional[Progress] = None,
    tracker: str = DEFAULT,
) -> List[PersonTrack]:
    """Everybody in the plate's range, each with an identity, boxes and the frames where it was seen."""
    return get_tracker(tracker).list_people(plate, processes=processes, progress=progress)


def find_people(plate: Plate, frame: int, *, tracker: str = DEFAULT) -> List[PersonTrack]:
    """Everybody in one frame, one sighting each."""
    return get_tracker(tracker).find_people(plate, frame)
