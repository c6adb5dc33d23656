# SPDX-License-Identifier: GPL-3.0-or-later
"""The tasks of a tracking process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Dict, Optional, cast

import cv2
import numpy as np

from ..plate import Plate, open_plate
from .answers import Networks
from .device_picture import DevicePlate
from .lanes import Lanes
from .plan import Plan
from .scan import to_arrays

if TYPE_CHECKING:
    from .torch_networks.client import Client

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
    client = _client(opening)
    worker = Lanes(opening["means"], None if client is None else _networks(client))
    shown = plate if client is None else _shown(plate, client, opening)

    def report(done: int) -> None:
        answer({"done": done})

    while True:
        task = receive()
        if task["task"] == "scan":
            arrays = to_arrays(worker.scan(shown, task["first"], task["last"], report, opening["kept"]))
            np.savez(task["out"] + ".npz", **arrays)
        else:
            plans = [_plan(path) for path in task["plans"]]
            found = worker.follow(shown, task["first"], task["last"], plans, report)
            for number, rows in enumerate(found):
                rows.save(f"{task['out']}-{number}.npz")
        answer({"finished": True})


def _plan(path: str) -> Plan:
    with np.load(path) as stored:
        return Plan.from_arrays(stored)


def _client(opening: Message) -> Optional[Client]:
    """A device's networks, which the process has that started this one; none for MediaPipe's own."""
    if opening["service"] is None:
        return None
    from .torch_networks.client import Client

    return Client(opening["service"])


def _networks(client: Client) -> Networks:
    from .torch_networks.lookers import TorchNetworks

    return TorchNetworks(client)


def _shown(plate: Plate, client: Client, opening: Message) -> Plate:
    """The plate whose pictures that process has read onto the device, or the plate itself where it has not."""
    pictures = opening["service"]["pictures"]
    return plate if pictures is None else cast(Plate, DevicePlate(plate, client, Path(pictures["presence"])))
