# SPDX-License-Identifier: GPL-3.0-or-later
"""The shot's take on the shot's character, with the shot's options."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional
from zipfile import BadZipFile

import bpy
import numpy as np

from ..motion.excluding import Exclusion, without_parts
from ..motion.refining.refine import RefineCache
from ..motion.retargeting import RetargetOptions
from ..motion.retargeting.timing import on_whole_frames
from ..motion.rigs import find_rig_map, usable
from ..motion.take import Take, TakeError
from . import confidence_rows
from .applying import AppliedReport, ApplyOptions, apply_take, check_character
from .camera_tracks import PlateFrames
from .characters import read_rig
from .refine_clock import wanted_start
from .refine_settings import forget_report, refine_options, store_report
from .rig_map_rows import has_rig_map, read_rig_map, write_rig_map
from .shot_camera import add_shot_camera


@dataclass
class _Played:
    """The take that was last applied: reading it again and refining it anew would cost time.

    ``original`` has the plate's frames; ``take`` is what is played, on whole frames where that is asked for.
    """

    source: tuple[object, ...] = ()
    original: Optional[Take] = None
    take: Optional[Take] = None
    cache: RefineCache = field(default_factory=RefineCache)


_last = _Played()


def apply_shot_take(
    context: bpy.types.Context, scene: bpy.types.Scene, character: bpy.types.Object
) -> tuple[str, list[str]]:
    """Applies the shot's take to a character and adds the solved camera, as the shot asks.

    Returns a sentence and warnings. The shot's rig map counts only for the shot's own character; else one is found.

    Raises ValueError or OSError, in the user's words, where take or character cannot be used; then nothing was changed.
    """
    shot = scene.holirep
    own = character == shot.character
    take, options = _options(scene, character)
    options.set_scene_range = shot.set_scene_range
    report = apply_take(context, take, character, options)
    if own and not has_rig_map(shot):
        _show_found_map(shot)
    if own:
        _keep_report(shot, report, take)
    warnings = list(report.warnings)
    if shot.add_camera:
        assert _last.original is not None
        warnings += add_shot_camera(scene, _last.original, character, wanted_start(shot, _last.original.header))
    return _sentence(character, report), warnings


def refine_again(context: bpy.types.Context, scene: bpy.types.Scene, at_once: bool = False) -> tuple[str, list[str]]:
    """Keys the body of the shot's character anew, refined as the shot asks now; face, camera and range stay.

    With ``at_once`` an edit of a contact that would take long gets a first answer, and ``refine.unfinished`` says so.
    Returns a sentence and warnings.

    Raises ValueError or OSError, in the user's words, where take or character cannot be used; then nothing was changed.
    """
    take, options = _options(scene, scene.holirep.character)
    options.keep_face_keys, options.refine_at_once = True, at_once
    report = apply_take(context, take, scene.holirep.character, options)
    _keep_report(scene.holirep, report, take)
    return _sentence(scene.holirep.character, report, face=False), list(report.warnings)


def apply_unrefined(context: bpy.types.Context, scene: bpy.types.Scene) -> tuple[str, list[str]]:
    """Keys the body of the shot's character as it was captured, for a look at it; what refining found is kept.

    Returns and raises as ``refine_again``.
    """
    take, options = _options(scene, scene.holirep.character)
    options.keep_face_keys, options.refine = True, None
    report = apply_take(context, take, scene.holirep.character, options)
    return _sentence(scene.holirep.character, report, face=False), list(report.warnings)


def _options(scene: bpy.types.Scene, character: bpy.types.Object) -> tuple[Take, ApplyOptions]:
    """The shot's take as it is played, and how the shot wants it applied."""
    shot = scene.holirep
    own = character == shot.character
    played = _played_take(scene)
    assert played.take is not None
    options = ApplyOptions(
        retargeting=RetargetOptions(
            space="world" if shot.match_camera else "character",
            root=shot.root_motion.lower(),
            own_shape=shot.own_shape,
            share_spine=shot.share_spine,
        ),
        rig_map=read_rig_map(shot) if own and has_rig_map(shot) else None,
        frame_start=_first_key(shot, played),
        whole_frames=shot.whole_frames,
        push_to_nla=shot.push_to_nla,
        refine=refine_options(shot, played.take),
        refine_cache=played.cache,
    )
    return played.take, options


def _played_take(scene: bpy.types.Scene) -> _Played:
    """The shot's take, on whole frames where the shot asks for it; read again only where file or rate changed."""
    global _last
    shot, render = scene.holirep, scene.render
    path = Path(bpy.path.abspath(shot.take))
    fps = render.fps / render.fps_base
    left_out = tuple((row.part, row.begin, row.end) for row in shot.quality.exclusions)
    source: tuple[object, ...] = ()
    try:
        state = path.stat()
        source = (str(path), state.st_mtime_ns, state.st_size, fps if shot.whole_frames else None, left_out)
    except OSError:
        pass  # reading it says what is wrong
    take = _last.original if source and _last.source[:-1] == source else Take.load(path)
    assert take is not None
    start = wanted_start(shot, take.header) or 0.0
    source = (*source, start % 1.0) if source else ()
    if not source or _last.source != source:
        wanted = without_parts(take, exclusions_of(shot, take)) if left_out else take
        _last = _Played(source, take, on_whole_frames(wanted, fps, start) if shot.whole_frames else wanted)
    return _last


def exclusions_of(shot: bpy.types.PropertyGroup, take: Take) -> list[Exclusion]:
    """The parts of the body that the shot leaves out, in the take's own rows."""
    return [
        Exclusion(row.part, round(row.begin * take.fps), round(row.end * take.fps)) for row in shot.quality.exclusions
    ]


def _first_key(shot: bpy.types.PropertyGroup, played: _Played) -> Optional[float]:
    """The scene's frame of the first key; None for the scene's first."""
    assert played.original is not None
    start = wanted_start(shot, played.original.header)
    return start if start is None or not shot.whole_frames else float(np.ceil(start - 1e-6))


def _keep_report(shot: bpy.types.PropertyGroup, report: AppliedReport, take: Take) -> None:
    confidence_rows.write(shot, take, np.linspace(*report.frames, take.frame_count))
    shot.refine.was_applied, shot.refine.start = True, float(report.frames[0])
    if report.refine is None:
        forget_report(shot)
    else:
        store_report(shot, report.refine, np.linspace(*report.frames, report.key_count))


def check_shot_character(shot: bpy.types.PropertyGroup) -> None:
    """Looks whether the shot's character can be keyed, before time is spent on tracking.

    Raises ValueError, in the user's words, where it cannot.
    """
    rig = read_rig(check_character(shot.character))
    rig_map = read_rig_map(shot) if has_rig_map(shot) else find_rig_map(rig)
    if not usable(rig_map.without_missing(rig)):
        raise ValueError(f"The rig map of {rig.name} needs the hips and at least one arm or leg. Fill it in first")


def plate_frames_of(take: Path) -> tuple[PlateFrames, bool]:
    """The plate's frames that a take was tracked in, and whether its camera's track was given.

    Reads no more of the file than that.

    Raises TakeError, in the user's words, where the take cannot be read or solved again.
    """
    try:
        with np.load(take, allow_pickle=False) as stored:
            width, height = (int(value) for value in stored["observations/image_size"])
            fps, count, first = float(stored["fps"]), len(stored["root_translation"]), int(stored["frame_start"])
            header = json.loads(stored["header"].tobytes().decode())
    except KeyError:
        raise TakeError(f"{take.name} holds no observations, so it cannot be solved again") from None
    except FileNotFoundError:
        raise TakeError(f"There is no take at {take}. Open another one") from None
    except (OSError, ValueError, EOFError, BadZipFile, AttributeError, TypeError) as error:
        raise TakeError(f"{take} is not a readable take. Open another one") from error
    plate = header.get("plate")
    start = plate.get("start_seconds") if isinstance(plate, dict) else None
    if start is None and isinstance(plate, dict) and plate.get("kind") == "movie":
        start = (first - 1) / fps  # older takes do not say, but movies count from 1
    given = header.get("solve_options", {}).get("camera_track") is not None
    return PlateFrames((width, height), fps, count, start), given


def _show_found_map(shot: bpy.types.PropertyGroup) -> None:
    """Fills the rows with the map that applying found, so that the user sees what was driven."""
    write_rig_map(shot, find_rig_map(read_rig(shot.character)))


def _sentence(character: bpy.types.Object, report: AppliedReport, face: bool = True) -> str:
    first, last = report.frames
    shapes = sum(report.shape_keys.values()) if face else 0
    text = f"Keyed {len(report.bones)} bones"
    if shapes:
        text += f" and {shapes} shape keys"
    text += f" of {character.name} ({report.family}), frames {first:g} to {last:g}"
    if report.refine is not None and report.refine.sentences:
        text += f"; {', '.join(report.refine.sentences)}"
    return text
