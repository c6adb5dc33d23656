# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking the chosen lamps' light out of the map itself, pixel by pixel, so that not a watt is lost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, List, Optional, Tuple

import numpy as np
import numpy.typing as npt

from .choosing import Source
from .environment_map import EnvironmentMap, Floats, Grid
from .finding import Patch
from .lamps import Lamp, disk_angle, moments, pixel_variance
from .progress import Tell, nobody
from .small_disks import small_disk
from .sphere import Array, column_angles, directions, row_latitudes

_BAND = 8
"""Rows of the grid that are worked on at a time."""


class _Gathered:
    """Light taken out for one lamp: directions, irradiance of each pixel, and whether it is of the lamp's core."""

    def __init__(self) -> None:
        self.directions: List[Array] = []
        self.light: List[Array] = []
        self.core: List[npt.NDArray[np.bool_]] = []

    def lamp(self, environment: EnvironmentMap, total: float, group: int) -> Optional[Lamp]:
        if not self.light:
            return None
        places, light = np.concatenate(self.directions), np.concatenate(self.light)
        core = np.concatenate(self.core)
        energies = light @ np.asarray(environment.luminance)
        if not energies.sum() > 0:
            return None
        whole = moments(places, energies)
        size = moments(places[core], energies[core]) if energies[core].sum() > 0 else whole
        within = pixel_variance(
            float(np.arcsin(whole.direction[2])), np.pi / environment.height, 2 * np.pi / environment.width
        )
        angle = disk_angle(max(size.variance - within, within / 4))
        angle = small_disk(environment, places[core], energies[core], angle) or angle
        share = whole.energy / total
        return Lamp(whole.direction, light.sum(axis=0), angle, size.elongation, size.axis, share, False, group)


def take_out(
    environment: EnvironmentMap,
    grid: Grid,
    patches: List[Patch],
    sources: List[Source],
    total: float,
    tell: Tell = nobody,
) -> List[Lamp]:
    """Takes the light of the sources out of the map's pixels **in place** and gives the lamps that stand for it.

    The sum of a lamp's irradiance is exactly what its pixels lost. ``total`` is the map's luminance times solid angle.
    """
    gathered = [_Gathered() for _ in sources]
    solid = environment.solid_angles()
    latitudes = row_latitudes(np.arange(environment.height) + 0.5, environment.height)
    angles = column_angles(np.arange(environment.width) + 0.5, environment.width)
    for number, patch in enumerate(patches):
        tell(number / len(patches))
        labels, cores = _labels(patch, number, sources)
        if labels is None:
            continue
        for rows, columns, label, core, fill in _bands(grid, patch, labels, cores):
            block = np.ix_(rows, columns)
            before = environment.pixels[block]
            after = np.where((label >= 0)[..., None], np.minimum(before, fill), before).astype(before.dtype)
            lost = before.astype(np.float64) - after
            environment.pixels[block] = after
            for place in np.unique(label[label >= 0]):
                chosen = (label == place) & (lost != 0).any(axis=2)
                down, across = np.nonzero(chosen)
                if not len(down):
                    continue
                gathered[place].directions.append(directions(latitudes[rows[down]], angles[columns[across]]))
                gathered[place].light.append(lost[chosen] * solid[rows[down], None])
                gathered[place].core.append(core[chosen])
    lamps = [one.lamp(environment, total, source.group) for one, source in zip(gathered, sources)]
    numbers = {group: place for place, group in enumerate(dict.fromkeys(lamp.group for lamp in lamps if lamp))}
    return [replace(lamp, group=numbers[lamp.group]) for lamp in lamps if lamp is not None]


def _labels(
    patch: Patch, number: int, sources: List[Source]
) -> Tuple[Optional[npt.NDArray[np.int64]], npt.NDArray[np.bool_]]:
    """For each pixel of the patch's window the number of its source, -1 for none; and whether it tells its size."""
    inside = np.full(len(patch.removed), -1)
    tells = np.zeros(len(patch.removed), dtype=np.bool_)
    for place, source in enumerate(sources):
        for order, (which, mask) in enumerate(source.parts):
            if which == number:
                inside[mask] = place
                tells[mask] = order < source.core
    if (inside < 0).all():
        return None, tells
    labels = np.full(patch.region.shape, -1)
    labels[patch.region] = inside
    cores = np.zeros(patch.region.shape, dtype=np.bool_)
    cores[patch.region] = tells
    return labels, cores


def _bands(grid: Grid, patch: Patch, labels: npt.NDArray[np.int64], cores: npt.NDArray[np.bool_]) -> Any:
    """Pieces of the map that a patch covers: rows, columns, and for each of their pixels label, core and fill."""
    used = np.flatnonzero((labels >= 0).any(axis=0))
    left, right = int(used[0]), int(used[-1]) + 1
    columns_of = patch.window.columns[left:right]
    widths = np.diff(grid.column_edges)[columns_of]
    starts = grid.column_edges[columns_of]
    columns = np.repeat(starts, widths) + _counted(widths)
    block_column = np.repeat(np.arange(left, right), widths)
    across = block_column + (_counted(widths) + 0.5) / np.repeat(widths, widths) - 0.5
    filled_rows = np.flatnonzero((labels >= 0).any(axis=1))
    for first in range(int(filled_rows[0]), int(filled_rows[-1]) + 1, _BAND):
        blocks = np.arange(first, min(first + _BAND, int(filled_rows[-1]) + 1))
        edges = grid.row_edges[patch.window.first_row + blocks]
        heights = np.diff(grid.row_edges)[patch.window.first_row + blocks]
        rows = np.repeat(edges, heights) + _counted(heights)
        block_row = np.repeat(blocks, heights)
        down = block_row + (_counted(heights) + 0.5) / np.repeat(heights, heights) - 0.5
        index = np.ix_(block_row, block_column)
        yield rows, columns, labels[index], cores[index], _between(patch.fill, down, across)


def _counted(sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """0, 1, … within each run of the given sizes."""
    return np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)


def _between(values: Floats, down: Array, across: Array) -> Floats:
    """Values ``(h, w, 3)`` at rows ``(m,)`` and columns ``(n,)`` between the blocks, linearly."""
    height, width = values.shape[:2]
    rows, part = _parts(down, height)
    mixed = values[rows[0]] * (1 - part)[:, None, None] + values[rows[1]] * part[:, None, None]
    columns, part = _parts(across, width)
    across_too = mixed[:, columns[0]] * (1 - part)[None, :, None] + mixed[:, columns[1]] * part[None, :, None]
    return np.asarray(across_too, dtype=np.float32)


def _parts(places: Array, size: int) -> Tuple[Tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]], Floats]:
    low = np.clip(np.floor(places), 0, size - 1).astype(np.int64)
    part = np.asarray(np.clip(places - low, 0.0, 1.0), dtype=np.float32)
    return (low, np.minimum(low + 1, size - 1)), part
