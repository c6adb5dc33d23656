# SPDX-License-Identifier: GPL-3.0-or-later
"""An environment taken apart into lamps and the rest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import List, Optional

import numpy as np

from .choosing import TOLERANCE, choose
from .clipping import Clipping, find_clipping
from .environment_map import EnvironmentMap, Grid, reduced
from .finding import find_patches
from .lamps import Lamp
from .progress import Tell, nobody, part
from .removal import take_out
from .sphere import Array
from .sun import with_sun

GRID_WIDTH = 1024
"""Lamps are looked for in the map averaged to at least so many columns."""


@dataclass(frozen=True)
class AnalysisOptions:
    """``lamps`` at most; ``least`` share of the map's light that one must hold; ``tolerance`` and
    ``single``, one lamp for each light, as in choosing.
    """

    lamps: int = 8
    least: float = 0.01
    tolerance: float = TOLERANCE
    single: bool = False


@dataclass
class LightAnalysis:
    """Lamps, strongest first, and the map without them; together they are the map.

    ``flux`` ``(3,)`` is the whole map's radiance times solid angle; ``grid`` the whole map, averaged;
    ``clipping`` where its brightest parts were cut off.
    """

    lamps: List[Lamp]
    residual: EnvironmentMap
    flux: Array
    grid: Grid
    clipping: Optional[Clipping]

    @property
    def share(self) -> float:
        """The part of the light (luminance) that the lamps hold."""
        return float(sum(lamp.share for lamp in self.lamps))


def analyse(
    environment: EnvironmentMap,
    options: AnalysisOptions = AnalysisOptions(),
    in_place: bool = False,
    tell: Tell = nobody,
) -> LightAnalysis:
    """Finds the lamps of a map. With ``in_place`` the map's own pixels become the residual, which halves the memory.

    What ``tell`` raises ends the analysis; a map that was to become the residual is of no use then.
    """
    grid = reduced(environment, GRID_WIDTH, part(tell, 0.0, 0.2))
    clipping = find_clipping(environment)
    tell(0.35)
    flux = grid.flux
    total = float(flux @ np.asarray(environment.luminance))
    patches = find_patches(grid, environment.luminance, options.least, part(tell, 0.35, 0.75))
    sources = choose(
        patches, environment.luminance, total, options.lamps, options.least, options.tolerance, options.single
    )
    if grid.radiance.base is environment.pixels or grid.radiance is environment.pixels:
        grid = replace(grid, radiance=grid.radiance.copy())
    residual = environment if in_place else replace(environment, pixels=environment.pixels.copy())
    lamps = take_out(residual, grid, patches, sources, total, part(tell, 0.8, 1.0))
    return LightAnalysis(with_sun(lamps, flux, environment), residual, flux, grid, clipping)
