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
from .exchange import GOODBYE, QUESTION, SLOTS, Opening, crop_in, slots, unpacked
from .sizes import NAMES


class Client:
    """Stands for an `engine.Engine` in the process that the opening names."""

    def __init__(self, opening: Opening) -> None:
        path = Path(opening["crops"])
        self._shared = slots(path, "w+")
        self._connection = connect(opening["address"], authkey=bytes.fromhex(opening["key"]))
        self._connection.send_bytes(str(path).encode())
        self._sending = threading.Lock()
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
                self._free.put(slot)
        except (OSError, EOFError):
            for replies in list(self._waiting.values()):
                replies.put(DeviceError("the process with the networks has ended"))
