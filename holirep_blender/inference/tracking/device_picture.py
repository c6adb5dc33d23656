# SPDX-License-Identifier: GPL-3.0-or-later
"""A plate whose pictures lie on a device, as a process sees it that has no device of its own.

Squares are cut where the pictures are, so that only the few are brought here of which something else is wanted.
"""

from __future__ import annotations

import time
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Container, Iterator, Optional, Protocol, Tuple, Union

import numpy as np

from ..errors import TrackingError
from ..plate import Plate
from .regions import Region

# What is known of a picture.
AWAITED, THERE, MISSING, FAILED = range(4)
_PAUSE_SECONDS = 0.002

Shown = Tuple[int, float, "DevicePicture"]


class Holder(Protocol):
    """Who can ask the process that has the pictures."""

    def look(self, name: str, row: int, region: Region, mirrored: bool, replies: SimpleQueue[Any]) -> None:
        """Put a network's answer about a square of a picture into `replies`: an array `(columns,)`, or the error."""

    def picture(self, row: int) -> np.ndarray:
        """The picture (H, W, 3), brought here."""


class DevicePicture:
    """A picture of which here only the `shape` (H, W, 3) is known."""

    def __init__(self, holder: Holder, row: int, shape: Tuple[int, int, int]) -> None:
        self.holder, self.row, self.shape = holder, row, shape
        self._pixels: Optional[np.ndarray] = None

    def pixels(self) -> np.ndarray:
        """RGB uint8 (H, W, 3), brought here once."""
        if self._pixels is None:
            self._pixels = self.holder.picture(self.row)
        return self._pixels


def pixels(image: Union[np.ndarray, DevicePicture]) -> np.ndarray:
    """The picture as an array, wherever it lies."""
    return image.pixels() if isinstance(image, DevicePicture) else image


def presence(path: Path, count: int, mode: str) -> np.ndarray:
    """The file that says of each picture whether it is there; `mode` "w+" makes it, "r" reads what another writes."""
    return np.memmap(path, np.uint8, mode, shape=(count,)).view(np.ndarray)  # type: ignore[call-overload,no-any-return]


class DevicePlate:
    """The plate with pictures that another process reads onto a device; all else is the plate's."""

    def __init__(self, plate: Plate, holder: Holder, path: Path) -> None:
        self._plate, self._holder = plate, holder
        self._presence = presence(path, plate.frame_count, "r")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._plate, name)

    def frames(self, first: int, last: int, only: Optional[Container[int]] = None) -> Iterator[Shown]:
        """As `Plate.frames`; waits for pictures that are not there yet."""
        width, height = self._plate.size
        for number in range(first, last + 1):
            row = number - self._plate.first_frame
            if (only is None or number in only) and self._is_there(row):
                yield number, self._plate.time_of(number), DevicePicture(self._holder, row, (height, width, 3))

    def _is_there(self, row: int) -> bool:
        while self._presence[row] == AWAITED:
            time.sleep(_PAUSE_SECONDS)
        if self._presence[row] == FAILED:
            raise TrackingError(f"{self._plate.path.name}: reading failed; the process that reads says why.")
        return bool(self._presence[row] == THERE)
