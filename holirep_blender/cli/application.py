# SPDX-License-Identifier: GPL-3.0-or-later
"""The verbs that work on a shot: replicate, apply, export."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

import bpy

from .. import preferences, session
from ..motion.take import Take, TakeError
from ..operators.performance import Performance, summary
from ..runtime.faults import RuntimeFault
from ..scene import shot as shots
from . import files
from .errors import CANCELLED, CHARACTER, DISK, PLATE, RUNTIME, USAGE, CommandError, from_job
from .progress import ProgressLines


def replicate(options: Namespace) -> tuple[dict[str, Any], str]:
    """Makes a take, and with ``--character`` and ``--save`` applies and saves it."""
    if (options.character is None) != (options.save is None):
        raise CommandError(USAGE, "--character and --save belong together: the take is applied and the file saved")
    if options.character is None and options.out is None:
        raise CommandError(USAGE, "name a take with --out TAKE.npz, or give --character NAME and --save FILE.blend")
    out = _take_path(options)
    files.open_blend(options.file)
    scene = bpy.context.scene
    _fill_shot(scene.holirep, options)
    try:
        shots.plate_path(scene.holirep)
    except ValueError as error:
        raise CommandError(PLATE, str(error)) from error
    if options.character is not None:
        files.check_folder_of(options.save)
        _choose_character(scene, options)
    try:
        preferences.runtime_python()
    except RuntimeFault as fault:
        raise CommandError(RUNTIME, str(fault)) from fault
    performance = Performance(scene, out=out, device=options.device, processes=options.processes)
    try:
        job = performance.run(ProgressLines())
    except ValueError as error:
        raise CommandError(USAGE, str(error)) from error
    except KeyboardInterrupt:
        session.stop_jobs()
        raise
    if job.state == "cancelled":
        raise CommandError(CANCELLED, "cancelled; nothing was changed")
    if job.error is not None:
        raise from_job(job.error)
    result = {**job.result, "warnings": list(job.warnings)}
    text = f"{summary(job)}: {result['take']}"
    if options.character is None:
        return result, text
    scene.holirep.take = result["take"]
    applied, more = _apply_and_save(scene, options.save)
    return {**result, **applied, "warnings": result["warnings"] + applied["warnings"]}, f"{text}\n{more}"


def apply(options: Namespace) -> tuple[dict[str, Any], str]:
    """Puts a take on a character and saves the file."""
    files.open_blend(options.file)
    files.check_folder_of(options.save)
    scene = bpy.context.scene
    _choose_character(scene, options)
    scene.holirep.take = str(files.existing(options.take, "take"))
    return _apply_and_save(scene, options.save)


def export(options: Namespace) -> tuple[dict[str, Any], str]:
    """Writes a take as BVH, or a character with its keys as FBX, glTF or USD."""
    if (options.take is None) == (options.character is None):
        raise CommandError(USAGE, "export either --take TAKE.npz (BVH) or --character NAME (FBX, glTF, USD)")
    kind = options.format or options.out.suffix.lower().lstrip(".").replace("gltf", "glb").replace("usdc", "usd")
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
            with files.replacing(out) as partial:
                export_character(bpy.context, _object(options.character), partial, kind)
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
    return {"applied": text, "warnings": warnings, "saved": str(save.absolute())}, "\n".join(lines)


def _fill_shot(shot: bpy.types.PropertyGroup, options: Namespace) -> None:
    """Writes the options into the shot, so that a saved file shows what was asked for."""
    if options.plate is not None:
        shot.plate = str(options.plate.absolute())
    if options.range is not None:
        shot.use_range = True
        shot.frame_first, shot.frame_last = options.range
    if options.person is not None:
        shot.person_kind, shot.person_frame = options.person.kind, options.person.frame
        if options.person.kind == "POINT":
            shot.person_point = options.person.values
        elif options.person.kind == "BOX":
            shot.person_box = options.person.values
    if options.smoothing is not None:
        shot.smoothing = options.smoothing.upper()
    if options.smoothing_strength is not None:
        shot.smoothing_strength = options.smoothing_strength
    if options.sensor_width is not None:
        shot.sensor_width_mm = options.sensor_width
    if options.focal_length is not None:
        shot.focal_kind = options.focal_length.kind
        if options.focal_length.kind == "MILLIMETRES":
            shot.focal_length_mm = options.focal_length.value
        elif options.focal_length.kind == "PIXELS":
            shot.focal_length_px = options.focal_length.value
    if options.height is not None:
        shot.use_performer_height, shot.performer_height = True, options.height


def _take_path(options: Namespace) -> Path | None:
    if options.out is None:
        return None
    if options.out.suffix.lower() != ".npz":
        raise CommandError(USAGE, f"a take is a .npz file: --out {options.out.with_suffix('.npz')}")
    return files.check_folder_of(options.out)


def _choose_character(scene: bpy.types.Scene, options: Namespace) -> None:
    """Finds the character and looks at its rig before any time is spent on tracking."""
    from ..scene.applying import check_character
    from ..scene.shot_take import check_shot_character

    shot = scene.holirep
    try:
        shot.character = check_character(_object(options.character))
        check_shot_character(shot)
    except ValueError as error:
        raise CommandError(CHARACTER, str(error)) from error
    if options.in_place:
        shot.root_motion = "IN_PLACE"
    if options.match_camera:
        shot.match_camera = True
    if options.nla:
        shot.push_to_nla = True
    if options.no_camera:
        shot.add_camera = False
    if options.no_background:
        shot.plate_as_background = False


def _object(name: str) -> bpy.types.Object:
    found = bpy.context.scene.objects.get(name)
    if found is None:
        armatures = sorted(item.name for item in bpy.context.scene.objects if item.type == "ARMATURE")
        there = (
            f"its armatures are: {', '.join(armatures)}" if armatures else "it has no armature; open a file with --file"
        )
        raise CommandError(CHARACTER, f"the scene has no object named {name!r}; {there}")
    return found
