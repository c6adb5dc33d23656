# SPDX-License-Identifier: GPL-3.0-or-later
"""How much stronger the sun is than a cloudless sky, and its colour, by its height and the haze."""

from __future__ import annotations

import numpy as np

from .sphere import Array

_EFFICACY = 1.25
"""A clear sky's light is so many times as bright to the eye, watt for watt, as the sun's: some 130 to 105 lm/W
(Littlefair, The luminous efficacy of daylight, 1985)."""
_WAVELENGTHS = np.array([0.61, 0.55, 0.465])
"""Micrometres for which red, green and blue stand."""


def air_mass(elevation: float) -> float:
    """How many times the air above the sun's light passes, by its elevation in radians.

    Kasten and Young, Revised optical air mass tables and approximation formula (1989).
    """
    degrees = max(float(np.degrees(elevation)), 0.0)
    return float(1.0 / (np.sin(np.radians(degrees)) + 0.50572 * (degrees + 6.07995) ** -1.6364))


def sun_over_sky(elevation: float, turbidity: float) -> float:
    """Illuminance of the sun on a surface facing it, over that of a cloudless sky on level ground.

    ``elevation`` in radians; ``turbidity`` is Linke's: 2 very clear and cold, 3 clear, 4 to 5 summer haze, 6 polluted.
    The European Solar Radiation Atlas' model: Rigollier, Bauer and Wald, On the clear sky model of the ESRA (2000),
    with the optical thickness of Kasten, The Linke turbidity factor (1996).
    """
    sine = max(float(np.sin(elevation)), 0.0)
    mass = air_mass(elevation)
    if mass <= 20:
        inverse = 6.62960 + mass * (1.75130 + mass * (-0.12020 + mass * (0.00650 - 0.00013 * mass)))
    else:
        inverse = 10.4 + 0.718 * mass
    beam = np.exp(-0.8662 * turbidity * mass / inverse)
    clear = -1.5843e-2 + turbidity * (3.0543e-2 + 3.797e-4 * turbidity)
    first = 2.6463e-1 + turbidity * (-6.1581e-2 + 3.1408e-3 * turbidity)
    if first * clear < 2e-3:
        first = 2e-3 / clear
    second = 2.0402 + turbidity * (1.8945e-2 - 1.1161e-2 * turbidity)
    third = -1.3025 + turbidity * (3.9231e-2 + 8.5079e-3 * turbidity)
    diffuse = clear * (first + sine * (second + third * sine))
    return float(beam / (diffuse * _EFFICACY))


def sun_colour(elevation: float, turbidity: float) -> Array:
    """The sun's colour ``(3,)`` in linear RGB, the highest 1: white above the air, redder the more of it there is.

    Extinction by air and haze as Preetham, Shirley and Smits, A practical analytic model for daylight (1999).
    """
    mass = air_mass(elevation)
    haze = max(0.04608 * turbidity - 0.04586, 0.0)
    colour = np.exp(-mass * (0.008735 * _WAVELENGTHS**-4.08 + haze * _WAVELENGTHS**-1.3))
    return np.asarray(colour / colour.max())
