# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding out whether a map's brightest parts were cut off, by the flat plateau that this leaves.

A plateau alone proves nothing: a disk of one radiance, as lights made by a computer are, has one too. But what was cut
off leaves several plateaus at one value, or a ragged one, or colours that still differ where the limit was met, or a
rim that climbs to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional, Tuple

import numpy as np
import numpy.typing as npt

from .environment_map import EnvironmentMap
from .outline import clean_outline
from .sphere import Array, column_angles, directions, row_latitudes
from .windows import grown

_SHIPPED = 32000.0
"""Where the environments that ship with Blender end, as their licence file says; stored with loss."""
_HALF = 65504.0
"""The highest number of a half float."""
_LOSSY = 0.1
"""Lossy compression (DWA) blurs a plateau by so much."""
_FEWEST = 3
_FORMATS = ((2.0**-8, True, 5, 2.5), (2.0**-11, False, 4, 8.0), (2.0**-18, False, _FEWEST, 100.0))
"""Formats that values may have been stored in, the coarsest first: the step between two of them, as a part of the power
of two above; whether a pixel's channels share it; a plateau's fewest pixels; and by how many steps the channels of a
painted disk may differ on it. The last are floats, with room for the error of whatever was calculated with them."""
_SLOPE, _DEPTH, _THINNER = 2.0, 0.1, 3.0
"""A plateau has so many times the pixels of the next step down; below it, down to the second, are fewer than so many
times its own."""
_CONVERTED = ((1e-3, 0.05, 1.0), (0.012, 0.1, 1.0))
"""A plateau of luminance where a conversion of colours hides the format: equal to within; looked at down to; how many
pixels for each that is looked at below."""
_LARGE = 0.015
"""Nobody paints a disk that covers so much of the sphere, 28° wide."""
_MOST = 300_000
"""So many pixels tell what a plateau is."""
_HILL = 0.96
_COLOURED = 0.02
"""By so much (median) colours differ on a plateau that was cut out of a picture, not on a painted one."""
_CLIMBING = 0.5
"""What is so bright just outside a plateau climbs to it."""
_LIT = 0.01
"""Nobody paints a light that is brighter than all else and yet holds less of the light than this."""
_DOUBLED, _EVERY = 0.2, 8
"""A map has been made larger by repeating pixels where so many are equal to the next one; of how many rows one is
looked at."""
_BAND = 128


@dataclass(frozen=True)
class Clipping:
    """Where a map was cut off: at which value, how many pixels reach it, and their share of the sphere.

    ``of_luminance``: colours were kept, and luminance was cut; else each channel was. ``spare`` is the part of the
    level by which a format's steps may have put a pixel below it.
    """

    level: float
    pixels: int
    share: float
    of_luminance: bool = False
    spare: float = 1e-3

    @property
    def sentence(self) -> str:
        """For the user."""
        return (
            f"The environment is clipped at {self.level:.5g}: {self.pixels} pixels are cut off, so its brightest "
            "lights were stronger than it says."
        )


def find_clipping(environment: EnvironmentMap) -> Optional[Clipping]:
    """The plateau at which a map ends, None where its brightest values thin out as those of real lights do.

    At a limit of the file's format every plateau counts; elsewhere one that only a cut can have left. At the limit of
    the environments that ship with Blender the lossy codec may have blurred it.
    """
    highest = _highest(environment)
    for limit, spare in ((environment.limit, 1e-3), (_HALF, 1e-6)):
        if limit is not None and abs(highest[0] / limit - 1) < spare:
            count, _, share = _counted(environment, False, limit * (1 - spare), limit)
            if count >= _FEWEST:
                return Clipping(limit, count, share)
    plateaus = [_plateau(environment, luminance, highest[luminance]) for luminance in (False, True)]
    found = max((one for one in plateaus if one is not None), key=lambda one: one.clipping.pixels, default=None)
    if found is not None:
        return found.clipping if found.mixed or _was_cut(environment, found.clipping) else None
    for equal, depth, piled in _CONVERTED:
        count, below, share = _counted(environment, True, highest[1] * (1 - equal), highest[1] * (1 - depth))
        if count >= 2 * _FEWEST and count > piled * below:
            converted = Clipping(highest[1], count, share, True, 0.012)
            return converted if _was_cut(environment, converted) else None
    if abs(highest[0] / _SHIPPED - 1) < _LOSSY:
        count, _, share = _counted(environment, False, _SHIPPED * (1 - _LOSSY), _SHIPPED * (1 - _LOSSY))
        if count >= _FEWEST and _was_cut(environment, Clipping(highest[0], count, share)):
            return Clipping(_SHIPPED, count, share, False, _LOSSY)
    return None


def cut_pixels(environment: EnvironmentMap, clipping: Clipping, rows: slice) -> npt.NDArray[np.bool_]:
    """Which pixels ``(h, W)`` of some rows reach the plateau."""
    values = _values(environment, clipping.of_luminance, rows)
    return np.asarray(values >= clipping.level * (1 - clipping.spare))


def below_pixels(
    environment: EnvironmentMap, channel: int, lowest: float, limit: float, toward: Array, reach: float
) -> Array:
    """Colours ``(n, 3)``, all below a limit, of pixels that have at least ``lowest`` in one channel, and lie near.

    Near is what has an angle of at most ``reach`` (radians) to one of the directions ``toward`` ``(k, 3)``.
    """
    found = [np.zeros((0, 3))]
    cosine = np.cos(reach)
    for first in range(0, environment.height, _BAND):
        band = environment.pixels[first : first + _BAND]
        down, across = np.nonzero((band[..., channel] >= lowest) & (band < limit).all(axis=2))
        stride = -(-len(down) // _MOST)
        down, across = down[::stride] if stride else down, across[::stride] if stride else across
        latitudes = row_latitudes(first + down + 0.5, environment.height)
        places = directions(latitudes, column_angles(across + 0.5, environment.width)).astype(np.float32)
        near = np.zeros(len(down), dtype=np.bool_)
        for one in toward.astype(np.float32):
            near |= places @ one > cosine
        found.append(band[down[near], across[near]].astype(np.float64))
    return np.concatenate(found)


@dataclass(frozen=True)
class _Plateau:
    """``mixed``: its colours differ by more than a painted disk's do on what it was painted upon."""

    clipping: Clipping
    mixed: bool


def _plateau(environment: EnvironmentMap, luminance: bool, top: float) -> Optional[_Plateau]:
    """Pixels that are all at the very top, as far as the steps of the format that they were stored in let them."""
    stride, colours, solid = _brightest(environment, luminance, top * (1 - 2 * _DEPTH))
    values = colours @ np.asarray(environment.luminance) if luminance else colours.max(axis=1)
    steps, fewest, apart = _steps(colours)
    at_top = values >= top - 1.01 * steps
    count, wide = int(at_top.sum()), float(steps[at_top].max())
    next_step = int((values >= top - 2.02 * wide).sum()) - count
    below = int((values >= top * (1 - _DEPTH)).sum()) - count
    exact = apart == _FORMATS[-1][-1] and count > _FEWEST and not _doubled(environment)  # floats are never so alike
    if stride * count < fewest or count <= _SLOPE * next_step or (_THINNER * count <= below and not exact):
        return None
    share = stride * float(solid[at_top].sum()) / (4 * np.pi)
    mixed = float(np.ptp(colours[at_top], axis=0).max()) > apart * wide
    return _Plateau(Clipping(top, stride * count, share, luminance, max(1.01 * wide / top, 1e-5)), mixed)


def _brightest(environment: EnvironmentMap, luminance: bool, level: float) -> Tuple[int, Array, Array]:
    """Colours ``(n, 3)`` and solid angles ``(n,)`` of what reaches a level; every nth pixel where many do."""
    bands = [slice(first, first + _BAND) for first in range(0, environment.height, _BAND)]
    reached = [_values(environment, luminance, rows) >= level for rows in bands]
    stride, solid = -(-sum(int(band.sum()) for band in reached) // _MOST), environment.solid_angles()
    colours, sizes = [], []
    for rows, band in zip(bands, reached):
        down, across = np.nonzero(band)
        colours.append(environment.pixels[rows][down[::stride], across[::stride]])
        sizes.append(solid[rows][down[::stride]])
    return stride, np.concatenate(colours).astype(np.float64), np.concatenate(sizes)


def _steps(colours: Array) -> Tuple[Array, int, float]:
    """How far from each other a format puts values near each of some pixels ``(n,)``; and what _FORMATS says of it."""
    for step, shared, fewest, apart in _FORMATS:
        highest = np.abs(colours).max(axis=1, keepdims=True) if shared else np.abs(colours)
        size = np.ldexp(step, np.frexp(np.maximum(highest, 1e-30))[1])
        told = np.asarray(size.max(axis=1)), fewest, apart
        parts = 2 * colours / size  # some readers give the middle of a step
        if bool((np.abs(parts - np.round(parts)) < 1e-3).all()):
            break
    return told


def _was_cut(environment: EnvironmentMap, clipping: Clipping) -> bool:
    """Whether the plateau at the top is no single round disk of one colour that stands off what is around it."""
    luminance, top = clipping.of_luminance, clipping.level
    level = top * _HILL
    spots = _places(environment, luminance, level)
    if spots is None:
        return True
    rows, columns = spots
    first, last = max(int(rows.min()) - 4, 0), min(int(rows.max()) + 5, environment.height)
    band = environment.pixels[first:last]
    hill = np.asarray(_values(environment, luminance, slice(first, last)) >= level)
    seed = np.zeros_like(hill)
    seed[rows[0] - first, columns[0]] = True
    if int(grown(seed, hill, True).sum()) < len(rows):
        return True
    colours = band[rows - first, columns].astype(np.float64)
    ratios = colours / colours.max(axis=1, keepdims=True)
    if float(np.abs(ratios - np.median(ratios, axis=0)).mean(axis=0).max()) > _COLOURED:
        return True
    solid = environment.solid_angles()[rows]
    places = directions(row_latitudes(rows + 0.5, environment.height), column_angles(columns + 0.5, environment.width))
    middle = solid @ places
    middle /= np.linalg.norm(middle)
    pixel = np.pi / environment.height
    radius = float(np.arccos(1 - solid.sum() / (2 * np.pi)))
    round_one = float(np.arccos(np.clip(places @ middle, -1, 1)).max()) <= radius + 1.5 * pixel
    if not round_one and not clean_outline(places, middle, pixel, float(solid.sum())):
        return True
    around = _around(environment, luminance, middle, (first, last), (radius + 2 * pixel, radius + 4 * pixel))
    around = around[around < level]
    if len(around) and float(np.quantile(around, 0.75)) > _CLIMBING * top:
        return True
    light = float(solid @ (colours @ np.asarray(environment.luminance)))
    return light < _LIT * _light(environment) and not _doubled(environment)


def _light(environment: EnvironmentMap) -> float:
    """Luminance times solid angle, summed."""
    solid, bands = environment.solid_angles(), range(0, environment.height, _BAND)
    each = (solid[at : at + _BAND] @ _values(environment, True, slice(at, at + _BAND)).sum(axis=1) for at in bands)
    return float(sum(each))


def _doubled(environment: EnvironmentMap) -> bool:
    """Whether pixels are repeated, so that a plateau need be no more than one of them."""
    rows = environment.pixels[::_EVERY]
    lit = rows[:, 1:].any(axis=2)
    same = (rows[:, 1:] == rows[:, :-1]).all(axis=2) & lit
    return int(same.sum()) > _DOUBLED * max(int(lit.sum()), 1)


def _around(
    environment: EnvironmentMap, luminance: bool, middle: Array, rows: Tuple[int, int], ring: Tuple[float, float]
) -> Array:
    """Values of the pixels whose angles to a direction lie between two."""
    latitudes = row_latitudes(np.arange(*rows) + 0.5, environment.height)
    angles = column_angles(np.arange(environment.width) + 0.5, environment.width)
    cosines = np.outer(
        np.cos(latitudes) * np.cos(np.arcsin(middle[2])), np.cos(angles - np.arctan2(middle[1], middle[0]))
    )
    cosines += (np.sin(latitudes) * middle[2])[:, None]
    within = (cosines < np.cos(ring[0])) & (cosines > np.cos(ring[1]))
    return np.asarray(_values(environment, luminance, slice(*rows))[within], dtype=np.float64)


def _places(
    environment: EnvironmentMap, luminance: bool, level: float
) -> Optional[Tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Rows and columns of what reaches a level; None where that is a large part of the sphere."""
    solid, covered = environment.solid_angles(), 0.0
    found: List[Tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]] = []
    for first in range(0, environment.height, _BAND):
        down, across = np.nonzero(_values(environment, luminance, slice(first, first + _BAND)) >= level)
        covered += float(solid[first + down].sum())
        if covered > _LARGE * 4 * np.pi:
            return None
        found.append((first + down, across))
    return np.concatenate([rows for rows, _ in found]), np.concatenate([columns for _, columns in found])


def _values(environment: EnvironmentMap, luminance: bool, rows: slice) -> npt.NDArray[np.float32]:
    """Luminance or the highest channel ``(h, W)`` of some rows."""
    band = environment.pixels[rows]
    if luminance:
        return np.asarray(band @ np.asarray(environment.luminance, dtype=np.float32))
    return np.asarray(np.maximum(np.maximum(band[..., 0], band[..., 1]), band[..., 2]), dtype=np.float32)


def _highest(environment: EnvironmentMap) -> Tuple[float, float]:
    """The highest channel and the highest luminance of a map."""
    bands = [slice(first, first + _BAND) for first in range(0, environment.height, _BAND)]
    channel = max(float(environment.pixels[rows].max()) for rows in bands)
    return channel, max(float(_values(environment, True, rows).max()) for rows in bands)


def _counted(environment: EnvironmentMap, luminance: bool, level: float, lower: float) -> Tuple[int, int, float]:
    """Pixels at or over a level, those between it and a lower one, and the part of the sphere that the first cover."""
    solid = environment.solid_angles()
    count = below = 0
    covered = 0.0
    for first in range(0, environment.height, _BAND):
        values = _values(environment, luminance, slice(first, first + _BAND))
        if float(values.max()) < min(lower, level):
            continue
        over = values >= level
        count += int(over.sum())
        below += max(int((values >= lower).sum() - over.sum()), 0)
        covered += float(over.sum(axis=1) @ solid[first : first + _BAND])
    return count, below, covered / (4 * np.pi)
