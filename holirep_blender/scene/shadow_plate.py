# SPDX-License-Identifier: GPL-3.0-or-later
"""The plate that a camera shows: its file, and which of its frames belongs to a frame of the scene."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

import bpy
import numpy as np

from .actions import MARK
from .environments import decoded

_CLIP = "shadow_clip"
"""Value of the mark on an image that shows a movie clip's file."""


@dataclass(frozen=True)
class ShadowPlate:
    """An image of the plate, and which background image of the camera shows it; ``clip`` where that is a movie clip."""

    image: bpy.types.Image
    camera: bpy.types.Object
    index: int
    clip: Optional[bpy.types.MovieClip] = None

    def frame_at(self, scene: bpy.types.Scene) -> int:
        """The plate's frame, as Blender counts them, at the scene's current one."""
        if self.clip is not None:
            frame = max(1, scene.frame_current - self.clip.frame_start + 1 + self.clip.frame_offset)
            number = re.search(r"(\d+)\D*$", self.path.name) if self.image.source == "SEQUENCE" else None
            return frame if number is None else int(number[1]) + frame - 1  # a clip counts from its first picture
        graph = scene.view_layers[0].depsgraph  # where frame rates differ, the offset is keyed
        shown = self.camera.evaluated_get(graph) if graph is not None else self.camera
        user = shown.data.background_images[self.index].image_user
        frame = scene.frame_current - user.frame_start + 1
        held = min(max(frame, 1), max(user.frame_duration, 1))
        return max(0, held + int(user.frame_offset))

    @property
    def moves(self) -> bool:
        """Whether it has more than one frame."""
        return self.image.source in ("MOVIE", "SEQUENCE")

    @property
    def path(self) -> Path:
        """Where its file is."""
        return Path(bpy.path.abspath(self.image.filepath, library=self.image.library))


def plate_of(camera: bpy.types.Object) -> Optional[ShadowPlate]:
    """The plate behind a camera: HoliRep's own before any other; None where it shows none.

    A movie clip is opened as an image, too, which bears HoliRep's mark and is used again.
    """
    shown = [
        (index, each)
        for index, each in enumerate(camera.data.background_images)
        if (each.image if each.source == "IMAGE" else each.clip) is not None
    ]
    shown.sort(key=lambda pair: 0 if pair[1].source == "IMAGE" and MARK in pair[1].image else 1)
    for index, each in shown:
        if each.source == "IMAGE":
            if not each.image.has_data and not _readable(each.image):
                continue
            return ShadowPlate(each.image, camera, index)
        image = _image_of(each.clip)
        if image is not None:
            return ShadowPlate(image, camera, index, each.clip)
    return None


def _image_of(clip: bpy.types.MovieClip) -> Optional[bpy.types.Image]:
    path = bpy.path.abspath(clip.filepath, library=clip.library)
    for image in bpy.data.images:
        if image.get(MARK) == _CLIP and image.filepath == path:
            return image
    try:
        image = bpy.data.images.load(path, check_existing=False)
    except RuntimeError:
        return None
    image.source, image[MARK] = clip.source, _CLIP
    image.colorspace_settings.name = clip.colorspace_settings.name
    return image


def use_plate(user: Any, plate: ShadowPlate, scene: bpy.types.Scene) -> None:
    """Lets a node's image user show the plate's frame of the scene's current one."""
    if not plate.moves:
        return
    wanted = plate.frame_at(scene)
    user.frame_duration = 1_000_000
    user.frame_start, user.frame_offset = scene.frame_current, wanted - 1
    user.use_auto_refresh = True


def _readable(image: bpy.types.Image) -> bool:
    return bool(image.packed_file) or Path(bpy.path.abspath(image.filepath, library=image.library)).exists()


def mean_colour(plate: ShadowPlate) -> tuple[float, float, float]:
    """The mean of the picture that the image shows now, linear in the working space."""
    image = plate.image
    width, height = image.size
    if not width or not height:
        return 0.18, 0.18, 0.18
    pixels = np.empty(width * height * image.channels, dtype=np.float32)
    image.pixels.foreach_get(pixels)
    colours = pixels.reshape(height, width, image.channels)[::4, ::4, :3]
    if not image.is_float:
        colours = decoded(colours, image.colorspace_settings.name)
    mean = np.nanmean(colours.reshape(-1, colours.shape[2]), axis=0)
    red, green, blue = (float(mean[place % len(mean)]) for place in range(3))
    return red, green, blue
