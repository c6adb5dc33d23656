# SPDX-License-Identifier: GPL-3.0-or-later
"""A 24-patch colour chart in a picture: what its patches should be, what they are, and what light is on them.

Patches are numbered as printed, row by row from dark skin; a place on the chart is counted in patches from the middle
of the first one, x along a row, y down.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Tuple

import numpy as np
import numpy.typing as npt

from .sphere import Array

COLUMNS, ROWS = 6, 4
_NEUTRAL = slice(18, 23)
"""White to neutral 3.5; black is left out, where flare outweighs the patch."""
_INNER = 0.27
"""Half of the part of a patch that is looked at, in patches."""
_CLIPPED = 0.97
PATCHES_LAB = (
    (37.54, 14.37, 14.92), (64.66, 19.27, 17.50), (49.32, -3.82, -22.54), (43.46, -12.74, 22.72),
    (54.94, 9.61, -24.79), (70.48, -32.26, -0.37), (62.73, 35.83, 56.50), (39.43, 10.75, -45.17),
    (50.57, 48.64, 16.67), (30.10, 22.54, -20.87), (71.77, -24.13, 58.19), (71.51, 18.24, 67.37),
    (28.37, 15.42, -49.80), (54.38, -39.72, 32.27), (42.43, 51.05, 28.62), (81.80, 2.67, 80.41),
    (50.63, 51.28, -14.12), (49.57, -29.71, -28.32), (95.19, -1.03, 2.93), (81.29, -0.57, 0.44),
    (66.89, -0.75, -0.06), (50.76, -0.13, 0.14), (35.63, -0.46, -0.48), (20.64, 0.07, -0.46),
)  # fmt: skip
"""CIE L*a*b* (D50, 2 degrees, M0) of the ColorChecker Classic made from November 2014 on, as X-Rite published it in
"New color specifications for ColorChecker SG and Classic Charts"."""
D50 = (0.96422, 1.0, 0.82521)
"""White of CIE L*a*b* for prints, ISO 13655."""
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
SPACES: Dict[str, Tuple[Tuple[float, float], ...]] = {
    "Linear Rec.709": ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), (0.3127, 0.3290)),
    "Linear Rec.2020": ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), (0.3127, 0.3290)),
    "ACEScg": ((0.713, 0.293), (0.165, 0.830), (0.128, 0.044), (0.32168, 0.33767)),
}
"""Chromaticities of red, green, blue and white: ITU-R BT.709, BT.2020, and AMPAS S-2014-004."""


@dataclass(frozen=True)
class ChartLight:
    """``gain`` ``(3,)``: a perfect white diffuser at the chart's place would have these linear values in the picture.

    ``error``: mean colour difference (CIE 1976 delta E*ab) of all patches to the reference once the gain is taken out;
    ``used``: how many of the five neutral patches were neither black nor clipped.
    """

    gain: Array
    error: float
    used: int


def to_xyz(space: str) -> Array:
    """Matrix ``(3, 3)`` from linear RGB of a working space to CIE XYZ relative to D50 (Bradford); SMPTE RP 177."""
    corners = np.array([(x / y, 1.0, (1 - x - y) / y) for x, y in SPACES[space]])
    matrix = corners[:3].T * np.linalg.solve(corners[:3].T, corners[3])
    cones = (_BRADFORD @ np.array(D50)) / (_BRADFORD @ corners[3])
    return np.asarray(np.linalg.inv(_BRADFORD) @ (cones[:, None] * _BRADFORD) @ matrix)


def reference(space: str = "Linear Rec.709") -> Array:
    """Linear reflectances ``(24, 3)`` of the patches in a working space."""
    lab = np.array(PATCHES_LAB)
    middle = (lab[:, 0] + 16) / 116
    roots = np.stack([middle + lab[:, 1] / 500, middle, middle - lab[:, 2] / 200], axis=1)
    parts = np.where(roots > 6 / 29, roots**3, 3 * (6 / 29) ** 2 * (roots - 4 / 29))
    return np.asarray((parts * np.array(D50)) @ np.linalg.inv(to_xyz(space)).T)


def lab_of(colours: Array, space: str) -> Array:
    """CIE L*a*b* (D50) of linear reflectances ``(n, 3)``."""
    parts = np.maximum(colours @ to_xyz(space).T, 0.0) / np.array(D50)
    roots = np.where(parts > (6 / 29) ** 3, np.cbrt(parts), parts / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = roots.T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)


def homography(places: npt.ArrayLike, pixels: npt.ArrayLike) -> Array:
    """The ``(3, 3)`` that takes places on the chart to pixels, from four pairs or more; least squares on the algebraic
    error of normalised coordinates (Hartley and Zisserman, Multiple View Geometry, 2nd edition, algorithm 4.2).
    """
    first, second = np.asarray(places, dtype=np.float64), np.asarray(pixels, dtype=np.float64)
    shifts = []
    for points in (first, second):
        middle = points.mean(axis=0)
        scale = np.sqrt(2) / max(float(np.mean(np.linalg.norm(points - middle, axis=1))), 1e-12)
        shifts.append(np.array([[scale, 0, -scale * middle[0]], [0, scale, -scale * middle[1]], [0, 0, 1.0]]))
    a, b = (mapped(shift, points) for shift, points in zip(shifts, (first, second)))
    ones, zeros = np.ones(len(a)), np.zeros((len(a), 3))
    homogeneous = np.column_stack([a, ones])
    rows = np.concatenate(
        [
            np.column_stack([homogeneous, zeros, -b[:, :1] * homogeneous]),
            np.column_stack([zeros, homogeneous, -b[:, 1:] * homogeneous]),
        ]
    )
    solution = np.linalg.svd(rows)[2][-1].reshape(3, 3)
    return np.asarray(np.linalg.inv(shifts[1]) @ solution @ shifts[0])


def mapped(matrix: Array, points: npt.ArrayLike) -> Array:
    """Points ``(n, 2)`` through a homography."""
    places = np.asarray(points, dtype=np.float64)
    turned = np.column_stack([places, np.ones(len(places))]) @ matrix.T
    return np.asarray(turned[:, :2] / turned[:, 2:])


def patch_middles() -> Array:
    """Places ``(24, 2)`` of the patches."""
    places = np.stack(np.meshgrid(np.arange(COLUMNS), np.arange(ROWS)), axis=-1)
    return np.asarray(places.reshape(-1, 2), dtype=np.float64)


def patch_colours(picture: npt.NDArray[np.floating[Any]], chart: Array) -> Array:
    """Mean colours ``(24, 3)`` of the patches in a linear picture ``(H, W, 3)``; ``chart`` takes places to pixels.

    The darkest and brightest quarter of each patch's points do not count: dirt, glints and the edge of a wrong click.
    NaN where a patch lies outside the picture.
    """
    steps = np.linspace(-_INNER, _INNER, 9)
    inside = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    points = mapped(chart, (patch_middles()[:, None] + inside[None]).reshape(-1, 2)).reshape(24, -1, 2)
    columns, rows = np.floor(points[..., 0]).astype(int), np.floor(points[..., 1]).astype(int)
    height, width = picture.shape[:2]
    outside = ((columns < 0) | (columns >= width) | (rows < 0) | (rows >= height)).any(axis=1)
    found = picture[np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)].astype(np.float64)
    order = np.argsort(found.sum(axis=2), axis=1)
    quarter = found.shape[1] // 4
    middle = np.take_along_axis(found, order[:, quarter:-quarter, None], axis=1)
    colours = middle.mean(axis=1)
    colours[outside] = np.nan
    return np.asarray(colours)


def chart_light(colours: Array, space: str, white: float = np.inf) -> ChartLight:
    """The light on a chart from its patches' colours ``(24, 3)``, linear; ``white`` is where the picture clips.

    Raises ValueError where fewer than two neutral patches can be used.
    """
    wanted = reference(space)
    neutral = colours[_NEUTRAL]
    good = np.isfinite(neutral).all(axis=1) & (neutral.max(axis=1) < _CLIPPED * white) & (neutral.min(axis=1) > 0)
    if good.sum() < 2:
        raise ValueError("Too few of the chart's grey patches are neither black nor clipped: use another frame.")
    chosen, truth = neutral[good], wanted[_NEUTRAL][good]
    gain = (chosen * truth).sum(axis=0) / (truth**2).sum(axis=0)
    return ChartLight(gain, chart_error(colours / gain, space, white / float(gain.max())), int(good.sum()))


def chart_error(colours: Array, space: str, white: float = np.inf) -> float:
    """Mean CIE 1976 delta E*ab of colours ``(24, 3)`` to the reference; clipped and missing patches do not count."""
    good = np.isfinite(colours).all(axis=1)
    good[good] &= colours[good].max(axis=1) < _CLIPPED * white
    if not good.any():
        return float("inf")
    apart = lab_of(colours[good], space) - lab_of(reference(space)[good], space)
    return float(np.linalg.norm(apart, axis=1).mean())


def chart_normal(chart: Array, intrinsics: npt.ArrayLike) -> Array:
    """The direction ``(3,)`` that a chart faces, in camera axes (X right, Y down, Z forward).

    From the homography of its places (square patches, so no size is asked) and the camera matrix ``(3, 3)``:
    Zhang, A flexible new technique for camera calibration (2000), equation 2.
    """
    columns = np.linalg.inv(np.asarray(intrinsics, dtype=np.float64)) @ chart
    first, second = columns[:, 0] / np.linalg.norm(columns[:, 0]), columns[:, 1] / np.linalg.norm(columns[:, 1])
    normal = np.cross(first, second)
    normal = normal / np.linalg.norm(normal)
    middle = columns @ np.array([(COLUMNS - 1) / 2, (ROWS - 1) / 2, 1.0])
    toward = middle if middle[2] > 0 else -middle
    return np.asarray(-normal if normal @ toward > 0 else normal)
