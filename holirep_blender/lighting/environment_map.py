# SPDX-License-Identifier: GPL-3.0-or-later
"""An environment map in memory, checked, and a smaller copy of it that keeps its energy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Optional, Tuple

import numpy as np
import numpy.typing as npt

from .errors import EnvironmentMapError
from .progress import Tell, nobody
from .sphere import Array, column_angles, row_latitudes, row_solid_angles

Floats = npt.NDArray[np.float32]

REC709_LUMINANCE = (0.2126390059, 0.7151686788, 0.0721923154)
"""Luminance of linear Rec.709 (ITU-R BT.709 primaries, D65)."""

_BAND = 128
"""Rows that are worked on at a time, so that memory does not grow with the map."""


@dataclass
class EnvironmentMap:
    """An equirectangular radiance map.

    ``pixels`` ``(H, W, 3)`` float32 or float16, linear, the top row first, all finite. ``luminance`` are the weights of
    its primaries. ``notes`` say what was mended in the pixels. ``limit`` is the highest value that the file's format
    has room for, where that is low.
    """

    pixels: npt.NDArray[Any]
    luminance: Tuple[float, float, float] = REC709_LUMINANCE
    notes: Tuple[str, ...] = field(default=())
    limit: Optional[float] = None

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.pixels.shape[1])

    def solid_angles(self) -> Array:
        """Solid angle ``(H,)`` of a pixel in each row, in steradians."""
        return row_solid_angles(row_latitudes(np.arange(self.height + 1), self.height), self.width)


def checked_map(pixels: npt.NDArray[Any], luminance: Tuple[float, float, float] = REC709_LUMINANCE) -> EnvironmentMap:
    """An environment map of pixels as a file has them, mended in place where single pixels are broken.

    Pixels that are no number become black, infinite ones as bright as the brightest finite one, and both are noted; so
    are negative ones where they are many, which stay. Raises EnvironmentMapError where the picture cannot be an
    equirectangular map.
    """
    if pixels.ndim != 3 or pixels.shape[2] != 3:
        raise EnvironmentMapError("An environment map needs red, green and blue for each pixel.")
    height, width = pixels.shape[:2]
    if height < 8 or abs(width / max(height, 1) - 2.0) > 0.02:
        raise EnvironmentMapError(
            f"The picture has {width} x {height} pixels; an equirectangular environment is twice as wide as high."
        )
    notes, brightest, dark, broken = [], 0.0, 0, 0
    infinite: list[int] = []
    for first in range(0, height, _BAND):
        band = pixels[first : first + _BAND]
        highest, lowest = float(band.max()), float(band.min())
        if np.isfinite(highest) and np.isfinite(lowest):
            brightest = max(brightest, highest)
        else:
            finite = np.isfinite(band)
            broken += int((~finite).any(axis=2).sum())
            brightest = max(brightest, float(band[finite].max(initial=0.0)))
            if np.isposinf(band).any():
                infinite.append(first)
            band[np.isnan(band) | np.isneginf(band)] = 0.0
            lowest = float(band.min())
        if lowest < 0.0:
            dark += int((band < 0.0).any(axis=2).sum())
    for first in infinite:
        band = pixels[first : first + _BAND]
        band[np.isposinf(band)] = brightest
    if broken > height * width // 2:
        raise EnvironmentMapError(
            "More than half of the pixels are no finite numbers: the file is broken; export it again."
        )
    if brightest <= 0.0:
        raise EnvironmentMapError("The environment is black: there is no light in it.")
    if broken:
        notes.append(broken_note(broken))
    if dark * 1000 > height * width:
        notes.append(f"{dark} pixels are negative; they stay as they are.")
    return EnvironmentMap(pixels, luminance, tuple(notes))


def broken_note(count: int) -> str:
    """For the user, of pixels that were mended."""
    return f"{count} pixels are no finite numbers: they are taken as black, or as bright as the brightest."


@dataclass
class Grid:
    """A map averaged over blocks of pixels by solid angle; its energy is the map's.

    ``radiance`` ``(h, w, 3)`` float32; ``row_edges`` ``(h + 1,)`` and ``column_edges`` ``(w + 1,)`` are the blocks'
    edges in the map's pixels; ``solid_angles`` ``(h, w)``; ``latitudes`` ``(h,)`` and ``angles`` ``(w,)`` of their
    middles.
    """

    radiance: Floats
    row_edges: npt.NDArray[np.int64]
    column_edges: npt.NDArray[np.int64]
    solid_angles: Array
    latitudes: Array
    angles: Array

    @property
    def shape(self) -> Tuple[int, int]:
        """Rows and columns."""
        return int(self.radiance.shape[0]), int(self.radiance.shape[1])

    @property
    def flux(self) -> Array:
        """Radiance times solid angle, summed over the sphere: ``(3,)``."""
        return np.asarray(np.einsum("hwc,hw->c", self.radiance, self.solid_angles))


def reduced(environment: EnvironmentMap, width: int, tell: Tell = nobody) -> Grid:
    """The map averaged to at least ``width`` columns and less than twice as many; the map itself where it has fewer."""
    rows, columns = environment.height, environment.width
    factor = max(1, columns // width)
    row_edges = np.round(np.linspace(0, rows, -(-rows // factor) + 1)).astype(np.int64)
    column_edges = np.round(np.linspace(0, columns, -(-columns // factor) + 1)).astype(np.int64)
    latitudes = row_latitudes(np.arange(rows + 1), rows)
    weights = row_solid_angles(latitudes, columns)
    edges = latitudes[row_edges]
    middle = np.arcsin((np.sin(edges[:-1]) + np.sin(edges[1:])) / 2) if factor > 1 else (edges[:-1] + edges[1:]) / 2
    angles = column_angles((column_edges[:-1] + column_edges[1:]) / 2, columns)
    solid = row_solid_angles(edges, columns)[:, None] * np.diff(column_edges)[None, :]
    if factor == 1:
        radiance = np.asarray(environment.pixels, dtype=np.float32)
    else:
        radiance = np.empty((len(row_edges) - 1, len(column_edges) - 1, 3), dtype=np.float32)
        for row, (first, last) in enumerate(zip(row_edges[:-1], row_edges[1:])):
            mean = weights[first:last].astype(np.float32) @ environment.pixels[first:last].reshape(last - first, -1)
            summed = np.add.reduceat(mean.reshape(columns, 3), column_edges[:-1], axis=0)
            radiance[row] = summed / solid[row][:, None]
            tell((row + 1) / len(radiance))
    return Grid(radiance, row_edges, column_edges, solid, middle, angles)
