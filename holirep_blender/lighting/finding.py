# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding lamps: what stands out of its surroundings and holds a share of the light.

A lamp begins at the brightest pixel and grows down, level by level, until it has sunk into its surroundings, has
spilled over an edge into something much larger, or is far below its own peak; what lies further down is looked at
afterwards as a lamp of its own. So a sun is parted from its glow, and a bulb from the window behind it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional, Tuple

import numpy as np
import numpy.typing as npt

from .environment_map import Floats, Grid
from .progress import Tell, nobody
from .sphere import Array, directions, pixel_of
from .windows import Mask, Window, grown, spread, window_around

_WIDEST = np.radians(24.0)
"""Nothing that reaches further from its peak is a lamp."""
_MARGIN = np.radians(1.5)
_RING = np.radians(7.2), np.radians(12.0)
"""Where the surroundings are measured, from the peak."""
_OUTER_RING = np.radians(18.0), np.radians(24.0)
"""The same for what is looked at from its middle."""
_ASIDE = np.radians(2.0)
_STANDS_OUT = 4.0
"""How often the radiance of the surroundings a lamp must reach."""
_STEP = 2.0**-0.5
_DEEPEST = 8
"""Stops below its peak at which a lamp ends at the latest."""
_SPILL = 4.0
"""A region that grows by more than this in half a stop has spilled over an edge."""
_STEADY, _SAME, _EDGE = 3, 1.1, 1.2
"""What grew by less than the second for so many half stops has a sharp edge: a growth by the third then spills over."""
_ATTEMPTS = 60
_GLOW = 0.1
"""What lies around a lamp and was parted from it may hold so much less than a lamp must."""
_CLOSE = 0.5
"""A peak that holds less than this part of what a lamp must ends the row of those that lead."""
_RIM = 400
"""So many pixels of a rim are enough for a smooth fill."""


Halo = Tuple[Mask, float]
"""What lies around a lamp and stands out too, in the lamp's window, and up to which luminance it is left."""


@dataclass
class Patch:
    """Where light that stands out is taken out of the grid.

    ``region`` ``(h, w)`` in ``window``; ``fill`` ``(h, w, 3)`` what is left in the region, and the grid's own radiance
    around it; ``removed`` ``(n, 3)`` the radiance taken out at the region's pixels, ``directions`` ``(n, 3)`` and
    ``solid_angles`` ``(n,)`` theirs; ``energy`` the luminance taken out times solid angle.
    ``parent`` is the number of the patch that this one is the glow of; ``halo``: it was found with it. ``leads``:
    nothing that was brighter was too weak to be a lamp. ``wide``: even, and its middle had to be looked for.
    """

    window: Window
    region: Mask
    fill: Floats
    removed: Floats
    directions: Array
    solid_angles: Array
    energy: float
    parent: Optional[int]
    leads: bool
    wide: bool
    halo: bool = False


def find_patches(grid: Grid, luminance: npt.ArrayLike, least: float, tell: Tell = nobody) -> List[Patch]:
    """All light that stands out, the brightest peaks first.

    ``least`` is the share of the map's light (luminance) that a lamp must hold.
    """
    weights = np.asarray(luminance, dtype=np.float32)
    radiance = grid.radiance.copy()
    bright = radiance @ weights
    total = float((bright * grid.solid_angles).sum())
    free = bright.copy()
    owner = np.full(grid.shape, -1)
    cap = 2 * np.pi * (1 - np.cos(_WIDEST))
    found: List[Patch] = []

    def taken(patch: Patch) -> None:
        """Takes a patch's light out."""
        owners = owner[patch.window.index]
        owners[patch.region] = np.where(owners[patch.region] >= 0, owners[patch.region], len(found))
        owner[patch.window.index] = owners
        found.append(patch)
        view = radiance[patch.window.index]
        view[patch.region] -= patch.removed
        radiance[patch.window.index] = view
        left = view @ weights
        bright[patch.window.index] = left
        free[patch.window.index] = np.where(patch.region, left, free[patch.window.index])

    leads = True
    for attempt in range(_ATTEMPTS):
        tell(attempt / _ATTEMPTS)
        row, column = divmod(int(free.argmax()), free.shape[1])
        top = float(free[row, column])
        if top <= 0 or top * cap < least * total:
            break
        window, region, dull, wide, halo = _around(bright, grid, (row, column), _GLOW * least * total)
        seen = free[window.index]
        if region is None:
            seen[dull] = 0.0
            free[window.index] = seen
            leads = leads and bool((owner[window.index][dull] >= 0).any())
            continue
        parent = int(owner[window.index][region].max(initial=-1))
        patch = _patch(radiance, grid, window, region, weights)
        if patch.energy < (_GLOW if parent >= 0 else 1.0) * least * total:
            leads = leads and (parent >= 0 or patch.energy > _CLOSE * least * total)
            seen[region] = 0.0
            free[window.index] = seen
            continue
        patch.leads, patch.wide, patch.parent = leads and not wide, wide, parent if parent >= 0 else None
        taken(patch)
        if halo is None or parent >= 0:
            continue
        around = _patch(radiance, grid, window, halo[0], weights, halo[1])
        if around.energy >= _GLOW * least * total:
            around.parent, around.halo = len(found) - 1, True
            taken(around)
    return found


def _around(
    bright: Floats, grid: Grid, peak: Tuple[int, int], least: float
) -> Tuple[Window, Optional[Mask], Mask, bool, Optional[Halo]]:
    """The window around a peak; the lamp's region in it, or None; what is no lamp either; and whether it is wide.

    What reaches far to one side of its peak, such as a window of even brightness, is looked at again from its middle.
    """
    middle = float(grid.latitudes[peak[0]]), float(grid.angles[peak[1]])
    for widest in (_RING[1], _WIDEST):  # most lights are small, and a small window is soon looked through
        window = window_around(peak[0] + 0.5, peak[1] + 0.5, widest + _MARGIN, grid.shape)
        region, dull, beyond, glow = _region(bright[window.index], grid, window, peak, middle, _RING, widest, least)
        if not beyond:
            break
    if region is not None:
        return window, region, dull, False, glow
    rows, columns = window.index
    down, across = np.nonzero(bright[window.index] >= 0.5 * bright[peak])
    light = bright[window.index][down, across] * grid.solid_angles[rows][:, columns][down, across]
    centre = light @ directions(grid.latitudes[rows][down], grid.angles[columns][across])
    centre /= np.linalg.norm(centre)
    aside = float(np.arccos(np.clip(centre @ directions(np.array(middle[0]), np.array(middle[1])), -1.0, 1.0)))
    if not _ASIDE < aside < _WIDEST:
        return window, None, dull, False, None
    row, column = pixel_of(centre, grid.shape[1], grid.shape[0])
    again = window_around(row, column, _WIDEST + _MARGIN, grid.shape)
    middle = float(np.arcsin(centre[2])), float(np.arctan2(centre[1], centre[0]))
    region, _, _, _ = _region(bright[again.index], grid, again, peak, middle, _OUTER_RING, _WIDEST, least)
    return (window, None, dull, False, None) if region is None else (again, region, region, True, None)


def _region(
    bright: Floats,
    grid: Grid,
    window: Window,
    peak: Tuple[int, int],
    middle: Tuple[float, float],
    ring: Tuple[float, float],
    widest: float,
    least: float,
) -> Tuple[Optional[Mask], Mask, bool, Optional[Halo]]:
    """The lamp's region around a peak, or None; its pixels, or those around it that are no lamp either.

    And whether it reached beyond ``widest``. ``middle`` is the latitude and the angle that distances are measured from,
    ``ring`` where the surroundings are.
    """
    rows, columns = window.index
    latitudes, angles = grid.latitudes[rows], grid.angles[columns]
    cosine = np.outer(np.cos(latitudes) * np.cos(middle[0]), np.cos(angles - middle[1]))
    cosine += (np.sin(latitudes) * np.sin(middle[0]))[:, None]
    solid = grid.solid_angles[rows][:, columns]
    seed = np.zeros(window.shape, dtype=np.bool_)
    seed[peak[0] - window.first_row, int(np.flatnonzero(columns == peak[1])[0])] = True
    top = float(bright[seed][0])
    surroundings = bright[(cosine < np.cos(ring[0])) & (cosine > np.cos(ring[1]))]
    around = float(np.median(surroundings)) if len(surroundings) else 0.0
    lowest = max(_STANDS_OUT * max(around, 0.0), top * 2.0**-_DEEPEST)
    inside = cosine > np.cos(widest)
    near = cosine > np.cos(ring[0])
    if top < lowest:
        return None, seed | (near & (bright >= 0.5 * top)), False, None
    high = bright >= lowest
    if float((bright * solid)[high & inside].sum()) < least:
        return None, seed | (near & high), False, None
    region: Optional[Mask] = None
    start, level, beyond, steady, last, wide = seed, top, False, 0, 0.0, 0.0
    while level > lowest:
        level = max(level * _STEP, lowest)
        start = grown(start, bright >= level, window.ring)
        beyond = bool((start & ~inside).any())
        if beyond:
            break
        size = float(solid[start].sum())
        if region is not None and size > (_EDGE if steady >= _STEADY else _SPILL) * wide:
            break
        steady = steady + 1 if region is not None and size < _SAME * last else 0
        region, last, wide = start, size, float(solid[spread(start, window.ring)].sum())
    if region is None:
        return None, start, beyond, None
    glow = grown(region, (bright >= _STANDS_OUT * max(around, 0.0)) & (cosine > np.cos(ring[1])), window.ring)
    return spread(region, window.ring), region, beyond, (glow, _STANDS_OUT * around) if around > 0 else None


def _patch(
    radiance: Floats, grid: Grid, window: Window, region: Mask, weights: Floats, cap: Optional[float] = None
) -> Patch:
    """What is taken out in a region: all above a fill that passes smoothly from rim to rim and stays below ``cap``."""
    rows, columns = window.index
    view = radiance[rows][:, columns]
    wider = spread(region, window.ring)
    rim = spread(wider, window.ring) & ~region
    down, across = np.nonzero(region)
    places = directions(grid.latitudes[rows][down], grid.angles[columns][across])
    edge_down, edge_across = np.nonzero(rim)
    if len(edge_down) > _RIM:
        kept = np.linspace(0, len(edge_down) - 1, _RIM).astype(np.int64)
        edge_down, edge_across = edge_down[kept], edge_across[kept]
    edge = directions(grid.latitudes[rows][edge_down], grid.angles[columns][edge_across])
    fill = view.copy()
    fill[region] = _filled(places, edge, view[edge_down, edge_across])
    if cap is not None:
        light = fill[region] @ weights
        fill[region] *= np.minimum(1.0, cap / np.maximum(light, 1e-30))[:, None]
    removed = np.maximum(view[region] - fill[region], 0.0)
    solid = grid.solid_angles[rows][:, columns][region]
    return Patch(window, region, fill, removed, places, solid, float((removed @ weights) @ solid), None, False, False)


def _filled(places: Array, edge: Array, values: Floats) -> Floats:
    """Values ``(n, 3)`` at places from those on the edge, weighted by the inverse fourth power of distance."""
    near = np.maximum(1.0 - places.astype(np.float32) @ edge.T.astype(np.float32), np.float32(1e-7))
    weights = 1.0 / (near * near)
    weights /= weights.sum(axis=1, keepdims=True)
    return np.asarray(weights @ values, dtype=np.float32)
