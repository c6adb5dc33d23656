# SPDX-License-Identifier: GPL-3.0-or-later
"""Match Lighting on a scene: its settings, its own world, the rig and the rows of the panel."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Optional

import bpy
import numpy as np

from ..lighting.environment_map import EnvironmentMap
from ..lighting.errors import EnvironmentMapError as EnvironmentMapError
from ..lighting.progress import Tell, nobody
from . import lamp_rows
from .actions import MARK
from .environment_repair import repairing
from .environment_settings import source_of, wish_of
from .environment_source import opening
from .environments import environment_of, read_pixels, working_space
from .light_dome import set_dome_shadows
from .light_matching import MatchedLight, match_environment
from .light_rig import build_rig, remove_rig
from .light_steps import Step, Steps, at_once
from .light_thumbnail import thumbnail
from .light_tracing import TRACING, put_eevee_back, set_eevee
from .light_world import KIND, RigOptions, world_environment
from .quality_lighting import keep_match

_SAME = np.cos(np.radians(3.0))
"""A lamp nearer than this to a locked one is the locked one."""


def match_lighting(scene: bpy.types.Scene) -> MatchedLight:
    """Finds the lamps of the scene's environment and builds the rig; EnvironmentMapError: nothing was changed."""
    return at_once(matching(scene))


def matching(scene: bpy.types.Scene) -> Steps[MatchedLight]:
    """The same in steps, of which only the last changes the scene."""
    if not scene.is_editable:
        raise EnvironmentMapError(f"The scene {scene.name} is linked from another file: match the light there.")
    number, again = scene.session_uid, _own_world(scene) is None
    shown = yield from _reading(number)
    settings = _scene(number).holirep
    count, single = settings.light.count, settings.environment.one_each
    matched = yield Step(
        "Looking for lamps",
        0.35,
        0.9,
        lambda tell: match_environment(shown.environment, shown.name, count, shown.warnings, single, tell),
    )
    yield Step("Making the lamps", 0.9, 0.9, builds=True)
    scene = _scene(number)
    settings = scene.holirep.light
    strength, rotation = shown.options.strength, shown.options.rotation
    if again and settings.control is not None:  # matched again: as the artist turned it
        rotation, strength = tuple(settings.control.rotation_euler), settings.strength
    source = next((image for image in bpy.data.images if image.session_uid == shown.image), None)
    _place(scene, matched, shown.name, RigOptions(strength, rotation), source, _own_world(scene))
    return matched  # type: ignore[no-any-return]


def place_rig(scene: bpy.types.Scene, matched: MatchedLight) -> list[str]:
    """Puts the rig of an environment that was matched elsewhere into a scene, as Match Lighting does; its lamps' names.

    The scene's own world is kept, and how it is turned does not count: the environment is another one.
    """
    own = _own_world(scene)
    _place(scene, matched, matched.name, RigOptions(), None, own)
    rows = [row for row in scene.holirep.light.lamps if row.lamp is not None]
    nearest = (max(rows, key=lambda row: lamp.direction @ np.array(row.direction)) for lamp in matched.analysis.lamps)
    return [str(row.lamp.name) for row in nearest]


def report_lighting(scene: bpy.types.Scene, folder: Path, tell: Tell = nobody, renders: bool = True) -> Path:
    """Writes the match report of the scene's environment; its page. Raises EnvironmentMapError or OSError."""
    from .light_report import write_report

    settings = scene.holirep.light
    shown = at_once(_reading(scene.session_uid))
    whole = EnvironmentMap(shown.environment.pixels.copy(), shown.environment.luminance) if renders else None
    single = scene.holirep.environment.one_each
    matched = match_environment(shown.environment, shown.name, settings.count, shown.warnings, single)
    return write_report(matched, folder, whole, tell=tell)


def _place(
    scene: bpy.types.Scene,
    matched: MatchedLight,
    name: str,
    options: RigOptions,
    source: Optional[bpy.types.Image],
    own: Optional[bpy.types.World],
) -> None:
    settings = scene.holirep.light
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
            options.strength,
            options.rotation,
            settings.area_from if settings.use_areas else None,
            settings.distance,
            settings.light_groups,
            tuple(settings.balance),
            settings.dome_lamps if settings.eevee_dome else 0,
        ),
        [row.lamp for row in kept],
    )
    settings.source, settings.strength, settings.control = source, options.strength, rig.control
    if settings.tracing_before and not (settings.eevee_tracing and scene.eevee.use_raytracing):
        put_eevee_back(scene, settings.tracing_before)
        settings.tracing_before = ""
    if settings.eevee_tracing and not scene.eevee.use_raytracing:
        settings.tracing_before = set_eevee(scene, TRACING)
    set_dome_shadows(scene)
    if own is not None:
        settings.own_world = own
    settings.residual_gain = (1.0, 1.0, 1.0)
    _fill(settings, rig, lamps)
    if settings.thumbnail is not None:
        bpy.data.images.remove(settings.thumbnail)
    settings.thumbnail = thumbnail(matched.analysis.grid, matched.analysis.lamps, name)
    settings.summary, settings.warnings = matched.sentence, "\n".join(matched.warnings)
    keep_match(scene, matched)


def remove_lighting(scene: bpy.types.Scene) -> None:
    """Takes away all that Match Lighting made, and shows the world again that was there before."""
    settings = scene.holirep.light
    remove_rig(scene)
    if scene.world is None and settings.own_world is not None:
        scene.world = settings.own_world
    if settings.tracing_before:
        put_eevee_back(scene, settings.tracing_before)
    settings.property_unset("control")
    set_dome_shadows(scene)
    thumbnails = [image for image in (settings.thumbnail, settings.plate.preview) if image is not None]
    settings.lamps.clear()
    for name in (
        "summary",
        "warnings",
        "figures",
        "residual_gain",
        "thumbnail",
        "own_world",
        "strength",
        "tracing_before",
    ):
        settings.property_unset(name)
    for name in ("summary", "warnings", "preview"):
        settings.plate.property_unset(name)
    for image in thumbnails:
        bpy.data.images.remove(image)


def _own_world(scene: bpy.types.Scene) -> Optional[bpy.types.World]:
    """The artist's world that the scene shows; None where it shows none, or the rig's residual."""
    return scene.world if scene.world is None or scene.world.get(MARK) != KIND else None


def _scene(number: int) -> bpy.types.Scene:
    scene = next((scene for scene in bpy.data.scenes if scene.session_uid == number), None)
    if scene is None:
        raise EnvironmentMapError("The scene was removed while its light was matched.")
    return scene


@dataclass
class _Shown:
    """The environment that is meant, as it came; ``image`` is the number of the data-block that it was read from."""

    environment: EnvironmentMap
    name: str
    options: RigOptions
    warnings: list[str]
    image: Optional[int] = None


def _reading(number: int) -> Steps[_Shown]:
    """The environment that is meant: the chosen file, what the scene's own world shows, or showed before the rig."""
    yield Step("Reading the environment", 0.0, 0.0)
    scene = _scene(number)
    settings, own, space = scene.holirep.light, _own_world(scene), working_space()
    path = Path(bpy.path.abspath(settings.hdri)) if settings.hdri.strip() else None
    wish = wish_of(scene)
    shown, options = world_environment(own)
    if path is not None:
        environment, warnings = yield from opening(source_of(scene, path))
        repaired = yield from repairing(environment, wish)
        return _Shown(repaired.environment, path.stem, options, [*warnings, *repaired.sentences])
    if shown is None and own is None:
        shown, options = world_environment(settings.own_world)
    if shown is not None and shown.baked is not None:
        told = f"The nodes of the world {shown.name} do more than show an image: what they give was rendered into a map"
        size = f"{shown.baked.width} x {shown.baked.height}"
        return _Shown(shown.baked, shown.name, options, [f"{told} of {size} pixels."])
    image = shown.image if shown is not None else settings.source
    if image is None:
        raise EnvironmentMapError("There is no environment: choose an HDR or EXR file, or show one in the world.")
    uid, name = image.session_uid, Path(image.filepath).name or image.name
    stem = Path(image.filepath).stem or image.name
    colours, notes, limit = read_pixels(image)
    environment, more = yield Step(
        "Reading the environment", 0.15, 0.25, lambda _tell: environment_of(colours, name, space)
    )
    repaired = yield from repairing(replace(environment, limit=limit), wish)
    return _Shown(repaired.environment, stem, options, [*notes, *more, *repaired.sentences], uid)


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
