# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding a 24-patch colour chart in a picture: even patches, a lattice through them, and the colours that fit it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Tuple

import numpy as np
import numpy.typing as npt

from .chart import COLUMNS, ROWS, chart_error, chart_light, homography, mapped, patch_colours, patch_middles
from .sphere import Array

Mask = npt.NDArray[np.bool_]
_WORK = 640
"""Columns of the picture that is searched, at most."""
_EVENNESS = (0.03, 0.06, 0.12)
"""How much a patch may change from pixel to pixel, of encoded white; noise and blur ask for different ones."""
_SMALLEST, _LARGEST = 12, 0.02
"""Pixels, and part of the picture, of a patch."""
_SHAPE = 0.75, 1.2
"""Area over that of the parallelogram with the same second moments: 1 for a parallelogram, 1.05 for an ellipse."""
_SEEDS = 40
_LEAST_PATCHES = 8
_WORST = 25.0
"""Mean delta E*ab above which what was found is no chart, or one in light of several colours."""


@dataclass(frozen=True)
class FoundChart:
    """``chart`` ``(3, 3)`` takes places on the chart to pixels (edges at integers); ``error`` mean delta E*ab."""

    chart: Array
    error: float


def find_chart(picture: npt.NDArray[np.floating[Any]], space: str = "Linear Rec.709") -> Optional[FoundChart]:
    """The chart in a linear picture ``(H, W, 3)``, at any angle, also upside down; None where none is seen."""
    step = max(1, -(-picture.shape[1] // _WORK))
    small = _shrunk(picture, step)
    white = max(float(np.percentile(small, 99.5)), 1e-9)
    encoded = np.clip(small / white, 0.0, 1.0) ** (1 / 2.2)
    best: Optional[FoundChart] = None
    for evenness in _EVENNESS:
        middles, bases = _patches(encoded, evenness)
        for lattice in _lattices(middles, bases):
            found = _best_placing(lattice, middles, small, space)
            if found is not None and (best is None or found.error < best.error):
                best = found
    if best is None or best.error > _WORST:
        return None
    return FoundChart(np.diag([step, step, 1.0]) @ best.chart, best.error)


def chart_of_corners(
    picture: npt.NDArray[np.floating[Any]], corners: npt.ArrayLike, space: str = "Linear Rec.709"
) -> FoundChart:
    """The chart whose four corner patches have their middles at ``corners`` ``(4, 2)`` pixels, in any order.

    Raises ValueError where they enclose no chart's colours.
    """
    points = np.asarray(corners, dtype=np.float64).reshape(4, 2)
    middle = points.mean(axis=0)
    around = points[np.argsort(np.arctan2(*(points - middle).T[::-1]))]
    places = np.array([(0, 0), (COLUMNS - 1, 0), (COLUMNS - 1, ROWS - 1), (0, ROWS - 1)], dtype=np.float64)
    best: Optional[FoundChart] = None
    for turn in range(4):
        for order in (around, around[::-1]):
            chart = homography(places, np.roll(order, turn, axis=0))
            error = _error(chart, picture, space)
            if best is None or error < best.error:
                best = FoundChart(chart, error)
    if best is None or best.error > _WORST:
        raise ValueError(
            "These four points are no corners of a colour chart: click the middles of its four corner patches."
        )
    return best


def _shrunk(picture: npt.NDArray[np.floating[Any]], step: int) -> Array:
    rows, columns = picture.shape[0] // step, picture.shape[1] // step
    cut = picture[: rows * step, : columns * step, :3].astype(np.float64)
    return np.asarray(cut.reshape(rows, step, columns, step, 3).mean(axis=(1, 3)))


def _patches(encoded: Array, evenness: float) -> Tuple[Array, Array]:
    """Middles ``(n, 2)`` in pixels and second moments ``(n, 2, 2)`` of even regions of a parallelogram's shape."""
    smooth = _blurred(encoded)
    across = np.abs(np.diff(smooth, axis=1)).max(axis=2)
    down = np.abs(np.diff(smooth, axis=0)).max(axis=2)
    even = np.ones(encoded.shape[:2], dtype=bool)
    for change, axis in ((across > evenness, 1), (down > evenness, 0)):
        even &= ~np.pad(change, [(0, 0), (0, 1)] if axis == 1 else [(0, 1), (0, 0)])
        even &= ~np.pad(change, [(0, 0), (1, 0)] if axis == 1 else [(1, 0), (0, 0)])
    even[[0, -1]] = even[:, [0, -1]] = False
    labels, count = labelled(even)
    if not count:
        return np.zeros((0, 2)), np.zeros((0, 2, 2))
    rows, columns = np.nonzero(labels)
    which = labels[rows, columns] - 1
    area = np.bincount(which, minlength=count).astype(np.float64)
    x, y = columns + 0.5, rows + 0.5
    mx, my = (np.bincount(which, weights=each, minlength=count) / area for each in (x, y))
    xx, xy, yy = (
        np.bincount(which, weights=each, minlength=count) / area for each in
        ((x - mx[which]) ** 2, (x - mx[which]) * (y - my[which]), (y - my[which]) ** 2)
    )  # fmt: skip
    moments = np.stack([np.stack([xx, xy], -1), np.stack([xy, yy], -1)], -1)
    spread = np.sqrt(np.maximum(xx * yy - xy**2, 1e-12))
    shape = area / (12 * spread)
    longest = np.linalg.eigvalsh(moments)
    thin = longest[:, 1] > 12 * np.maximum(longest[:, 0], 1e-9)
    good = (area >= _SMALLEST) & (area <= _LARGEST * even.size) & (shape > _SHAPE[0]) & (shape < _SHAPE[1]) & ~thin
    return np.stack([mx, my], axis=1)[good], moments[good]


def _blurred(picture: Array) -> Array:
    """Means over 3 by 3 pixels."""
    padded = np.pad(picture, [(1, 1), (1, 1), (0, 0)], mode="edge")
    summed = padded[:-2] + padded[1:-1] + padded[2:]
    return np.asarray((summed[:, :-2] + summed[:, 1:-1] + summed[:, 2:]) / 9)


def labelled(mask: Mask) -> Tuple[npt.NDArray[np.int64], int]:
    """Numbers of the connected regions (sides touch) of a mask, 0 outside, and how many there are.

    Runs along rows are joined with those above them by a union-find.
    """
    height, width = mask.shape
    edges = np.diff(np.pad(mask, [(0, 0), (1, 1)]).astype(np.int8), axis=1)
    start_rows, starts = np.nonzero(edges == 1)
    _, ends = np.nonzero(edges == -1)
    parent = list(range(len(starts)))

    def root(run: int) -> int:
        while parent[run] != run:
            parent[run] = parent[parent[run]]
            run = parent[run]
        return run

    first = np.searchsorted(start_rows, np.arange(height + 1))
    for row in range(1, height):
        above, here = first[row - 1], first[row]
        last_above, last = first[row], first[row + 1]
        while above < last_above and here < last:
            if starts[above] < ends[here] and starts[here] < ends[above]:
                parent[root(int(here))] = root(int(above))
            if ends[above] < ends[here]:
                above += 1
            else:
                here += 1
    roots = np.array([root(run) for run in range(len(starts))], dtype=np.int64)
    kept, numbers = np.unique(roots, return_inverse=True)
    labels = np.zeros((height, width + 1), dtype=np.int64)
    np.add.at(labels, (start_rows, starts), numbers + 1)
    np.add.at(labels, (start_rows, ends), -(numbers + 1))
    return np.cumsum(labels, axis=1)[:, :width], len(kept)


def _lattices(middles: Array, moments: Array) -> List[Dict[Tuple[int, int], int]]:
    """Lattices through the patches: place in the lattice to number of the patch, each grown from another patch."""
    found: List[Dict[Tuple[int, int], int]] = []
    if len(middles) < _LEAST_PATCHES:
        return found
    sizes = np.sqrt(np.sqrt(np.maximum(np.linalg.det(moments), 1e-12)))
    alike = np.abs(np.log(sizes[:, None] / sizes[None, :])) < 0.35
    distances = np.linalg.norm(middles[:, None] - middles[None, :], axis=2) / sizes[:, None]
    beside = alike & (distances > 2.5) & (distances < 9.0)  # a patch's side is 3.5 times its standard deviation
    order = np.argsort(-beside.sum(axis=1))
    used = np.zeros(len(middles), dtype=bool)
    for seed in order[:_SEEDS]:
        if used[seed]:
            continue
        near = np.flatnonzero(beside[seed])
        for first in near[np.argsort(distances[seed, near])][:4]:
            lattice = _grown(int(seed), middles[first] - middles[seed], middles, sizes, alike[seed], near)
            if len(lattice) >= _LEAST_PATCHES:
                found.append(lattice)
                used[list(lattice.values())] = True
                break
    return found


def _grown(
    seed: int, right: Array, middles: Array, sizes: Array, alike: Mask, near: npt.NDArray[np.int64]
) -> Dict[Tuple[int, int], int]:
    """A lattice with one step ``right``: the other step is the neighbour most nearly square to it and as far."""
    steps = middles[near] - middles[seed]
    length = float(np.linalg.norm(right))
    turned = np.array([-right[1], right[0]])
    along = steps @ turned / length**2
    wrong = np.hypot(steps @ right / length**2, along - 1.0)
    if not len(near) or wrong.min() > 0.6:
        return {}
    down = steps[int(np.argmin(wrong))]
    places: Dict[Tuple[int, int], int] = {(0, 0): seed}
    local = {(0, 0): (right, down)}
    queue = [(0, 0)]
    tolerance = 0.25
    while queue:
        place = queue.pop(0)
        steps_here = local[place]
        here = middles[places[place]]
        for axis, sign in ((0, 1), (0, -1), (1, 1), (1, -1)):
            target = (place[0] + sign * (axis == 0), place[1] + sign * (axis == 1))
            if target in places or max(map(abs, target)) > COLUMNS:
                continue
            step = sign * steps_here[axis]
            expected = here + step
            apart = np.linalg.norm(middles - expected, axis=1) / float(np.linalg.norm(step))
            apart[~alike] = np.inf
            match = int(np.argmin(apart))
            if apart[match] > tolerance or match in places.values():
                continue
            places[target] = match
            moved = list(steps_here)
            moved[axis] = 0.5 * (steps_here[axis] + sign * (middles[match] - here))
            local[target] = (moved[0], moved[1])
            queue.append(target)
    return places


def _best_placing(
    lattice: Dict[Tuple[int, int], int], middles: Array, picture: Array, space: str
) -> Optional[FoundChart]:
    """Where in the lattice the chart's first patch is and how the chart lies, by the colours."""
    places = np.array(list(lattice), dtype=np.float64)
    matrix = homography(places, middles[list(lattice.values())])
    apart = np.linalg.norm(mapped(matrix, places) - middles[list(lattice.values())], axis=1)
    step = float(np.linalg.norm(mapped(matrix, [(1.0, 0.0)]) - mapped(matrix, [(0.0, 0.0)])))
    if float(np.median(apart)) > 0.15 * step:
        return None
    best: Optional[FoundChart] = None
    low, high = places.min(axis=0), places.max(axis=0)
    for turn in range(4):
        cosine, sine = ((1, 0), (0, 1), (-1, 0), (0, -1))[turn]
        for mirrored in (1, -1):
            way = np.array([[cosine, -sine * mirrored], [sine, cosine * mirrored]], dtype=np.float64)
            corners = patch_middles() @ way.T
            span = corners.max(axis=0) - corners.min(axis=0)
            if (span + 1 < high - low - 1).any():
                continue
            first = np.minimum(low, high - span).astype(int)
            last = np.maximum(low, high - span).astype(int)
            for x in range(first[0], last[0] + 1):
                for y in range(first[1], last[1] + 1):
                    shift = np.eye(3)
                    shift[:2, :2], shift[:2, 2] = way, np.array([x, y]) - corners.min(axis=0)
                    chart = matrix @ shift
                    error = _error(chart, picture, space)
                    if best is None or error < best.error:
                        best = FoundChart(chart, error)
    return best


def _error(chart: Array, picture: npt.NDArray[np.floating[Any]], space: str) -> float:
    """Mean delta E*ab of a chart assumed there, infinite where it lies outside or its grey patches show nothing."""
    colours = patch_colours(picture, chart)
    if not np.isfinite(colours).all():
        return float("inf")
    try:
        light = chart_light(colours, space, max(float(picture.max()), 1e-9) * 1.04)
    except ValueError:
        return float("inf")
    return chart_error(colours / light.gain, space)
