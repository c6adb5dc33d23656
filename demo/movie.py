# SPDX-License-Identifier: GPL-3.0-or-later
"""Encodes pictures as an H.264 movie with Blender: python -m demo.movie TAKE FOLDER_OF_PICTURES MOVIE.mp4."""

from __future__ import annotations

import argparse
from pathlib import Path

import bpy

from demo.render import MOVIE_STEP
from holirep_blender.motion.take import Take


def encode(pictures: list[Path], fps: float, movie: Path) -> None:
    """Writes the pictures, all of one size, at ``fps`` frames a second."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    width, height = bpy.data.images.load(str(pictures[0])).size
    render = scene.render
    # H.264 takes even sizes only
    render.resolution_x, render.resolution_y, render.resolution_percentage = width // 2 * 2, height // 2 * 2, 100
    render.fps = round(fps)
    render.fps_base = round(fps) / fps
    scene.view_settings.view_transform = "Standard"
    strips = scene.sequence_editor_create().strips
    strip = strips.new_image(
        name="comparison", filepath=str(pictures[0]), channel=1, frame_start=1, fit_method="ORIGINAL"
    )
    for picture in pictures[1:]:
        strip.elements.append(picture.name)
    strip.frame_final_duration = len(pictures)
    scene.frame_start, scene.frame_end = 1, len(pictures)
    render.image_settings.media_type = "VIDEO"
    render.image_settings.file_format = "FFMPEG"
    render.ffmpeg.format, render.ffmpeg.codec = "MPEG4", "H264"
    render.ffmpeg.constant_rate_factor = "HIGH"
    render.filepath = str(movie)
    bpy.ops.render.render(animation=True)


def main() -> None:
    """The command; see the module's text."""
    parser = argparse.ArgumentParser(prog="demo.movie")
    for name in ("take", "folder", "movie"):
        parser.add_argument(name, type=Path)
    options = parser.parse_args()
    pictures = sorted(options.folder.resolve().glob("*.png"))
    if not pictures:
        raise SystemExit(f"demo: no pictures in {options.folder}")
    encode(pictures, Take.load(options.take).fps / MOVIE_STEP, options.movie.resolve())


if __name__ == "__main__":
    main()
