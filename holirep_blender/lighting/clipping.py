# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding out whether a map's brightest parts were cut off, by the flat plateau that this leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple

import numpy as np
import numpy.typing as npt

from .environment_map import EnvironmentMap

_SHIPPED = 32000.0
"""Where the environments that ship with Blender end, as their licence file says; stored with loss."""
_EQUAL = 1e-5
_LOSSY = 0.1
"""Lossy compression (DWA) blurs a plateau by so much."""
_FEWEST = 3
_PILED = 0.5
"""Pixels on a plateau for each pixel in the tenth below it; a map that is not clipped has far fewer so high up."""
_BAND = 128


@dataclass(frozen=True)
class Clipping:
    """Where a map was cut off: at which value, how many pixels reach it, and their share of the sphere."""

    level: float
    pixels: int
    share: float

    @property
    def sentence(self) -> str:
        """For the user."""
        return (
            f"The environment is clipped at {self.level:.5g}: {self.pixels} pixels are cut off, so its brightest "
            "lights were stronger than it says."
        )


def find_clipping(environment: EnvironmentMap) -> Optional[Clipping]:
    """The plateau at which a map ends, None where its brightest values thin out as those of real lights do.

    A plateau is at least three pixels whose highest channel is the map's highest, and more of them than half of those
    up to a tenth below; or, where colours were kept, twice as many whose luminance nearly is. At the limit of
    the environments that ship with Blender the lossy codec may have blurred it.
    """
    weights = np.asarray(environment.luminance, dtype=np.float32)
    highest = _highest(environment)
    for measure, top, equal, fewest, piled in (
        (None, highest[0], _EQUAL, _FEWEST, _PILED),
        (weights, highest[1], 2e-3, 2 * _FEWEST, 2 * _PILED),
    ):
        count, below, share = _counted(environment, measure, top * (1 - equal), top * (1 - _LOSSY))
        if count >= fewest and count > piled * below:
            return Clipping(top, count, share)
    if abs(highest[0] / _SHIPPED - 1) < _LOSSY:
        count, _, share = _counted(environment, None, _SHIPPED * (1 - _LOSSY), _SHIPPED * (1 - _LOSSY))
        if count >= _FEWEST:
            return Clipping(_SHIPPED, count, share)
    return None


def _highest(environment: EnvironmentMap) -> Tuple[float, float]:
    weights = np.asarray(environment.luminance, dtype=np.float32)
    channel = luminance = 0.0
    for first in range(0, environment.height, _BAND):
        band = environment.pixels[first : first + _BAND]
        channel = max(channel, float(band.max()))
        luminance = max(luminance, float((band @ weights).max()))
    return channel, luminance


def _counted(
    environment: EnvironmentMap, weights: Optional[npt.NDArray[np.float32]], level: float, lower: float
) -> Tuple[int, int, float]:
    """Pixels at or over a level, those between it and a lower one, and the part of the sphere that the first cover."""
    solid = environment.solid_angles()
    count = below = 0
    covered = 0.0
    for first in range(0, environment.height, _BAND):
        band = environment.pixels[first : first + _BAND]
        values = band.max(axis=2) if weights is None else band @ weights
        if float(values.max()) < lower:
            continue
        over = values >= level
        count += int(over.sum())
        below += int((values >= lower).sum() - over.sum())
        covered += float(over.sum(axis=1) @ solid[first : first + _BAND])
    return count, below, covered / (4 * np.pi)
