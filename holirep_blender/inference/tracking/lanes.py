# SPDX-License-Identifier: GPL-3.0-or-later
"""A part of a plate shared out to threads: while one waits for a network's answer, the others have work.

Following a hand is a chain of runs, each beginning where the one before ended, so one part alone leaves a second core
idle for a third of the time, and a GPU nearly all of it.
"""

from __future__ import annotations

import queue
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Callable, List, Optional, Sequence, Tuple, TypeVar

from ...motion.observations import Observations
from ..plate import Plate
from .means import MEDIAPIPE, DeviceShape, available_cores, device_shape, networks_for, suitable_lanes
from .parts import PartWorker, Report, joined
from .plan import Plan, split
from .scan import Sighting
from .strands import follow_strand

Result = TypeVar("Result")
# Told the number of the piece, its first and last frame, and whom to report to.
Task = Callable[[int, int, int, Report], Result]


class Lanes:
    """Does what a `PartWorker` does, in as many threads as suit the part."""

    def __init__(self, means: str = MEDIAPIPE) -> None:
        self.means = means
        self._workers: List[PartWorker] = []

    def scan(self, plate: Plate, first: int, last: int, report: Report) -> List[Sighting]:
        """Everybody in the scanned frames of a part."""

        def task(number: int, begin: int, end: int, tell: Report) -> List[Sighting]:
            return self._workers[number].scan(plate, begin, end, tell)

        if self.means == MEDIAPIPE:
            count = each = suitable_lanes(plate, last - first + 1)
        else:
            count = each = self._prepared(plate, first, last).strands
        found = self._run(split(plate, first, last, count), each, task, report)
        return [sighting for sightings in found for sighting in sightings]

    def follow(self, plate: Plate, first: int, last: int, plan: Plan, report: Report) -> Observations:
        """The performer in every frame of a part."""

        def task(number: int, begin: int, end: int, tell: Report) -> Observations:
            return self._workers[number].follow(plate, begin, end, plan, tell)

        if self.means == MEDIAPIPE:
            count = suitable_lanes(plate, last - first + 1)
            return joined(self._run(split(plate, first, last, count), count, task, report))
        shape = self._prepared(plate, first, last)

        def strand(number: int, begin: int, end: int, tell: Report) -> Observations:
            workers = self._workers[number * shape.lanes : (number + 1) * shape.lanes]
            return follow_strand(plate, begin, end, plan, workers, shape, tell)

        pieces = split(plate, first, last, shape.strands)
        return joined(self._run(pieces, len(pieces) * shape.lanes, strand, report))

    def _prepared(self, plate: Plate, first: int, last: int) -> DeviceShape:
        """How the part is worked on with a device; its readers share the cores."""
        shape = device_shape(plate, last - first + 1)
        plate.threads = max(1, available_cores() // shape.strands) if shape.strands > 1 else 0
        return shape

    def _run(self, pieces: Sequence[Tuple[int, int]], workers: int, task: Task[Result], report: Report) -> List[Result]:
        while len(self._workers) < workers:
            self._workers.append(PartWorker(networks_for(self.means)))
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
