# SPDX-License-Identifier: GPL-3.0-or-later
"""The verb light: an environment taken apart into lamps and a residual, and the rig put into a file."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

import bpy

from . import files
from .errors import DISK, USAGE, CommandError


def light(options: Namespace) -> tuple[dict[str, Any], str]:
    """Finds the lamps; with ``--residual`` writes what is left, with ``--save`` the rig."""
    from ..scene.environments import EnvironmentMapError, write_environment
    from ..scene.light_matching import light_rows, match_file
    from ..scene.light_report import write_report
    from ..scene.light_rig import build_rig
    from ..scene.light_world import RigOptions

    if options.residual is not None and options.residual.suffix.lower() != ".exr":
        raise CommandError(
            USAGE, f"the residual is written as OpenEXR: --residual {options.residual.with_suffix('.exr')}"
        )
    if options.save is not None and options.save.suffix.lower() != ".blend":
        raise CommandError(USAGE, f"the file to save must end in .blend: --save {options.save.with_suffix('.blend')}")
    hdri = files.existing(options.hdri, "environment")
    for path in (options.residual, options.save):
        if path is not None:
            files.check_folder_of(path)
    files.open_blend(options.file)
    try:
        matched = match_file(hdri, options.lamps)
    except EnvironmentMapError as error:
        raise CommandError(USAGE, str(error)) from error
    result = light_rows(matched)
    lines = [matched.sentence, *(f"Warning: {warning}" for warning in matched.warnings)]
    if options.residual is not None:
        try:
            write_environment(matched.analysis.residual, options.residual.absolute())
        except OSError as error:
            raise CommandError(DISK, str(error)) from error
        result["residual"] = str(options.residual.absolute())
        lines.append(f"Wrote {options.residual}")
    if options.report is not None:
        try:
            result["report"] = str(write_report(matched, options.report.absolute()))
        except OSError as error:
            raise CommandError(DISK, f"the report could not be written: {error}") from error
        lines.append(f"Wrote {result['report']}")
    if options.save is not None:
        rig = build_rig(
            bpy.context.scene, matched.analysis.lamps, matched.analysis.residual, matched.name, RigOptions()
        )
        for row, lamp in zip(result["lights"], rig.lamps, strict=True):
            row["object"] = lamp.name
        files.save_blend(options.save)
        result["saved"] = str(options.save.absolute())
        lines.append(f"Saved {options.save}")
    return result, "\n".join(lines)
