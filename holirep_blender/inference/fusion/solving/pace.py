# SPDX-License-Identifier: GPL-3.0-or-later
"""How people move by the network's word: which accelerations are expected, and how far they may be off."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ....motion import filters
from ..joints import BODY
from .terms import Array, Clip, bends

_JITTER_HZ, _MOMENT, _FEWEST = 5.0, 0.15, 15
"""Hertz above which the network's word is jitter, seconds of a moment, and the fewest frames that can be filtered."""


@dataclass(frozen=True)
class Pace:
    """``expected (T - 2, 69)`` second differences of root and joints; how vigorously joints change their turning
    ``(T - 2, 22)``, radians a second squared, and how much the hips are accelerated ``(T - 2,)``, metres a second
    squared.
    """

    expected: Array
    turning: Array
    moving: Array


def pace_of(clip: Clip, fps: float) -> Pace:
    """The pace of the network's word; of too few frames, which cannot be freed from jitter, nothing is expected."""
    if len(clip.root) < 3:
        return Pace(np.zeros((0, 3 + 3 * len(BODY))), np.zeros((0, len(BODY))), np.zeros(0))
    bent = bends(clip)
    enough = len(bent) > _FEWEST
    if enough:
        bent = filters.zero_phase(bent, fps, _JITTER_HZ)
    vigour = _over_a_moment(bent.reshape(len(bent), -1, 3) * fps**2, fps)
    return Pace(bent if enough else np.zeros_like(bent), vigour[:, 1:], vigour[:, 0])


def _over_a_moment(bent: Array, fps: float) -> Array:
    """Root mean square ``(T, N)`` over a moment of vectors ``(T, N, 3)``."""
    square = np.sum(bent**2, axis=-1)
    if len(bent) <= _FEWEST:
        return np.asarray(np.sqrt(square))
    window = np.ones(2 * max(1, round(_MOMENT * fps)) + 1)
    padded = np.pad(square, [(len(window) // 2,) * 2, (0, 0)], mode="edge")
    return np.sqrt(np.apply_along_axis(np.convolve, 0, padded, window / window.sum(), "valid"))
