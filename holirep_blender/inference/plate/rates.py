# SPDX-License-Identifier: GPL-3.0-or-later
"""Frame rates and frame times as containers state them, made exact."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

_NOMINAL = [24, 25, 30, 48, 50, 60, 90, 100, 120, 240]
# Containers round times to whole milliseconds (Matroska) or worse; half a unit to each side, and a little.
ROUNDING_SECONDS = 0.0011


def exact_rate(fps: float) -> float:
    """The broadcast rate meant by a rounded number: 23.976 -> 24000/1001; others stay as they are.

    SMPTE ST 12-1: the fractional rates are n * 1000 / 1001.
    """
    for nominal in _NOMINAL:
        for exact in (Fraction(nominal), Fraction(nominal * 1000, 1001)):
            if abs(fps - float(exact)) < 2e-4 * nominal / 24:
                return float(exact)
    return fps


def frame_times(stamps: np.ndarray, fps: float) -> np.ndarray:
    """Seconds from the first frame for sorted presentation stamps (T,) in seconds.

    Where all stamps lie on the grid of `fps` but for the container's rounding, the grid is returned; a plate with a
    variable rate keeps its own times.
    """
    times = stamps - stamps[0]
    grid = np.arange(len(stamps)) / fps
    return grid if np.all(np.abs(times - grid) <= ROUNDING_SECONDS) else times
