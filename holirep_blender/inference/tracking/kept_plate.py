# SPDX-License-Identifier: GPL-3.0-or-later
"""A part of a plate whose pictures are kept from the first pass for the second.

Where a device runs the networks, reading is most of a processor's work, and each part is read twice: by who looks for
people, and by who follows the performer.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any, Container, Dict, Iterator, Optional

import numpy as np

from ..plate import Plate
from ..plate.plate import Frame

# Of the memory, the share that kept pictures may take.
SHARE_OF_MEMORY = 0.25
_WHERE_UNKNOWN = 16 << 30
"""The machine's memory where the system does not tell (Windows)."""
LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Where Linux tells how much of the machine a container may use (control groups, version 2 and 1)."""


def room_for_pictures() -> int:
    """Bytes that pictures may take while a device runs the networks, in all processes together."""
    try:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        memory = _WHERE_UNKNOWN
    for limit in LIMITS:
        with contextlib.suppress(OSError, ValueError):  # there is none, or it is "max"
            memory = min(memory, int(limit.read_text()))
    return int(SHARE_OF_MEMORY * memory)


def pictures_kept(plate: Plate) -> int:
    """How many of the plate's pictures there is room for; one process's share is a part of it."""
    return room_for_pictures() // (3 * plate.size[0] * plate.size[1])


class KeptPlate:
    """The plate with the frames `first` to `last`, but at most `most`, held in memory once they are read for those who
    want some of them (`only`); all else is the plate's.
    """

    def __init__(self, plate: Plate, first: int, last: int, most: int) -> None:
        self._plate, self._first, self._end = plate, first, min(last + 1, first + most)
        self._next = first
        self._held: Dict[int, np.ndarray] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._plate, name)

    def frames(self, first: int, last: int, only: Optional[Container[int]] = None) -> Iterator[Frame]:
        """As `Plate.frames`: from memory where all of them are held."""
        if self._first <= first and last < self._next:
            for number in range(first, last + 1):
                image = self._held.get(number)  # a frame that cannot be decoded is left out
                if image is not None and (only is None or number in only):
                    yield number, self._plate.time_of(number), image
        elif only is None or self._next > self._first:
            yield from self._plate.frames(first, last, only)
        else:
            for number, time, image in self._plate.frames(self._first, min(last, self._end - 1)):
                self._held[number], self._next = image, number + 1
                if number >= first and number in only:
                    yield number, time, image
            if last >= self._end:
                yield from self._plate.frames(max(first, self._end), last, only)
