# SPDX-License-Identifier: GPL-3.0-or-later
"""Shadow, occlusion, or both, baked onto surfaces: as pictures over their UVs, or as vertex colours.

Blender's own shadow bake is not what a plate can be multiplied by (it exceeds 1). So the light that surfaces receive is
baked twice, with and without what casts, and divided. Copies are baked, in a scene of their own: the artist's meshes,
materials, images and settings are not touched before the result is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional

import bpy
import numpy as np
import numpy.typing as npt

from ..lighting.multilayer_exr import write_exr
from .actions import put_back
from .shadow_devices import use_device
from .shadow_errors import ShadowError
from .shadow_ground import floor_height, shown_objects
from .shadow_scene import ShadowScene, shadow_scene

Colours = npt.NDArray[np.float32]

KINDS = ("shadow", "occlusion", "combined")
"""Of the lamps, of the environment, of all light."""
ATTRIBUTE = "HoliRep {kind}"
"""Name of the colour attribute that a mesh gets."""
UV_MAP = "HoliRep UV"
"""Name of the UV map that a mesh gets which has none."""
_MARGIN = 8
_DARKEST = 1e-2


@dataclass(frozen=True)
class SurfaceOptions:
    """``out``: folder of pictures ``object_kind.exr``; None bakes vertex colours. ``size``: of pictures, in pixels.

    ``frame``: of the scene; None: the current one.
    """

    objects: tuple[bpy.types.Object, ...]
    kind: str = "combined"
    out: Optional[Path] = None
    size: int = 1024
    samples: int = 64
    device: str = "auto"
    frame: Optional[int] = None


@dataclass
class Surface:
    """One mesh's result: the picture's ``file``, or ``colours (corners, 3)``; ``uv``: the map that had to be made."""

    object: str
    file: Optional[Path] = None
    colours: Optional[Colours] = None
    uv: Optional[npt.NDArray[np.float32]] = None


@dataclass
class SurfaceBake:
    """What was baked."""

    kind: str
    surfaces: list[Surface] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        """What was done, for the user."""
        names = ", ".join(each.object for each in self.surfaces)
        return f"Baked {self.kind} onto {names}"


def bake_surfaces(
    scene: bpy.types.Scene, options: SurfaceOptions, report: Optional[Callable[[int, int], None]] = None
) -> SurfaceBake:
    """Bakes what the rest of the scene keeps from meshes: 1 where all light arrives, 0 where none does, by colour.

    What casts is all that is not among the meshes. ``report`` hears how many are done, and of how many. Raises
    ShadowError for what the user must change first, and OSError where a picture cannot be written.
    """
    _check(scene, options)
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
    baked = SurfaceBake(options.kind)
    with shadow_scene(scene, options.objects, floor_height(scene)) as built, put_back() as rollback:
        use_device(built.scene, options.device, rollback)
        _set_up(built, options)
        for done, original in enumerate(options.objects):
            if report is not None:
                report(done, len(options.objects))
            baked.surfaces.append(_surface(built, options, original, baked))
    if report is not None:
        report(len(options.objects), len(options.objects))
    return baked


def keep_surfaces(baked: SurfaceBake) -> None:
    """Gives the meshes their result as a colour attribute, and the UV maps that had to be made for pictures.

    A colour attribute of the name is replaced, all others stay, and the active one stays active.
    """
    for each in baked.surfaces:
        mesh: Any = bpy.data.objects[each.object].data
        if each.colours is not None and len(each.colours) == len(mesh.loops):
            name = ATTRIBUTE.format(kind=baked.kind)
            stale = mesh.color_attributes.get(name)
            if stale is not None:
                mesh.color_attributes.remove(stale)
            active = mesh.color_attributes.active_color_index
            made = mesh.color_attributes.new(name, "FLOAT_COLOR", "CORNER")
            values = np.ones((len(mesh.loops), 4), np.float32)
            values[:, :3] = each.colours
            made.data.foreach_set("color", values.ravel())
            if active >= 0:
                mesh.color_attributes.active_color_index = active
            mesh.update()
        if each.uv is not None and not mesh.uv_layers and len(each.uv) == len(mesh.loops):
            mesh.uv_layers.new(name=UV_MAP).uv.foreach_set("vector", each.uv.ravel())


def write_surfaces(baked: SurfaceBake, path: Path) -> None:
    """Writes what ``keep_surfaces`` needs, so that another Blender than the one that baked can keep it."""
    values: dict[str, Any] = {"kind": np.array(baked.kind)}
    values["objects"] = np.array([each.object for each in baked.surfaces])
    for number, each in enumerate(baked.surfaces):
        for name, array in (("colours", each.colours), ("uv", each.uv)):
            if array is not None:
                values[f"{name}/{number}"] = array
    np.savez(path, **values)


def read_surfaces(path: Path) -> SurfaceBake:
    """What ``write_surfaces`` wrote; objects that are gone meanwhile are left out."""
    with np.load(path, allow_pickle=False) as stored:
        baked = SurfaceBake(str(stored["kind"]))
        for number, name in enumerate(stored["objects"].tolist()):
            if name in bpy.data.objects:
                colours, uv = (stored.get(f"{kind}/{number}") for kind in ("colours", "uv"))
                baked.surfaces.append(Surface(name, None, colours, uv))
    return baked


def _check(scene: bpy.types.Scene, options: SurfaceOptions) -> None:
    if not options.objects:
        raise ShadowError("Choose the meshes to bake onto")
    if options.kind not in KINDS:
        raise ShadowError(f"What is baked is {', '.join(KINDS)}, not {options.kind!r}")
    shown = set(shown_objects(scene))
    for each in options.objects:
        if each.type != "MESH":
            raise ShadowError(f"{each.name} is no mesh: only meshes can be baked onto")
        if each not in shown or each.hide_render:
            raise ShadowError(f"{each.name} is not rendered in this scene: show it in renders first")
        if not each.data.polygons:
            raise ShadowError(f"{each.name} has no faces, so nothing can be baked onto it")
        if options.out is None and any(_changes_corners(each)):
            raise ShadowError(
                f"A modifier gives {each.name} other faces than its mesh has, so vertex colours would not fit: "
                "apply it, or bake a picture"
            )
    lamps = [each for each in shown if each.type == "LIGHT" and not each.hide_render]
    if options.kind == "shadow" and not lamps:
        raise ShadowError(
            "There are no lamps to cast a shadow: add one, let Match Lighting add them, or bake occlusion"
        )
    if options.kind == "occlusion" and scene.world is None:
        raise ShadowError("There is no world whose light could be kept away: add one, or bake shadow")


def _changes_corners(one: bpy.types.Object) -> Sequence[bool]:
    evaluated = one.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return [len(evaluated.data.loops) != len(one.data.loops)]


def _set_up(built: ShadowScene, options: SurfaceOptions) -> None:
    """Only the light that is asked for; one view layer with what casts, and one without."""
    scene = built.scene
    scene.cycles.samples, scene.cycles.use_denoising = options.samples, False
    if options.kind == "shadow":
        scene.world = None
    if options.kind == "occlusion":
        for lamp in built.lamps:
            lamp.hide_render = True
    bake = scene.render.bake
    bake.use_pass_direct = bake.use_pass_indirect = True
    bake.use_pass_color = False
    bake.use_selected_to_active, bake.target = False, "VERTEX_COLORS" if options.out is None else "IMAGE_TEXTURES"
    bake.use_clear, bake.margin = True, _MARGIN
    scene.frame_set(built.source.frame_current if options.frame is None else options.frame)


def _surface(built: ShadowScene, options: SurfaceOptions, original: bpy.types.Object, baked: SurfaceBake) -> Surface:
    copied = built.copies["White", original.name]
    mesh: Any = copied.data.copy()
    copied.data = mesh
    for slot in copied.material_slots:
        slot.link = "OBJECT"
        slot.material = built.materials[1].material
    made = Surface(original.name)
    with_it, without = (_light(built, options, copied, mesh, layer, made, baked) for layer in ("Lit", "Clean"))
    least = _DARKEST * max(float(without.max()), 1e-12)
    lit = without > least
    ratio = np.where(lit, np.maximum(with_it, 0.0) / np.where(lit, without, 1.0), 1.0).astype(np.float32)
    if options.out is None:
        made.colours = ratio
        return made
    made.file = options.out / f"{original.name.replace('/', '_')}_{options.kind}.exr"
    rows = ratio.reshape(options.size, options.size, 3)[::-1]
    write_exr(made.file, {channel: rows[..., place] for place, channel in enumerate("RGB")})
    return made


def _light(
    built: ShadowScene,
    options: SurfaceOptions,
    copied: bpy.types.Object,
    mesh: Any,
    layer_name: str,
    made: Surface,
    baked: SurfaceBake,
) -> Colours:
    """Diffuse light on a copy in one of the view layers: ``(corners, 3)``, or ``(pixels, 3)`` with a picture."""
    layer = built.layer(layer_name)
    for one in layer.objects:
        one.select_set(one == copied, view_layer=layer)
    layer.objects.active = copied
    image, target = None, "VERTEX_COLORS"
    if options.out is not None:
        target = "IMAGE_TEXTURES"
        image = bpy.data.images.new("HoliRep Bake", options.size, options.size, float_buffer=True, is_data=True)
        node = built.materials[1].material.node_tree.nodes.new("ShaderNodeTexImage")
        node.image = image
        built.materials[1].material.node_tree.nodes.active = node
        if not mesh.uv_layers:
            made.uv = _unwrapped(built, layer, copied, mesh)
            baked.warnings.append(
                f"{made.object} had no UV map: the picture lies on a new one, {UV_MAP}, which is kept with the file."
            )
    else:
        attribute = mesh.color_attributes.get("HoliRep Bake") or mesh.color_attributes.new(
            "HoliRep Bake", "FLOAT_COLOR", "CORNER"
        )
        mesh.color_attributes.active_color = attribute
    with _shown(built, layer):
        try:
            bpy.ops.object.bake(type="DIFFUSE", target=target, pass_filter={"DIRECT", "INDIRECT"})
        except RuntimeError as error:
            raise ShadowError(f"Blender could not bake onto {made.object}: {error}") from error
    if image is None:
        values = np.empty(len(mesh.loops) * 4, np.float32)
        mesh.color_attributes["HoliRep Bake"].data.foreach_get("color", values)
    else:
        values = np.empty(options.size * options.size * 4, np.float32)
        image.pixels.foreach_get(values)
    return values.reshape(-1, 4)[:, :3].astype(np.float32)


@contextmanager
def _shown(built: ShadowScene, layer: bpy.types.ViewLayer) -> Iterator[None]:
    """Shows a view layer in Blender's window for as long as an operator works on its active object."""
    window = bpy.context.window_manager.windows[0]
    before = window.scene, window.view_layer
    window.scene = built.scene
    window.view_layer = layer
    try:
        with bpy.context.temp_override(window=window):
            yield
    finally:
        window.scene = before[0]
        window.view_layer = before[1]


def _unwrapped(
    built: ShadowScene, layer: bpy.types.ViewLayer, copied: bpy.types.Object, mesh: Any
) -> npt.NDArray[np.float32]:
    """A UV map by Blender's own Smart UV Project, on the copy's mesh."""
    mesh.uv_layers.new(name=UV_MAP)
    with _shown(built, layer):
        bpy.ops.object.mode_set(mode="EDIT")
        try:
            bpy.ops.mesh.select_all(action="SELECT")
            bpy.ops.uv.smart_project(island_margin=0.02)
        finally:
            bpy.ops.object.mode_set(mode="OBJECT")
    values = np.empty(len(mesh.loops) * 2, np.float32)
    mesh.uv_layers[UV_MAP].uv.foreach_get("vector", values)
    return values.reshape(-1, 2)
