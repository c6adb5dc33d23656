# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks of this process for others on this machine, which follow a part of the plate each.

Python runs one thread of a process at a time, and following takes it longer than a GPU takes for the networks; but
processes that each had the GPU to themselves would take turns on it.  So many follow, and one computes.
"""

from __future__ import annotations

import contextlib
import secrets
import sys
import threading
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client as connect
from multiprocessing.connection import Listener
from pathlib import Path
from typing import Any, List, Optional, Union

import numpy as np

from ...errors import DeviceError
from ..regions import Region
from .engine import Engine
from .exchange import FETCH, FETCHED, GOODBYE, LOOK, QUESTION, Opening, Pictures, crop_in, packed, picture_file, slots
from .feed import Feed
from .pictures import Place
from .sizes import BORDERED, NAMES

# Many threads here have something to do for microseconds; Python would let each work for five milliseconds.
_SWITCH_SECONDS = 2e-4
_BACKLOG = 64


class Service:
    """Answers whoever was told its `opening`, until `close`; `feed`: who reads the plate, where it is read here."""

    def __init__(self, engine: Engine, feed: Optional[Feed] = None) -> None:
        self._engine, self._feed = engine, feed
        self._key = secrets.token_bytes(16)
        self._listener = Listener(backlog=_BACKLOG, authkey=self._key)
        self._threads: List[threading.Thread] = []
        self._closing = False
        self._switching = sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH_SECONDS)
        self._accepting = threading.Thread(target=self._accept, name="networks' service", daemon=True)
        self._accepting.start()

    def opening(self, crops: Path) -> Opening:
        """What one client must be told; `crops` is the file that it is to make, beside which it has others."""
        pictures: Optional[Pictures] = None
        if self._feed is not None:
            fetched, shape = str(crops) + "-picture", self._feed.pictures.shape
            pictures = {"presence": str(self._feed.path), "fetched": fetched, "shape": shape}
        return {"address": self._listener.address, "key": self._key.hex(), "crops": str(crops), "pictures": pictures}

    def close(self) -> None:
        """No more clients; those that are there have ended or are about to."""
        sys.setswitchinterval(self._switching)
        self._closing = True
        with contextlib.suppress(OSError, EOFError, AuthenticationError):
            connect(self._listener.address, authkey=self._key).close()  # wakes who waits for one
        self._accepting.join()
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while not self._closing:
            # one that dies while it says hello, or has not the key, is no client
            with contextlib.suppress(OSError, EOFError, AuthenticationError):
                thread = threading.Thread(
                    target=self._serve, args=(self._listener.accept(),), name="networks' client", daemon=True
                )
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: Any) -> None:
        with connection, contextlib.suppress(OSError, EOFError):  # until the client ends
            path, lock = Path(connection.recv_bytes().decode()), threading.Lock()
            shared = slots(path, "r")
            while (question := connection.recv_bytes()) != GOODBYE:
                if len(question) == FETCH.size:
                    _Reply(connection, lock, FETCHED).put(self._fetched(FETCH.unpack(question)[0], path))
                elif len(question) == LOOK.size:
                    kind, slot, row, x, y, side, rotation, mirrored = LOOK.unpack(question)
                    assert self._feed is not None
                    name, region = NAMES[kind], Region(x, y, side, rotation)
                    place = Place(self._feed.pictures, row, region, mirrored, name in BORDERED)
                    self._engine.ask(name, place, _Reply(connection, lock, slot))
                else:
                    kind, slot = QUESTION.unpack(question)
                    self._engine.ask(NAMES[kind], crop_in(shared, slot, NAMES[kind]), _Reply(connection, lock, slot))

    def _fetched(self, row: int, crops: Path) -> Union[np.ndarray, BaseException]:
        """Puts a picture into the client's file."""
        assert self._feed is not None
        pictures = self._feed.pictures
        try:
            pictures.fetch(row, picture_file(Path(str(crops) + "-picture"), pictures.shape, "r+"))
        except RuntimeError as error:
            return DeviceError(str(error).strip().splitlines()[0])
        return np.empty(0, np.float32)


class _Reply:
    """Sends one answer; a client's questions go to several networks, which answer from threads of their own."""

    def __init__(self, connection: Any, lock: threading.Lock, slot: int) -> None:
        self._connection, self._lock, self._slot = connection, lock, slot

    def put(self, answer: Union[np.ndarray, BaseException]) -> None:
        """See `line.Replies`."""
        with self._lock, contextlib.suppress(OSError):  # where the client is gone, nobody waits
            self._connection.send_bytes(packed(self._slot, answer))
