# SPDX-License-Identifier: GPL-3.0-or-later
"""A part of a plate shared out to threads: while one waits for a network's answer, the others have work.

Following a hand is a chain of runs, each beginning where the one before ended, so one part alone leaves a second core
idle for a third of the time, and a GPU nearly all of it.
"""

from __future__ import annotations

import queue
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Callable, List, Optional, Tuple, TypeVar

from ...motion.observations import Observations
from ..plate import Plate
from .means import MEDIAPIPE, available_cores, networks_for, suitable_lanes
from .parts import PartWorker, Report, joined
from .plan import Plan, split
from .scan import Sighting

Result = TypeVar("Result")
Task = Callable[[PartWorker, int, int, Report], Result]


class Lanes:
    """Does what a `PartWorker` does, in as many threads as suit the part; `share`: see `suitable_lanes`."""

    def __init__(self, means: str = MEDIAPIPE, share: float = 1.0) -> None:
        self.means, self._share = means, share
        self._workers: List[PartWorker] = []

    def scan(self, plate: Plate, first: int, last: int, report: Report) -> List[Sighting]:
        """Everybody in the scanned frames of a part."""

        def task(worker: PartWorker, begin: int, end: int, tell: Report) -> List[Sighting]:
            return worker.scan(plate, begin, end, tell)

        return [sighting for found in self._run(plate, first, last, task, report) for sighting in found]

    def follow(self, plate: Plate, first: int, last: int, plan: Plan, report: Report) -> Observations:
        """The performer in every frame of a part."""

        def task(worker: PartWorker, begin: int, end: int, tell: Report) -> Observations:
            return worker.follow(plate, begin, end, plan, tell)

        return joined(self._run(plate, first, last, task, report))

    def _run(self, plate: Plate, first: int, last: int, task: Task[Result], report: Report) -> List[Result]:
        pieces = split(plate, first, last, suitable_lanes(plate, last - first + 1, self.means, self._share))
        while len(self._workers) < len(pieces):
            self._workers.append(PartWorker(networks_for(self.means)))
        if self.means != MEDIAPIPE:
            # as many parts are read at a time as there are cores, or more
            plate.threads = max(1, round(available_cores() * self._share / len(pieces)))
        if len(pieces) == 1:
            return [task(self._workers[0], first, last, report)]
        messages: queue.Queue[Tuple[int, Optional[int]]] = queue.Queue()
        stop = threading.Event()

        def work(number: int) -> Result:
            def tell(done: int) -> None:
                if stop.is_set():
                    raise _Stopped
                messages.put((number, done))

            try:
                return task(self._workers[number], *pieces[number], tell)
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
