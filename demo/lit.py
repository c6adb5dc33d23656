# SPDX-License-Identifier: GPL-3.0-or-later
"""The character in the light of an environment.

usage: python -m demo.lit facts BLEND TAKE --frame FRAME | clear BLEND TAKE OUT.blend
       python -m demo.lit turn BLEND TAKE OUT.blend --sun X,Y
       python -m demo.lit show BLEND TAKE FOLDER --frame FRAME --hdri FILE --plate FILE --shadow FOLDER --clean FOLDER

``facts`` prints which environment, one of Blender's own, and which frame of the scene shows a frame of the plate; FRAME
0 is the middle of the performance. ``clear`` takes the stage's own light away and gives the scene the plate's size.
``turn`` turns the light's control until its sun comes from where the plate shows it, in pixels. ``show`` renders the
frame by the environment alone and by the lamps that were found in it, side by side (``lit.png``), and puts character
and shadow into the clean plate, beside the plate (``in_plate.png``).
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import bpy
import numpy as np
from mathutils import Vector

from demo.render import performer_region, set_frame, shown_rows
from holirep_blender.lighting.multilayer_exr import read_exr
from holirep_blender.lighting.shadow_passes import composited
from holirep_blender.motion.take import Take
from holirep_blender.scene.light_world import KIND
from holirep_blender.scene.pictures import picture_pixels, plate_pixels, shown, write_png

ENVIRONMENT = "sunrise.exr"
"""Its sun stands 8° high; that of the sample plate 6°."""
SHOWN_FROM = math.radians(-140.0)
"""Azimuth of the sun in lit.png, from +X; the camera looks along +Y."""
SAMPLES = 16


def plate_frame(take: Take, wanted: int) -> int:
    """The plate's frame that is shown: the one that is wanted, else the middle of what was seen of the performer."""
    return wanted or take.frame_start + shown_rows(take, 1)[0]


def clear(scene: bpy.types.Scene, take: Take, target: Path) -> None:
    """Takes the stage's own light away."""
    for lamp in [one for one in scene.objects if one.type == "LIGHT"]:
        bpy.data.objects.remove(lamp)
    scene.world = None
    size = take.camera.image_size  # type: ignore[union-attr]
    scene.render.resolution_x, scene.render.resolution_y = (int(value) for value in size)
    bpy.ops.wm.save_as_mainfile(filepath=str(target))


def turn(scene: bpy.types.Scene, take: Take, sun: tuple[float, float], target: Path) -> None:
    """Turns the light's control about the vertical until the strongest lamp stands where the plate shows the sun."""
    camera = take.camera
    assert camera is not None
    way = camera.world_from_camera[0, :3, :3] @ np.linalg.inv(camera.intrinsics) @ (*sun, 1.0)
    turn_to(scene, math.atan2(way[1], way[0]))
    bpy.ops.wm.save_as_mainfile(filepath=str(target))


def turn_to(scene: bpy.types.Scene, azimuth: float) -> None:
    """Turns the light's control about the vertical until the strongest lamp stands at an azimuth, radians from +X."""
    rig = [one for one in scene.objects if one.get("holirep") == KIND]
    lamp = max((one for one in rig if one.type == "LIGHT"), key=lambda one: one.data.energy)
    control = next(one for one in rig if one.type == "EMPTY")
    now = lamp.matrix_world.to_3x3() @ Vector((0.0, 0.0, 1.0))
    control.rotation_euler.z += azimuth - math.atan2(now.y, now.x)


def show(scene: bpy.types.Scene, take: Take, frame: int, environment: Path, folder: Path) -> None:
    """Renders the environment alone, then the rig; with the sun from the front, where its long shadow is seen whole."""
    row = frame - take.frame_start
    turn_to(scene, SHOWN_FROM)
    set_frame(scene, take, row)
    render = scene.render
    render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.use_denoising = SAMPLES, True
    scene.view_settings.view_transform = "AgX"
    render.resolution_percentage = 100
    render.image_settings.file_format = "PNG"
    x0, y0, x1, y1 = performer_region(take, row)
    width, height = (float(value) for value in take.camera.image_size)  # type: ignore[union-attr]
    aside = (y1 - y0) * 0.3
    render.use_border = render.use_crop_to_border = True
    render.border_min_x, render.border_max_x = max((x0 - aside) / width, 0.0), min((x1 + aside) / width, 1.0)
    render.border_min_y, render.border_max_y = 1.0 - y1 / height, 1.0 - y0 / height
    lamps = [one for one in scene.objects if one.get("holirep") == KIND and one.type == "LIGHT"]
    residual = scene.world
    alone = residual.copy()  # turned as the residual is
    image = next(node for node in alone.node_tree.nodes if node.type == "TEX_ENVIRONMENT")
    image.image = bpy.data.images.load(str(environment))
    for name, world in (("environment", alone), ("rig", residual)):
        scene.world = world
        for lamp in lamps:
            lamp.hide_render = world is alone
        render.filepath = str(folder / f"lit_{name}.png")
        bpy.ops.render.render(write_still=True)
    pair = [_encoded(folder / f"lit_{name}.png") for name in ("environment", "rig")]
    gap = np.ones((pair[0].shape[0], 4, 4), dtype=np.float32)
    write_png(np.concatenate([pair[0], gap, pair[1]], axis=1), folder / "lit.png")
    for name in ("environment", "rig"):
        (folder / f"lit_{name}.png").unlink()


def put_into_plate(plate: Path, frame: int, shadow: Path, clean: Path, folder: Path) -> None:
    """The plate; and the clean plate times the shadow, with the character over it."""
    planes = read_exr(next(shadow.glob("*.exr")))
    height, width = next(iter(planes.values())).shape
    filmed, over = (_at_size(pixels, height, width) for pixels in
                    (plate_pixels(plate, frame), picture_pixels(clean / f"clean.{frame:04d}.png")))  # fmt: skip
    alpha = over[..., 3:]
    without = filmed[..., :3] * (1.0 - alpha) + over[..., :3] * alpha
    gap = np.ones((height, 4, 3))
    pair = np.concatenate([filmed[..., :3], gap, composited(planes, without)], axis=1)
    write_png(shown(pair), folder / "in_plate.png")


def _at_size(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """The mean of the pixels that each of the smaller picture stands for, as nearly as whole pixels say."""
    for axis, count in ((0, height), (1, width)):
        starts = np.floor(np.arange(count) * pixels.shape[axis] / count).astype(int)
        lengths = np.diff(np.append(starts, pixels.shape[axis]))
        shape = [1, 1, 1]
        shape[axis] = count
        pixels = np.add.reduceat(pixels, starts, axis=axis) / lengths.reshape(shape)
    return pixels


def _encoded(path: Path) -> np.ndarray:
    return shown(picture_pixels(path))


def main() -> None:
    """The command; see the module's text."""
    parser = argparse.ArgumentParser(prog="demo.lit")
    kinds = parser.add_subparsers(dest="kind", required=True)
    for kind in ("facts", "clear", "turn", "show"):
        one = kinds.add_parser(kind)
        for name in ("blend", "take", *(["target"] if kind != "facts" else [])):
            one.add_argument(name, type=Path)
        if kind in ("facts", "show"):
            one.add_argument("--frame", type=int, default=0)
        if kind == "turn":
            one.add_argument("--sun", required=True)
        if kind == "show":
            for name in ("--hdri", "--plate", "--shadow", "--clean"):
                one.add_argument(name, type=Path, required=True)
    options = parser.parse_args()
    take = Take.load(options.take)
    bpy.ops.wm.open_mainfile(filepath=str(options.blend.resolve()))
    scene = bpy.context.scene
    if options.kind == "facts":
        shipped = Path(bpy.utils.resource_path("LOCAL")) / "datafiles" / "studiolights" / "world"
        frame = plate_frame(take, options.frame)
        set_frame(scene, take, frame - take.frame_start)
        print(shipped / ENVIRONMENT, frame, scene.frame_current, sep="\t")
        return
    target = options.target.resolve()
    if options.kind == "clear":
        clear(scene, take, target)
    elif options.kind == "turn":
        across, down = (float(value) for value in options.sun.split(","))
        turn(scene, take, (across, down), target)
    else:
        show(scene, take, options.frame, options.hdri.resolve(), target)
        put_into_plate(
            options.plate.resolve(), options.frame, options.shadow.resolve(), options.clean.resolve(), target
        )


if __name__ == "__main__":
    main()
