# SPDX-License-Identifier: GPL-3.0-or-later
"""The tasks of a tracking process."""

from __future__ import annotations

from typing import Any, Callable, Dict, Optional

import cv2
import numpy as np

from ..plate import open_plate
from .answers import Networks
from .lanes import Lanes
from .plan import Plan
from .scan import to_arrays

Message = Dict[str, Any]


def serve(receive: Callable[[], Message], answer: Callable[[Message], None]) -> None:
    """Opens the plate named by the first message, then does one task per message, for ever."""
    # One process per core already: OpenCV's own threads would only get in each other's way.
    cv2.setNumThreads(1)
    opening = receive()
    if opening["service"] is None:
        from .graphs import quiet  # loads MediaPipe

        quiet()
    plate = open_plate(opening["plate"], opening["range"], sequence_fps=opening["sequence_fps"])
    plate.threads = opening["threads"]
    worker = Lanes(opening["means"], _networks(opening))

    def report(done: int) -> None:
        answer({"done": done})

    while True:
        task = receive()
        if task["task"] == "scan":
            arrays = to_arrays(worker.scan(plate, task["first"], task["last"], report, opening["kept"]))
            np.savez(task["out"] + ".npz", **arrays)
        else:
            plans = [_plan(path) for path in task["plans"]]
            found = worker.follow(plate, task["first"], task["last"], plans, report)
            for number, rows in enumerate(found):
                rows.save(f"{task['out']}-{number}.npz")
        answer({"finished": True})


def _plan(path: str) -> Plan:
    with np.load(path) as stored:
        return Plan.from_arrays(stored)


def _networks(opening: Message) -> Optional[Networks]:
    """A device's, which the process has that started this one; none for MediaPipe's own."""
    if opening["service"] is None:
        return None
    from .torch_networks.client import Client
    from .torch_networks.lookers import TorchNetworks

    return TorchNetworks(Client(opening["service"]))
