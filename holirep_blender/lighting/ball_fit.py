# SPDX-License-Identifier: GPL-3.0-or-later
"""What lights explain the pixels of a matt ball: non-negative least squares with a prior."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

import numpy as np
import numpy.typing as npt

from .errors import EnvironmentMapError
from .irradiance import disk_cosine
from .sphere import Array

_BINS = 16
_BLUR = np.radians(2.0)
"""On a piece so large a point looks as a disk of this radius does in its middle."""
_RIDGE = 1e-6
"""Of columns of length 1: what the ball cannot tell apart is shared."""
_FEWEST = 200
_SPREAD = 8.0
"""Radiances in clipped places differ from their mean by so many times that mean: lamps do, beside a bright wall."""


@dataclass
class Ball:
    """Small pieces of a ball: ``normals`` ``(n, 3)``; ``values`` ``(n, 3)``, the irradiance that they show; ``certain``
    ``(n, 3)``, one over the scatter of these.
    """

    normals: Array
    values: Array
    certain: Array


@dataclass
class Fit:
    """What each column ``counts`` ``(k, 3)`` in the map's units and ``gives`` ``(k, 3)`` on a surface facing it.

    ``scale`` ``(3,)`` of the picture to the map, ``misfit`` ``(3,)``, 1 being the scatter's, and ``doubt``, by which
    part what all columns give may be wrong.
    """

    counts: Array
    gives: Array
    scale: Array
    misfit: Array
    doubt: float


def lit_by_points(ball: Ball, toward: Array) -> Array:
    """Irradiance ``(n, k)`` by points that each give 1 on a surface facing them; ``toward`` ``(k, 3)``."""
    return disk_cosine(ball.normals @ toward.T, _BLUR)


def ball_of(normals: npt.ArrayLike, radiance: npt.ArrayLike, reflectance: float) -> Ball:
    """A ball's pixels, ``(n, 3)`` both, averaged over small pieces. EnvironmentMapError: there are too few."""
    places, values = np.asarray(normals, dtype=np.float64), np.asarray(radiance, dtype=np.float64)
    usable = np.isfinite(values).all(axis=1) & (values > 0).all(axis=1)
    if int(usable.sum()) < _FEWEST:
        raise EnvironmentMapError(
            f"The ball has only {int(usable.sum())} usable pixels: draw the box around all of it."
        )
    places, values = places[usable], values[usable] * (np.pi / reflectance)
    _, which, counts = np.unique(
        np.round(places * _BINS).astype(np.int64), axis=0, return_inverse=True, return_counts=True
    )
    which = which.reshape(-1)

    def mean(table: Array) -> Array:
        sums = [np.bincount(which, table[:, axis]) for axis in range(3)]
        return np.asarray(np.stack(sums, axis=1) / counts[:, None])

    middle, means = mean(places), mean(values)
    scatter = np.sqrt(
        np.median(((values / np.maximum(means[which], 1e-30) - 1) ** 2)[counts[which] > 2], axis=0) / 0.455
    )
    scatter = np.maximum(np.nan_to_num(scatter, nan=0.02), 0.005)
    certain = np.sqrt(counts)[:, None] / (np.maximum(means, 1e-3 * means.mean(axis=0)) * scatter)
    return Ball(middle / np.linalg.norm(middle, axis=1, keepdims=True), means, certain)


def explained(
    ball: Ball, known: Array, columns: Array, points: int, weights: Array, calibrated: bool, usual: npt.ArrayLike = 0.0
) -> Fit:
    """How much of each column is in the ball's light beside what is known.

    Parameters
    ----------
    known : ``(n, 3)`` irradiance by what was not cut off.
    columns : ``(n, k)`` irradiance by one unit of each source; the first ``points`` of them are points, all others
        radiances of places, which are alike as far as the ball does not tell otherwise.
    weights : ``(k,)`` what one unit of each source gives on a surface facing it.
    calibrated : the picture has the map's exposure; else a scale of ``known`` is solved too.
    usual : ``(3,)`` what places' radiance may be like, in the picture's units.
    """
    count = columns.shape[1]
    counts, scale, misfit = np.zeros((count, 3)), np.ones(3), np.zeros(3)
    doubts, usual = np.zeros(3), np.broadcast_to(np.asarray(usual, dtype=np.float64), 3)
    for channel in range(3):
        certain, base = ball.certain[:, channel, None], known[:, channel, None] * ball.certain[:, channel, None]
        goal = ball.values[:, channel] * certain[:, 0]
        own = columns * certain
        if calibrated:
            matrix, goal = own, goal - base[:, 0]
        else:
            matrix = np.concatenate([own, base], axis=1)
        solved, misfit[channel], sure = _solved(matrix, goal, slice(points, count), float(usual[channel]))
        if not calibrated:
            if not solved[-1] > 0:
                raise EnvironmentMapError(
                    "The ball shows nothing of the light that was not clipped: its picture and the map do not go"
                    " together."
                )
            scale[channel] = solved[-1]
        counts[:, channel] = solved[:count] / scale[channel]
        whole = float(weights @ counts[:, channel])
        slope = np.concatenate([weights, np.zeros(len(solved) - count)])
        if not calibrated:
            slope[-1] = -whole
        doubts[channel] = float(np.sqrt(max(slope @ sure @ slope, 0.0))) / scale[channel]
    gives = weights[:, None] * counts
    return Fit(counts, gives, scale, misfit, float(np.sqrt((doubts**2).sum())) / max(float(gives.sum()), 1e-30))


def _solved(matrix: Array, goal: Array, spread: slice, usual: float) -> Tuple[Array, float, Array]:
    """What each column counts, the misfit, and the covariance of the counts.

    Counts of the columns in ``spread`` are drawn to their mean.
    """
    count, places = matrix.shape[1], spread.stop - spread.start
    misfit, prior = 1.0, np.zeros((0, count))
    if places > 1:
        even = np.column_stack([matrix[:, : spread.start], matrix[:, spread].sum(axis=1), matrix[:, spread.stop :]])
        usual = max(usual, float(_nonnegative(even, goal)[spread.start]))
        prior = np.zeros((places, count + 1))
        prior[:, spread] = np.eye(places)
        prior[:, -1] = -1.0
        prior /= max(_SPREAD * usual, 1e-9 * float(np.abs(goal).max(initial=1e-30)) / float(np.abs(even).max()))
    for _ in range(2):  # a ball that nothing explains well says less
        wide = np.column_stack([matrix, np.zeros((len(matrix), prior.shape[1] - count))])
        every = np.concatenate([wide, prior * misfit])
        solved = _nonnegative(every, np.concatenate([goal, np.zeros(len(prior))]))
        misfit = max(float(np.sqrt(np.mean((wide @ solved - goal) ** 2))), 1e-9)
        if misfit < 1.5 or not len(prior):
            break
        misfit = max(misfit, 1.0)
    free = solved > 0
    sure = np.zeros((len(solved), len(solved)))
    if free.any():
        products = every[:, free].T @ every[:, free]
        lengths = np.sqrt(np.diag(products))
        inverse = np.linalg.inv(products / np.outer(lengths, lengths) + _RIDGE * np.eye(int(free.sum())))
        sure[np.ix_(free, free)] = inverse / np.outer(lengths, lengths) * max(misfit, 1.0) ** 2
    return solved[:count], misfit, sure[:count, :count]


def _nonnegative(matrix: Array, goal: Array) -> Array:
    """Non-negative least squares for many columns that are much alike, by their products alone.

    Bro and de Jong, A fast non-negativity-constrained least squares algorithm (1997).
    """
    lengths = np.maximum(np.linalg.norm(matrix, axis=0), 1e-30)
    products, right = (matrix.T @ matrix) / np.outer(lengths, lengths), matrix.T @ goal / lengths
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
    return np.asarray(np.maximum(solution, 0.0) / lengths)
