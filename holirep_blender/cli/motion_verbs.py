# SPDX-License-Identifier: GPL-3.0-or-later
"""The verbs for motion that is there already: clamp, plant and check, on a character's active action or on a take."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Callable, Optional

import bpy

from ..motion.take import Take, TakeError
from . import files
from .characters import named_object
from .errors import CHARACTER, DISK, FOUND, USAGE, CommandError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ..motion.biomechanics.report import Violation
    from ..motion.refining.let_go import LetGo
    from ..motion.refining.options import RefineOptions
    from ..motion.refining.report import RefineReport
    from ..scene.animation_refining import AnimationReport

Answer = tuple[dict[str, Any], str]


def clamp(options: Namespace) -> Answer:
    """Brings joints back within human limits."""
    from ..motion.refining.verbs import clamped
    from ..scene.animation_refining import clamp_animation

    return _change(options, {"limits": options.strength}, clamp_animation, clamped)


def plant(options: Namespace) -> Answer:
    """Keeps feet where they touch the floor."""
    from ..motion.refining.verbs import planted_performer
    from ..scene.animation_refining import plant_animation

    if options.surfaces and not options.hands:
        raise CommandError(USAGE, "--surfaces looks for hands that rest on something: add --hands 1")
    refine = {"limits": float(options.keep_limits), "feet": options.strength, "hands": options.hands}
    refine["surfaces"] = options.surfaces
    return _change(options, refine, plant_animation, planted_performer)


def check(options: Namespace) -> Answer:
    """Lists what is not human or does not hold; changes nothing. With ``--strict`` a finding is an error."""
    from ..motion.refining.verbs import checked
    from ..scene.animation_refining import check_animation_of

    _check_target(options)
    if options.take is not None:
        take = _take(options)
        with _said(USAGE):
            report = checked(take, _take_options(take, options, {}))
        result, text = _told(report, _plate_frames(take), "; ".join(report.sentences), report.warnings)
    else:
        result, text = _of_animation(_on_character(options, {}, check_animation_of))
    if options.strict and result["violations"]:
        count = len(result["violations"])
        raise CommandError(FOUND, f"{count} finding{'s' if count > 1 else ''}", findings=result, text=text)
    return result, text


def violation_row(one: Violation, frames: npt.NDArray[np.float64]) -> dict[str, Any]:
    """A violation as the JSON object tells it; ``frames`` are those that its indices stand for."""
    return {
        "kind": one.kind,
        "joint": one.joint,
        "motion": one.motion,
        "first": float(frames[one.first_frame]),
        "last": float(frames[one.last_frame]),
        "worst": float(frames[one.worst_frame]),
        "value": round(float(one.value), 4),
        "bound": round(float(one.bound), 4),
        "unit": one.unit,
        "altered": one.altered,
        "sentence": one.sentence(),
    }


def _change(
    options: Namespace,
    refine: dict[str, Any],
    on_animation: Callable[..., AnimationReport],
    on_take: Callable[[Take, RefineOptions], tuple[Take, RefineReport]],
) -> Answer:
    _check_target(options)
    if options.take is not None:
        if options.out is None or options.out.suffix.lower() != ".npz":
            raise CommandError(USAGE, "name the take to be written: --out NEW.npz")
        out = files.check_folder_of(options.out)
        take = _take(options)
        with _said(USAGE):
            result, report = on_take(take, _take_options(take, options, refine))
        try:
            result.save(out)
        except OSError as error:
            raise CommandError(DISK, f"{out} could not be written: {error.strerror or error}") from error
        answer, text = _told(report, _plate_frames(take), "; ".join(report.sentences), report.warnings)
        return {"take": str(out), **answer}, f"{text}\nWrote {out}"
    if options.save is None:
        raise CommandError(
            USAGE, "--character and --save belong together: name the file to save with --save FILE.blend"
        )
    if options.save.suffix.lower() != ".blend":
        raise CommandError(USAGE, f"the file to save must end in .blend: --save {options.save.with_suffix('.blend')}")
    files.check_folder_of(options.save)
    answer, text = _of_animation(_on_character(options, refine, on_animation))
    files.save_blend(options.save)
    return {**answer, "saved": str(options.save.absolute())}, f"{text}\nSaved {options.save}"


def _check_target(options: Namespace) -> None:
    if (options.take is None) == (options.character is None):
        raise CommandError(USAGE, "name either --take TAKE.npz, or --character NAME (with --file FILE.blend)")
    if options.take is not None and getattr(options, "save", None) is not None:
        raise CommandError(USAGE, "a take is written with --out NEW.npz; --save is for a character")
    if options.take is not None and getattr(options, "ground", None) is not None:
        raise CommandError(USAGE, "--ground names an object of the file's scene; for a take give --floor HEIGHT")
    if options.character is not None and getattr(options, "out", None) is not None:
        raise CommandError(USAGE, "a character is saved with --save FILE.blend; --out is for a take")


@contextmanager
def _said(code: int) -> Iterator[None]:
    """What the engine refuses, as this command's error."""
    try:
        yield
    except ValueError as error:
        raise CommandError(code, str(error)) from error


def _take(options: Namespace) -> Take:
    try:
        take = Take.load(files.existing(options.take, "take"))
    except TakeError as error:
        raise CommandError(DISK, str(error)) from error
    if take.frame_count == 0:
        raise CommandError(DISK, f"{options.take} holds no frames: choose another take, or replicate the plate again")
    return take


def _take_options(take: Take, options: Namespace, refine: dict[str, Any]) -> RefineOptions:
    """Range in the plate's frame numbers, bones as joints."""
    from ..motion.contacts.floor import Floor
    from ..motion.refining.options import RefineOptions

    chosen = RefineOptions(preset=options.preset, **refine)
    if options.range is not None:
        first, last = (frame - take.frame_start for frame in options.range)
        end = take.frame_start + take.frame_count - 1
        if last < 0 or first >= take.frame_count:
            raise ValueError(f"The take has frames {take.frame_start} to {end}, none of {options.range[0]} to "
                             f"{options.range[1]}.")  # fmt: skip
        chosen = replace(chosen, frames=(max(first, 0), min(last, take.frame_count - 1)))
    if options.bones is not None:
        unknown = [name for name in options.bones if name not in take.joint_names]
        if unknown:
            raise ValueError(
                f"The take has no joint named {unknown[0]!r}; joints have VRM names, such as leftUpperLeg."
            )
        chosen = replace(chosen, joints=frozenset(options.bones))
    if getattr(options, "floor", None) is not None:
        chosen = replace(chosen, floor=Floor((0.0, 0.0, options.floor)))
    return chosen


def _plate_frames(take: Take) -> npt.NDArray[np.float64]:
    import numpy as np

    return take.frame_start + np.arange(take.frame_count, dtype=np.float64)


def _on_character(options: Namespace, refine: dict[str, Any], verb: Callable[..., AnimationReport]) -> AnimationReport:
    from ..motion.refining.options import RefineOptions
    from ..scene import refine_settings, rig_map_rows
    from ..scene.animation_take import AnimationOptions
    from ..scene.applying import check_character
    from ..scene.refine_floor import floor_in_scene

    files.open_blend(options.file)
    scene = bpy.context.scene
    shot = scene.holirep
    found = named_object(options.character)
    with _said(CHARACTER):
        armature = check_character(found)
        own = armature == shot.character
        if options.bones is not None:
            missing = [name for name in options.bones if name not in armature.data.bones]
            if missing:
                raise ValueError(f"{armature.name} has no bone named {missing[0]!r}.")
        overrides = refine_settings.limit_overrides(shot.refine) if own else {}
        return verb(
            bpy.context,
            armature,
            AnimationOptions(
                refine=RefineOptions(preset=options.preset, overrides=overrides, **refine),
                rig_map=rig_map_rows.read_rig_map(shot) if own and rig_map_rows.has_rig_map(shot) else None,
                first=options.range[0] if options.range else None,
                last=options.range[1] if options.range else None,
                bones=frozenset(options.bones) if options.bones is not None else None,
                scene_floor=floor_in_scene(scene, options.ground or options.floor) if "floor" in options else None,
            ),
        )


def _of_animation(done: AnimationReport) -> Answer:
    result, text = _told(done.report, done.frames, done.sentence, done.warnings)
    if done.written is not None:
        result.update(bones=list(done.written.bones), frames=[done.written.first, done.written.last])
    return {**result, "range": list(done.range)}, text


def _told(report: RefineReport, frames: npt.NDArray[np.float64], sentence: str, warnings: tuple[str, ...]) -> Answer:
    rows = [violation_row(one, frames) for one in report.violations]
    result = {
        "done": sentence,
        "violations": rows,
        "slide_before_mm": _number(report.slide_before_mm),
        "slide_after_mm": _number(report.slide_after_mm),
        "contact_frames": report.asked,
        "let_go_share": round(report.let_go_share, 4),
        "let_go": [_let_go_row(one, frames) for one in report.let_go],
        "warnings": list(warnings),
    }
    lines = [sentence, *(f"Frame {row['worst']:g}: {row['sentence']}" for row in rows)]
    return result, "\n".join([*lines, *(f"Warning: {warning}" for warning in warnings)])


def _let_go_row(one: LetGo, frames: npt.NDArray[np.float64]) -> dict[str, Any]:
    return {
        "point": one.name,
        "first": float(frames[one.first]),
        "last": float(frames[one.last]),
        "cause": one.cause,
    }


def _number(value: float) -> Optional[float]:
    """JSON has no NaN."""
    return round(value, 4) if value == value else None
