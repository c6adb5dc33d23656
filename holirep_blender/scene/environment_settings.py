# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment as the panel's settings have it: its file read in its layout, repaired, or merged from exposures."""

from __future__ import annotations

from pathlib import Path
from typing import Optional, Sequence

import bpy

from ..lighting.brackets import exposure
from ..lighting.errors import EnvironmentMapError as EnvironmentMapError
from .environment_repair import RepairWish
from .environment_source import EnvironmentSource, open_source
from .environments import write_environment


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
