# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lighter reads off an environment: key to fill, colour temperature, contrast, spherical harmonics."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Dict, List, Optional

import numpy as np
import numpy.typing as npt

from .environment_map import EnvironmentMap, Grid, reduced
from .irradiance import lamp_irradiance, map_irradiance
from .lamps import Lamp
from .sphere import Array, directions, even_directions

REC709_TO_XYZ = (
    (0.4123907993, 0.3575843394, 0.1804807884),
    (0.2126390059, 0.7151686788, 0.0721923154),
    (0.0193308187, 0.1191947798, 0.9505321522),
)
"""Linear Rec.709 to CIE 1931 XYZ."""
_NORMALS = even_directions(600)


@dataclass(frozen=True)
class LightMeasures:
    """``key_to_fill``: luminance on a surface facing the strongest light (all lamps of one group) over the same
    without it, None without lamps.

    ``temperature`` is the correlated colour temperature of all the light, in kelvin, None for colours that have none.
    ``contrast`` is the brightest over the darkest irradiance of all normals, in stops. ``irradiance_error`` is the root
    mean square error, over 600 normals, of lamps and residual against the map, as a part of the mean.
    """

    key_to_fill: Optional[float]
    temperature: Optional[float]
    contrast: float
    irradiance_error: float


def measure(
    whole: Grid, rest: Grid, lamps: List[Lamp], luminance: npt.ArrayLike, to_xyz: npt.ArrayLike = REC709_TO_XYZ
) -> LightMeasures:
    """Measures of a map (``whole``), of its lamps and of what is left without them (``rest``)."""
    weights = np.asarray(luminance)
    coarse = _coarse(whole)
    mean = float(whole.flux @ weights) / 4
    truth = map_irradiance(coarse, _NORMALS) @ weights
    key, error = None, 0.0
    if lamps:
        toward = np.stack([lamp.direction for lamp in lamps])
        strength = np.stack([lamp.irradiance for lamp in lamps])
        angles = np.array([lamp.angle for lamp in lamps])
        taken = replace(whole, radiance=whole.radiance - rest.radiance)
        difference = lamp_irradiance(toward, strength, _NORMALS, angles) - map_irradiance(taken, _NORMALS)
        error = float(np.sqrt(np.mean((difference @ weights) ** 2)) / mean)
        held: Dict[int, float] = {}
        for lamp in lamps:
            held[lamp.group] = held.get(lamp.group, 0.0) + lamp.share
        strongest = max(held, key=lambda group: held[group])
        own = np.array([lamp.group == strongest for lamp in lamps])
        middle = (strength[own] @ weights) @ toward[own]
        facing = (middle / np.linalg.norm(middle))[None]
        others = map_irradiance(_coarse(rest), facing) + _light(toward, strength, angles, ~own, facing)
        fill = float((others @ weights)[0])
        lit = float((_light(toward, strength, angles, own, facing) @ weights)[0])
        key = (fill + lit) / fill if fill > 0 else None
    darkest = max(float(truth.min()), 1e-6 * float(truth.max()))
    return LightMeasures(key, temperature(whole.flux, to_xyz), float(np.log2(truth.max() / darkest)), error)


def _light(toward: Array, strength: Array, angles: Array, wanted: npt.NDArray[np.bool_], normals: Array) -> Array:
    return lamp_irradiance(toward[wanted], strength[wanted], normals, angles[wanted])


def _coarse(grid: Grid) -> Grid:
    """The same light in larger blocks, for what does not ask where exactly it comes from."""
    return reduced(EnvironmentMap(grid.radiance), 128)


def temperature(colour: npt.ArrayLike, to_xyz: npt.ArrayLike = REC709_TO_XYZ) -> Optional[float]:
    """Correlated colour temperature (kelvin) of a linear colour ``(3,)``, None where it is too far from white.

    McCamy, Correlated color temperature as an explicit function of chromaticity coordinates (1992); good to a few
    kelvin from 2000 to 12500 K.
    """
    x, y, z = np.asarray(to_xyz) @ np.asarray(colour, dtype=np.float64)
    total = x + y + z
    if not total > 0:
        return None
    slope = (x / total - 0.3320) / (0.1858 - y / total)
    found = float(((449.0 * slope + 3525.0) * slope + 6823.3) * slope + 5520.33)
    return found if 1800 < found < 25000 else None


def irradiance_harmonics(grid: Grid) -> Array:
    """Nine coefficients ``(9, 3)`` of irradiance over normals, real spherical harmonics of order 2.

    Ramamoorthi and Hanrahan, An efficient representation for irradiance environment maps (2001): radiance coefficients
    times π, 2π/3 and π/4.
    """
    total = np.zeros((9, 3))
    for row in range(grid.shape[0]):
        basis = harmonics(directions(grid.latitudes[row], grid.angles))
        total += basis.T @ (grid.radiance[row] * grid.solid_angles[row][:, None])
    return np.asarray(total * np.repeat([np.pi, 2 * np.pi / 3, np.pi / 4], [1, 3, 5])[:, None])


def harmonics(places: Array) -> Array:
    """The real spherical harmonics of order 0 to 2, ``(n, 9)``, of unit vectors ``(n, 3)``."""
    x, y, z = places[:, 0], places[:, 1], places[:, 2]
    ones = np.ones_like(x)
    return np.stack(
        [
            0.2820947918 * ones,
            0.4886025119 * y,
            0.4886025119 * z,
            0.4886025119 * x,
            1.0925484306 * x * y,
            1.0925484306 * y * z,
            0.3153915652 * (3 * z * z - 1),
            1.0925484306 * x * z,
            0.5462742153 * (x * x - y * y),
        ],
        axis=1,
    )
