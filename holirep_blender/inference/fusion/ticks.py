# SPDX-License-Identifier: GPL-3.0-or-later
"""The clock of the small networks: they read thirty times a second, whatever the rate of the clip."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

RATE = 30.0
_ALIKE = 0.1
"""Frames a second by which rates are still the same."""


class Ticks:
    """Between the frames of a clip at ``fps`` and ticks at :data:`RATE`."""

    def __init__(self, count: int, fps: float) -> None:
        self.frames = np.arange(count) / fps
        last = self.frames[-1] if count else 0.0
        self.alike = abs(fps - RATE) < _ALIKE or not count
        self.ticks = self.frames if self.alike else np.arange(int(last * RATE + 1e-6) + 1) / RATE

    def __len__(self) -> int:
        return len(self.ticks)

    def of_frames(self, values: npt.ArrayLike) -> Array:
        """Values ``(T, ...)`` of frames at the ticks ``(N, ...)``; what is not a number counts as 0."""
        return self._between(self.frames, self.ticks, values)

    def to_frames(self, values: npt.ArrayLike) -> Array:
        """Values ``(N, ...)`` of ticks at the frames ``(T, ...)``."""
        return self._between(self.ticks, self.frames, values)

    def _between(self, old: Array, new: Array, values: npt.ArrayLike) -> Array:
        given = np.nan_to_num(np.asarray(values, dtype=np.float64))
        if self.alike:
            return given
        flat = given.reshape(len(given), -1)
        moved = np.stack([np.interp(new, old, column) for column in flat.T], axis=1)
        return moved.reshape((len(new),) + given.shape[1:])
