# SPDX-License-Identifier: GPL-3.0-or-later
"""The character in the light of an environment.

usage: python -m demo.lit facts BLEND TAKE | clear BLEND TAKE OUT.blend
       python -m demo.lit show BLEND TAKE FOLDER --hdri FILE --plate FILE --shadow FOLDER

``facts`` prints which environment, one of Blender's own, and which frame of the scene. ``clear`` takes the stage's own
light away and gives the scene the plate's size. ``show`` renders the frame in the middle of the performance by the
environment alone and by the lamps that were found in it, side by side (``lit.png``), and puts character and shadow into
the plate (``in_plate.png``).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import bpy
import numpy as np

from demo.render import performer_region, set_frame, shown_rows
from holirep_blender.lighting.multilayer_exr import read_exr
from holirep_blender.lighting.shadow_passes import composited
from holirep_blender.motion.take import Take
from holirep_blender.scene.light_world import KIND
from holirep_blender.scene.pictures import picture_pixels, plate_pixels, shown, write_png

ENVIRONMENT = "city.exr"
SAMPLES = 16
PERCENT = 80
"""Of the plate's size."""


def middle_frame(take: Take) -> int:
    """The plate's frame in the middle of what was seen of the performer."""
    return take.frame_start + shown_rows(take, 1)[0]


def clear(scene: bpy.types.Scene, take: Take, target: Path) -> None:
    """Takes the stage's own light away."""
    for lamp in [one for one in scene.objects if one.type == "LIGHT"]:
        bpy.data.objects.remove(lamp)
    scene.world = None
    size = take.camera.image_size  # type: ignore[union-attr]
    scene.render.resolution_x, scene.render.resolution_y = (int(value) for value in size)
    bpy.ops.wm.save_as_mainfile(filepath=str(target))


def show(scene: bpy.types.Scene, take: Take, environment: Path, folder: Path) -> None:
    """Renders the environment alone, then the rig."""
    row = middle_frame(take) - take.frame_start
    set_frame(scene, take, row)
    render = scene.render
    render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.use_denoising = SAMPLES, True
    scene.view_settings.view_transform = "AgX"
    render.resolution_percentage = PERCENT
    render.image_settings.file_format = "PNG"
    x0, y0, x1, y1 = performer_region(take, row)
    width, height = (float(value) for value in take.camera.image_size)  # type: ignore[union-attr]
    aside = (y1 - y0) * 0.25
    render.use_border = render.use_crop_to_border = True
    render.border_min_x, render.border_max_x = max((x0 - aside) / width, 0.0), min((x1 + aside) / width, 1.0)
    render.border_min_y, render.border_max_y = 1.0 - y1 / height, 1.0 - y0 / height
    lamps = [one for one in scene.objects if one.get("holirep") == KIND and one.type == "LIGHT"]
    residual, alone = scene.world, bpy.data.worlds.new("Environment")
    if not alone.node_tree:
        alone.use_nodes = True
    image = alone.node_tree.nodes.new("ShaderNodeTexEnvironment")
    image.image = bpy.data.images.load(str(environment))
    background = next(node for node in alone.node_tree.nodes if node.type == "BACKGROUND")
    alone.node_tree.links.new(image.outputs["Color"], background.inputs["Color"])
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


def put_into_plate(plate: Path, take: Take, shadow: Path, folder: Path) -> None:
    """The plate times the shadow, with the character over it."""
    planes = read_exr(next(shadow.glob("*.exr")))
    height, width = next(iter(planes.values())).shape
    frame = plate_pixels(plate, middle_frame(take))[..., :3]
    rows, columns = (np.linspace(0, size, count, endpoint=False).astype(int) + size // count // 2
                     for size, count in zip(frame.shape[:2], (height, width), strict=True))  # fmt: skip
    write_png(shown(composited(planes, frame[np.ix_(rows, columns)])), folder / "in_plate.png")


def _encoded(path: Path) -> np.ndarray:
    return shown(picture_pixels(path))


def main() -> None:
    """The command; see the module's text."""
    parser = argparse.ArgumentParser(prog="demo.lit")
    kinds = parser.add_subparsers(dest="kind", required=True)
    for kind, names in (
        ("facts", ("blend", "take")),
        ("clear", ("blend", "take", "target")),
        ("show", ("blend", "take", "target")),
    ):
        one = kinds.add_parser(kind)
        for name in names:
            one.add_argument(name, type=Path)
        if kind == "show":
            for name in ("--hdri", "--plate", "--shadow"):
                one.add_argument(name, type=Path, required=True)
    options = parser.parse_args()
    take = Take.load(options.take)
    bpy.ops.wm.open_mainfile(filepath=str(options.blend.resolve()))
    if options.kind == "facts":
        shipped = Path(bpy.utils.resource_path("LOCAL")) / "datafiles" / "studiolights" / "world"
        set_frame(bpy.context.scene, take, middle_frame(take) - take.frame_start)
        print(shipped / ENVIRONMENT, bpy.context.scene.frame_current, sep="\t")
        return
    if options.kind == "clear":
        clear(bpy.context.scene, take, options.target.resolve())
        return
    folder = options.target.resolve()
    show(bpy.context.scene, take, options.hdri.resolve(), folder)
    put_into_plate(options.plate.resolve(), take, options.shadow.resolve(), folder)


if __name__ == "__main__":
    main()
