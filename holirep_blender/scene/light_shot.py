# SPDX-License-Identifier: GPL-3.0-or-later
"""Match Lighting on a scene: its settings, its own world, the rig and the rows of the panel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ..lighting.errors import EnvironmentMapError as EnvironmentMapError
from . import lamp_rows
from .environments import load_environment, read_environment
from .light_matching import MatchedLight, match_environment
from .light_rig import RigOptions, build_rig, world_environment
from .light_thumbnail import thumbnail

_SAME = np.cos(np.radians(3.0))
"""A lamp nearer than this to a locked one is the locked one."""


def match_lighting(scene: bpy.types.Scene) -> MatchedLight:
    """Finds the lamps of the scene's environment and builds the rig; EnvironmentMapError: nothing was changed."""
    settings = scene.holirep.light
    shown, options = world_environment(scene)
    if settings.hdri.strip():
        path = Path(bpy.path.abspath(settings.hdri))
        environment, warnings = load_environment(path)
        name, source = path.stem, None
    else:
        source = shown or settings.source
        if source is None:
            raise EnvironmentMapError("There is no environment: choose an HDR or EXR file, or show one in the world.")
        environment, warnings = read_environment(source)
        name = Path(source.filepath).stem or source.name
    strength, rotation = options.strength, options.rotation
    if shown is None and settings.control is not None:  # matched again: as the artist turned it
        rotation, strength = tuple(settings.control.rotation_euler), settings.strength
    matched = match_environment(environment, name, settings.count, warnings)
    kept = [row for row in settings.lamps if row.locked and row.lamp is not None]
    lamps = [
        lamp
        for lamp in matched.analysis.lamps
        if all(float(lamp.direction @ np.array(row.direction)) < _SAME for row in kept)
    ]
    rig = build_rig(
        scene,
        lamps,
        matched.analysis.residual,
        name,
        RigOptions(
            strength,
            rotation,
            settings.area_from if settings.use_areas else None,
            settings.distance,
            settings.light_groups,
        ),
        [row.lamp for row in kept],
    )
    _fill(settings, rig, lamps)
    settings.source, settings.strength, settings.control = source, strength, rig.control
    old = settings.thumbnail
    settings.thumbnail = thumbnail(matched.analysis.grid, matched.analysis.lamps, name)
    if old is not None:
        bpy.data.images.remove(old)
    settings.summary, settings.warnings = matched.sentence, "\n".join(matched.warnings)
    return matched


def _fill(settings: Any, rig: Any, lamps: list[Any]) -> None:
    """Rows of locked lamps stay; all others are new."""
    for index in reversed(range(len(settings.lamps))):
        if not (settings.lamps[index].locked and settings.lamps[index].lamp is not None):
            settings.lamps.remove(index)
    for lamp, made in zip(lamps, rig.lamps, strict=True):
        lamp_rows.write(settings.lamps.add(), lamp, made)
    order = sorted(range(len(settings.lamps)), key=lambda place: -settings.lamps[place].share)
    for target, place in enumerate(order):
        current = place + sum(1 for later in order[:target] if later > place)
        settings.lamps.move(current, target)
    settings.lamp_index = 0 if len(settings.lamps) else -1
