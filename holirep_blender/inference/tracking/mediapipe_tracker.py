# SPDX-License-Identifier: GPL-3.0-or-later
"""HoliRep's own tracker: MediaPipe's networks, under our own control of whom and where to look."""

from __future__ import annotations

from typing import List, Optional, Sequence

from ...motion.observations import Observations
from ..plate import Plate
from .choice import PersonChoice, choose
from .graphs import quiet
from .interface import Progress
from .legs import with_legs_told_apart
from .means import MEDIAPIPE, networks_for
from .parts import PartWorker
from .people import PersonTrack, link
from .plan import Plan, scanned, split
from .processes import InProcess, Processes, Team, suitable_processes

# Of the time of a job, the share of the first pass.
SCAN_SHARE = 0.25


class MediaPipeTracker:
    """Two passes: the first finds people a few times a second and links them to identities over the whole plate, the
    second follows the chosen one in every frame.  `means`: what runs the networks (`means.py`); `decoding`: what has
    decoded the last plate.
    """

    name = "mediapipe"

    def __init__(self, means: str = MEDIAPIPE) -> None:
        self._means = means
        self.decoding = ""

    def list_people(
        self, plate: Plate, *, processes: Optional[int] = None, progress: Optional[Progress] = None
    ) -> List[PersonTrack]:
        """See `Tracker`."""
        quiet()
        with self._team(plate, processes) as team:
            return self._people(plate, team, progress, 1.0)

    def find_people(self, plate: Plate, frame: int) -> List[PersonTrack]:
        """See `Tracker`."""
        quiet()
        found = PartWorker(networks_for(self._means)).find(plate, frame)
        return [PersonTrack(number, [sighting]) for number, sighting in enumerate(found, start=1)]

    def track(
        self,
        plate: Plate,
        choice: PersonChoice,
        *,
        processes: Optional[int] = None,
        progress: Optional[Progress] = None,
    ) -> Observations:
        """See `Tracker`."""
        return self.track_several(plate, [choice], processes=processes, progress=progress)[0]

    def track_several(
        self,
        plate: Plate,
        choices: Sequence[PersonChoice],
        *,
        processes: Optional[int] = None,
        progress: Optional[Progress] = None,
    ) -> List[Observations]:
        """As `track`, for several performers, who are looked for once and followed side by side."""
        quiet()
        with self._team(plate, processes) as team:
            self.decoding = team.decoding
            people = self._people(plate, team, progress, SCAN_SHARE)
            frames, total = (plate.first_frame, plate.last_frame), plate.frame_count
            plans = [Plan.of(choose(choice, people, frames), people) for choice in choices]

            def report(done: int) -> None:
                if progress is not None:
                    progress(int(total * SCAN_SHARE + done * (1.0 - SCAN_SHARE)), total)

            found = [with_legs_told_apart(rows) for rows in team.follow(plans, report)]
            if progress is not None:
                progress(total, total)
            return found

    def _people(self, plate: Plate, team: Team, progress: Optional[Progress], share: float) -> List[PersonTrack]:
        total = plate.frame_count

        def report(done: int) -> None:
            if progress is not None:
                progress(int(done * share), total)

        sightings = team.scan(report)
        samples = len(scanned(plate, plate.first_frame, plate.last_frame))
        return link(sightings, plate.fps, samples, plate.size)

    def _team(self, plate: Plate, processes: Optional[int]) -> Team:
        count = suitable_processes(plate, self._means) if processes is None else max(1, int(processes))
        pieces = split(plate, plate.first_frame, plate.last_frame, count)
        return InProcess(plate, self._means) if len(pieces) == 1 else Processes(plate, pieces, self._means)
