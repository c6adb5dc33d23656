# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an environment comes from: one file or bracketed exposures, in one of several layouts; and repairing it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Optional, Sequence

import numpy as np
import numpy.typing as npt

from ..lighting.brackets import exposure as exposure
from ..lighting.brackets import merge
from ..lighting.clipping import Clipping, find_clipping
from ..lighting.environment_map import EnvironmentMap
from ..lighting.errors import EnvironmentMapError
from ..lighting.exposure_metadata import exposure_of
from ..lighting.layouts import LAYOUTS as LAYOUTS
from ..lighting.layouts import equirectangular
from ..lighting.repair import Repair, repair_by_reading, repair_by_sky
from ..lighting.repair_ball import repair_by_ball
from .environments import environment_of, load_pixels, working_space


@dataclass(frozen=True)
class EnvironmentSource:
    """``paths``: one picture, or several exposures of one view, whose ``exposures`` are read from them where None.

    ``layout`` as in ``lighting.layouts``; ``reflectance`` is that of a mirror ball.
    """

    paths: Sequence[Path]
    layout: str = "equirectangular"
    exposures: Optional[Sequence[float]] = None
    reflectance: float = 1.0

    @property
    def name(self) -> str:
        """What the environment is called."""
        return self.paths[0].stem


@dataclass(frozen=True)
class RepairWish:
    """How a clipped map is to be repaired: ``method`` ball, reading or sky.

    ``picture`` of a ball that fills ``box`` (left, top, right, bottom in pixels; else all of it), seen along ``view``
    in the environment's axes; ``reflectance`` of the ball, None where the picture's exposure is not the map's.
    ``sun`` and ``shade``: readings of a light meter. ``turbidity`` of the sky.
    """

    method: str
    picture: Optional[Path] = None
    box: Optional[Sequence[float]] = None
    view: Sequence[float] = (0.0, 1.0, 0.0)
    reflectance: Optional[float] = None
    sun: float = 0.0
    shade: float = 0.0
    turbidity: float = 3.0


@dataclass(frozen=True)
class Picture:
    """What Blender has read: linear ``pixels`` ``(h, w, 3)``, sentences for the user, the format's limit where that is
    low, and the working ``space``.
    """

    pixels: npt.NDArray[np.float32]
    warnings: list[str]
    limit: Optional[float]
    space: str


def open_source(source: EnvironmentSource) -> tuple[EnvironmentMap, list[str]]:
    """The equirectangular environment, and sentences for the user. Raises EnvironmentMapError with the file's name."""
    return converted(source, read_source(source))


def read_source(source: EnvironmentSource) -> Picture:
    """The picture, exposures merged. Raises EnvironmentMapError with the file's name."""
    if len(source.paths) == 1:
        return Picture(*load_pixels(source.paths[0]), working_space())
    pixels, warnings = _merged(source)
    return Picture(pixels, warnings, None, working_space())


def converted(source: EnvironmentSource, picture: Picture) -> tuple[EnvironmentMap, list[str]]:
    """The equirectangular environment of what was read, and sentences; nothing of Blender is asked for."""
    first, pixels, limit, warnings = source.paths[0], picture.pixels, picture.limit, list(picture.warnings)
    try:
        made = equirectangular(pixels, source.layout, source.reflectance)
    except EnvironmentMapError as error:
        raise EnvironmentMapError(f"{first.name}: {error}") from error
    if source.layout == "mirror_ball":
        warnings.append(
            f"{first.name}: behind the ball, toward +Y, its rim shows little; two balls a quarter turn apart show all."
        )
    environment, more = environment_of(made, first.name, picture.space)
    limit = None if limit is None or source.layout != "equirectangular" else limit
    return replace(environment, limit=limit), [*warnings, *more]


def _merged(source: EnvironmentSource) -> tuple[np.ndarray, list[str]]:
    exposures = list(source.exposures or [])
    if source.exposures is None:
        for path in source.paths:
            if not path.is_file():
                raise EnvironmentMapError(f"There is no picture at {path}: choose the exposures again.")
            told = exposure_of(path)
            if told is None:
                raise EnvironmentMapError(
                    f"{path.name} does not tell its exposure: give the exposures of all pictures, such as 1/250."
                )
            exposures.append(told)
    elif len(exposures) != len(source.paths):
        raise EnvironmentMapError(
            f"There are {len(source.paths)} pictures and {len(exposures)} exposures: give one for each picture."
        )
    pictures, warnings, coded = [], [], 0
    for path in source.paths:
        pixels, _, limit = load_pixels(path)
        coded += limit is not None
        pictures.append(pixels)
    if coded:
        warnings.append(
            f"{coded} of the pictures have 8 bits: they were taken as sRGB, which a camera's own look is not exactly; "
            "raw pictures developed linearly are better."
        )
    merged = merge(pictures, exposures)
    return merged.pixels, [*warnings, *merged.warnings]


def repaired(environment: EnvironmentMap, wish: RepairWish) -> tuple[EnvironmentMap, Optional[Repair]]:
    """The map with what was cut off given back; itself and None where nothing was. Raises EnvironmentMapError."""
    clipping = find_clipping(environment)
    return (environment, None) if clipping is None else mended(environment, clipping, wish, ball_pixels(wish))


def ball_pixels(wish: RepairWish) -> Optional[npt.NDArray[np.float32]]:
    """The picture of the ball, None where none is needed. Raises EnvironmentMapError."""
    if wish.method != "ball":
        return None
    if wish.picture is None:
        raise EnvironmentMapError("Choose the picture of the grey or white ball.")
    return load_pixels(wish.picture)[0]


def mended(
    environment: EnvironmentMap, clipping: Clipping, wish: RepairWish, ball: Optional[npt.NDArray[np.float32]]
) -> tuple[EnvironmentMap, Repair]:
    """The clipped map with what was cut off given back; nothing of Blender is asked for. Raises EnvironmentMapError."""
    if wish.method == "sky":
        return repair_by_sky(environment, clipping, wish.turbidity)
    if wish.method == "reading":
        return repair_by_reading(environment, clipping, wish.sun, wish.shade)
    if ball is None:
        raise EnvironmentMapError("Choose the picture of the grey or white ball.")
    normals, values = _ball(ball, wish)
    return repair_by_ball(
        environment, clipping, normals, values, wish.reflectance or 0.18, wish.reflectance is not None
    )


def _ball(pixels: np.ndarray, wish: RepairWish) -> tuple[np.ndarray, np.ndarray]:
    """Normals in the environment's axes and values of a ball's pixels, seen from afar."""
    height, width = pixels.shape[:2]
    left, top, right, bottom = wish.box or (0, 0, width, height)
    if right - left < 8 or abs((right - left) / max(bottom - top, 1e-9) - 1) > 0.1:
        raise EnvironmentMapError(
            f"{wish.picture.name if wish.picture else 'The picture'}: the box must be a square close around the ball."
        )
    view = np.asarray(wish.view, dtype=np.float64)
    aside = np.cross(view, [0.0, 0.0, 1.0])
    if not np.linalg.norm(aside) > 1e-3 * np.linalg.norm(view):
        raise EnvironmentMapError("The ball cannot be seen from right above or below: give the direction of the view.")
    view, aside = view / np.linalg.norm(view), aside / np.linalg.norm(aside)
    rows, columns = np.mgrid[0:height, 0:width]
    x = (2 * columns + 1 - left - right) / (right - left)
    y = -(2 * rows + 1 - top - bottom) / (bottom - top)
    seen = x * x + y * y < 0.95**2
    x, y = x[seen], y[seen]
    depth = np.sqrt(1 - x * x - y * y)
    normals = x[:, None] * aside + y[:, None] * np.cross(aside, view) - depth[:, None] * view
    return normals, pixels[seen].astype(np.float64)
