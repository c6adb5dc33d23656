# SPDX-License-Identifier: GPL-3.0-or-later
"""What a clipped channel was, told by the other two where those were not clipped, as in a red cloud beside the sun."""

from __future__ import annotations

import math
from typing import Tuple

import numpy as np
import numpy.typing as npt

from .clipping import Clipping, below_pixels
from .environment_map import EnvironmentMap
from .repair import CutLight, thinned
from .sphere import Array

_LOWEST = 0.5
"""Learnt from is what has this part of the limit in the channel, or more,"""
_NEAR, _SPACING = np.radians(6.0), np.radians(2.0)
"""and lies so close to what was clipped, to within the second."""
_FEWEST, _MOST = 20, 8000
_ROUNDS = 15
_DARK = 1e-3
"""Parts of the limit below which a channel tells nothing."""
_erf = np.vectorize(math.erf, otypes=[np.float64])


def lost_colour(environment: EnvironmentMap, clipping: Clipping, cut: CutLight) -> Tuple[Array, npt.NDArray[np.bool_]]:
    """Radiance ``(n, 3)`` that clipped pixels lost in one channel, and which pixels ``(n,)`` the other two told of it.

    The logarithm of a channel is linear in those of the others, as learnt around from pixels just below the limit, and
    from the clipped ones themselves as far as they tell: a regression of censored values (Tobin, Estimation of
    relationships for limited dependent variables, 1958), solved by expectation and maximization.
    """
    values = environment.pixels[cut.rows, cut.columns].astype(np.float64)
    lost, told = np.zeros_like(values), np.zeros(len(values), dtype=np.bool_)
    if clipping.of_luminance:
        return lost, told
    limit = clipping.level * (1 - clipping.spare)
    high = values >= limit
    for channel in range(3):
        others = [one for one in range(3) if one != channel]
        clipped = high[:, channel] & ~high[:, others].any(axis=1)
        if int(clipped.sum()) < _FEWEST:
            continue
        own = CutLight(cut.rows[clipped], cut.columns[clipped], cut.places[clipped], cut.solid[clipped])
        around = below_pixels(environment, channel, limit * _LOWEST, limit, thinned(own, float(_SPACING)), float(_NEAR))
        if len(around) < _FEWEST:
            continue
        around = around[:: -(-len(around) // _MOST)]
        every = np.concatenate([around, values[clipped]])
        bright = np.log(np.maximum(every, _DARK * clipping.level))
        known = np.concatenate([np.ones((len(every), 1)), bright[:, others]], axis=1)
        expected, spread = _censored(known, bright[:, channel], np.arange(len(every)) >= len(around))
        wanted = np.exp(expected + spread / 2)[len(around) :]
        lost[clipped, channel] = np.maximum(wanted - values[clipped, channel], 0.0)
        told |= clipped
    return lost, told


def _censored(known: Array, wanted: Array, clipped: npt.NDArray[np.bool_]) -> Tuple[Array, Array]:
    """Expected values ``(n,)`` and variances of what is only known to be at least ``wanted`` where it was clipped."""
    factors = np.linalg.lstsq(known, wanted, rcond=None)[0]
    scatter, expected, spread = 0.3, wanted, np.zeros(len(wanted))
    for _ in range(_ROUNDS):
        middle = known @ factors
        away = np.clip((wanted - middle) / scatter, -8.0, 5.0)
        beyond = 0.5 * (1 - _erf(away[clipped] / math.sqrt(2.0)))
        hazard = np.exp(-(away[clipped] ** 2) / 2) / (math.sqrt(2 * math.pi) * beyond)
        expected, spread = wanted.copy(), np.zeros(len(wanted))
        expected[clipped] = np.maximum(middle[clipped] + scatter * hazard, wanted[clipped])
        spread[clipped] = scatter**2 * np.maximum(1 - hazard * (hazard - away[clipped]), 0.0)
        factors = np.linalg.lstsq(known, expected, rcond=None)[0]
        scatter = max(float(np.sqrt(np.mean((expected - known @ factors) ** 2 + spread))), 1e-3)
    return expected, spread
