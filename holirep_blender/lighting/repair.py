# SPDX-License-Identifier: GPL-3.0-or-later
"""Giving a clipped map the light back that was cut off, from what else is known of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Callable, Optional, Tuple

import numpy as np
import numpy.typing as npt

from .clear_sky import sun_colour, sun_over_sky
from .clipping import Clipping, cut_pixels
from .environment_map import EnvironmentMap, Grid, reduced
from .errors import EnvironmentMapError
from .irradiance import map_irradiance
from .sphere import Array, column_angles, directions, row_latitudes
from .sun import SUN

_COARSE = 512
_NEAR = np.radians(2.5)
_GLARE = np.radians([3.0, 8.0])
"""Widths over which the light around a place is summed up to find the middle of the glare."""
_RIM = np.radians(4.0)
_CORE = 0.5
"""Degrees around the sun that are counted as its own."""
_BAND = 128


@dataclass(frozen=True)
class Repair:
    """What was put back: ``method`` ball, reading or sky; ``assumed`` sentences.

    ``direction`` ``(3,)`` toward the sun or lamp that was cut off and ``irradiance`` ``(3,)`` what it got back, on a
    surface facing it; ``spread`` ``(3,)`` the radiance times solid angle given to other clipped places.
    """

    method: str
    direction: Array
    irradiance: Array
    spread: Array
    assumed: Tuple[str, ...]

    @property
    def sentence(self) -> str:
        """For the user."""
        words = {"ball": "the ball", "reading": "the exposure reading", "sky": "a model of a cloudless sky"}
        return f"What was clipped was given back by {words[self.method]}. " + " ".join(self.assumed)


@dataclass
class CutLight:
    """The clipped pixels: ``rows`` and ``columns`` ``(n,)``, ``places`` ``(n, 3)`` and ``solid`` ``(n,)`` angles."""

    rows: npt.NDArray[np.int64]
    columns: npt.NDArray[np.int64]
    places: Array
    solid: Array


def cut_light(environment: EnvironmentMap, clipping: Clipping) -> CutLight:
    """All clipped pixels of a map."""
    found = []
    for first in range(0, environment.height, _BAND):
        down, across = np.nonzero(cut_pixels(environment, clipping, slice(first, first + _BAND)))
        found.append((first + down, across))
    rows, columns = (np.concatenate(each) for each in zip(*found))
    places = directions(row_latitudes(rows + 0.5, environment.height), column_angles(columns + 0.5, environment.width))
    return CutLight(rows, columns, places, environment.solid_angles()[rows])


def thinned(cut: CutLight, spacing: float) -> Array:
    """Directions ``(k, 3)`` among the clipped pixels, about ``spacing`` (radians) from each other."""
    cells = np.round(cut.places / spacing).astype(np.int64)
    _, which = np.unique(cells, axis=0, return_inverse=True)
    which = which.reshape(-1)
    sums = np.stack([np.bincount(which, cut.places[:, axis] * cut.solid) for axis in range(3)], axis=1)
    return np.asarray(sums / np.linalg.norm(sums, axis=1, keepdims=True))


def glare_middle(grid: Grid, luminance: npt.ArrayLike, cut: CutLight) -> Array:
    """The direction ``(3,)`` among clipped pixels closest to most of the light around: where the sun must be."""
    bright = grid.radiance @ np.asarray(luminance, dtype=np.float32)
    light = (bright * grid.solid_angles).ravel()
    places = directions(grid.latitudes[:, None], grid.angles[None, :]).reshape(-1, 3)
    strong = light > np.quantile(light, 0.5)
    light, places = light[strong], places[strong].astype(np.float32)
    wanted = thinned(cut, float(np.radians(1.5)))
    score = np.zeros(len(wanted))
    for first in range(0, len(wanted), 64):
        away = 1.0 - wanted[first : first + 64].astype(np.float32) @ places.T
        for width in _GLARE:
            score[first : first + 64] += (np.exp(-away * (2.0 / width**2)) @ light) / width
    middle = wanted[int(np.argmax(score))]
    for _ in range(4):
        near = cut.places @ middle > np.cos(_GLARE[0])
        middle = cut.solid[near] @ cut.places[near]
        middle = middle / np.linalg.norm(middle)
    return np.asarray(middle)


def paint_disk(environment: EnvironmentMap, toward: Array, irradiance: Array, angle: float = SUN) -> None:
    """Adds a disk of uniform radiance **in place**, which gives ``irradiance`` ``(3,)`` exactly; ``angle`` is full."""
    finer = 8
    pixel = np.pi / environment.height
    reach = angle / 2 + pixel
    latitude, azimuth = float(np.arcsin(np.clip(toward[2], -1, 1))), float(np.arctan2(toward[1], toward[0]))
    top = max(int((np.pi / 2 - latitude - reach) / pixel) - 1, 0)
    bottom = min(int((np.pi / 2 - latitude + reach) / pixel) + 2, environment.height)
    if abs(latitude) + reach < np.pi / 2 - pixel:
        half = int(np.arcsin(np.sin(reach) / np.cos(latitude)) / (2 * np.pi) * environment.width) + 2
        middle = int((0.5 - azimuth / (2 * np.pi)) * environment.width)
        columns = np.arange(middle - half, middle + half + 1)
    else:
        columns = np.arange(environment.width)
    down = row_latitudes((np.arange(top * finer, bottom * finer) + 0.5) / finer, environment.height)
    across = column_angles((columns[:, None] + (np.arange(finer) + 0.5) / finer).ravel(), environment.width)
    inside = directions(down[:, None], across[None, :]) @ toward > np.cos(angle / 2)
    covered = inside.reshape(bottom - top, finer, len(columns), finer).mean(axis=(1, 3))
    index = np.ix_(np.arange(top, bottom), columns % environment.width)
    solid = environment.solid_angles()[top:bottom, None]
    if not covered.any():  # smaller than the samples' distance: all of it into one pixel
        covered[(bottom - top) // 2, len(columns) // 2] = 1.0
    total = float((covered * solid).sum())
    environment.pixels[index] += (covered[..., None] * (irradiance / total)).astype(environment.pixels.dtype)


def repair_by_reading(
    environment: EnvironmentMap, clipping: Clipping, sun: float, shade: float, colour: Optional[Array] = None
) -> Tuple[EnvironmentMap, Repair]:
    """Gives the sun back what a light meter tells.

    ``sun`` and ``shade``: readings (lux, or anything proportional) of a meter held toward the sun, in its light and
    with the sun kept off it. Only their ratio is used, so the map needs no scale. Raises EnvironmentMapError.
    """
    if not (np.isfinite(sun) and np.isfinite(shade) and sun > shade > 0):
        raise EnvironmentMapError(
            "The reading in the sun must be higher than that in the shade, and both above 0: check the two values."
        )
    said = f"The sun gives {sun / shade - 1:.3g} times what the rest gives on a surface facing it, as read."
    return _with_sun(environment, clipping, "reading", said, lambda *_: sun / shade - 1, colour)


def repair_by_sky(
    environment: EnvironmentMap, clipping: Clipping, turbidity: float = 3.0
) -> Tuple[EnvironmentMap, Repair]:
    """Gives the sun back what it has over a cloudless sky at its height. EnvironmentMapError: it is down."""
    if not 1.0 <= turbidity <= 10.0:
        raise EnvironmentMapError("Turbidity goes from 1, the clearest air, to 10: 3 is a clear day.")

    def ratio(grid: Grid, weights: Array, middle: Array) -> float:
        elevation = float(np.arcsin(middle[2]))
        if elevation <= np.radians(0.5):
            raise EnvironmentMapError(
                "What is clipped lies below the horizon, so it is no sun in the sky: repair it by a ball or a reading."
            )
        down = map_irradiance(grid, np.stack([middle, [0.0, 0.0, 1.0]])) @ weights
        return sun_over_sky(elevation, turbidity) * float(down[1] / down[0])

    said = (
        f"Assumed: the map stands upright, the sky is cloudless, the sun unobscured, turbidity {turbidity:g} (ESRA's"
        " model of a clear sky); the sun's colour is that of its light through so much air."
    )
    return _with_sun(environment, clipping, "sky", said, ratio, None, turbidity)


def _with_sun(
    environment: EnvironmentMap,
    clipping: Clipping,
    method: str,
    said: str,
    ratio: Callable[[Grid, Array, Array], float],
    colour: Optional[Array],
    turbidity: Optional[float] = None,
) -> Tuple[EnvironmentMap, Repair]:
    """The map with a sun that is ``ratio`` times as strong, on a surface facing it, as all else."""
    weights = np.asarray(environment.luminance)
    cut = cut_light(environment, clipping)
    grid = reduced(environment, _COARSE)
    middle = glare_middle(grid, weights, cut)
    own = _light_near(environment, middle)
    rest = map_irradiance(grid, middle[None])[0] - own
    strength = ratio(grid, weights, middle) * float(rest @ weights)
    if colour is None:
        if turbidity is not None:
            colour = sun_colour(float(np.arcsin(middle[2])), turbidity)
        else:
            colour, said = _rim_colour(environment, cut, middle), said + " Assumed: it has the colour of its glare."
    wanted = np.asarray(colour) * (strength / float(np.asarray(colour) @ weights))
    added = np.maximum(wanted - own, 0.0)
    made = replace(environment, pixels=environment.pixels.copy())
    paint_disk(made, middle, added)
    return made, Repair(method, middle, added, np.zeros(3), (said,))


def _light_near(environment: EnvironmentMap, middle: Array) -> Array:
    """Irradiance ``(3,)`` of what is within ``_NEAR`` of a direction: what a hand before the sun keeps off a meter."""
    latitude, pixel = float(np.arcsin(np.clip(middle[2], -1, 1))), np.pi / environment.height
    first = max(int((np.pi / 2 - latitude - _NEAR) / pixel), 0)
    last = min(int((np.pi / 2 - latitude + _NEAR) / pixel) + 1, environment.height)
    rows = row_latitudes(np.arange(first, last) + 0.5, environment.height)
    angles = column_angles(np.arange(environment.width) + 0.5, environment.width)
    near = directions(rows[:, None], angles[None, :]) @ middle > np.cos(_NEAR)
    solid = np.broadcast_to(environment.solid_angles()[first:last, None], near.shape)
    return np.asarray(solid[near] @ environment.pixels[first:last][near].astype(np.float64))


def _rim_colour(environment: EnvironmentMap, cut: CutLight, middle: Array) -> Array:
    """Colour of what is bright around the sun and was not cut off."""
    grid = reduced(environment, _COARSE)
    places = directions(grid.latitudes[:, None], grid.angles[None, :])
    near = places @ middle > np.cos(_RIM + float(np.sqrt(cut.solid.sum() / np.pi)) / 2)
    values = grid.radiance[near].astype(np.float64)
    top = values.max()
    values = values[values.max(axis=1) < 0.95 * top]
    if not len(values):
        return np.ones(3)
    bright = values[values.sum(axis=1) >= np.quantile(values.sum(axis=1), 0.8)].mean(axis=0)
    return np.asarray(bright / bright.max()) if bright.max() > 0 else np.ones(3)


def lost_glare(environment: EnvironmentMap, cut: CutLight, middle: Array) -> Array:
    """Radiance ``(n, 3)`` that clipped pixels around a sun lost of its glare.

    The glare outside goes on inward as the power of the angle that it has there, from where half of a ring is clipped.
    """
    lost = np.zeros((len(cut.rows), 3))
    grid = reduced(environment, _COARSE)
    away = np.degrees(np.arccos(np.clip(directions(grid.latitudes[:, None], grid.angles[None, :]) @ middle, -1, 1)))
    bright = grid.radiance @ np.asarray(environment.luminance, dtype=np.float32)
    own = np.degrees(np.arccos(np.clip(cut.places @ middle, -1, 1)))
    level = environment.pixels[cut.rows, cut.columns].astype(np.float64)
    edges = np.arange(0.0, 31.0)
    covered = np.histogram(own, edges, weights=cut.solid)[0]
    rings = 2 * np.pi * -np.diff(np.cos(np.radians(edges)))
    full = covered > 0.5 * rings
    first = int(np.argmin(full)) if not full.all() else len(full)
    if first < 2 or first > 20:
        return lost
    angles, values = [], []
    for inner in range(first, min(2 * first + 2, 30)):
        ring = bright[(away >= inner) & (away < inner + 1)]
        if len(ring):
            angles.append(inner + 0.5)
            values.append(float(np.quantile(ring, 0.75)))
    if len(angles) < 2 or min(values) <= 0:
        return lost
    slope = float(np.clip(np.polyfit(np.log(angles), np.log(values), 1)[0], -3.0, 0.0))
    inside = (own < first) & (own > _CORE)
    lost[inside] = level[inside] * ((own[inside, None] / first) ** slope - 1)
    return lost


def added_spread(environment: EnvironmentMap, cut: CutLight, radiance: Array) -> Array:
    """Adds ``radiance`` ``(n, 3)`` to the clipped pixels **in place**; the flux ``(3,)`` that came in."""
    environment.pixels[cut.rows, cut.columns] += radiance.astype(environment.pixels.dtype)
    return np.asarray((radiance * cut.solid[:, None]).sum(axis=0))
