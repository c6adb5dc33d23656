# SPDX-License-Identifier: GPL-3.0-or-later
"""The verb light: an environment taken apart into lamps and a residual, the rig put into a file, matched to a plate."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

import bpy

from . import files
from .environment_options import source_of, wish_of
from .errors import DISK, USAGE, CommandError
from .light_plate import match_plate

if TYPE_CHECKING:
    from ..scene.environment_repair import RepairWish
    from ..scene.environment_source import EnvironmentSource
    from ..scene.light_matching import MatchedLight
    from ..scene.plate_light import PlateMatch


def light(options: Namespace) -> tuple[dict[str, Any], str]:
    """Finds the lamps; with ``--residual`` writes what is left, with ``--save`` the rig."""
    from ..scene.light_matching import light_rows

    source = _checked(options)
    wish = wish_of(options)
    hdri = source.paths[0] if source is not None else None
    files.open_blend(options.file)
    if options.scene is not None:
        files.choose_scene(options.scene)
    matched = _matched(options, source, wish) if source is not None else None
    result: dict[str, Any] = {} if matched is None else light_rows(matched)
    lines = [] if matched is None else [matched.sentence, *(f"Warning: {warning}" for warning in matched.warnings)]
    if options.equirect is not None and source is not None:
        _write(_environment(source, wish), options.equirect)
        result["environment"] = str(options.equirect.absolute())
        lines.append(f"Wrote {options.equirect}")
    if options.residual is not None and matched is not None:
        _write(matched.analysis.residual, options.residual, source)
        result["residual"] = str(options.residual.absolute())
        lines.append(f"Wrote {options.residual}")
    if matched is not None and (options.save is not None or options.match_plate is not None):
        for row, name in zip(result["lights"], _rig(matched, options.eevee_dome), strict=True):
            row["object"] = name
        bpy.context.scene.holirep.light.hdri = str(hdri)
    plate = match_plate(options) if options.match_plate is not None else None
    if plate is not None:
        result["plate"] = plate.facts()
        lines += [f"{plate.sentence}.", *(f"Warning: {warning}" for warning in plate.warnings)]
    if options.report is not None:
        result["report"] = str(_report(options, source, wish, matched, plate))
        if bpy.context.scene.holirep.light.summary:
            from ..scene.quality_lighting import keep_report, rig_state

            keep_report(bpy.context.scene, options.report.absolute(), rig_state(bpy.context.scene))
        lines.append(f"Wrote {result['report']}")
    if options.save is not None:
        files.save_blend(options.save)
        result["saved"] = str(options.save.absolute())
        lines.append(f"Saved {options.save}")
    return result, "\n".join(lines)


def _checked(options: Namespace) -> Optional[EnvironmentSource]:
    """The environment that is meant, once all that can be told without work is in order."""
    source = source_of(options)
    if options.residual is not None and options.residual.suffix.lower() != ".exr":
        raise CommandError(
            USAGE, f"the residual is written as OpenEXR: --residual {options.residual.with_suffix('.exr')}"
        )
    if options.save is not None and options.save.suffix.lower() != ".blend":
        raise CommandError(USAGE, f"the file to save must end in .blend: --save {options.save.with_suffix('.blend')}")
    if source is None and (options.file is None or (options.match_plate is None and options.report is None)):
        text = "name the environment: --hdri FILE, or with --match-plate or --report a --file with a light rig"
        raise CommandError(USAGE, text)
    if source is None and (options.residual is not None or options.equirect is not None):
        raise CommandError(USAGE, "--residual and --equirect need the environment: --hdri FILE")
    if source is None and options.report is not None and options.match_plate is not None:
        raise CommandError(USAGE, "--report with --match-plate needs the environment: --hdri FILE")
    for path in (options.residual, options.save):
        if path is not None:
            files.check_folder_of(path)
    return source


def _report(
    options: Namespace,
    source: Optional[EnvironmentSource],
    wish: Optional[RepairWish],
    matched: Optional[MatchedLight],
    plate: Optional[PlateMatch],
) -> Path:
    """Writes the report of what was matched, else of the opened scene's own environment; its page."""
    from ..scene.environments import EnvironmentMapError
    from ..scene.light_report import write_report
    from ..scene.light_shot import report_lighting

    folder = options.report.absolute()

    def tell(done: float) -> None:
        if options.progress_lines:
            print(f"Progress {json.dumps({'done': round(1000 * done), 'count': 1000})}", flush=True)

    try:
        if source is None or matched is None:
            return report_lighting(bpy.context.scene, folder, tell, not options.no_renders)
        environment = None if options.no_renders else _environment(source, wish)
        return write_report(matched, folder, environment, plate, tell=tell)
    except EnvironmentMapError as error:
        raise CommandError(USAGE, str(error)) from error
    except OSError as error:
        raise CommandError(DISK, f"the report could not be written: {error}") from error


def _environment(source: EnvironmentSource, wish: Optional[RepairWish]) -> Any:
    """The environment again, whole: what was matched has become the residual."""
    from ..scene.environment_repair import repairing
    from ..scene.environment_source import open_source
    from ..scene.light_steps import at_once

    environment, _ = open_source(source)
    return at_once(repairing(environment, wish)).environment


def _matched(options: Namespace, source: EnvironmentSource, wish: Optional[RepairWish]) -> MatchedLight:
    from ..scene.environments import EnvironmentMapError
    from ..scene.light_matching import match_source

    try:
        return match_source(source, options.lamps, options.one_each, wish)
    except EnvironmentMapError as error:
        raise CommandError(USAGE, str(error)) from error


def _rig(matched: MatchedLight, dome: Optional[int]) -> list[str]:
    """Puts the rig into the scene, as the panel does; the names of its lamps."""
    from ..scene.light_shot import place_rig

    if dome is not None:
        settings = bpy.context.scene.holirep.light
        settings.dome_lamps, settings.eevee_dome = dome or settings.dome_lamps, dome > 0
    return place_rig(bpy.context.scene, matched)


def _write(environment: Any, path: Path, source: Optional[EnvironmentSource] = None) -> None:
    """Writes a map; one that was averaged while it was read from ``source``, in the size and layout of that."""
    from ..scene.environment_source import large_source
    from ..scene.environments import EnvironmentMapError, write_environment

    large = large_source(source) if source is not None else None
    try:
        if large is not None:
            large.write_scaled(environment, path.absolute())
        else:
            write_environment(environment, path.absolute())
    except (OSError, EnvironmentMapError) as error:
        reason = getattr(error, "strerror", None)
        raise CommandError(DISK, f"{path} could not be written: {reason}" if reason else str(error)) from error
