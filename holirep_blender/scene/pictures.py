# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures as arrays: renders, frames of plates and files; and arrays as images and files."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import bpy
import numpy as np
import numpy.typing as npt

from . import blender_versions
from .actions import put_back
from .environments import decoded
from .shot import PICTURES, picture_of, picture_of_frame

Pixels = npt.NDArray[np.float64]


def rendered_pixels(scene: bpy.types.Scene) -> Pixels:
    """Renders a scene as it is set up and gives the combined picture ``(H, W, 4)``, linear, top row first.

    The scene's own settings for output are neither used nor changed.
    """
    render = scene.render
    with tempfile.TemporaryDirectory(prefix="holirep-picture-") as folder, put_back() as before:
        path = Path(folder) / "picture.exr"
        before.set(render, filepath=str(path), use_file_extension=True, use_overwrite=True)
        before.add(
            blender_versions.set_picture_format(render.image_settings, "OPEN_EXR", color_mode="RGBA", color_depth="32")
        )
        bpy.ops.render.render(write_still=True, scene=scene.name)
        return picture_pixels(path)


def picture_pixels(path: Path) -> Pixels:
    """The pixels of a picture file ``(H, W, 4)``, linear in the working space, top row first. Raises OSError."""
    if not path.is_file():
        raise OSError(f"There is no picture at {path}: choose the file again")
    try:
        image = bpy.data.images.load(str(path), check_existing=False)
    except RuntimeError as error:
        raise OSError(f"Blender cannot read {path.name} as a picture") from error
    try:
        width, height = image.size
        if not width or not height or not image.channels:
            raise OSError(f"Blender cannot read {path.name} as a picture")
        flat = np.empty(width * height * image.channels, dtype=np.float32)
        image.pixels.foreach_get(flat)
        shaped = flat.reshape(height, width, image.channels)[::-1]
        pixels = np.ones((height, width, 4))
        colours = np.ascontiguousarray(shaped[..., :3] if image.channels >= 3 else shaped[..., :1].repeat(3, axis=2))
        pixels[..., :3] = colours if image.is_float else decoded(colours, image.colorspace_settings.name)
        if image.channels == 4:
            pixels[..., 3] = shaped[..., 3]
        return pixels
    finally:
        bpy.data.images.remove(image)


def plate_pixels(plate: Path, frame: int) -> Pixels:
    """A frame of a plate ``(H, W, 4)``, linear, top row first: of a movie, of an image sequence, or a single picture.

    Needs no worker: Blender itself reads it. Raises OSError in the user's words.
    """
    with plate_frames(plate) as read:
        return read(frame, 1.0)


@contextmanager
def plate_frames(plate: Path) -> Iterator[Callable[[int, float], Pixels]]:
    """Opens a plate once for several frames: gives ``read(frame, scale)``, as :func:`plate_pixels` reads one.

    ``scale`` at most 1: a movie's frame is made smaller while it is read, which saves most of the time; a picture of a
    sequence keeps its size. Opening and reading raise OSError in the user's words.
    """
    if plate.suffix.lower() in PICTURES or picture_of(plate) != plate:
        yield lambda frame, _scale: picture_pixels(picture_of_frame(plate, frame))
        return
    if not plate.is_file():
        raise OSError(f"There is no plate at {plate}: choose the file again")
    scene = bpy.data.scenes.new("HoliRep Plate")
    try:
        strips = blender_versions.strips_of(scene.sequence_editor_create())
        try:
            strip = strips.new_movie("plate", str(plate), 1, 1)
        except RuntimeError as error:
            raise OSError(f"Blender cannot read {plate.name} as a movie") from error
        if not strip.fps > 0.0 or not len(strip.elements):  # half a movie, whose copying was broken off
            raise OSError(f"Blender cannot read {plate.name} as a movie")
        # a strip plays at its own rate: only in a scene of that rate each frame of the scene is one of the movie
        scene.render.fps, scene.render.fps_base = max(round(strip.fps), 1), max(round(strip.fps), 1) / strip.fps
        strips.remove(strip)
        strip = strips.new_movie("plate", str(plate), 1, 1)
        count = int(strip.frame_duration)
        element = strip.elements[0]
        scene.render.resolution_x, scene.render.resolution_y = element.orig_width, element.orig_height

        def read(frame: int, scale: float) -> Pixels:
            if not 1 <= frame <= count:
                raise OSError(f"The plate {plate.name} has frames 1 to {count}; there is no frame {frame}")
            scene.render.resolution_percentage = max(1, round(100 * scale))
            now = bpy.context.scene.frame_current  # Blender renders another scene's strips at this one's frame
            strip.frame_start = now + 1 - frame
            scene.frame_set(now)
            return rendered_pixels(scene)

        yield read
    finally:
        bpy.data.scenes.remove(scene)


def shown(pixels: Pixels, exposure: float = 1.0) -> npt.NDArray[np.float32]:
    """Linear pixels ``(H, W, 3 or 4)`` as they are looked at: ``(H, W, 4)``, sRGB (IEC 61966-2-1), opaque."""
    linear = np.clip(pixels[..., :3] * exposure, 0.0, 1.0)
    encoded = np.ones((*pixels.shape[:2], 4), dtype=np.float32)
    encoded[..., :3] = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return encoded


def image_of_shown(encoded: npt.NDArray[np.float32], name: str) -> bpy.types.Image:
    """A new image of Blender's of pixels that are encoded already ``(H, W, 4)``, top row first."""
    height, width = encoded.shape[:2]
    image = bpy.data.images.new(name, width, height, alpha=True)
    image.pixels.foreach_set(np.ascontiguousarray(encoded[::-1], dtype=np.float32).ravel())
    image.update()
    return image


def write_png(encoded: npt.NDArray[np.float32], path: Path) -> None:
    """Writes pixels that are encoded already ``(H, W, 4)``, top row first, as a PNG. Raises OSError."""
    image = image_of_shown(encoded, path.stem)
    try:
        image.filepath_raw, image.file_format = str(path), "PNG"
        image.save()
    except RuntimeError as error:
        raise OSError(f"{path} could not be written: {error}") from error
    finally:
        bpy.data.images.remove(image)


def jpeg_of(encoded: npt.NDArray[np.float32], quality: int = 80) -> bytes:
    """Pixels that are encoded already ``(H, W, 4)``, top row first, as the bytes of a JPEG. Raises OSError."""
    image = image_of_shown(encoded, "HoliRep Still")
    try:
        with tempfile.TemporaryDirectory(prefix="holirep-picture-") as folder:
            path = Path(folder) / "still.jpg"
            image.file_format = "JPEG"
            image.save(filepath=str(path), quality=quality)
            return path.read_bytes()
    except RuntimeError as error:
        raise OSError(f"A picture could not be written: {error}") from error
    finally:
        bpy.data.images.remove(image)
