# SPDX-License-Identifier: GPL-3.0-or-later
"""Which lamp is the sun."""

from __future__ import annotations

from dataclasses import replace
from typing import List

import numpy as np

from .environment_map import EnvironmentMap
from .lamps import Lamp
from .sphere import Array

SUN = float(np.radians(0.533))
"""The sun's width (radians), as it is in the mean over the year."""
_SIZE = np.radians(1.8)
"""What may be the sun: lenses and pixels make it wider, and clouds hide it."""
_SHARE = 0.01
_CONTRAST = 500.0
"""Its radiance over the map's mean: 5e4 in a clear sky, less where the map is coarse or clipped."""
_ALONE = 4.0
"""There is no second light of its kind: the next narrow lamp is so many times weaker."""
_LOWEST = np.sin(np.radians(-1.0))


def with_sun(lamps: List[Lamp], flux: Array, environment: EnvironmentMap) -> List[Lamp]:
    """The lamps with the sun marked, if one of them is it: narrow, far brighter than all else, alone, over the horizon.

    ``flux`` ``(3,)`` is the map's radiance times solid angle.
    """
    weights = np.asarray(environment.luminance)
    mean = float(flux @ weights) / (4 * np.pi)
    narrow = [lamp for lamp in lamps if lamp.angle < _SIZE]
    if not narrow:
        return lamps
    first = max(narrow, key=lambda lamp: lamp.share)
    size = max(2 * np.pi * (1 - np.cos(first.angle / 2)), 2 * (np.pi / environment.height) ** 2)
    radiance = float(first.irradiance @ weights) / size
    others = [lamp.share for lamp in lamps if lamp is not first and lamp.angle < 2 * _SIZE]
    is_sun = (
        first.share >= _SHARE
        and radiance > _CONTRAST * mean
        and first.share > _ALONE * max(others, default=0.0)
        and float(first.direction[2]) > _LOWEST
    )
    return [replace(lamp, sun=True) if is_sun and lamp is first else lamp for lamp in lamps]
