# SPDX-License-Identifier: GPL-3.0-or-later
"""A preview of the scene through its camera: a movie or pictures, rendered by Blender with settings of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

import bpy

from . import blender_versions
from .actions import put_back
from .plate_previews import ShownPlate, over_plate, plate_behind

ENGINES = ("workbench", "eevee", "cycles")
_OF_RENDER = (
    "engine", "filepath", "resolution_x", "resolution_y", "resolution_percentage", "film_transparent",
    "use_file_extension", "use_overwrite", "use_placeholder", "use_stamp",
)  # fmt: skip
_OF_SCENE = ("frame_start", "frame_end", "frame_step", "frame_current")
PICTURE_WIDTH = 480
"""Of the one picture that shows a shot among others."""


class PreviewError(ValueError):
    """A scene that cannot be rendered; the message is for the user."""


@dataclass(frozen=True)
class PreviewOptions:
    """How a preview is rendered: ``size`` in pixels and ``frames`` are the scene's where they are None."""

    engine: str = "workbench"
    size: Optional[tuple[int, int]] = None
    samples: int = 16
    frames: Optional[tuple[int, int]] = None
    step: int = 1
    plate: bool = True
    """Over the plate that the camera shows, where it shows one."""


def render_preview(
    scene: bpy.types.Scene, out: Path, options: PreviewOptions, report: Callable[[int, int], None]
) -> list[int]:
    """Renders to a movie (``out`` ends in .mp4) or into a folder, as ``0001.png`` and so on; returns the frames.

    ``report`` is called with the frames that are done and all of them. The scene's settings are put back.
    Raises PreviewError where the scene has no camera or Blender writes nothing.
    """
    with _settings(scene, options):
        frames = list(range(scene.frame_start, scene.frame_end + 1, options.step))
        plate = plate_behind(scene) if options.plate else None
        if plate is not None:
            _over_plate(scene, plate, out, frames, report)
        elif out.suffix.lower() == ".mp4":
            _movie(scene, out, frames, report)
        else:
            _stills(scene, frames, out, report)
    return frames


def render_picture(scene: bpy.types.Scene, out: Path, options: PreviewOptions) -> None:
    """Renders the frame in the middle, small, as a PNG. Raises PreviewError."""
    with _settings(scene, options):
        width = scene.render.resolution_x
        scene.render.resolution_percentage = max(1, min(100, round(100 * PICTURE_WIDTH / width)))
        middle = scene.frame_start + (scene.frame_end - scene.frame_start) // (2 * options.step) * options.step
        plate = plate_behind(scene) if options.plate else None
        if plate is None:
            _still(scene, middle, out)
            return
        alone = out.with_name(f".{out.stem}_alone.png")
        try:
            _still(scene, middle, alone, alpha=True)
            with over_plate(scene, plate, {middle: alone}) as other:
                _still(other, middle, out)
        finally:
            alone.unlink(missing_ok=True)


def _over_plate(
    scene: bpy.types.Scene, plate: ShownPlate, out: Path, frames: list[int], report: Callable[[int, int], None]
) -> None:
    """Renders the pictures with alpha beside the place where the result goes, and then all over the plate."""
    folder = out.with_name(f".{out.stem}_alone")
    try:
        _stills(scene, frames, folder, report, alpha=True)
        pictures = {frame: folder / f"{frame:04d}.png" for frame in frames}
        with over_plate(scene, plate, pictures) as other:
            if out.suffix.lower() == ".mp4":
                _movie(other, out, frames, lambda _done, _count: None)
            else:
                _stills(other, frames, out, lambda _done, _count: None)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _stills(
    scene: bpy.types.Scene, frames: list[int], out: Path, report: Callable[[int, int], None], alpha: bool = False
) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for done, frame in enumerate(frames):
        report(done, len(frames))
        _still(scene, frame, out / f"{frame:04d}.png", alpha)


def _still(scene: bpy.types.Scene, frame: int, out: Path, alpha: bool = False) -> None:
    blender_versions.set_picture_format(
        scene.render.image_settings, "PNG", color_mode="RGBA" if alpha else "RGB", color_depth="8"
    )
    scene.render.film_transparent = alpha
    scene.frame_set(frame)
    if bpy.context.scene != scene:
        bpy.context.scene.frame_set(frame)  # a still of another scene is rendered at the frame of the one in the window
    scene.render.filepath = str(out)
    _render(scene, write_still=True)
    if not out.is_file():
        raise PreviewError(f"Blender wrote no picture {out}. Look for its message before this line")


def _movie(scene: bpy.types.Scene, out: Path, frames: list[int], report: Callable[[int, int], None]) -> None:
    render = scene.render
    blender_versions.write_movie(render.image_settings)
    render.ffmpeg.format, render.ffmpeg.codec, render.ffmpeg.audio_codec = "MPEG4", "H264", "NONE"
    render.ffmpeg.constant_rate_factor = "HIGH"
    # H.264 takes even sizes only
    render.resolution_x, render.resolution_y = (value // 2 * 2 for value in (render.resolution_x, render.resolution_y))
    render.filepath = str(out)
    done: list[int] = []

    def written(*_arguments: object) -> None:
        done.append(scene.frame_current)
        report(len(done), len(frames))

    bpy.app.handlers.render_write.append(written)
    try:
        _render(scene, animation=True)
    finally:
        bpy.app.handlers.render_write.remove(written)
    if not out.is_file():
        raise PreviewError(f"Blender wrote no movie {out}. Look for its message before this line")


def _render(scene: bpy.types.Scene, **how: bool) -> None:
    try:
        bpy.ops.render.render(scene=scene.name, **how)
    except RuntimeError as error:
        raise PreviewError(f"Blender could not render {scene.name}: {error}") from error


@contextmanager
def _settings(scene: bpy.types.Scene, options: PreviewOptions) -> Iterator[None]:
    """The scene set up for a preview, and put back after it."""
    if scene.camera is None:
        raise PreviewError(f"the scene {scene.name} has no camera to render through: add one, or apply a take with one")
    render = scene.render
    with put_back() as before:
        before.keep(render, *_OF_RENDER)
        before.keep(scene, *_OF_SCENE)
        _set_engine(scene, options)
        if options.size is not None:
            render.resolution_x, render.resolution_y = options.size
        else:
            share = render.resolution_percentage / 100
            render.resolution_x = round(render.resolution_x * share)
            render.resolution_y = round(render.resolution_y * share)
        render.resolution_percentage = 100
        render.use_file_extension, render.use_overwrite, render.use_placeholder = True, True, False
        if options.frames is not None:
            scene.frame_start, scene.frame_end = options.frames
        scene.frame_step = options.step
        yield


def _set_engine(scene: bpy.types.Scene, options: PreviewOptions) -> None:
    render: Any = scene.render
    if options.engine == "cycles":
        render.engine = "CYCLES"
        scene.cycles.samples = options.samples
        scene.cycles.use_denoising = False
    elif options.engine == "eevee":
        render.engine = blender_versions.EEVEE
        scene.eevee.taa_render_samples = options.samples
    else:
        render.engine = "BLENDER_WORKBENCH"
