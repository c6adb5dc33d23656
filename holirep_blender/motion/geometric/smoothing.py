# SPDX-License-Identifier: GPL-3.0-or-later
"""The smoothing that the user chooses, applied to the solved channels."""

from __future__ import annotations

from typing import Callable

import numpy as np
import numpy.typing as npt

from .. import filters
from .options import SolveOptions

Array = npt.NDArray[np.float64]
ChannelFilter = Callable[[Array], Array]

# Cutoff in hertz at strength 0 and 1. Human limb motion lies mostly below 6 to 8 Hz (Winter 2009); a blink lasts 100 to
# 400 ms, so the face keeps more.
_CUTOFFS: dict[str, tuple[float, float]] = {
    "joints": (12.0, 4.0),
    "root": (8.0, 2.5),
    "fingers": (12.0, 4.0),
    "face": (14.0, 6.0),
}
_ONE_EURO_BETA: dict[str, float] = {"joints": 1.5, "root": 1.0, "fingers": 1.5, "face": 3.0}
_ONE_EURO_SHARE = 0.35
"""The One-Euro filter's cutoff at rest, as a share of the zero-phase filter's."""


def channel_filter(options: SolveOptions, fps: float, kind: str) -> ChannelFilter:
    """The chosen filter for ``kind`` (``joints``, ``root``, ``fingers`` or ``face``) along axis 0."""
    if options.smoothing == "none":
        return np.copy
    high, low = _CUTOFFS[kind]
    cutoff = high * (low / high) ** options.smoothing_strength
    if options.smoothing == "zero_phase":
        return lambda values: filters.zero_phase(values, fps, cutoff)
    beta = _ONE_EURO_BETA[kind]
    return lambda values: filters.one_euro(values, fps, cutoff * _ONE_EURO_SHARE, beta)
