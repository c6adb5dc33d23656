# SPDX-License-Identifier: GPL-3.0-or-later
"""The compositor's nodes that put plate, shadow and character together; whatever the artist built stays as it is."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional

import bpy

from ..lighting.multilayer_exr import ExrError, channels_of
from ..lighting.shadow_passes import CHARACTER, SHADOW
from . import blender_versions
from .actions import MARK
from .shadow_errors import ShadowError
from .shadow_plate import ShadowPlate, plate_of
from .shot import PICTURES, numbered_pictures, picture_of

GROUP = "HoliRep Composite"
KIND = "shadow_composite"
"""Value of the mark on the group, on the nodes in the scene's compositor, and on the images that they show."""
_NEUTRAL = ("Standard", "Raw")
"""View transforms that show an sRGB plate as it is."""


@dataclass
class Composed:
    """What was put into the compositor. ``connected``: its picture is the scene's; else the output had another."""

    frames: tuple[int, int]
    connected: bool
    warnings: list[str] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        """What was done, for the user."""
        first, last = self.frames
        text = f"The compositor puts plate, shadow and character together, frames {first} to {last}"
        if not self.connected:
            text += f"; your own nodes keep the output: connect {GROUP} where you want it"
        return text


def compose(scene: bpy.types.Scene, folder: Path, name: str = "shadow", clean: Optional[Path] = None) -> Composed:
    """Adds the passes of a folder, the plate and the node group to the scene's compositor.

    ``clean``: a picture without the performer, a movie, or a sequence by one of its pictures, numbered as the plate's
    frames; it is put over the plate, as far as it is opaque. Nodes that HoliRep added before are replaced; all others
    stay, and so does what is connected to the output. Raises ShadowError where the folder holds no passes, and where
    there is no such clean plate.
    """
    files = _files(folder, name)
    if not files:
        raise ShadowError(f"There are no passes {name}.####.exr in {folder}: bake the shadows first")
    first, last = min(files), max(files)
    missing = sorted(set(range(first, last + 1)) - set(files))
    warnings = [f"Frames are missing between {first} and {last}, the first of them {missing[0]}."] if missing else []
    try:
        if f"{SHADOW}.Multiply.R" not in channels_of(files[first]):
            raise ShadowError(f"{files[first].name} holds no pass {SHADOW}.Multiply: bake the shadows again")
    except (OSError, ExrError) as error:
        raise ShadowError(f"{files[first]} cannot be read: {error}") from error
    if scene.camera is None:
        raise ShadowError(f"{scene.name} has no camera, so it is not known which plate belongs to it: add one")
    plate = plate_of(scene.camera)
    if plate is None:
        warnings.append(f"{scene.camera.name} shows no plate: connect one to the group's input Plate.")
    look = scene.view_settings.view_transform
    if look not in _NEUTRAL:
        warnings.append(f"With the view transform {look} the plate looks other than it was shot: choose Standard.")
    over = clean_picture(clean, plate) if clean is not None else None
    if over is not None and over.source in ("MOVIE", "SEQUENCE") and plate is None:
        warnings.append("The clean plate plays as the plate does: connect a plate first, then set up again.")
        over = None
    tree, _ = blender_versions.compositor_tree(scene)
    output = blender_versions.compositor_output(tree)
    linked = output.links[0].from_node if output.is_linked else None
    free = linked is None or linked.get(MARK) == KIND or _shows_only_render(tree, linked)
    _clear(tree)
    passes = _picture(files[first])
    nodes, links = tree.nodes, tree.links
    frame = _marked(nodes.new("NodeFrame"))
    frame.label = GROUP
    group = _marked(nodes.new("CompositorNodeGroup"))
    group.node_tree, group.label = _group(), GROUP
    x, y = _free_place(tree)
    group.location = (x + 640, y)
    for place, (socket, layer, wanted) in enumerate(
        (("Character", CHARACTER, "Combined"), ("Multiply", SHADOW, "Multiply"))
    ):
        shown = _marked(nodes.new("CompositorNodeImage"))
        shown.image, shown.label = passes, layer
        shown.frame_start, shown.frame_offset = first, first - 1
        shown.frame_duration, shown.use_auto_refresh = last - first + 1, True
        shown.layer = layer
        shown.location = (x, y - 330 * place)
        scaled = _to_render_size(nodes, (x + 360, y - 330 * place))
        links.new(next(each for each in shown.outputs if each.name == wanted), scaled.inputs[0])
        links.new(scaled.outputs[0], group.inputs[socket])
    below = plate.image if plate is not None else None
    for place, (socket, image) in enumerate((("Plate", below), ("Clean", over)), 2):
        if image is None:
            continue
        shown = _marked(nodes.new("CompositorNodeImage"))
        shown.image, shown.label, shown.location = image, socket, (x, y - 330 * place)
        if plate is not None and image.source in ("MOVIE", "SEQUENCE"):
            _play(scene, shown, plate, first, last)
        scaled = _to_render_size(nodes, (x + 360, y - 330 * place))
        links.new(shown.outputs[0], scaled.inputs[0])
        links.new(scaled.outputs[0], group.inputs[socket])
    if free:
        links.new(group.outputs["Image"], output)
        output.node.location = (x + 900, y)
    for each in tree.nodes:
        if each.get(MARK) == KIND and each != frame:
            each.parent = frame
    scene.render.use_compositing = True
    return Composed((first, last), free, warnings)


def _files(folder: Path, name: str) -> dict[int, Path]:
    pattern = re.compile(re.escape(name) + r"\.(-?\d+)\.exr")
    found = {}
    for path in folder.iterdir() if folder.is_dir() else ():
        number = pattern.fullmatch(path.name)
        if number is not None:
            found[int(number[1])] = path
    return found


def _picture(file: Path, source: Any = "SEQUENCE") -> bpy.types.Image:
    for image in bpy.data.images:
        if image.get(MARK) == KIND and Path(bpy.path.abspath(image.filepath)) == file.absolute():
            image.source = source  # there may be more pictures than before
            image.reload()
            return image
    image = bpy.data.images.load(str(file.absolute()), check_existing=False)
    image.source, image[MARK] = source, KIND
    return image


def clean_picture(path: Path, plate: Optional[ShadowPlate]) -> bpy.types.Image:
    """The clean plate as an image that bears HoliRep's mark, encoded as the plate is. Raises ShadowError."""
    file = picture_of(path)
    if not file.is_file():
        raise ShadowError(f"There is no clean plate at {path}: make it, choose it again, or empty the field")
    if file.suffix.lower() not in PICTURES:
        source = "MOVIE"
    else:
        source = "SEQUENCE" if len(numbered_pictures(file)) > 1 else "FILE"
    try:
        image = _picture(file, source)
    except RuntimeError as error:
        raise ShadowError(f"Blender cannot read the clean plate {file.name}: {error}") from error
    if plate is not None and not image.is_float and not plate.image.is_float:
        image.colorspace_settings.name = plate.image.colorspace_settings.name
    return image


def _clear(tree: Any) -> None:
    for node in [each for each in tree.nodes if each.get(MARK) == KIND]:
        tree.nodes.remove(node)


def _shows_only_render(tree: Any, node: Any) -> bool:
    """Whether the tree is as Blender makes it: the render alone, straight to the output."""
    return node.bl_idname == "CompositorNodeRLayers" and len(tree.nodes) <= 3


def _marked(node: Any) -> Any:
    node[MARK] = KIND
    return node


def _free_place(tree: Any) -> tuple[float, float]:
    others = [each for each in tree.nodes if each.get(MARK) != KIND and each.parent is None]
    return 0.0, min((each.location[1] - 500.0 for each in others), default=0.0)


def _to_render_size(nodes: Any, place: tuple[float, float]) -> Any:
    node = _marked(nodes.new("CompositorNodeScale"))
    blender_versions.scale_to_render(node)
    node.location = place
    return node


def _play(scene: bpy.types.Scene, node: Any, plate: ShadowPlate, first: int, last: int) -> None:
    """Lets the plate's node show, in each frame of the scene, the picture that the camera shows."""
    if not plate.moves:
        return
    kept = scene.frame_current, scene.frame_subframe
    shown = {}
    for frame in range(first, last + 1):
        scene.frame_set(frame)
        shown[frame] = plate.frame_at(scene)
    scene.frame_set(kept[0], subframe=kept[1])
    node.frame_start, node.frame_duration, node.use_auto_refresh = first, 1_000_000, True
    offsets = {frame: picture - (frame - first + 1) for frame, picture in shown.items()}
    node.frame_offset = offsets[first]
    if len(set(offsets.values())) == 1:
        return
    previous: Optional[int] = None
    for frame, offset in offsets.items():  # the rates differ
        if offset != previous:
            node.frame_offset = offset
            node.keyframe_insert("frame_offset", frame=frame)
            previous = offset
    blender_versions.hold_keys(node.id_data, f'nodes["{node.name}"].frame_offset')


def _group() -> bpy.types.NodeTree:
    """The node group: Clean over Plate, times Multiply as far as Shadow says, and the premultiplied Character over it.

    One of an older HoliRep, which lacks an input, stays as an artist's own.
    """
    for found in bpy.data.node_groups:
        if found.get(MARK) == KIND:
            if any(each.name == "Clean" for each in found.interface.items_tree):
                return found
            del found[MARK]
    tree: Any = bpy.data.node_groups.new(GROUP, "CompositorNodeTree")
    tree[MARK] = KIND
    sockets: dict[str, Any] = {}
    for name, kind, value, text in (
        ("Plate", "NodeSocketColor", (1.0, 1.0, 1.0, 1.0), "The plate, scene linear"),
        ("Clean", "NodeSocketColor", (0.0, 0.0, 0.0, 0.0), "What is put over the plate: no performer"),
        ("Multiply", "NodeSocketColor", (1.0, 1.0, 1.0, 1.0), "Shadow.Multiply: what the plate is multiplied by"),
        ("Character", "NodeSocketColor", (0.0, 0.0, 0.0, 0.0), "Character.Combined, premultiplied"),
        ("Shadow", "NodeSocketFloat", 1.0, "How strong the shadow is; 1 is what was rendered"),
    ):
        made = tree.interface.new_socket(name, in_out="INPUT", socket_type=kind, description=text)
        made.default_value = value
        sockets[name] = made
    sockets["Shadow"].min_value, sockets["Shadow"].max_value = 0.0, 1.0
    tree.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
    given, result = tree.nodes.new("NodeGroupInput"), tree.nodes.new("NodeGroupOutput")
    multiply, factor, plate, shadow, ground = blender_versions.compositor_multiply(tree)
    cleaning, dirty, clean, cleaned = blender_versions.compositor_over(tree)
    over, back, front, image = blender_versions.compositor_over(tree)
    given.location, cleaning.location, multiply.location = (-600, 0), (-370, 100), (-150, 100)
    over.location, result.location = (80, 0), (300, 0)
    for start, end in (
        (given.outputs["Shadow"], factor),
        (given.outputs["Plate"], dirty),
        (given.outputs["Clean"], clean),
        (cleaned, plate),
        (given.outputs["Multiply"], shadow),
        (ground, back),
        (given.outputs["Character"], front),
        (image, result.inputs["Image"]),
    ):
        tree.links.new(start, end)
    return tree
