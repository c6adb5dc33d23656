# SPDX-License-Identifier: GPL-3.0-or-later
"""A lamp of the rig put at a window of the set: an area lamp of the window's size that lights the control as before."""

from __future__ import annotations

import bpy
import numpy as np
from mathutils import Matrix

from ..lighting.area import polygon_irradiance
from ..lighting.sphere import Array
from .light_rig import PLACED, POWER, irradiance_of, set_light

_INWARD = 0.01
"""Metres that the lamp stands before the window, so that its glass does not cover it."""


def place_at_face(scene: bpy.types.Scene, index: int, window: str, face: int) -> str:
    """Puts the lamp of a row at a face of an object; its name. Raises ValueError in the user's words.

    ``face`` is counted as Blender shows the object, modifiers included. The lamp no longer turns with the control, and
    is locked, so that matching again leaves it there.
    """
    settings = scene.holirep.light
    if not 0 <= index < len(settings.lamps):
        raise ValueError("Choose a lamp in the list.")
    row, control = settings.lamps[index], settings.control
    if row.lamp is None or control is None:
        raise ValueError(f"{row.name} or the light control was deleted: use Match Lighting again.")
    corners = face_corners(scene, window, face)
    middle = np.array(control.matrix_world.translation)
    light = irradiance_of(row.lamp)
    axes, centre, size = rectangle(corners, middle)
    half_x, half_y = axes[0] * size[0] / 2, axes[1] * size[1] / 2
    centre = centre - axes[2] * _INWARD
    outline = [centre - half_x - half_y, centre + half_x - half_y, centre + half_x + half_y, centre - half_x + half_y]
    share = float(np.linalg.norm(polygon_irradiance(outline, middle)))
    away = middle - centre
    if share < 1e-6 or abs(float(away @ axes[2])) < 1e-3 * float(np.linalg.norm(away)):
        raise ValueError(f"The light control sees {window} edge-on: move it to where the character stands, then again.")
    lamp = row.lamp
    lamp.data.type = "AREA"
    lamp.data.shape, lamp.data.size, lamp.data.size_y = "RECTANGLE", size[0], size[1]
    lamp.parent = None
    lamp.matrix_world = Matrix.LocRotScale(centre.tolist(), Matrix(axes.tolist()).transposed(), None)
    lamp[PLACED] = window
    lamp[POWER] = float(np.pi * size[0] * size[1] / share)
    set_light(lamp, light)
    row.locked = True
    return str(lamp.name)


def face_corners(scene: bpy.types.Scene, name: str, face: int) -> Array:
    """Corners ``(n, 3)`` of a face in the world. Raises ValueError where there is no such face."""
    window = scene.objects.get(name)
    if window is None:
        raise ValueError(f"There is no object {name} in the scene: pick the window again.")
    shown = window.evaluated_get(bpy.context.evaluated_depsgraph_get())
    mesh = shown.to_mesh() if window.type in {"MESH", "CURVE", "SURFACE", "FONT", "META"} else None
    try:
        if mesh is None or not 0 <= face < len(mesh.polygons):
            raise ValueError(f"{name} has no face number {face}: pick a face of a mesh.")
        return np.array([shown.matrix_world @ mesh.vertices[each].co for each in mesh.polygons[face].vertices])
    finally:
        if mesh is not None:
            shown.to_mesh_clear()


def rectangle(corners: Array, toward: Array) -> tuple[Array, Array, Array]:
    """The rectangle around a flat polygon: axes ``(3, 3)`` along it, up it and away from ``toward``; middle; size."""
    edges = np.roll(corners, -1, axis=0) - corners
    across = edges[int(np.argmax(np.linalg.norm(edges, axis=1)))]
    across = across / np.linalg.norm(across)
    normal = np.cross(corners - corners.mean(axis=0), np.roll(corners, -1, axis=0) - corners.mean(axis=0)).sum(axis=0)
    length = float(np.linalg.norm(normal))
    if length < 1e-12:
        raise ValueError("This face has no area: pick another one.")
    normal = normal / length
    if float(normal @ (toward - corners.mean(axis=0))) > 0:
        normal = -normal
    up = np.cross(normal, across)
    axes = np.stack([across, up, normal])
    flat = corners @ axes.T
    low, high = flat.min(axis=0), flat.max(axis=0)
    return axes, np.asarray((low + high) / 2 @ axes), np.asarray(high - low)[:2]
