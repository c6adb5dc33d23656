# SPDX-License-Identifier: GPL-3.0-or-later
"""An environment's soft light as many wide lamps, for renderers in which only lamps cast shadows."""

from __future__ import annotations

import heapq
from typing import List, Tuple

import numpy as np
import numpy.typing as npt

from .environment_map import EnvironmentMap, reduced
from .lamps import Lamp, Moments, disk_angle, moments
from .sphere import Array, directions

Cells = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]

_WIDTH = 128
"""Columns of the map that is divided."""
_NARROW = 1e-9
"""Light that is spread by less than this, in squared radians times its part of all light, is one point."""


def dome_lamps(environment: EnvironmentMap, count: int) -> List[Lamp]:
    """At most ``count`` lamps (2 and more) that together hold an environment's light, each of a part of the sphere.

    The part whose light is spread furthest, weighed by its energy, is cut in two through the middle of its light,
    across its longest axis: as median cut does (Debevec 2005), but on the sphere itself, so that parts stay compact.
    The first cut is the horizon: no lamp lights a floor from below and from above. Negative values count as none.
    """
    grid = reduced(environment, _WIDTH)
    toward = directions(grid.latitudes[:, None], grid.angles[None, :]).reshape(-1, 3)
    light = (np.maximum(grid.radiance, 0.0) * grid.solid_angles[..., None]).reshape(-1, 3).astype(np.float64)
    energies = light @ np.array(environment.luminance)
    total = float(energies.sum())
    parts: List[Tuple[float, int, Cells, Moments]] = []
    made = 0
    waiting = [np.flatnonzero(toward[:, 2] > 0), np.flatnonzero(toward[:, 2] <= 0)]
    while waiting:
        for cells in waiting:
            if float(energies[cells].sum()) > 0:
                about = moments(toward[cells], energies[cells])
                heapq.heappush(parts, (-about.energy * about.variance, made, cells, about))
                made += 1
        waiting = []
        if 0 < len(parts) < count and -parts[0][0] > _NARROW * total:
            _, _, cells, about = heapq.heappop(parts)
            left = _lower_half(toward[cells], energies[cells])
            waiting = [cells[left], cells[~left]]
    lamps = [_lamp(toward[cells], light[cells], about, total) for _, _, cells, about in parts]
    return sorted(lamps, key=lambda lamp: -lamp.share)


def _lower_half(toward: Array, energies: Array) -> Bools:
    """Which directions lie below their mean ``(n,)``, along the axis along which they are spread furthest.

    The mean lies inside of the sphere, so that there is light on both sides whichever axis that is.
    """
    aside = toward - energies @ toward / energies.sum()
    return np.asarray(aside @ np.linalg.eigh((aside * energies[:, None]).T @ aside)[1][:, -1] < 0)


def _lamp(toward: Array, light: Array, about: Moments, total: float) -> Lamp:
    """One lamp in the middle of some light that puts the same irradiance on what faces it."""
    return Lamp(
        about.direction,
        np.asarray((toward @ about.direction) @ light),
        disk_angle(about.variance),
        about.elongation,
        about.axis,
        about.energy / total,
    )
