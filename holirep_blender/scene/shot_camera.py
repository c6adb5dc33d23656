# SPDX-License-Identifier: GPL-3.0-or-later
"""The camera that a take is seen through: one that is added, or the scene's own that the take was solved with."""

from __future__ import annotations

from pathlib import Path
from typing import Optional

import bpy

from ..motion.take import Take
from .actions import MARK, Rollback
from .cameras import CameraError, add_solved_camera, give_resolution
from .plate_backgrounds import show_plate
from .refine_clock import camera_source
from .shot import picture_of


def add_shot_camera(
    scene: bpy.types.Scene, take: Take, character: bpy.types.Object, frame_start: Optional[float]
) -> list[str]:
    """Adds the take's camera and the plate behind it, as the shot asks; one that the scene has already is used.

    Parameters
    ----------
    take : on the plate's frames. frame_start : the scene's frame of its first; None for the scene's first.

    Returns sentences for the user. The keys are worth having without camera and plate, so their errors are such too.
    The artist's own camera stays the scene's camera unless the character is to match the new one's picture.
    """
    shot, start = scene.holirep, float(scene.frame_start if frame_start is None else frame_start)
    try:
        own, warnings = _own_camera(scene, take, start)
        if own is not None:
            return warnings + _use(scene, own, take, start)
        camera, more = add_solved_camera(
            scene,
            take,
            start,
            character=character,
            make_active=scene.camera is None or shot.match_camera,
            set_render_size=shot.set_resolution,
        )
        warnings += more
        if shot.plate_as_background and shot.plate:
            warnings += show_plate(scene, camera, _plate(shot), take, start)
    except CameraError as error:
        return [str(error)]
    return warnings


def _plate(shot: bpy.types.PropertyGroup) -> Path:
    return picture_of(Path(bpy.path.abspath(shot.plate)))


def _own_camera(scene: bpy.types.Scene, take: Take, start: float) -> tuple[Optional[bpy.types.Object], list[str]]:
    """The scene's camera that the take was solved with, and sentences where it cannot serve any more."""
    source = camera_source(take.header)
    if not source:
        return None, []
    name, read_at = str(source.get("camera")), float(source.get("scene_frame", start))
    found = scene.objects.get(name)
    if found is None and scene.holirep.camera_kind == "OBJECT":
        found = scene.holirep.track_camera  # it was renamed
    if found is None or found.type != "CAMERA" or scene.objects.get(found.name) != found:
        return None, [f"The camera {name} that the take was solved with is not in this scene: one like it is added"]
    if abs(read_at - start) < 1e-3:
        return found, []
    return found, [
        f"The take was solved with {found.name} from frame {read_at:g} on, but begins at frame {start:g}: they do "
        f"not match. Turn off Start Frame (--start-frame) or set it to {read_at:g}, or solve again"
    ]


def _use(scene: bpy.types.Scene, camera: bpy.types.Object, take: Take, start: float) -> list[str]:
    """Lets a camera of the artist's show the take: neither its place, its lens nor its own backgrounds are touched."""
    shot, lens = scene.holirep, camera.data
    if shot.set_resolution and take.camera is not None:
        with Rollback() as rollback:
            give_resolution(scene, take.camera.image_size, rollback)
    if scene.camera is None:
        scene.camera = camera
    shown = lens.show_background_images and any(
        each.clip is not None or (each.image is not None and MARK not in each.image) for each in lens.background_images
    )
    if not (shot.plate_as_background and shot.plate) or shown:
        return []
    if lens.library is not None:
        return [f"The plate is not shown behind {camera.name}, which is linked from another file"]
    if lens.animation_data is not None and lens.animation_data.action is not None:
        mine = MARK in lens.animation_data.action
        if not mine and abs(take.fps - scene.render.fps / scene.render.fps_base) > 1e-6:
            return [
                f"The plate is not shown behind {camera.name}: at another frame rate than the scene's it needs keys, "
                "and the lens has keys of yours. Give the scene the plate's frame rate"
            ]
    return show_plate(scene, camera, _plate(shot), take, start)
