# SPDX-License-Identifier: GPL-3.0-or-later
"""The verb quality: what a take is worth, in figures and scores, as a report, and as an exit code for a batch."""

from __future__ import annotations

import argparse
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

import bpy

from ..motion.take import TakeError
from . import files
from .characters import named_object
from .errors import CHARACTER, DISK, GATE, USAGE, CommandError

if TYPE_CHECKING:
    from ..scene.quality_report import Assessed

_LISTED = 8


def add_options(parser: argparse.ArgumentParser) -> None:
    """The verb's own options."""
    parser.add_argument("take", type=Path, metavar="TAKE.npz", help="the take; it is left as it is")
    parser.add_argument(
        "--file", type=Path, metavar="FILE.blend", help="the shot: its character, floor and light count"
    )
    parser.add_argument("--character", metavar="NAME", help="armature that the take is on; else the shot's own")
    parser.add_argument(
        "--environment", type=Path, metavar="FILE", help="HDR or EXR that lights the shot; else its own"
    )
    parser.add_argument(
        "--gates",
        type=Path,
        metavar="FILE",
        help="the show's own gates, JSON or TOML; else those of FILE.blend, else HoliRep's",
    )
    parser.add_argument("--report", type=Path, metavar="FOLDER", help="where the page and its JSON file go")
    parser.add_argument("--compare", type=Path, metavar="OTHER.npz", help="another take to set beside this one")
    parser.add_argument("--no-pictures", action="store_true", help="the report without frames of the plate")


def quality(options: Namespace) -> tuple[dict[str, Any], str]:
    """Judges a take; ends with its own exit code where a gate is not passed, the report written all the same."""
    from ..scene.quality_properties import gates_of
    from ..scene.quality_report import beside, report, write_quality_report

    if options.report is not None and options.report.exists() and not options.report.is_dir():
        raise CommandError(DISK, f"{options.report} is a file; name a folder for the report")
    gates = _gates(options)
    scene = _scene(options)
    if gates is None and scene is not None:
        gates = gates_of(scene.holirep.quality)
    assessed = _assessed(options, scene, gates)
    other = None
    if options.compare is not None:
        try:
            assessed, other = beside(assessed, files.existing(options.compare, "take"), gates)
        except TakeError as error:
            raise CommandError(DISK, str(error)) from error
    written: dict[str, str] = {}
    if options.report is None:
        facts, _pictures = report(assessed, other, pictures=False)
    else:
        try:
            target, facts = write_quality_report(assessed, options.report.absolute(), other, not options.no_pictures)
        except OSError as error:
            raise CommandError(DISK, f"the report could not be written: {error}") from error
        written = {"report": str(target), "data": str(target.with_name("quality.json"))}
    result = {name: value for name, value in facts.items() if name not in ("series", "plots", "frame_ticks")}
    result.update(written)
    text = _text(facts, written)
    if not facts["passed"]:
        raise CommandError(GATE, facts["verdict"], findings=result, text=text)
    return result, text


def _gates(options: Namespace) -> Optional[dict[str, float]]:
    from ..scene.quality_report import gates_of_show

    if options.gates is None:
        return None
    try:
        return gates_of_show(files.existing(options.gates, "file of gates"))
    except ValueError as error:
        raise CommandError(USAGE, str(error)) from error


def _scene(options: Namespace) -> Optional[bpy.types.Scene]:
    """The scene that the take is judged in; None where neither a file nor a character is named."""
    if options.file is None and options.character is None:
        return None
    files.open_blend(options.file)
    scene = bpy.context.scene
    if options.character is not None:
        from ..scene.applying import check_character

        try:
            scene.holirep.character = check_character(named_object(options.character))
        except ValueError as error:
            raise CommandError(CHARACTER, str(error)) from error
    return scene


def _assessed(options: Namespace, scene: Optional[bpy.types.Scene], gates: Optional[dict[str, float]]) -> Assessed:
    from ..scene.environments import EnvironmentMapError
    from ..scene.quality_report import assess_take

    environment = None if options.environment is None else files.existing(options.environment, "environment")
    try:
        return assess_take(files.existing(options.take, "take"), scene, environment, gates)
    except TakeError as error:
        raise CommandError(DISK, str(error)) from error
    except EnvironmentMapError as error:
        raise CommandError(USAGE, str(error)) from error


def _text(facts: dict[str, Any], written: dict[str, str]) -> str:
    lines = [f"{facts['name']}: {facts['verdict']}", facts["standing"]]
    for score in facts["scores"].values():
        value = "  –  " if score["value"] is None else f"{score['value']:.3f}"
        gate = "" if score["gate"] is None else f"  gate {score['gate']:g}"
        why = f"  {score['missing']}" if score["missing"] else "  not passed" if score["passed"] is False else ""
        lines.append(f"  {score['title']:<28} {value}{gate}{why}")
    for each in facts["weak_ranges"][:_LISTED]:
        helps = f" ({each['remedy_title']})" if each["remedy_title"] else ""
        first, last = each["first"], each["last"]
        frames = f"Frame {first}" if first == last else f"Frames {first} to {last}"
        lines.append(f"{frames}: {each['sentence']}{helps}")
    if facts.get("comparison"):
        lines.append(facts["comparison"]["sentence"])
    lines += [f"Note: {note}" for note in facts["notes"]]
    lines += [f"Wrote {path}" for path in written.values()]
    return "\n".join(lines)
