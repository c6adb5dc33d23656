# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment as the panel's settings have it: its file read in its layout, repaired, or merged from exposures."""

from __future__ import annotations

from pathlib import Path
from typing import Optional, Sequence

import bpy

from ..lighting.brackets import exposure
from ..lighting.clipping import find_clipping
from ..lighting.environment_map import EnvironmentMap
from ..lighting.errors import EnvironmentMapError as EnvironmentMapError
from .environment_source import EnvironmentSource, RepairWish, ball_pixels, mended, open_source
from .environments import write_environment
from .light_steps import Step, Steps


def source_of(scene: bpy.types.Scene, path: Path) -> EnvironmentSource:
    """A file in the scene's layout."""
    return EnvironmentSource([path], scene.holirep.environment.layout)


def wish_of(scene: bpy.types.Scene) -> Optional[RepairWish]:
    """How what was clipped is to be given back, as the scene's settings have it; None: not at all."""
    settings = scene.holirep.environment
    if settings.repair == "none":
        return None
    ball = Path(bpy.path.abspath(settings.ball)) if settings.ball.strip() else None
    return RepairWish(
        settings.repair,
        ball,
        view=tuple(settings.view),
        sun=settings.sun,
        shade=settings.shade,
        turbidity=settings.turbidity,
    )


def repairing(environment: EnvironmentMap, wish: Optional[RepairWish]) -> Steps[tuple[EnvironmentMap, list[str]]]:
    """Gives back what was clipped, in steps; the environment, and sentences. Raises EnvironmentMapError."""
    if wish is None:
        return environment, []
    clipping = yield Step("Looking for what was clipped", 0.25, 0.3, lambda _tell: find_clipping(environment))
    if clipping is None:
        return environment, ["Nothing is clipped, so nothing was repaired."]
    ball = ball_pixels(wish)
    made, repair = yield Step(
        "Giving back what was clipped", 0.3, 0.35, lambda _tell: mended(environment, clipping, wish, ball)
    )
    return made, [repair.sentence]


def merged_brackets(scene: bpy.types.Scene, paths: Sequence[Path], exposures: str) -> tuple[Path, list[str]]:
    """Merges exposures into an OpenEXR beside them, which becomes the scene's environment; sentences for the user.

    ``exposures``: as a user writes them, separated by commas; empty: as the files tell. Raises EnvironmentMapError or
    OSError; then nothing was changed.
    """
    if len(paths) < 2:
        raise EnvironmentMapError("Choose two exposures of the view or more.")
    try:
        given = [exposure(part) for part in exposures.split(",")] if exposures.strip() else None
    except ValueError as error:
        raise EnvironmentMapError(str(error)) from error
    settings = scene.holirep.environment
    environment, warnings = open_source(EnvironmentSource(list(paths), settings.layout, given))
    path = paths[0].with_name(f"{paths[0].stem}_merged.exr")
    write_environment(environment, path)
    scene.holirep.light.hdri = str(path)
    settings.layout = "equirectangular"
    return path, warnings
