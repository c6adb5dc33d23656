# SPDX-License-Identifier: GPL-3.0-or-later
"""A part of a plate shared out to threads: while one waits for a network's answer, the others have work.

Following a hand is a chain of runs, each beginning where the one before ended, so one part alone leaves a second core
idle for a third of the time, and a GPU nearly all of it.
"""

from __future__ import annotations

import queue
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Callable, List, Optional, Sequence, Tuple, TypeVar, cast

from ...motion.observations import Observations
from ..plate import Plate
from .answers import Networks
from .device_picture import DevicePlate
from .kept_plate import KeptPlate
from .means import MEDIAPIPE, networks_for, suitable_lanes
from .parts import PartWorker, Report, joined
from .plan import LEAD, Plan, pictures_held, scan_stride, split
from .scan import Sighting

Result = TypeVar("Result")
# Told the number of the piece, its first and last frame, and whom to report to.
Task = Callable[[int, int, int, Report], Result]


class Lanes:
    """Does what a `PartWorker` does, in as many threads as suit the part."""

    def __init__(self, means: str = MEDIAPIPE, networks: Optional[Networks] = None) -> None:
        """`networks`: those that `means` stands for, where they are another process's."""
        self.means = means
        self._networks = networks or networks_for(means)
        self._plate: Optional[Plate] = None
        self._room = 0
        self._workers: List[PartWorker] = []

    def scan(self, plate: Plate, first: int, last: int, report: Report, kept: int = 0) -> List[Sighting]:
        """Everybody in the scanned frames of a part.  `kept`: so many of its pictures may be held for `follow`."""
        lanes = suitable_lanes(plate, last - first + 1, self.means)
        self._room = kept
        if kept and not isinstance(plate, DevicePlate):
            # who follows begins a little before the part; the frames are read by one, in order
            begin = max(plate.first_frame, first - LEAD * scan_stride(plate))
            plate, lanes = cast(Plate, KeptPlate(plate, begin, last, kept)), 1
            self._plate = plate

        def task(number: int, begin: int, end: int, tell: Report) -> List[Sighting]:
            return self._workers[number].scan(plate, begin, end, tell)

        found = self._run(split(plate, first, last, lanes), task, report)
        return [sighting for sightings in found for sighting in sightings]

    def follow(self, plate: Plate, first: int, last: int, plans: Sequence[Plan], report: Report) -> List[Observations]:
        """The performer of each plan in every frame of a part, which was scanned before."""
        seen = self._plate or plate
        count, pieces = last - first + 1, split(plate, first, last, suitable_lanes(plate, last - first + 1, self.means))
        # on the CPU one performer keeps the cores busy; a device has time for more, as far as pictures find room
        most = max(1, self._room // (len(pieces) * pictures_held(plate)))
        rows: List[Observations] = []
        for start in range(0, len(plans), most):
            group = plans[start : start + most]

            def task(number: int, begin: int, end: int, tell: Report, group: Sequence[Plan] = group) -> Observations:
                return self._workers[number].follow(seen, begin, end, group[number // len(pieces)], tell)

            def tell_all(done: int, before: int = start * count) -> None:
                report((before + done) // len(plans))

            rows += self._run(pieces * len(group), task, tell_all)
        return [joined(rows[start : start + len(pieces)]) for start in range(0, len(rows), len(pieces))]

    def rest(self) -> None:
        """The job is done: no pictures are kept for the next one."""
        self._plate = None

    def _run(self, pieces: List[Tuple[int, int]], task: Task[Result], report: Report) -> List[Result]:
        lacking = len(pieces) - len(self._workers)
        if lacking > 0:  # a quarter of a second each where they load networks
            with ThreadPoolExecutor(lacking, "tracking") as pool:
                self._workers += pool.map(lambda _: PartWorker(self._networks), range(lacking))
        if len(pieces) == 1:
            return [task(0, *pieces[0], report)]
        messages: queue.Queue[Tuple[int, Optional[int]]] = queue.Queue()
        stop = threading.Event()

        def work(number: int) -> Result:
            def tell(done: int) -> None:
                if stop.is_set():
                    raise _Stopped
                messages.put((number, done))

            try:
                return task(number, *pieces[number], tell)
            finally:
                messages.put((number, None))

        with ThreadPoolExecutor(len(pieces), "tracking") as pool:
            lanes = [pool.submit(work, number) for number in range(len(pieces))]
            counts = [0] * len(pieces)
            running = len(pieces)
            try:
                while running:
                    number, done = messages.get()
                    if done is None:
                        running -= 1
                        lanes[number].result()  # raises what went wrong there
                    else:
                        counts[number] = done
                        report(sum(counts))
            except BaseException:
                stop.set()
                raise
        return [lane.result() for lane in lanes]


class _Stopped(Exception):
    """Another lane failed, or the job was given up; nobody wants the result."""
