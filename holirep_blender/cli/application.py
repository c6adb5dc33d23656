# SPDX-License-Identifier: GPL-3.0-or-later
"""The verbs that work on a shot: replicate, solve, apply, export."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

import bpy

from .. import preferences
from ..motion.take import Take, TakeError
from ..operators import session
from ..operators.performance import Performance, summary
from ..operators.solve_again import SolveAgain
from ..protocol.methods import METHODS
from ..runtime.faults import RuntimeFault
from ..scene import shot as shots
from ..scene.take_facts import made_by
from . import files
from .characters import named_object
from .errors import CANCELLED, CHARACTER, DISK, PLATE, RUNTIME, USAGE, CommandError, from_job
from .progress import ProgressLines
from .shot_options import check_applying, refined, set_applying, set_plate, set_solve, take_path


def replicate(options: Namespace) -> tuple[dict[str, Any], str]:
    """Makes a take, and with ``--character`` and ``--save`` applies and saves it."""
    out, scene = _opened(options)
    shot = scene.holirep
    set_plate(shot, options)
    set_solve(shot, options)
    if not shot.plate.strip():
        raise CommandError(PLATE, "there is no plate: name one with --plate")
    try:
        shots.plate_path(shot)
    except ValueError as error:
        raise CommandError(PLATE, str(error)) from error
    _prepare(scene, options)
    performance = Performance(
        scene, out=out, device=options.device, processes=options.processes, weights=_absolute(options.weights)
    )
    return _make_take(scene, performance, options)


def solve(options: Namespace) -> tuple[dict[str, Any], str]:
    """Solves a take again from what the tracker saw; with ``--character`` and ``--save`` applies and saves it too."""
    out, scene = _opened(options)
    take = files.existing(options.take, "take")
    scene.holirep.take = str(take)
    if options.method is None:
        options.method = _method_of(take)
    set_solve(scene.holirep, options)
    _prepare(scene, options)
    again = SolveAgain(scene, out=out, device=options.device, weights=_absolute(options.weights))
    return _make_take(scene, again, options)


def _method_of(take: Path) -> str | None:
    """The method that a take was made with, if there is such a one now."""
    try:
        made = made_by(take)
    except TakeError as error:
        raise CommandError(DISK, str(error)) from error
    return made if made in METHODS else None


def _absolute(path: Path | None) -> Path | None:
    return None if path is None else path.absolute()


def _opened(options: Namespace) -> tuple[Path | None, bpy.types.Scene]:
    """Where the take goes, and the opened file's scene; raises CommandError where the options do not fit together."""
    check_applying(options)
    if options.character is None and options.out is None:
        raise CommandError(USAGE, "name a take with --out TAKE.npz, or give --character NAME and --save FILE.blend")
    out = take_path(options)
    files.open_blend(options.file)
    scene = bpy.context.scene
    return out, scene


def apply(options: Namespace) -> tuple[dict[str, Any], str]:
    """Puts a take on a character and saves the file."""
    check_applying(options)
    files.open_blend(options.file)
    files.check_folder_of(options.save)
    scene = bpy.context.scene
    _choose_character(scene, options)
    scene.holirep.take = str(files.existing(options.take, "take"))
    return _apply_and_save(scene, options.save)


def _prepare(scene: bpy.types.Scene, options: Namespace) -> None:
    """Looks at everything that can be wrong before any time is spent on a job."""
    if options.character is not None:
        files.check_folder_of(options.save)
        _choose_character(scene, options)
    try:
        preferences.runtime_python()
    except RuntimeFault as fault:
        raise CommandError(RUNTIME, str(fault)) from fault


def _make_take(scene: bpy.types.Scene, performance: Performance, options: Namespace) -> tuple[dict[str, Any], str]:
    """Runs the job, and applies and saves if that is asked for."""
    try:
        job = performance.run(ProgressLines())
    except TakeError as error:
        raise CommandError(DISK, str(error)) from error
    except ValueError as error:
        raise CommandError(USAGE, str(error)) from error
    except KeyboardInterrupt:
        session.stop_jobs()
        raise
    if job.state == "cancelled":
        raise CommandError(CANCELLED, "cancelled; nothing was changed")
    if job.error is not None:
        raise from_job(job)
    result = {**job.result, "warnings": [*performance.warnings, *job.warnings]}
    text = "\n".join([f"{summary(job)}: {result['take']}", *(f"Warning: {each}" for each in performance.warnings)])
    if options.character is None:
        return result, text
    scene.holirep.take = result["take"]
    applied, more = _apply_and_save(scene, options.save)
    return {**result, **applied, "warnings": result["warnings"] + applied["warnings"]}, f"{text}\n{more}"


def export(options: Namespace) -> tuple[dict[str, Any], str]:
    """Writes a take as BVH, or a character with its keys as FBX, glTF or USD."""
    if (options.take is None) == (options.character is None):
        raise CommandError(USAGE, "export either --take TAKE.npz (BVH) or --character NAME (FBX, glTF, USD)")
    kind = options.format or options.out.suffix.lower().lstrip(".")
    kind = {"gltf": "glb", "usdc": "usd", "usda": "usd", "usdz": "usd"}.get(kind, kind)
    allowed = ("bvh",) if options.take is not None else ("fbx", "glb", "usd")
    if kind not in allowed:
        raise CommandError(
            USAGE, f"{'a take' if options.take else 'a character'} is exported as {', '.join(allowed)}, not {kind!r}"
        )
    out = files.check_folder_of(options.out)
    try:
        if options.take is not None:
            from ..motion.bvh import write_bvh

            write_bvh(Take.load(files.existing(options.take, "take")), out)
        else:
            from ..scene.exporters import export_character

            files.open_blend(options.file)
            export_character(bpy.context, named_object(options.character), out, kind)
    except TakeError as error:
        raise CommandError(DISK, str(error)) from error
    except ValueError as error:
        raise CommandError(CHARACTER, str(error)) from error
    except OSError as error:
        raise CommandError(DISK, f"{out} could not be written: {error.strerror or error}") from error
    return {"out": str(out), "format": kind}, f"Exported {out}"


def _apply_and_save(scene: bpy.types.Scene, save: Path) -> tuple[dict[str, Any], str]:
    from ..scene.shot_take import apply_shot_take

    try:
        text, warnings = apply_shot_take(bpy.context, scene, scene.holirep.character)
    except TakeError as error:
        raise CommandError(DISK, str(error)) from error
    except ValueError as error:
        raise CommandError(CHARACTER, str(error)) from error
    except OSError as error:
        raise CommandError(DISK, f"The take cannot be read: {error}") from error
    files.save_blend(save)
    lines = [text, *(f"Warning: {warning}" for warning in warnings), f"Saved {save}"]
    result = {"applied": text, "warnings": warnings, "saved": str(save.absolute())}
    return {**result, **refined(scene.holirep)}, "\n".join(lines)


def _choose_character(scene: bpy.types.Scene, options: Namespace) -> None:
    """Finds the character and looks at its rig before any time is spent on tracking."""
    from ..scene.applying import check_character
    from ..scene.characters import armature_of
    from ..scene.shot_take import check_shot_character

    shot = scene.holirep
    found = named_object(options.character)
    if armature_of(found) is None:
        kind = found.type.replace("_", " ").lower()
        raise CommandError(
            CHARACTER,
            f"{found.name!r} is a {kind} without an armature: name an armature, or a mesh that belongs to one",
        )
    try:
        shot.character = check_character(found)
        check_shot_character(shot)
    except ValueError as error:
        raise CommandError(CHARACTER, str(error)) from error
    set_applying(shot, options)
