# SPDX-License-Identifier: GPL-3.0-or-later
"""How far eyes are shut, by the openings between their lids: the points of an eye are too few for the fit of the whole
face to believe them, and the smaller the face, the less its lids close to the tracker.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...motion.geometric.gaze import Gaze, openings
from ...motion.geometric.head import Face

Array = npt.NDArray[np.float64]

_SHUT = ((25.0, 0.60), (60.0, 0.28))
"""Pixels between the eyes, and the opening of a shut eye there as a share of the open one's: as seen on signers of 28
pixels, and on large faces."""
_OPEN = 0.90
"""The share of its usual opening from which on an eye is open: jitter lies above it."""
_USUAL = 65.0
"""Percentile of a clip's openings that is the usual one: eyes are open most of the time."""
_SMALL, _LARGE = 30.0, 60.0
"""Pixels between the eyes below which they are taken to blink together, and above which each by itself."""
_LOWERED, _FOLLOWS = float(np.radians(35.0)), 0.45
"""A lid follows a lowered eye by so much of its opening at so many radians; that much closing is no blink."""


def shut_lids(face: Face, gaze: Gaze, apart: float) -> Array:
    """How far the left and the right eye are shut ``(T, 2)``, 0..1; ``apart`` pixels between the eyes.

    The clip's smallest opening is taken for shut where it is smaller than those of its size mostly are.
    """
    opening = openings(face.points)
    relative = opening / np.maximum(np.percentile(opening[face.valid], _USUAL, axis=0), 1e-6)
    each = np.clip((apart - _SMALL) / (_LARGE - _SMALL), 0.0, 1.0)
    relative = each * relative + (1.0 - each) * relative.mean(axis=1, keepdims=True)
    shut = np.interp(apart, *np.transpose(_SHUT))
    shut = np.clip(relative[face.valid].min(axis=0), _SHUT[-1][1], shut)
    still_open = _OPEN * (1.0 - _FOLLOWS * np.clip(-gaze.pitch / _LOWERED, 0.0, 1.0))
    return np.asarray(np.clip((still_open - relative) / np.maximum(still_open - shut, 0.05), 0.0, 1.0))
