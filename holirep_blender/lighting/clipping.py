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
from .sphere import Array, column_angles, directions, row_latitudes
from .windows import grown

_SHIPPED = 32000.0
"""Where the environments that ship with Blender end, as their licence file says; stored with loss."""
_HALF = 65504.0
"""The highest number of a half float."""
_LOSSY = 0.1
"""Lossy compression (DWA) blurs a plateau by so much."""
_FEWEST = 3
_RULES = (
    (False, 1e-5, 0.1, _FEWEST, 0.5),
    (True, 1e-5, 0.01, _FEWEST, 0.5),
    (True, 1e-3, 0.05, 2 * _FEWEST, 1.0),
    (True, 0.012, 0.1, 2 * _FEWEST, 1.0),
)
"""What is a plateau: of luminance or of the highest channel; equal to within; looked at down to; its fewest pixels; and
how many for each pixel looked at below it. The last allows for a shared exponent's eight bits."""
_LARGE = 0.015
"""Nobody paints a disk that covers so much of the sphere, 28° wide."""
_HILL = 0.96
_COLOURED = 0.02
"""By so much (median) colours differ on a plateau that was cut out of a picture, not on a painted one."""
_MIXED = 1e-3
"""Colours that differ by so much have one luminance only where that was cut."""
_CLIMBING = 0.5
"""What is so bright just outside a plateau climbs to it."""
_BAND = 128


@dataclass(frozen=True)
class Clipping:
    """Where a map was cut off: at which value, how many pixels reach it, and their share of the sphere.

    ``of_luminance``: colours were kept, and luminance was cut; else each channel was.
    """

    level: float
    pixels: int
    share: float
    of_luminance: bool = False

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
    for luminance, equal, depth, fewest, piled in _RULES:
        top = highest[luminance]
        count, below, share = _counted(environment, luminance, top * (1 - equal), top * (1 - depth))
        if count >= fewest and count > piled * below:
            return Clipping(top, count, share, luminance) if _was_cut(environment, luminance, top) else None
    if abs(highest[0] / _SHIPPED - 1) < _LOSSY:
        count, _, share = _counted(environment, False, _SHIPPED * (1 - _LOSSY), _SHIPPED * (1 - _LOSSY))
        if count >= _FEWEST and _was_cut(environment, False, highest[0]):
            return Clipping(_SHIPPED, count, share)
    return None


def cut_pixels(environment: EnvironmentMap, clipping: Clipping, rows: slice) -> npt.NDArray[np.bool_]:
    """Which pixels ``(h, W)`` of some rows reach the plateau."""
    values = _values(environment, clipping.of_luminance, rows)
    spare = _LOSSY if clipping.level == _SHIPPED else 0.012 if clipping.of_luminance else 1e-3
    return np.asarray(values >= clipping.level * (1 - spare))


def _was_cut(environment: EnvironmentMap, luminance: bool, top: float) -> bool:
    """Whether the plateau at the top is no single round disk of one colour that stands off what is around it."""
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
    if luminance:
        equal = colours @ np.asarray(environment.luminance) >= top * (1 - _RULES[1][1])
        peaks = colours[equal].max(axis=1)
        if float(np.ptp(peaks)) > _MIXED * top:
            return True
    ratios = colours / colours.max(axis=1, keepdims=True)
    if float(np.abs(ratios - np.median(ratios, axis=0)).mean(axis=0).max()) > _COLOURED:
        return True
    solid = environment.solid_angles()[rows]
    places = directions(row_latitudes(rows + 0.5, environment.height), column_angles(columns + 0.5, environment.width))
    middle = solid @ places
    middle /= np.linalg.norm(middle)
    pixel = np.pi / environment.height
    radius = float(np.arccos(1 - solid.sum() / (2 * np.pi)))
    if float(np.arccos(np.clip(places @ middle, -1, 1)).max()) > radius + 1.5 * pixel:
        return True
    around = _around(environment, luminance, middle, (first, last), (radius + 2 * pixel, radius + 4 * pixel))
    return bool(len(around)) and float(np.quantile(around, 0.75)) > _CLIMBING * top


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
