# SPDX-License-Identifier: GPL-3.0-or-later
"""A part of a plate on a device: strands that are each read once, in windows that many lanes follow side by side.

The lanes of a window each begin where the one before ends; their crops meet in the device's batches.  What is held of
the plate are two windows of each strand, however long it is.
"""

from __future__ import annotations

import threading
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import Callable, List, Sequence, Tuple, cast

from ...motion.observations import Observations
from ..plate import Plate
from .means import DeviceShape
from .parts import PartWorker, Report, joined
from .plan import Plan, scan_stride, split
from .shared_frames import SharedFrames, SharedPlate


def follow_strand(
    plate: Plate, first: int, last: int, plan: Plan, workers: Sequence[PartWorker], shape: DeviceShape, tell: Report
) -> Observations:
    """The performer in every frame of a strand, with as many lanes as there are workers."""
    stride = scan_stride(plate)
    window = shape.frames_a_lane * len(workers)
    begin, end = max(plate.first_frame, first - 2 * stride), min(plate.last_frame, last + stride)
    shared = SharedFrames(plate, begin, end, 2 * window + 4 * stride)
    borrowed = cast(Plate, SharedPlate(plate, shared))
    found: List[Observations] = []
    try:
        for start, stop in split(plate, first, last, -(-(last - first + 1) // window)):
            pieces = split(plate, start, stop, len(workers))
            before = start - first
            found += _followed(borrowed, pieces, plan, workers, lambda done, before=before: tell(before + done), shared)
            shared.give_up(stop - 2 * stride)
    finally:
        shared.close()
    return joined(found)


def _followed(
    plate: Plate,
    pieces: Sequence[Tuple[int, int]],
    plan: Plan,
    workers: Sequence[PartWorker],
    tell: Callable[[int], None],
    shared: SharedFrames,
) -> List[Observations]:
    """The lanes of one window; where one fails, the others end soon, and its error is raised."""
    counts, lock = [0] * len(pieces), threading.Lock()

    def lane(number: int) -> Observations:
        def report(done: int) -> None:
            with lock:
                counts[number] = done
                tell(sum(counts))

        return workers[number].follow(plate, *pieces[number], plan, report)

    with ThreadPoolExecutor(len(pieces), "tracking lane") as pool:
        lanes = [pool.submit(lane, number) for number in range(len(pieces))]
        done, _ = wait(lanes, return_when=FIRST_EXCEPTION)
        failed = [each for each in done if each.exception() is not None]
        if failed:
            shared.close()
            failed[0].result()
    return [each.result() for each in lanes]
