# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders the applied character through the solved camera: python -m demo.render sheet|movie BLEND TAKE FOLDER.

``sheet``: nine frames spread over the performance, cropped to the performer, with Cycles. ``movie``: every second frame
of the whole picture at half size, with Workbench. Writes NNNN.png by plate frame, and regions.json where cropped.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import bpy
import numpy as np

from holirep_blender.motion.take import Take

SHEET_FRAMES = 9
SHEET_SAMPLES = 16
MOVIE_STEP = 2
ABOVE, BELOW = 0.36, 0.12
"""Room above the highest joint and below the lowest, over the height between them."""


def performer_region(take: Take, row: int) -> tuple[int, int, int, int]:
    """Part x0, y0, x1, y1 of the plate, in pixels, that shows the performer in one row of the take; 4:5 upright.

    Its size is the same for all rows, so that frames fit side by side. The highest joint is the head's, at the ears:
    there is room above it for a head, hair, and a character who is taller than the performer.
    """
    assert take.camera is not None
    points = take.camera.project(take.world_positions())
    joints = float(np.nanmedian(np.nanmax(points[..., 1], axis=1) - np.nanmin(points[..., 1], axis=1)))
    tall = joints * (1.0 + ABOVE + BELOW)
    size = np.array([tall * 0.8, tall])
    middle = (np.nanmax(points[row], axis=0) + np.nanmin(points[row], axis=0)) / 2.0
    middle[1] -= joints * (ABOVE - BELOW) / 2.0
    picture = take.camera.image_size
    width, height = (int(v) for v in np.minimum(size, picture))
    x0, y0 = (int(v) for v in np.clip(middle - (width / 2, height / 2), 0.0, picture - (width, height)))
    return x0, y0, x0 + width, y0 + height


def shown_rows(take: Take, count: int) -> list[int]:
    """Rows spread evenly over the frames in which the performer was seen."""
    confidence = take.joint_confidence[:, 0]
    seen = np.flatnonzero(confidence > 0.0)
    if seen.size == 0:
        raise SystemExit("demo: nobody was seen in this plate")
    return [int(seen[i]) for i in np.linspace(0, seen.size - 1, count + 2)[1:-1].round().astype(int)]


def set_frame(scene: bpy.types.Scene, take: Take, row: int) -> None:
    """Moves the scene to a row of the take, by time."""
    fps = scene.render.fps / scene.render.fps_base
    frame = scene.frame_start + row / take.fps * fps
    scene.frame_set(int(frame), subframe=frame - int(frame))


def render_sheet(scene: bpy.types.Scene, take: Take, folder: Path) -> None:
    """Nine good-looking frames, cropped to the performer."""
    render = scene.render
    render.engine = "CYCLES"
    scene.cycles.samples = SHEET_SAMPLES
    scene.cycles.use_denoising = True
    scene.view_settings.view_transform = "AgX"
    render.resolution_percentage = 100
    render.use_border = render.use_crop_to_border = True
    width, height = (float(v) for v in take.camera.image_size)  # type: ignore[union-attr]
    regions: dict[str, tuple[int, int, int, int]] = {}
    for row in shown_rows(take, SHEET_FRAMES):
        x0, y0, x1, y1 = performer_region(take, row)
        render.border_min_x, render.border_max_x = x0 / width, x1 / width
        render.border_min_y, render.border_max_y = 1.0 - y1 / height, 1.0 - y0 / height
        name = f"{take.frame_start + row:04d}"
        regions[name] = (x0, y0, x1, y1)
        set_frame(scene, take, row)
        render.filepath = str(folder / f"{name}.png")
        bpy.ops.render.render(write_still=True)
    (folder / "regions.json").write_text(json.dumps(regions))


def render_movie(scene: bpy.types.Scene, take: Take, folder: Path) -> None:
    """Every second frame in full, quickly."""
    scene.render.engine = "BLENDER_WORKBENCH"
    scene.display.shading.light = "STUDIO"
    scene.display.shading.color_type = "MATERIAL"
    scene.display.shading.show_shadows = True
    scene.display.shading.show_cavity = True
    # more samples cost five times as long where there is no GPU
    scene.display.render_aa = "FXAA"
    scene.view_settings.view_transform = "Standard"
    scene.render.resolution_percentage = 50
    for row in range(0, take.frame_count, MOVIE_STEP):
        set_frame(scene, take, row)
        scene.render.filepath = str(folder / f"{take.frame_start + row:04d}.png")
        bpy.ops.render.render(write_still=True)


def main() -> None:
    """The command; see the module's text."""
    parser = argparse.ArgumentParser(prog="demo.render")
    parser.add_argument("kind", choices=("sheet", "movie"))
    for name in ("blend", "take", "folder"):
        parser.add_argument(name, type=Path)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    take = Take.load(options.take)
    bpy.ops.wm.open_mainfile(filepath=str(options.blend))
    scene = bpy.context.scene
    if take.camera is None or scene.camera is None:
        raise SystemExit("demo: the file has no solved camera")
    render = scene.render
    render.resolution_x, render.resolution_y = (int(v) for v in take.camera.image_size)
    render.image_settings.file_format = "PNG"
    (render_sheet if options.kind == "sheet" else render_movie)(scene, take, options.folder)


if __name__ == "__main__":
    main()
