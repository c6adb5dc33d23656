# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an environment comes from: one file or bracketed exposures, in one of several layouts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Optional, Sequence

import numpy as np
import numpy.typing as npt

from ..lighting.brackets import exposure as exposure
from ..lighting.brackets import merge
from ..lighting.environment_map import EnvironmentMap
from ..lighting.errors import EnvironmentMapError
from ..lighting.exposure_metadata import exposure_of
from ..lighting.layouts import LAYOUTS as LAYOUTS
from ..lighting.layouts import equirectangular
from .environment_strips import LARGEST, LargeFile, large_file
from .environments import environment_of, load_pixels, working_space
from .light_steps import Step, Steps, at_once


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
    return at_once(opening(source))


def opening(source: EnvironmentSource) -> Steps[tuple[EnvironmentMap, list[str]]]:
    """The same in steps: what is large is read without Blender, all else by it."""
    large = large_source(source)
    if large is not None:
        pixels, warnings = yield Step("Reading the environment", 0.0, 0.2, large.averaged)
        picture = Picture(pixels, warnings, None, working_space())
    else:
        picture = _read(source)
    return (yield Step("Reading the environment", 0.2, 0.25, lambda _tell: _converted(source, picture)))


def _read(source: EnvironmentSource) -> Picture:
    """The picture, exposures merged. Raises EnvironmentMapError with the file's name."""
    if len(source.paths) > 1:
        pixels, warnings = _merged(source)
        return Picture(pixels, warnings, None, working_space())
    pixels, warnings, limit = load_pixels(source.paths[0])
    height, width = pixels.shape[:2]
    if width > LARGEST:
        warnings = [
            *warnings,
            f"{source.paths[0].name} was read whole, which takes {width * height * 32 / 1e9:.1f} GB.",
        ]
    return Picture(pixels, warnings, limit, working_space())


def large_source(source: EnvironmentSource) -> Optional[LargeFile]:
    """The file of an environment that is read in strips; None where Blender reads it whole."""
    return large_file(source.paths[0]) if len(source.paths) == 1 and source.layout == "equirectangular" else None


def _converted(source: EnvironmentSource, picture: Picture) -> tuple[EnvironmentMap, list[str]]:
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
