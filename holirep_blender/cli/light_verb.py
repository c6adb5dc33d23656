# SPDX-License-Identifier: GPL-3.0-or-later
"""The verb light: an environment taken apart into lamps and a residual, the rig put into a file, matched to a plate."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

import bpy

from . import files
from .errors import DISK, USAGE, CommandError
from .light_plate import match_plate

if TYPE_CHECKING:
    from ..scene.light_matching import MatchedLight


def light(options: Namespace) -> tuple[dict[str, Any], str]:
    """Finds the lamps; with ``--residual`` writes what is left, with ``--save`` the rig."""
    from ..scene.light_matching import light_rows
    from ..scene.light_report import write_report

    hdri = _checked(options)
    files.open_blend(options.file)
    matched = _matched(options, hdri) if hdri is not None else None
    result: dict[str, Any] = {} if matched is None else light_rows(matched)
    lines = [] if matched is None else [matched.sentence, *(f"Warning: {warning}" for warning in matched.warnings)]
    if options.residual is not None and matched is not None:
        _write_residual(matched, options.residual)
        result["residual"] = str(options.residual.absolute())
        lines.append(f"Wrote {options.residual}")
    if matched is not None and (options.save is not None or options.match_plate is not None):
        for row, name in zip(result["lights"], _rig(matched), strict=True):
            row["object"] = name
        bpy.context.scene.holirep.light.hdri = str(hdri)
    plate = match_plate(options) if options.match_plate is not None else None
    if plate is not None:
        result["plate"] = plate.facts()
        lines += [f"{plate.sentence}.", *(f"Warning: {warning}" for warning in plate.warnings)]
    if options.report is not None and matched is not None:
        from ..scene.environments import load_environment

        environment = None if options.no_renders or hdri is None else load_environment(hdri)[0]
        try:
            result["report"] = str(write_report(matched, options.report.absolute(), environment, plate))
        except OSError as error:
            raise CommandError(DISK, f"the report could not be written: {error}") from error
        lines.append(f"Wrote {result['report']}")
    if options.save is not None:
        files.save_blend(options.save)
        result["saved"] = str(options.save.absolute())
        lines.append(f"Saved {options.save}")
    return result, "\n".join(lines)


def _checked(options: Namespace) -> Optional[Path]:
    """The environment's path, once all that can be told without work is in order."""
    if options.residual is not None and options.residual.suffix.lower() != ".exr":
        raise CommandError(
            USAGE, f"the residual is written as OpenEXR: --residual {options.residual.with_suffix('.exr')}"
        )
    if options.save is not None and options.save.suffix.lower() != ".blend":
        raise CommandError(USAGE, f"the file to save must end in .blend: --save {options.save.with_suffix('.blend')}")
    if options.hdri is None and (options.match_plate is None or options.file is None):
        raise CommandError(USAGE, "name the environment: --hdri FILE, or with --match-plate a --file with a light rig")
    if options.hdri is None and (options.report is not None or options.residual is not None):
        raise CommandError(USAGE, "--report and --residual need the environment: --hdri FILE")
    for path in (options.residual, options.save):
        if path is not None:
            files.check_folder_of(path)
    return files.existing(options.hdri, "environment") if options.hdri is not None else None


def _matched(options: Namespace, hdri: Path) -> MatchedLight:
    from ..scene.environments import EnvironmentMapError
    from ..scene.light_matching import match_file

    try:
        return match_file(hdri, options.lamps)
    except EnvironmentMapError as error:
        raise CommandError(USAGE, str(error)) from error


def _rig(matched: MatchedLight) -> list[str]:
    """Puts the rig into the scene, as the panel does; the names of its lamps."""
    from ..scene.light_shot import place_rig

    return place_rig(bpy.context.scene, matched)


def _write_residual(matched: MatchedLight, path: Path) -> None:
    from ..scene.environments import write_environment

    try:
        write_environment(matched.analysis.residual, path.absolute())
    except OSError as error:
        raise CommandError(DISK, str(error)) from error
