# SPDX-License-Identifier: GPL-3.0-or-later
"""Bringing what has a clock of its own (observations, the character's motion) onto the take's frames."""

from __future__ import annotations

from typing import Optional

import numpy as np
import numpy.typing as npt

from ..motion.observations import Observations
from ..motion.take import Take

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]


class Rows:
    """Values of rows at given times on the take's frames, by linear interpolation; NaN outside and beside gaps."""

    def __init__(self, times: Array, wanted: Array) -> None:
        self.same = len(times) == len(wanted) and bool(np.allclose(times - times[:1], wanted - wanted[:1], atol=2e-3))
        self.count = len(wanted)
        if self.same or len(times) == 0:
            return
        clock = times - times[0]
        step = float(np.median(np.diff(clock))) if len(clock) > 1 else 1.0
        self.last: Ints = np.clip(np.searchsorted(clock, wanted, side="right"), 1, max(len(clock) - 1, 1))
        self.last = np.minimum(self.last, len(clock) - 1)
        self.first = np.maximum(self.last - 1, 0)
        gap = np.maximum(clock[self.last] - clock[self.first], 1e-9)
        self.share = np.clip((wanted - clock[self.first]) / gap, 0.0, 1.0)
        self.outside = (wanted > clock[-1] + 0.6 * step) | (wanted < -0.6 * step)

    def of(self, values: Array, start: int = 0, end: Optional[int] = None) -> Array:
        """Rows ``start`` to ``end`` of the take's frames of ``values (N, ...)``."""
        end = self.count if end is None else end
        if self.same:
            return np.asarray(values[start:end])
        if len(values) == 0:
            return np.full((end - start,) + values.shape[1:], np.nan)
        rows = slice(start, end)
        share = self.share[rows].reshape((-1,) + (1,) * (values.ndim - 1))
        a, b = values[self.first[rows]], values[self.last[rows]]
        # a row met exactly does not ask for the one beside it, which may be a gap
        mixed = np.where(share <= 0.0, a, np.where(share >= 1.0, b, (1.0 - share) * a + share * b))
        mixed[self.outside[rows]] = np.nan
        return np.asarray(mixed)


def observed_rows(take: Take, observations: Observations) -> Rows:
    """How observations come onto the take's frames."""
    return Rows(observations.times, take.times)


def rows_of(other: Take, take: Take) -> Rows:
    """How another motion, which begins with the take, comes onto the take's frames."""
    return Rows(other.times, take.times)
