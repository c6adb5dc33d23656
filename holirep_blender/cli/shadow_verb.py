# SPDX-License-Identifier: GPL-3.0-or-later
"""The verb bake-shadows: the passes that put a character's shadow into its plate, or its shadow baked onto surfaces."""

from __future__ import annotations

import json
import sys
import time
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from ..scene.shadow_devices import DEVICES
from . import files
from .errors import CANCELLED, DISK, FOUND, USAGE, CommandError
from .interrupting import Interrupting

if TYPE_CHECKING:
    from ..scene.shadow_bake import ShadowBake, ShadowProgress

_LOG_SECONDS = 5.0


def bake_shadows(options: Namespace) -> tuple[dict[str, Any], str]:
    """Renders the passes, or with ``--onto`` bakes onto surfaces."""
    from ..scene.shadow_errors import ShadowError

    files.open_blend(options.file)
    if options.scene is not None:
        files.choose_scene(options.scene)
    try:
        with Interrupting(lambda: _cancelled(options.out), options.json):
            return _onto(options) if options.onto is not None else _passes(options)
    except ShadowError as error:
        raise CommandError(USAGE, str(error)) from error
    except OSError as error:
        reason = error.strerror or str(error)
        where = error.filename or options.out or options.keep
        text = f"the shadows could not be written into {where}: {reason}; finished frames are kept"
        raise CommandError(DISK, text) from error


def _cancelled(out: Path | None) -> CommandError:
    if out is not None:
        from ..scene.shadow_bake import clear_partials

        clear_partials(out.absolute(), own=True)
    return CommandError(CANCELLED, "cancelled; finished frames are kept, and the next run goes on from them")


def _passes(options: Namespace) -> tuple[dict[str, Any], str]:
    from ..scene.shadow_bake import ShadowOptions, bake_shadows

    if options.out is None:
        raise CommandError(USAGE, "name a folder for the passes with --out FOLDER")
    scene = bpy.context.scene
    settings = ShadowOptions(
        out=options.out.absolute(),
        frames=options.range,
        samples=options.samples,
        device=options.device,
        catchers=_objects(options.catchers or ()),
        resolution=options.resolution,
        denoise=options.denoise,
        name=options.name,
        plate_gain=options.plate_gain,
        again=options.again,
        slim=options.slim,
    )
    bake = bake_shadows(scene, settings, _Progress(options.progress_lines))
    return answer(bake, options.strict)


def answer(bake: ShadowBake, strict: bool) -> tuple[dict[str, Any], str]:
    """The JSON object and the text for people; where it is ``strict``, contacts that fail raise CommandError."""
    from ..scene.shadow_bake import told

    result = told(bake)
    contacts = bake.contacts.sentences if bake.contacts is not None else []
    lines = [f"{bake.sentence}: {bake.out}", *(f"Warning: {warning}" for warning in bake.warnings), *contacts]
    text = "\n".join(lines)
    if strict and bake.contacts is not None and bake.contacts.failing:
        raise CommandError(FOUND, contacts[0], findings=result, text=text)
    return result, text


def _onto(options: Namespace) -> tuple[dict[str, Any], str]:
    from ..scene.shadow_surfaces import SurfaceOptions, bake_surfaces, keep_surfaces, write_surfaces

    if options.out is None and options.save is None and options.keep is None:
        text = "with --onto name --out FOLDER (pictures), or only --save FILE.blend (vertex colours)"
        raise CommandError(USAGE, text)
    if options.save is not None:
        files.check_folder_of(options.save)
    settings = SurfaceOptions(
        objects=_objects(options.onto),
        kind=options.kind,
        out=options.out.absolute() if options.out is not None else None,
        size=options.size,
        samples=options.samples,
        device=options.device,
        frame=options.range[0] if options.range else None,
    )
    progress = _Progress(options.progress_lines)
    baked = bake_surfaces(bpy.context.scene, settings, progress.surfaces)
    result: dict[str, Any] = {
        "summary": baked.sentence,
        "notes": baked.warnings,
        "kind": options.kind,
        "objects": [each.object for each in baked.surfaces],
        "files": [str(each.file) for each in baked.surfaces if each.file is not None],
        "warnings": baked.warnings,
    }
    lines = [baked.sentence, *(f"Warning: {warning}" for warning in baked.warnings)]
    if options.keep is not None:
        write_surfaces(baked, options.keep)
    if options.save is not None:
        keep_surfaces(baked)
        files.save_blend(options.save)
        result["saved"] = str(options.save.absolute())
        lines.append(f"Saved {options.save}")
    return result, "\n".join(lines)


def _objects(names: tuple[str, ...]) -> tuple[bpy.types.Object, ...]:
    objects = bpy.context.scene.objects
    for name in names:
        if objects.get(name) is None:
            raise CommandError(USAGE, f"the scene has no object named {name!r}")
    return tuple(objects[name] for name in names)


class _Progress:
    """A line on stderr every few seconds; with ``lines`` one on stdout for each step, for the process that waits."""

    def __init__(self, lines: bool) -> None:
        self._lines = lines
        self._last = 0.0

    def __call__(self, progress: ShadowProgress) -> None:
        """Says how far it is."""
        if self._lines:
            print(f"Progress {json.dumps(vars(progress))}", flush=True)
        elif progress.done < progress.count and time.monotonic() - self._last >= _LOG_SECONDS:
            self._last = time.monotonic()
            left = f", {progress.seconds_left:.0f} s left" if progress.seconds_left is not None else ""
            text = f"frame {progress.frame} ({progress.done + 1} of {progress.count}){left}"
            print(text, file=sys.stderr, flush=True)

    def surfaces(self, done: int, count: int) -> None:
        """Says how many surfaces are done."""
        if self._lines:
            print(f"Progress {json.dumps({'done': done, 'count': count})}", flush=True)


def add_parser(verb: Any, values: Any, file_option: Any) -> None:
    """The options of the verb."""
    file_option(verb)
    verb.add_argument("--scene", metavar="NAME", help="scene of the file; else the one that it shows")
    verb.add_argument("--out", type=Path, metavar="FOLDER", help="where the passes go; made if it is not there")
    verb.add_argument("--range", type=values.frame_range, metavar="A-B", help="frames of the scene; else all of it")
    verb.add_argument("--samples", type=values.whole_number(1, 65536), default=64, metavar="N", help="else 64")
    verb.add_argument(
        "--device",
        choices=DEVICES,
        default="auto",
        help="what Cycles renders on; auto is what Blender's preferences and the file say",
    )
    verb.add_argument(
        "--catchers",
        type=values.names,
        metavar="NAME,NAME",
        help="objects that catch shadows; else the ground is found",
    )
    verb.add_argument(
        "--resolution", type=values.whole_number(1, 400), metavar="PERCENT", help="of the scene's picture; else its own"
    )
    verb.add_argument(
        "--denoise", action="store_true", help="denoise the character and the shadow with OpenImageDenoise"
    )
    verb.add_argument("--name", default="shadow", type=values.file_name, help="files are NAME.####.exr; else shadow")
    verb.add_argument(
        "--plate-gain",
        type=values.number(0.0, 1e6),
        default=0.0,
        metavar="GAIN",
        help="albedo of the ground over the plate's values; else found",
    )
    verb.add_argument("--again", action="store_true", help="render finished frames again, too")
    verb.add_argument("--slim", action="store_true", help="without the light on the ground lamp by lamp: smaller files")
    verb.add_argument("--strict", action="store_true", help="end with exit code 8 where contact shadows fail")
    verb.add_argument("--progress-lines", action="store_true", help="print a line of JSON on stdout at each step")
    onto = verb.add_argument_group("onto surfaces")
    onto.add_argument("--onto", type=values.names, metavar="NAME,NAME", help="bake onto these meshes instead")
    onto.add_argument("--kind", choices=("shadow", "occlusion", "combined"), default="combined", help="what is baked")
    onto.add_argument("--size", type=values.whole_number(8, 16384), default=1024, metavar="PIXELS", help="of pictures")
    onto.add_argument("--save", type=Path, metavar="FILE.blend", help="save the file with the result")
    onto.add_argument(
        "--keep", type=Path, metavar="FILE.npz", help="where colours and new UV maps go, for another file"
    )
