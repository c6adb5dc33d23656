# SPDX-License-Identifier: GPL-3.0-or-later
"""Giving a clipped map its light back from a grey or white ball in the shot.

A matt ball shows on each side what falls there. What the clipped map gives it is known; the rest came from what was cut
off: a point somewhere in it, such as the sun, and light spread over it. Non-negative least squares tells how much.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Tuple

import numpy as np
import numpy.typing as npt

from .clipping import Clipping
from .environment_map import EnvironmentMap, reduced
from .errors import EnvironmentMapError
from .irradiance import map_irradiance
from .lost_colour import lost_colour
from .repair import CutLight, Repair, added_spread, cells, cut_light, lost_glare, paint_disk, thinned
from .sphere import Array
from .sun import SUN

_COARSE = 512
_CELL = np.radians(12.0)
_FIRST = np.radians(2.0)
"""How far from each other the first guesses of a point are; each further round looks four times finer."""
_MOST = 1500
_BINS = 16
_OWN = np.cos(np.radians(20.0))
"""A matt ball cannot tell a point from light spread so closely around it: all of that is the point's."""
_UNEXPLAINED = 2.0
"""How many times the scatter of its pixels a ball may differ from what one point makes of it."""
_RIDGE = 1e-6
"""Of columns of length 1: what the ball cannot tell apart is shared."""
_FEWEST = 200


def repair_by_ball(
    environment: EnvironmentMap,
    clipping: Clipping,
    normals: Array,
    radiance: npt.ArrayLike,
    reflectance: float = 0.18,
    calibrated: bool = False,
) -> Tuple[EnvironmentMap, Repair]:
    """Solves what was cut off from the pixels of a matt ball.

    Parameters
    ----------
    environment, clipping : the map and where it was cut.
    normals : ``(n, 3)`` outward normals of the ball's pixels in the map's axes.
    radiance : ``(n, 3)`` linear values of those pixels.
    reflectance : of the ball; matters only where ``calibrated``.
    calibrated : the picture has the map's own exposure and white balance. Otherwise those are solved too, channel by
        channel, from the side that lies in the shade.

    Raises EnvironmentMapError where the ball does not see what was cut off.
    """
    normals, values = np.asarray(normals, dtype=np.float64), np.asarray(radiance, dtype=np.float64)
    usable = np.isfinite(values).all(axis=1) & (values > 0).all(axis=1)
    if int(usable.sum()) < _FEWEST:
        raise EnvironmentMapError(
            f"The ball has only {int(usable.sum())} usable pixels: draw the box around all of it."
        )
    normals, values, certain = _binned(normals[usable], values[usable] * (np.pi / reflectance))
    weights = np.asarray(environment.luminance)
    cut = cut_light(environment, clipping)
    known = map_irradiance(reduced(environment, _COARSE), normals)
    sure = certain.mean(axis=1)
    middle = _point(cut, normals, known @ weights, values @ weights, sure, calibrated, np.pi / environment.height)
    colour, told = lost_colour(environment, clipping, cut)
    glare = np.where(told[:, None], colour, lost_glare(environment, cut, middle))
    known = known + np.maximum(normals @ cut.places.T, 0.0) @ (glare * cut.solid[:, None])
    shaded = np.maximum(normals @ middle, 0.0)[:, None]
    if not (shaded > 0.05).any():
        raise EnvironmentMapError(
            "The side of the ball that the camera sees gets nothing of what was clipped: use a shot from another side."
        )
    which, count = cells(cut, float(_CELL))
    added, radiances, scale = np.zeros(3), np.zeros((count, 3)), np.ones(3)
    spread = np.zeros((len(normals), 0))
    for attempt in range(2):
        misfit = np.zeros(3)
        for channel in range(3):
            solved, scale[channel], misfit[channel] = _solved(
                np.concatenate([shaded, spread], axis=1),
                known[:, channel],
                values[:, channel],
                certain[:, channel],
                calibrated,
            )
            added[channel] = solved[0]
            if attempt:
                radiances[:, channel] = solved[1:]
        if attempt or float(misfit.mean()) < _UNEXPLAINED:
            break
        spread = _spread_columns(cut, which, count, normals, middle)
    if not (added.any() or radiances.any()):
        raise EnvironmentMapError(
            "The ball shows no light from where the map is clipped: its picture and the map do not go together."
        )
    made = replace(environment, pixels=environment.pixels.copy())
    if added.any():
        paint_disk(made, middle, added, max(SUN, np.pi / environment.height))
    flux = added_spread(made, cut, glare + radiances[which])
    said = "Assumed: the ball is matt and stands where the map was taken."
    if not calibrated:
        said += f" Its picture counts {scale[0]:.3g}, {scale[1]:.3g}, {scale[2]:.3g} times the map's red, green, blue."
    return made, Repair("ball", middle, added, flux, (said,))


def _point(
    cut: CutLight, normals: Array, known: Array, bright: Array, certain: Array, calibrated: bool, pixel: float
) -> Array:
    """The direction ``(3,)`` among clipped pixels from which one light explains the ball best."""
    near, spacing, middle = cut, float(_FIRST), cut.places[0]
    for _ in range(4):
        points = thinned(near, spacing)
        while len(points) > _MOST:
            spacing *= 1.3
            points = thinned(near, spacing)
        columns = np.maximum(normals @ points.T, 0.0) * certain[:, None]
        goal, base = bright * certain, known * certain
        own = np.maximum(np.einsum("nk,nk->k", columns, columns), 1e-30)
        if calibrated:
            rest = goal - base
            told = np.maximum(columns.T @ rest, 0.0)
        else:  # what the known light explains, at any scale, is taken out of both
            unit = base / np.linalg.norm(base)
            rest = goal - unit * float(unit @ goal)
            own = np.maximum(own - (columns.T @ unit) ** 2, 1e-9 * own)
            told = np.maximum(columns.T @ rest, 0.0)
        middle = points[int(np.argmax(told**2 / own))]
        around = cut.places @ middle > np.cos(2.0 * spacing)
        near = CutLight(cut.rows[around], cut.columns[around], cut.places[around], cut.solid[around])
        if spacing < pixel or len(near.rows) < 2:
            break
        spacing /= 4
    return np.asarray(middle)


def _solved(
    columns: Array, known: Array, wanted: Array, certain: Array, calibrated: bool
) -> Tuple[Array, float, float]:
    """What each column counts, in the map's units; the picture's scale to it; and the misfit, 1 being the scatter's."""
    matrix = columns if calibrated else np.concatenate([known[:, None], columns], axis=1)
    goal = (wanted - known if calibrated else wanted) * certain
    matrix = matrix * certain[:, None]
    lengths = np.maximum(np.linalg.norm(matrix, axis=0), 1e-30)
    every = _nonnegative(matrix / lengths, goal) / lengths
    misfit = float(np.sqrt(np.mean((matrix @ every - goal) ** 2)))
    if calibrated:
        return every, 1.0, misfit
    if not every[0] > 0:
        raise EnvironmentMapError(
            "The ball shows nothing of the light that was not clipped: its picture and the map do not go together."
        )
    return np.asarray(every[1:] / every[0]), float(every[0]), misfit


def _nonnegative(matrix: Array, goal: Array) -> Array:
    """Non-negative least squares for many columns that are much alike, by their products alone.

    Bro and de Jong, A fast non-negativity-constrained least squares algorithm (1997).
    """
    products, right = matrix.T @ matrix, matrix.T @ goal
    products = products + _RIDGE * np.eye(len(right))
    free = np.zeros(len(right), dtype=np.bool_)
    solution = np.zeros(len(right))
    least = 1e-8 * max(float(np.abs(right).max()), 1e-30)
    for _ in range(3 * len(right)):
        gradient = np.where(free, -np.inf, right - products @ solution)
        if float(gradient.max()) <= least:
            break
        free[int(np.argmax(gradient))] = True
        for _ in range(len(right)):
            trial = np.zeros(len(right))
            trial[free] = np.linalg.solve(products[np.ix_(free, free)], right[free])
            crossing = free & (trial <= 0)
            if not crossing.any():
                break
            steps = solution[crossing] / np.maximum(solution[crossing] - trial[crossing], 1e-30)
            solution = np.maximum(solution + float(steps.min()) * (trial - solution), 0.0)
            free &= solution > 1e-12 * max(float(solution.max()), 1e-30)
            solution[~free] = 0.0
        solution = np.where(free, trial, 0.0)
    return np.asarray(np.maximum(solution, 0.0))


def _spread_columns(cut: CutLight, which: npt.NDArray[np.int64], count: int, normals: Array, middle: Array) -> Array:
    """Irradiance ``(n, k)`` at normals from one unit of radiance in each cell's pixels far from a point."""
    columns = np.zeros((len(normals), count))
    for cell in range(count):
        own = (which == cell) & (cut.places @ middle < _OWN)
        columns[:, cell] = np.maximum(normals @ cut.places[own].T, 0.0) @ cut.solid[own]
    return columns


def _binned(normals: Array, values: Array) -> Tuple[Array, Array, Array]:
    """Means of normals and values over small pieces of the ball, and one over the means' scatter, all ``(n, 3)``."""
    _, which, counts = np.unique(
        np.round(normals * _BINS).astype(np.int64), axis=0, return_inverse=True, return_counts=True
    )
    which = which.reshape(-1)

    def mean(table: Array) -> Array:
        sums = [np.bincount(which, table[:, axis]) for axis in range(3)]
        return np.asarray(np.stack(sums, axis=1) / counts[:, None])

    middle, means = mean(normals), mean(values)
    scatter = np.sqrt(
        np.median(((values / np.maximum(means[which], 1e-30) - 1) ** 2)[counts[which] > 2], axis=0) / 0.455
    )
    scatter = np.maximum(np.nan_to_num(scatter, nan=0.02), 0.005)
    certain = np.sqrt(counts)[:, None] / (np.maximum(means, 1e-3 * means.mean(axis=0)) * scatter)
    return middle / np.linalg.norm(middle, axis=1, keepdims=True), means, certain
