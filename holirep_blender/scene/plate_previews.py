# SPDX-License-Identifier: GPL-3.0-or-later
"""Rendered pictures over the plate that the camera shows behind them, through a sequencer of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

import bpy

from . import blender_versions
from .shot import numbered_pictures


@dataclass(frozen=True)
class ShownPlate:
    """A plate behind a camera: for each frame of the scene the number of the picture that is shown."""

    file: Path
    movie: bool
    numbers: dict[int, int]


def plate_behind(scene: bpy.types.Scene) -> Optional[ShownPlate]:
    """The plate that the scene's camera shows in the scene's range; None where there is none, or where a movie does not
    run frame by frame with the scene because their rates differ, which a sequencer cannot follow.
    """
    lens = scene.camera.data if scene.camera is not None else None
    if lens is None or not lens.show_background_images:
        return None
    moving = [each for each in lens.background_images if each.image is not None and each.show_background_image]
    moving = [each for each in moving if each.source == "IMAGE" and each.image.source in ("MOVIE", "SEQUENCE")]
    if not moving:
        return None
    user, image = moving[0].image_user, moving[0].image
    file = Path(bpy.path.abspath(image.filepath, library=image.library))
    if not file.is_file():
        return None
    now = scene.frame_current
    numbers = {}
    for frame in range(scene.frame_start, scene.frame_end + 1):
        if lens.animation_data is not None:
            scene.frame_set(frame)  # the offset may be keyed
        numbers[frame] = frame - user.frame_start + 1 + user.frame_offset
    scene.frame_set(now)
    movie = image.source == "MOVIE"
    if movie and len({number - frame for frame, number in numbers.items()}) > 1:
        return None
    return ShownPlate(file, movie, numbers)


@contextmanager
def over_plate(scene: bpy.types.Scene, plate: ShownPlate, pictures: dict[int, Path]) -> Iterator[bpy.types.Scene]:
    """A scene whose sequencer shows the plate and, over it, a picture with alpha for each frame that there is one of.

    It has the size, rate and range of ``scene`` and is removed afterwards.
    """
    other = bpy.data.scenes.new("Preview over Plate")
    try:
        for name in ("resolution_x", "resolution_y", "resolution_percentage", "fps", "fps_base"):
            setattr(other.render, name, getattr(scene.render, name))
        other.frame_start, other.frame_end, other.frame_step = scene.frame_start, scene.frame_end, scene.frame_step
        other.view_settings.view_transform = "Standard"  # the pictures have the scene's own in them
        other.render.use_sequencer, other.render.use_compositing = True, False
        strips = blender_versions.strips_of(other.sequence_editor_create())
        _add_plate(strips, plate)
        _add_pictures(strips, pictures)
        yield other
    finally:
        bpy.data.scenes.remove(other)


def _add_plate(strips: Any, plate: ShownPlate) -> None:
    fit = {"channel": 1, "fit_method": "FIT"}
    first, last = min(plate.numbers), max(plate.numbers)
    if plate.movie:
        start = first - plate.numbers[first] + 1
        strips.new_movie(name="plate", filepath=str(plate.file), frame_start=start, **fit)
        return
    files = numbered_pictures(plate.file)

    shown = [_nearest(files, plate.numbers[frame]) for frame in range(first, last + 1)]
    strip = strips.new_image(name="plate", filepath=str(shown[0]), frame_start=first, **fit)
    for file in shown[1:]:
        strip.elements.append(file.name)
    strip.frame_final_duration = last - first + 1


def _add_pictures(strips: Any, pictures: dict[int, Path]) -> None:
    """Frames between two pictures hold the first of them, so that each is at its own place."""
    first, last = min(pictures), max(pictures)
    strip = strips.new_image(
        name="pictures", filepath=str(pictures[first]), channel=2, frame_start=first, fit_method="ORIGINAL"
    )
    held = pictures[first]
    for frame in range(first + 1, last + 1):
        held = pictures.get(frame, held)
        strip.elements.append(held.name)
    strip.frame_final_duration = last - first + 1
    strip.blend_type = "ALPHA_OVER"


def _nearest(files: dict[int, Path], number: int) -> Path:
    """A sequence's picture of a number; beyond its ends and in its gaps the nearest one is held, as the camera does."""
    return files.get(number) or files[min(files, key=lambda each: abs(each - number))]
