# SPDX-License-Identifier: GPL-3.0-or-later
"""A part of a plate read once, in order, for several who look at parts of it at the same time.

A movie is fast to read from its beginning to its end and slow to seek in: the frames since the last complete picture,
often hundreds, have to be decoded for nothing.
"""

from __future__ import annotations

import threading
from typing import Any, Container, Dict, Iterator, Optional

import numpy as np

from ..plate import Plate
from ..plate.plate import Frame

# Whoever waits is woken each so many frames.
_WAKE_EVERY = 4


class SharedFrames:
    """Reads the frames `first` to `last` in a thread of its own, at most `most` beyond those that were given up."""

    def __init__(self, plate: Plate, first: int, last: int, most: int) -> None:
        self._plate, self._first, self._last, self._most = plate, first, last, most
        self._held: Dict[int, np.ndarray] = {}
        self._next = self._least = first
        self._error: Optional[BaseException] = None
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, name="plate reader", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        error: Optional[BaseException] = None
        try:
            for number, _, image in self._plate.frames(self._first, self._last):
                with self._changed:
                    self._changed.wait_for(lambda number=number: self._closed or number < self._least + self._most)
                    if self._closed:
                        return
                    self._held[number] = image
                    self._next = number + 1
                    if number % _WAKE_EVERY == 0 or number + 1 >= self._least + self._most:
                        self._changed.notify_all()
        except BaseException as found:  # raised by whoever asks for what could not be read
            error = found
        with self._changed:
            self._error = error
            if error is None:
                self._next = self._last + 1
            self._changed.notify_all()

    def frames(self, first: int, last: int, only: Optional[Container[int]] = None) -> Iterator[Frame]:
        """As `Plate.frames`, for frames that were not given up."""
        for number in range(first, last + 1):
            if only is not None and number not in only:
                continue
            with self._changed:
                self._changed.wait_for(lambda number=number: self._closed or self._error or number < self._next)
                if self._closed:
                    return
                if number >= self._next and self._error is not None:
                    raise self._error
                image = self._held.get(number)
            if image is not None:  # a frame that cannot be decoded is left out
                yield number, self._plate.time_of(number), image

    def give_up(self, before: int) -> None:
        """Nobody asks for frames below this number any more."""
        with self._changed:
            for number in range(self._least, before):
                self._held.pop(number, None)
            self._least = max(self._least, before)
            self._changed.notify_all()

    def close(self) -> None:
        """Ends the reading; whoever waits gets no more frames."""
        with self._changed:
            self._closed = True
            self._held.clear()
            self._changed.notify_all()
        self._thread.join()


class SharedPlate:
    """The plate with its frames taken from what is read for all; all else is the plate's."""

    def __init__(self, plate: Plate, shared: SharedFrames) -> None:
        self._plate, self.frames = plate, shared.frames

    def __getattr__(self, name: str) -> Any:
        return getattr(self._plate, name)
