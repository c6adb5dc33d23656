# SPDX-License-Identifier: GPL-3.0-or-later
"""The shot's take on the shot's character, with the shot's options."""

from __future__ import annotations

from pathlib import Path
from zipfile import BadZipFile

import bpy
import numpy as np

from ..motion.retargeting import RetargetOptions
from ..motion.rigs import find_rig_map, usable
from ..motion.take import Take, TakeError
from .applying import AppliedReport, ApplyOptions, apply_take, check_character
from .cameras import CameraError, add_solved_camera
from .characters import read_rig
from .plate_backgrounds import show_plate
from .rig_map_rows import has_rig_map, read_rig_map, write_rig_map
from .shot import picture_of


def apply_shot_take(
    context: bpy.types.Context, scene: bpy.types.Scene, character: bpy.types.Object
) -> tuple[str, list[str]]:
    """Applies the shot's take to a character and adds the solved camera, as the shot asks.

    Returns a sentence and warnings. The shot's rig map counts only for the shot's own character; else one is found.

    Raises ValueError or OSError, in the user's words, where take or character cannot be used; then nothing was changed.
    """
    shot = scene.holirep
    own = character == shot.character
    take = Take.load(Path(bpy.path.abspath(shot.take)))
    options = ApplyOptions(
        retargeting=RetargetOptions(
            space="world" if shot.match_camera else "character",
            root=shot.root_motion.lower(),
            own_shape=shot.own_shape,
            share_spine=shot.share_spine,
        ),
        rig_map=read_rig_map(shot) if own and has_rig_map(shot) else None,
        frame_start=shot.start_frame if shot.use_start_frame else None,
        whole_frames=shot.whole_frames,
        push_to_nla=shot.push_to_nla,
        set_scene_range=shot.set_scene_range,
    )
    report = apply_take(context, take, character, options)
    if own and not has_rig_map(shot):
        _show_found_map(shot)
    warnings = list(report.warnings)
    if shot.add_camera:
        warnings += _add_camera(scene, take, character, report.frames[0])
    return _sentence(character, report), warnings


def check_shot_character(shot: bpy.types.PropertyGroup) -> None:
    """Looks whether the shot's character can be keyed, before time is spent on tracking.

    Raises ValueError, in the user's words, where it cannot.
    """
    rig = read_rig(check_character(shot.character))
    rig_map = read_rig_map(shot) if has_rig_map(shot) else find_rig_map(rig)
    if not usable(rig_map.without_missing(rig)):
        raise ValueError(f"The rig map of {rig.name} needs the hips and at least one arm or leg. Fill it in first")


def image_size_of(take: Path) -> tuple[int, int]:
    """Width and height of the plate that a take was tracked in; reads no more of the file than that.

    Raises TakeError, in the user's words, where the take cannot be read or solved again.
    """
    try:
        with np.load(take, allow_pickle=False) as stored:
            width, height = (int(value) for value in stored["observations/image_size"])
    except KeyError:
        raise TakeError(f"{take.name} holds no observations, so it cannot be solved again") from None
    except FileNotFoundError:
        raise TakeError(f"There is no take at {take}. Open another one") from None
    except (OSError, ValueError, EOFError, BadZipFile, AttributeError) as error:
        raise TakeError(f"{take} is not a readable take. Open another one") from error
    return width, height


def _add_camera(scene: bpy.types.Scene, take: Take, character: bpy.types.Object, frame_start: float) -> list[str]:
    """Adds the camera and the plate behind it; the keys are worth having without them, so their errors are warnings.

    The artist's own camera stays the scene's camera unless the character is to match the new one's picture.
    """
    shot = scene.holirep
    try:
        make_active = scene.camera is None or shot.match_camera
        camera, warnings = add_solved_camera(
            scene,
            take,
            frame_start,
            character=character,
            make_active=make_active,
            set_render_size=shot.set_resolution,
        )
        if shot.plate_as_background and shot.plate:
            plate = picture_of(Path(bpy.path.abspath(shot.plate)))
            warnings += show_plate(scene, camera, plate, take, frame_start)
    except CameraError as error:
        return [str(error)]
    return warnings


def _show_found_map(shot: bpy.types.PropertyGroup) -> None:
    """Fills the rows with the map that applying found, so that the user sees what was driven."""
    write_rig_map(shot, find_rig_map(read_rig(shot.character)))


def _sentence(character: bpy.types.Object, report: AppliedReport) -> str:
    first, last = report.frames
    shapes = sum(report.shape_keys.values())
    text = f"Keyed {len(report.bones)} bones"
    if shapes:
        text += f" and {shapes} shape keys"
    return f"{text} of {character.name} ({report.family}), frames {first:g} to {last:g}"
