# SPDX-License-Identifier: GPL-3.0-or-later
"""What catches shadows: objects that the artist chose, the ground that is there, or one that is made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import bpy
import numpy as np
import numpy.typing as npt
from mathutils import Vector

from .actions import MARK
from .light_dome import DOME
from .shadow_errors import ShadowError

KIND = "shadow_ground"
"""Value of the mark on a ground that HoliRep made."""
CATCHING = ("MESH", "CURVE", "SURFACE", "FONT")
_SIZE = 200.0
"""Metres from the middle of a made ground to its edge."""
_FLAT = 0.01
"""A ground is no thicker than this part of its width."""
_WIDE = 2.0
"""Metres that a ground is wide at least."""


def shown_objects(scene: bpy.types.Scene) -> list[bpy.types.Object]:
    """The objects that Cycles renders of the scene, whatever they are hidden as in single frames."""
    found: dict[bpy.types.Object, None] = {}

    def walk(layer: bpy.types.LayerCollection) -> None:
        if layer.exclude or layer.collection.hide_render:
            return
        found.update(dict.fromkeys(layer.collection.objects))
        for child in layer.children:
            walk(child)

    for view_layer in [layer for layer in scene.view_layers if layer.use] or scene.view_layers[:1]:
        walk(view_layer.layer_collection)
    return [one for one in found if DOME not in one]


def check_catchers(scene: bpy.types.Scene, chosen: Iterable[bpy.types.Object]) -> list[bpy.types.Object]:
    """The chosen catchers. Raises ShadowError for one that catches nothing."""
    shown = set(shown_objects(scene))
    found = []
    for each in chosen:
        if each.type not in CATCHING:
            kind = each.type.replace("_", " ").lower()
            raise ShadowError(f"{each.name} cannot catch shadows, it is a {kind}: choose meshes, curves or texts")
        if each not in shown:
            raise ShadowError(f"{each.name} is not rendered in this scene: show it in renders, or choose another")
        found.append(each)
    return found


def find_catchers(scene: bpy.types.Scene, floor: float) -> list[bpy.types.Object]:
    """The catchers that the scene has by itself; empty where it has none.

    These are: what the shot's collection of catchers holds; else shadow catchers, and HoliRep's own ground; else the
    object that the shot's floor names; else a flat, wide mesh at the floor's height.
    """
    shown = [each for each in shown_objects(scene) if each.type in CATCHING and not each.hide_render]
    chosen = getattr(getattr(getattr(scene, "holirep", None), "shadow", None), "catchers", None)
    if chosen is not None and any(each in shown for each in chosen.all_objects):
        return [each for each in chosen.all_objects if each in shown]
    own = [each for each in shown if each.is_shadow_catcher or each.get(MARK) == KIND]
    if own:
        return own
    named = getattr(getattr(getattr(scene, "holirep", None), "refine", None), "floor_object", None)
    if named is not None and named in shown:
        return [named]
    flat = []
    for each in shown:
        low, high = bounds([each])
        size = high - low
        if min(size[0], size[1]) * scene.unit_settings.scale_length < _WIDE:
            continue
        if size[2] <= _FLAT * max(size[0], size[1]) and abs(high[2] - floor) <= 0.02 * max(size[0], size[1]):
            flat.append((float(size[0] * size[1]), each.name, each))
    return [max(flat)[2]] if flat else []


def bounds(objects: Sequence[bpy.types.Object]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Lowest and highest corner ``(3,)`` of objects' boxes in the world."""
    corners = np.array([each.matrix_world @ Vector(corner) for each in objects for corner in each.bound_box])
    return corners.min(0), corners.max(0)


def floor_height(scene: bpy.types.Scene) -> float:
    """Height of the scene's floor, in its units: where the character is planted, else where its lowest object ends."""
    shot = getattr(scene, "holirep", None)
    if shot is not None and shot.refine.floor_object is not None:
        return float(shot.refine.floor_object.matrix_world.translation.z)
    if shot is not None and shot.character is not None and scene.objects.get(shot.character.name) == shot.character:
        world = shot.character.matrix_world
        feet = [
            (world @ Vector(row.place)).z
            for row in shot.refine.contact_spans
            if row.planted and row.point.endswith(("Heel", "Toes"))
        ]
        return float(np.median(feet)) if feet else float(world.translation.z)
    meshes = [each for each in shown_objects(scene) if each.type in CATCHING and not each.hide_render]
    return float(bounds(meshes)[0][2]) if meshes else 0.0


def make_ground(scene: bpy.types.Scene, height: float, collection: bpy.types.Collection) -> bpy.types.Object:
    """A level, square ground at a height, under what the scene shows, in even steps, so that it stays where it is."""
    meshes = [each for each in shown_objects(scene) if each.type in CATCHING]
    size = _SIZE / scene.unit_settings.scale_length
    middle = (bounds(meshes)[0] + bounds(meshes)[1]) / 2 if meshes else np.zeros(3)
    x, y = (np.round(middle / size) * size)[:2]
    mesh = bpy.data.meshes.new("HoliRep Ground")
    mesh.from_pydata([(-size, -size, 0), (size, -size, 0), (size, size, 0), (-size, size, 0)], [], [(0, 1, 2, 3)])
    made = bpy.data.objects.new("HoliRep Ground", mesh)
    made[MARK] = mesh[MARK] = KIND
    made.location = (float(x), float(y), height)
    made.is_shadow_catcher = True
    made.display_type = "WIRE"
    collection.objects.link(made)
    return made
