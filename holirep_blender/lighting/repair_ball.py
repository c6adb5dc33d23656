# SPDX-License-Identifier: GPL-3.0-or-later
"""Giving a clipped map its light back from a grey or white ball in the shot.

A matt ball shows on each side what falls there. What the clipped map gives it is known; the rest came from what was cut
off: a point somewhere in it, such as the sun, a point and other places, or the places alone. Non-negative least squares
tell how much, and which of these it was.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Optional, Tuple

import numpy as np
import numpy.typing as npt

from .ball_fit import Ball, Fit, ball_of, explained, lit_by_points
from .clipping import Clipping
from .environment_map import EnvironmentMap, reduced
from .errors import EnvironmentMapError
from .irradiance import map_irradiance
from .lost_colour import lost_colour
from .repair import CutLight, Repair, added_spread, cut_light, lost_glare, paint_disk, thinned
from .sphere import Array, tangents
from .sun import SUN

_COARSE = 512
_CELL = np.radians(12.0)
_PIECE = np.radians(2.0)
_FIRST = np.radians(2.0)
"""How far from each other the first guesses of a point are; each further round looks four times finer."""
_MOST = 1500
_OWN = np.cos(np.radians(20.0))
"""A matt ball cannot tell a point from light spread so closely around it: all of that is the point's."""
_UNEXPLAINED = 2.0
"""How many times the scatter of its pixels a ball may differ from what one point makes of it."""
_NARROW = np.radians(3.0)
"""What is clipped around a point, no wider than this (root mean square), is the point's in any case."""
_BETTER = 40.0
"""By so much the places alone must be likelier (twice the logarithm of the likelihood) than a point."""
_DOUBT = 0.03
_BAND = 4096


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
    ball = ball_of(normals, radiance, reflectance)
    cut = cut_light(environment, clipping)
    pieces, piece_of = _pieces(cut)
    seen = np.maximum(ball.normals @ pieces.places.T, 0.0)
    known = map_irradiance(reduced(environment, _COARSE), ball.normals)
    middle = _point(environment, cut, ball, known, calibrated)
    shaded = lit_by_points(ball, middle[None])
    if not (seen > 0.05).any():
        raise EnvironmentMapError(
            "The side of the ball that the camera sees gets nothing of what was clipped: use a shot from another side."
        )
    colour, told = lost_colour(environment, clipping, cut)
    glare = np.where(told[:, None], colour, lost_glare(environment, cut, middle))

    def lost(radiances: Array) -> Array:
        """Irradiance by what clipped pixels lost."""
        flux = [np.bincount(piece_of, radiances[:, axis] * cut.solid, len(pieces.solid)) for axis in range(3)]
        return np.asarray(seen @ np.stack(flux, axis=1))

    cells = thinned(cut, float(_CELL))
    columns: Array = _shares(pieces.places, cells) * pieces.solid[:, None]
    away = pieces.places @ middle < _OWN
    sun = explained(ball, known + lost(glare), shaded, 1, np.ones(1), calibrated)
    usual = sun.gives.sum(axis=0) * sun.scale / columns.sum()
    if _misfit(sun) > _UNEXPLAINED and away.any():
        far = np.where(away[:, None], columns, 0.0)
        every = np.concatenate([shaded, seen @ far], axis=1)
        sun = explained(ball, known + lost(glare), every, 1, np.append(1.0, far.sum(axis=0)), calibrated, usual)
    if _wide(pieces, middle):
        even = np.where(told[:, None], colour, 0.0)
        soft = explained(ball, known + lost(even), seen @ columns, 0, columns.sum(axis=0), calibrated, usual)
        if max(_misfit(sun), _misfit(soft)) < 2 * min(_misfit(sun), _misfit(soft)):
            given = [
                float(np.sum(fit.gives)) + float((cut.solid @ rest).sum()) for fit, rest in ((sun, glare), (soft, even))
            ]
            sun.doubt = soft.doubt = max(sun.doubt, soft.doubt, abs(given[0] - given[1]) / max(given))
        if (_misfit(sun) ** 2 - _misfit(soft) ** 2) * len(seen) * 3 > _BETTER * _misfit(soft) ** 2:
            return _made(environment, cut, cells, None, soft, even, calibrated)
    return _made(environment, cut, cells, middle, sun, glare, calibrated)


def _made(
    environment: EnvironmentMap,
    cut: CutLight,
    cells: Array,
    middle: Optional[Array],
    fit: Fit,
    radiance: Array,
    calibrated: bool,
) -> Tuple[EnvironmentMap, Repair]:
    """The map with a point, if there was one, and with light in cells, which comes to ``radiance`` ``(n, 3)``."""
    if not fit.counts.any():
        raise EnvironmentMapError(
            "The ball shows no light from where the map is clipped: its picture and the map do not go together."
        )
    made = replace(environment, pixels=environment.pixels.copy())
    added, counts = (np.zeros(3), fit.counts) if middle is None else (fit.counts[0], fit.counts[1:])
    if middle is not None and added.any():
        paint_disk(made, middle, added, max(SUN, np.pi / environment.height))
    if counts.any():
        radiance = radiance.copy()
        for first in range(0, len(radiance), _BAND):
            places = cut.places[first : first + _BAND]
            own = _shares(places, cells) @ counts
            if middle is not None:
                own *= (places @ middle < _OWN)[:, None]
            radiance[first : first + _BAND] += own
    flux = added_spread(made, cut, radiance)
    said = "Assumed: the ball is matt and stands where the map was taken."
    if not calibrated:
        said += " Its picture counts {:.3g}, {:.3g}, {:.3g} times the map's red, green, blue.".format(*fit.scale)
    if counts.any():
        said += (
            " Light came from several clipped places: a ball tells from which side, not from which of those near it."
        )
    if fit.doubt > _DOUBT:
        said += f" How much was lost is known to within {fit.doubt:.0%} only."
    toward = middle if middle is not None else _middle(cut, radiance @ np.asarray(environment.luminance))
    return made, Repair("ball", toward, added, flux, (said,))


def _misfit(fit: Fit) -> float:
    return float(np.sqrt((fit.misfit**2).mean()))


def _middle(cut: CutLight, bright: Array) -> Array:
    """The middle ``(3,)`` of light that came from several places."""
    middle = (bright * cut.solid) @ cut.places
    return np.asarray(middle / max(float(np.linalg.norm(middle)), 1e-30))


def _pieces(cut: CutLight) -> Tuple[CutLight, npt.NDArray[np.int64]]:
    """The clipped pixels summed over small pieces, and the number of each pixel's piece."""
    size = float(_PIECE)
    while True:
        _, which = np.unique(np.round(cut.places / size).astype(np.int64), axis=0, return_inverse=True)
        which = which.reshape(-1)
        if int(which.max()) < _MOST:
            break
        size *= 1.3
    solid = np.asarray(np.bincount(which, cut.solid), dtype=np.float64)
    sums = [np.bincount(which, cut.places[:, axis] * cut.solid) for axis in range(3)]
    places = np.asarray(np.stack(sums, axis=1), dtype=np.float64)
    none = np.zeros(0, dtype=np.int64)
    return CutLight(none, none, places / np.linalg.norm(places, axis=1, keepdims=True), solid), which.astype(np.int64)


def _shares(places: Array, cells: Array) -> Array:
    """How much of each cell's radiance ``(n, k)`` is at places ``(n, 3)``: 1 in all, and smooth from cell to cell."""
    near = np.exp((places @ cells.T - 1.0) * (2.0 / _CELL) ** 2)
    return np.asarray(near / near.sum(axis=1, keepdims=True))


def _wide(pieces: CutLight, middle: Array) -> bool:
    """Whether what is clipped around a point is wider than what a ball would take for one anyway."""
    cosines = pieces.places @ middle
    near = cosines >= _OWN
    spread = 2.0 * (1.0 - cosines[near]) @ pieces.solid[near] / max(float(pieces.solid[near].sum()), 1e-30)
    return bool(spread > _NARROW**2)


def _point(environment: EnvironmentMap, cut: CutLight, ball: Ball, light: Array, calibrated: bool) -> Array:
    """The direction ``(3,)`` among clipped pixels from which one light explains the ball best."""
    weights, pixel = np.asarray(environment.luminance), np.pi / environment.height
    certain = ball.certain.mean(axis=1)
    goal, base = (ball.values @ weights) * certain, (light @ weights) * certain
    unit = base / np.linalg.norm(base)
    rest = goal - base if calibrated else goal - unit * float(unit @ goal)

    def best(points: Array) -> Array:
        columns = lit_by_points(ball, points) * certain[:, None]
        own = np.maximum(np.einsum("nk,nk->k", columns, columns), 1e-30)
        if not calibrated:  # what the known light explains, at any scale, is taken out of both
            own = np.maximum(own - (columns.T @ unit) ** 2, 1e-9 * own)
        return np.asarray(points[int(np.argmax(np.maximum(columns.T @ rest, 0.0) ** 2 / own))])

    near, spacing = cut, float(_FIRST)
    while True:
        points = thinned(near, spacing)
        while len(points) > _MOST:
            spacing *= 1.3
            points = thinned(near, spacing)
        middle = best(points)
        around = cut.places @ middle > np.cos(2.0 * spacing)
        near = CutLight(cut.rows[around], cut.columns[around], cut.places[around], cut.solid[around])
        if spacing < pixel or len(near.rows) < 2:
            break
        spacing /= 4
    across, down = tangents(middle)
    for step in (0.5, 0.25, 0.125):  # between the pixels
        moves = [x * across + y * down for x in (-step, 0.0, step) for y in (-step, 0.0, step)]
        points = middle + pixel * np.array(moves)
        points /= np.linalg.norm(points, axis=1, keepdims=True)
        middle = best(points[(points @ cut.places.T).max(axis=1) > np.cos(0.75 * pixel)])
    return middle
