# SPDX-License-Identifier: GPL-3.0-or-later
"""A scene of its own to render shadows in: the artist's is never touched, so there is nothing to put back in it.

Characters and set are the artist's own objects, linked a second time. Catchers, lamps and world are copies: catchers
get materials and flags, lamps get light groups. All that was made goes when the block is left, whatever happened.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Optional

import bpy

from ..lighting.shadow_passes import CHARACTER, CLEAN, LIT, OPEN, RESIDUAL, group_label
from . import blender_versions
from .actions import Rollback
from .shadow_ground import make_ground, shown_objects
from .shadow_materials import CatcherMaterial, catcher_material
from .shadow_plate import ShadowPlate, mean_colour, plate_of

_MOST_GROUPS = 24
"""Lamps beyond this share a light group: each costs a picture in memory and in the files."""
_ENVIRONMENT = "HoliRep Environment"
"""Light group of the world, which no lamp shares."""


@dataclass
class ShadowScene:
    """What is rendered: ``groups`` are the light groups, lamps first, and what their passes are called in the files."""

    scene: bpy.types.Scene
    source: bpy.types.Scene
    cast: list[bpy.types.Object]
    catchers: list[bpy.types.Object]
    ground_made: bool
    plate: Optional[ShadowPlate]
    materials: list[CatcherMaterial] = field(default_factory=list)
    groups: dict[str, str] = field(default_factory=dict)
    lamps: list[bpy.types.Object] = field(default_factory=list)
    set_occludes: bool = False
    copies: dict[tuple[str, str], bpy.types.Object] = field(default_factory=dict)

    def layer(self, name: str) -> bpy.types.ViewLayer:
        """One of the view layers, by its name."""
        return self.scene.view_layers[name]


@contextmanager
def shadow_scene(source: bpy.types.Scene, catchers: Sequence[bpy.types.Object], floor: float) -> Iterator[ShadowScene]:
    """The scene, for as long as the block lasts. Without catchers a ground is made at the height ``floor``."""
    before = {kind: set(getattr(bpy.data, kind)) for kind in _KINDS}
    try:
        yield _built(source, list(catchers), floor)
    finally:
        for kind in _KINDS:
            blocks = getattr(bpy.data, kind)
            for each in [each for each in blocks if each not in before[kind]]:
                blocks.remove(each)  # one by one: 4.2 miscounts users where many go at once


_KINDS = (
    "scenes", "collections", "objects", "meshes", "curves", "lights", "worlds", "materials", "images", "node_groups",
    "texts", "actions", "cameras",
)  # fmt: skip
"""Data-blocks that building and rendering may make, in the order in which they can be removed."""


def _built(source: bpy.types.Scene, catchers: list[bpy.types.Object], floor: float) -> ShadowScene:
    shown = shown_objects(source)
    plate = plate_of(source.camera) if source.camera is not None else None
    scene = blender_versions.scene_of_settings(source)
    scene.name, scene.camera, scene.world = "HoliRep Shadows", source.camera, None
    blender_versions.without_compositor(scene)
    ground_made = not catchers
    cast = [each for each in shown if each not in catchers and each.type not in ("LIGHT", "CAMERA", "LIGHT_PROBE")]
    made = ShadowScene(scene, source, cast, catchers, ground_made, plate)
    collections = {name: _collection(scene, name) for name in ("Cast", "Lights", "Catch", "White", "Through")}
    if ground_made:
        ground = make_ground(source, floor, collections["Catch"])
        collections["Catch"].objects.unlink(ground)
        made.catchers = [ground]
    for each in cast:
        collections["Cast"].objects.link(each)
    if source.camera is not None:
        collections["Lights"].objects.link(source.camera)
    _light(made, [each for each in shown if each.type == "LIGHT"], collections["Lights"])
    _catch(made, collections)
    _layers(made, collections)
    _settings(scene)
    return made


def _collection(scene: bpy.types.Scene, name: str) -> bpy.types.Collection:
    made = bpy.data.collections.new(f"HoliRep {name}")
    scene.collection.children.link(made)
    return made


def _light(made: ShadowScene, lamps: Iterable[bpy.types.Object], collection: bpy.types.Collection) -> None:
    """Copies of lamps and world, each in a light group: its own where the artist gave it one."""
    names: list[str] = []
    for number, lamp in enumerate(sorted(lamps, key=lambda each: each.name)):
        copied = lamp.copy()
        _join_linking(lamp, copied)
        # Blender takes no dots in names of light groups
        copied.lightgroup = lamp.lightgroup or (lamp.name if number < _MOST_GROUPS else "Lamps").replace(".", "_")
        names.append(copied.lightgroup)
        collection.objects.link(copied)
        made.lamps.append(copied)
    names += [each.lightgroup for each in made.cast if each.lightgroup]  # lights that are meshes
    for name in names:
        if name not in made.groups:
            made.groups[name] = group_label(name, [*made.groups.values(), RESIDUAL])
    if made.source.world is not None:
        made.scene.world = made.source.world.copy()
        made.scene.world.lightgroup = _ENVIRONMENT
        made.groups[_ENVIRONMENT] = RESIDUAL


def _join_linking(original: bpy.types.Object, copied: bpy.types.Object) -> None:
    """A copy is in the collections of light and shadow linking that its original is in, with the same state."""
    lists = {
        each
        for lamp in bpy.data.objects
        if getattr(lamp, "light_linking", None) is not None
        for each in (lamp.light_linking.receiver_collection, lamp.light_linking.blocker_collection)
        if each is not None and each.library is None
    }
    for each in lists:
        for place, member in enumerate(list(each.objects)):
            if member == original:
                state = each.collection_objects[place].light_linking.link_state
                each.objects.link(copied)
                each.collection_objects[len(each.objects) - 1].light_linking.link_state = state


def _catch(made: ShadowScene, collections: dict[str, bpy.types.Collection]) -> None:
    keep = Rollback()  # nothing to take back one by one: all goes with the scene
    shown = catcher_material("HoliRep Plate", made.plate, False, keep)
    white = catcher_material("HoliRep White", made.plate, True, keep)
    made.materials = [shown, white]
    if made.plate is not None:
        around = (*mean_colour(made.plate), 1.0)
        for each in made.materials:
            each.around.default_value = around
    made.set_occludes = any(not _is_plane(each) for each in made.catchers) or len(made.catchers) > 1
    for original in made.catchers:
        for name, material in (("Catch", shown), ("White", white), ("Through", white)):
            if name == "Through" and not made.set_occludes:
                continue
            copied = original.copy()
            copied.is_shadow_catcher = name == "Catch"
            _join_linking(original, copied)
            _dress(copied, material.material)
            collections[name].objects.link(copied)
            made.copies[name, original.name] = copied
            if name == "Through":  # seen by the camera, in nothing's way
                copied.visible_shadow = copied.visible_diffuse = copied.visible_glossy = False
                copied.visible_transmission = copied.visible_volume_scatter = False


def _is_plane(catcher: bpy.types.Object) -> bool:
    size = sorted(float(part) for part in catcher.dimensions)
    return size[0] <= 1e-4 * size[2] and not catcher.modifiers


def _dress(copied: bpy.types.Object, material: bpy.types.Material) -> None:
    if not copied.material_slots:
        copied.data = copied.data.copy()
        copied.data.materials.append(material)
    for slot in copied.material_slots:
        slot.link = "OBJECT"
        slot.material = material


def _layers(made: ShadowScene, collections: dict[str, bpy.types.Collection]) -> None:
    names = [CHARACTER, LIT, CLEAN, *([OPEN] if made.set_occludes and _ENVIRONMENT in made.groups else [])]
    seen = {CHARACTER: "Catch", LIT: "White", CLEAN: "White", OPEN: "Through"}
    scene = made.scene
    for number, stale in enumerate(list(scene.view_layers)):
        stale.name = f"Stale {number}"
    own = list(scene.view_layers)
    for name in names:
        layer = scene.view_layers.new(name)
        layer.use = True
        for group in made.groups:
            layer.lightgroups.add(name=group)
        for prop in layer.bl_rna.properties:
            if prop.identifier.startswith("use_pass_") and not prop.is_readonly:
                setattr(layer, prop.identifier, prop.identifier == "use_pass_combined")
        layer.cycles.use_pass_shadow_catcher = name == CHARACTER
        layer.cycles.use_denoising = True
        layer.cycles.denoising_store_passes = False
        children = {each.collection: each for each in layer.layer_collection.children}
        for kind in ("Catch", "White", "Through"):
            children[collections[kind]].exclude = seen[name] != kind
        children[collections["Cast"]].exclude = name in (CLEAN, OPEN)
        children[collections["Cast"]].indirect_only = name == LIT
    for stale in own:
        scene.view_layers.remove(stale)


def _settings(scene: bpy.types.Scene) -> None:
    render: Any = scene.render
    cycles = scene.cycles
    render.engine = "CYCLES"
    render.use_compositing = render.use_sequencer = False
    render.use_border = render.use_multiview = render.use_freestyle = render.use_stamp = False
    render.film_transparent = True
    render.use_overwrite, render.use_placeholder, render.use_file_extension = True, False, True
    render.use_single_layer = render.use_persistent_data = False  # which would keep the plate's first frame
    scene.use_preview_range = False
    # Lit and Clean take the same samples, so that their noise is the same where nothing is in between
    cycles.use_adaptive_sampling = cycles.use_animated_seed = False
    cycles.time_limit = 0.0
    if hasattr(cycles, "use_sample_subset"):
        cycles.use_sample_subset = False
    cycles.film_transparent_glass = False
    blender_versions.write_passes(render.image_settings)
