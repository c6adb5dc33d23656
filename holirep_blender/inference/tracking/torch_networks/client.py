# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks of another process, asked as if they were here; see `service.py`.  Needs no PyTorch."""

from __future__ import annotations

import threading
from multiprocessing.connection import Client as connect
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Dict

import numpy as np

from ...errors import DeviceError
from ..regions import Region
from .exchange import (
    FETCH,
    FETCHED,
    GOODBYE,
    LOOK,
    QUESTION,
    SLOTS,
    Opening,
    crop_in,
    picture_file,
    slots,
    unpacked,
)
from .sizes import NAMES


class Client:
    """Stands for an `engine.Engine` in the process that the opening names."""

    def __init__(self, opening: Opening) -> None:
        path = Path(opening["crops"])
        self._shared = slots(path, "w+")
        self._connection = connect(opening["address"], authkey=bytes.fromhex(opening["key"]))
        self._connection.send_bytes(str(path).encode())
        self._sending, self._fetching = threading.Lock(), threading.Lock()
        pictures = opening["pictures"]
        if pictures is not None:
            self._picture = picture_file(Path(pictures["fetched"]), pictures["shape"], "w+")
        self._free: SimpleQueue[int] = SimpleQueue()
        for slot in range(SLOTS):
            self._free.put(slot)
        self._waiting: Dict[int, SimpleQueue[Any]] = {}
        self._receiving = threading.Thread(target=self._receive, name="networks' answers", daemon=True)
        self._receiving.start()

    def ask(self, name: str, crop: np.ndarray, replies: SimpleQueue[Any]) -> None:
        """See `lookers.Engine`."""
        slot = self._free.get()
        crop_in(self._shared, slot, name)[...] = crop
        self._waiting[slot] = replies
        with self._sending:
            self._connection.send_bytes(QUESTION.pack(NAMES.index(name), slot))

    def look(self, name: str, row: int, region: Region, mirrored: bool, replies: SimpleQueue[Any]) -> None:
        """See `device_picture.Holder`."""
        slot = self._free.get()
        self._waiting[slot] = replies
        numbers = region.x, region.y, region.side, region.rotation, mirrored
        with self._sending:
            self._connection.send_bytes(LOOK.pack(NAMES.index(name), slot, row, *numbers))

    def picture(self, row: int) -> np.ndarray:
        """See `device_picture.Holder`."""
        reply: SimpleQueue[Any] = SimpleQueue()
        with self._fetching:
            self._waiting[FETCHED] = reply
            with self._sending:
                self._connection.send_bytes(FETCH.pack(row))
            answer = reply.get()
            if isinstance(answer, Exception):
                raise answer
            return self._picture.copy()

    def close(self) -> None:
        """Nothing more will be asked; a process that just ends need not say so."""
        with self._sending:
            self._connection.send_bytes(GOODBYE)
        self._receiving.join()
        self._connection.close()

    def _receive(self) -> None:
        try:
            while True:
                slot, answer = unpacked(self._connection.recv_bytes())
                self._waiting.pop(slot).put(answer)
                if slot != FETCHED:
                    self._free.put(slot)
        except (OSError, EOFError):
            for replies in list(self._waiting.values()):
                replies.put(DeviceError("the process with the networks has ended"))
