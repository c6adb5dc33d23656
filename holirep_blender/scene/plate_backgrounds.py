# SPDX-License-Identifier: GPL-3.0-or-later
"""The plate behind the character, seen through the solved camera."""

from __future__ import annotations

import re
from pathlib import Path

import bpy
import numpy as np

from ..motion.take import Take
from .actions import MARK, Channel, Rollback, is_tweaked, put_in_place, take_away, write_action
from .cameras import CameraError
from .shot import PICTURES, picture_of


def show_plate(
    scene: bpy.types.Scene, camera: bpy.types.Object, plate: Path, take: Take, frame_start: float
) -> list[str]:
    """Shows the plate behind the character through a camera, each plate frame at the scene's frame of its time.

    Parameters
    ----------
    plate : a movie; or, for an image sequence, one of its pictures, its folder or a pattern (``shot.####.exr``).

    Replaces the plate that HoliRep showed before, and touches no image of the artist's. Returns sentences for the user.
    Raises CameraError where the plate's file is missing or Blender cannot read it; then nothing was changed.
    """
    file = picture_of(plate)
    if not file.is_file():
        raise CameraError(f"There is no plate at {plate}. Choose the file again.")
    lens = camera.data
    if is_tweaked(lens):
        raise CameraError(f"{lens.name} is in the NLA's tweak mode. Leave it first (Tab in the NLA editor).")
    with Rollback() as rollback:
        image = _image(file, rollback)
        shown = [each for each in lens.background_images if each.image is not None and MARK in each.image]
        if shown:
            background = shown[0]
            rollback.set(background, image=image)
        else:
            background = lens.background_images.new()
            rollback.add(lambda: lens.background_images.remove(background))
            background.source, background.image, background.display_depth = "IMAGE", image, "BACK"
            background.alpha, background.frame_method = 1.0, "FIT"
            background.show_on_foreground = False
        rollback.set(lens, show_background_images=True)
        _play(scene, camera, background, take, frame_start, rollback)
    for stale in shown[1:]:
        lens.background_images.remove(stale)
    for old in [old for old in bpy.data.images if MARK in old and old.users == 0]:
        bpy.data.images.remove(old)
    width, height = take.camera.image_size if take.camera is not None else image.size
    if image.size[0] and abs(image.size[0] / image.size[1] - float(width) / float(height)) > 0.01:
        return [
            f"Blender shows the plate as {image.size[0]} x {image.size[1]}, it was tracked as {width:g} x {height:g}: "
            "its file asks to be turned. Turn the background image of the camera to match."
        ]
    return []


def _image(file: Path, rollback: Rollback) -> bpy.types.Image:
    """The image that HoliRep loaded from a file before, else a new one; never one that the artist loaded."""
    for image in bpy.data.images:
        if MARK in image and image.library is None and Path(bpy.path.abspath(image.filepath)) == file.absolute():
            return image
    try:
        image = bpy.data.images.load(str(file.absolute()), check_existing=False)
    except RuntimeError as error:
        raise CameraError(f"Blender cannot read {file.name} as a background: {error}") from error
    rollback.add(lambda: bpy.data.images.remove(image))
    image[MARK] = "plate"
    if file.suffix.lower() not in PICTURES:
        image.source = "MOVIE"  # Blender tells movies by their suffixes, and does not know all of them
        image.colorspace_settings.name = "sRGB"
    elif re.search(r"\d", file.stem):
        image.source = "SEQUENCE"
    return image


def _play(
    scene: bpy.types.Scene,
    camera: bpy.types.Object,
    background: bpy.types.bpy_struct,
    take: Take,
    frame_start: float,
    rollback: Rollback,
) -> None:
    """Lets the plate run by time. Where the rates differ Blender cannot; there the offset is keyed for each frame."""
    user, image = background.image_user, background.image
    first = round(frame_start)
    last_plate_frame = take.frame_start + take.frame_count - 1
    fps = scene.render.fps / scene.render.fps_base
    count = int(np.ceil((take.frame_count - 1) / take.fps * fps)) + 1
    # Blender holds the picture after so many frames of the scene, before it adds the offset
    rollback.set(user, frame_duration=max(int(image.frame_duration), last_plate_frame, count))
    rollback.set(user, frame_start=first, frame_offset=take.frame_start - 1, use_auto_refresh=True)
    if abs(take.fps - fps) < 1e-6 and abs(first - frame_start) < 1e-6:
        take_away(camera.data, rollback)()
        user.frame_offset = take.frame_start - 1
        return
    frames = first + np.arange(count)
    wanted = np.floor((frames - frame_start) / fps * take.fps + 0.5).clip(0, take.frame_count - 1)
    offsets = take.frame_start + wanted - (frames - first + 1)
    index = next(number for number, each in enumerate(camera.data.background_images) if each == background)
    channel = Channel(f"background_images[{index}].image_user.frame_offset", "Plate", offsets)
    action = write_action(camera.data, f"{camera.name} Plate", "plate", frames, [channel], rollback)
    put_in_place(camera.data, action, to_nla=False, keep_previous_on_nla=True, rollback=rollback)()
