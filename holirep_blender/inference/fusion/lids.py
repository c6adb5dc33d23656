# SPDX-License-Identifier: GPL-3.0-or-later
"""How far eyes are shut: the network's word, which knows how lids move, and the openings between them where it tells
no blink. The points of an eye are too few for the fit of the whole face to believe them, and the smaller the face, the
less its lids close to the tracker.
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
_SPEAKS = 0.5
"""A network that says more than this in no frame tells no blink; and who rests with more than this sleeps."""
_JITTERS = 20.0
"""Standard deviations of an opening's jitter that a lid must close by to be taken for shut."""
_SPREAD_OF_STEPS = 1.4826 / np.sqrt(2.0)
"""A normal spread over the median absolute step from one to the next."""
_LOWERED, _FOLLOWS = float(np.radians(35.0)), 0.45
"""A lid follows a lowered eye by so much of its opening at so many radians; that much closing is no blink."""


def lids_of(said: Array, rest: Array, face: Face, gaze: Gaze, apart: float) -> Array:
    """How far the left and the right eye are shut ``(T, 2)``, 0..1, by the network's word ``said (T, 2)`` and the lids.

    Parameters
    ----------
    rest : (2,) the network's word while the face rests: of small faces it says something of the kind all the time.
    apart : pixels between the eyes.
    """
    own = (1.0 - _each(apart)) * np.clip(rest, 0.0, _SPEAKS)
    shut = np.clip((said - own) / (1.0 - own), 0.0, 1.0)
    if not face.valid.any() or shut[face.valid].max() > _SPEAKS:
        return np.asarray(shut)
    return np.maximum(shut, shut_lids(face, gaze, apart))


def _each(apart: float) -> float:
    """How far each eye blinks by itself, 0..1."""
    return float(np.clip((apart - _SMALL) / (_LARGE - _SMALL), 0.0, 1.0))


def shut_lids(face: Face, gaze: Gaze, apart: float) -> Array:
    """The same by the openings alone; ``apart`` pixels between the eyes.

    The clip's smallest opening is taken for shut where it is smaller than those of its size mostly are.
    """
    opening = openings(face.points)
    relative = opening / np.maximum(np.percentile(opening[face.valid], _USUAL, axis=0), 1e-6)
    each = _each(apart)
    relative = each * relative + (1.0 - each) * relative.mean(axis=1, keepdims=True)
    shut = np.interp(apart, *np.transpose(_SHUT))
    shut = np.clip(relative[face.valid].min(axis=0), _SHUT[-1][1], shut)
    still_open = _OPEN * (1.0 - _FOLLOWS * np.clip(-gaze.pitch / _LOWERED, 0.0, 1.0))
    steps = np.diff(relative, axis=0)[face.valid[1:] & face.valid[:-1]]
    # the median of steps is jitter's, not a blink's
    jitter = np.median(np.abs(steps), axis=0) * _SPREAD_OF_STEPS if len(steps) else np.zeros(2)
    closing = np.maximum(np.maximum(still_open - shut, _JITTERS * jitter), 0.05)
    return np.asarray(np.clip((still_open - relative) / closing, 0.0, 1.0))
