# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks under the character's feet: how far the sole is from what catches its shadow, and how dark it is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Optional

import bpy
import numpy as np
import numpy.typing as npt
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Vector

from ..lighting.contact_shadows import ContactReport, ContactSample, judge_contacts
from ..lighting.multilayer_exr import Plane
from ..lighting.shadow_passes import CLEAN, RESIDUAL, SHADOW, colour
from ..motion.rigs import find_rig_map
from . import contact_rows
from .characters import read_rig
from .rig_map_rows import has_rig_map, read_rig_map
from .shadow_scene import ShadowScene

Array = npt.NDArray[np.float64]

_JOINTS = {"Heel": "Foot", "Toes": "Toes"}
_REACH = {"Heel": 0.16, "Toes": 0.10}
"""Metres around ankle and ball of the foot in which the sole is looked for, on a character of 1.7 m."""
_HEIGHT = 1.7
_SOLE = 0.015
"""Metres above its lowest point that belong to what touches."""
_PATCH = 0.01
"""Metres between the nine places on the ground that are looked at."""
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
NEEDED = (f"{SHADOW}.Multiply.", f"{CLEAN}.Combined.", f"{CLEAN}.Combined_{RESIDUAL}.")
"""Beginnings of the channels that are looked at."""


@dataclass
class ContactLook:
    """The feet of the shot's character, and what was seen under them so far."""

    spans: list[contact_rows.Span]
    character: bpy.types.Object
    bones: dict[str, tuple[str, str]]
    samples: list[ContactSample] = field(default_factory=list)
    off_screen: int = 0

    def report(self) -> ContactReport:
        """What is to be said of it."""
        return judge_contacts(self.samples, self.off_screen)


def contacts_to_check(built: ShadowScene) -> tuple[Optional[ContactLook], str]:
    """The feet to look at; or None, and why not, for the user (empty where there is no character)."""
    shot = getattr(built.source, "holirep", None)
    if shot is None or shot.character is None or shot.character not in built.cast:
        return None, ""
    spans = [each for each in contact_rows.read(shot.refine) if each.point.endswith(tuple(_JOINTS))]
    if not spans:
        return None, (
            f"It is not known when {shot.character.name}'s feet touch the ground, so contact shadows were not checked: "
            "apply a take with Plant Feet."
        )
    rig = read_rig(shot.character)
    rig_map = (read_rig_map(shot) if has_rig_map(shot) else find_rig_map(rig)).without_missing(rig)
    bones = {}
    for side in ("left", "right"):
        foot, toes = rig_map.bones.get(f"{side}Foot"), rig_map.bones.get(f"{side}Toes")
        if foot:
            bones[f"{side}Heel"] = (foot, "head")
            bones[f"{side}Toes"] = (toes, "head") if toes else (foot, "tail")
    return ContactLook(spans, shot.character, bones), ""


def look(built: ShadowScene, found: ContactLook, frame: int, planes: Mapping[str, Plane]) -> None:
    """Adds what is seen under the feet in the frame that the scene shows."""
    graph = built.scene.view_layers[0].depsgraph
    unit = built.source.unit_settings.scale_length
    posed = found.character.evaluated_get(graph)
    joints = {
        point: np.array(posed.matrix_world @ getattr(posed.pose.bones[bone], end))
        for point, (bone, end) in found.bones.items()
    }
    if not joints:
        return
    size = max(float(found.character.dimensions.z) * unit, 0.3) / _HEIGHT
    reach = {point: _REACH[point[-4:]] * size / unit for point in joints}
    near = _points_near(built, graph, joints, reach)
    multiply = colour(planes, f"{SHADOW}.Multiply") @ _LUMINANCE
    clean = colour(planes, f"{CLEAN}.Combined") @ _LUMINANCE
    diffuse = colour(planes, f"{CLEAN}.Combined_{RESIDUAL}") @ _LUMINANCE if _has_environment(planes) else 0.0 * clean
    for point, around in near.items():
        if not len(around):
            continue
        lowest = float(around[:, 2].min())
        place = around[around[:, 2] <= lowest + _SOLE * size / unit].mean(0)
        ground = _ground_below(built, graph, (place[0], place[1], lowest))
        if ground is None:
            continue
        touching = any(each.point == point and each.first - 0.5 <= frame <= each.last + 0.5 for each in found.spans)
        rows, columns = _pixels(built, graph, np.array([place[0], place[1], ground]), _PATCH * size / unit, clean.shape)
        lit = clean[rows, columns]
        if not len(rows):
            found.off_screen += touching
            continue
        if float(lit.mean()) <= 1e-3 * float(clean.max()):
            continue  # no light to be kept away
        found.samples.append(
            ContactSample(
                frame,
                point,
                touching,
                (lowest - ground) * unit,
                float(multiply[rows, columns].mean()),
                float(diffuse[rows, columns].mean() / lit.mean()),
            )
        )


def _has_environment(planes: Mapping[str, Plane]) -> bool:
    return f"{CLEAN}.Combined_{RESIDUAL}.R" in planes


def _points_near(
    built: ShadowScene, graph: bpy.types.Depsgraph, joints: dict[str, Array], reach: dict[str, float]
) -> dict[str, Array]:
    """Points ``(N, 3)`` of the cast's meshes around each joint, each with the nearest joint that it is in reach of."""
    names = list(joints)
    centres = np.array([joints[name] for name in names])
    longest = max(reach.values())
    found: dict[str, list[Array]] = {name: [] for name in names}
    for one in built.cast:
        if one.type != "MESH":
            continue
        evaluated = one.evaluated_get(graph)
        mesh = evaluated.data
        if evaluated.hide_render or not len(mesh.vertices):
            continue
        points = np.empty(len(mesh.vertices) * 3, dtype=np.float32)
        mesh.vertices.foreach_get("co", points)
        matrix = np.array(evaluated.matrix_world)
        world = points.reshape(-1, 3).astype(np.float64) @ matrix[:3, :3].T + matrix[:3, 3]
        world = world[(np.abs(world[:, None] - centres).max(2) < longest).any(1)]
        if not len(world):
            continue
        away = np.linalg.norm(world[:, None] - centres, axis=2)
        nearest = away.argmin(1)
        for place, name in enumerate(names):
            found[name].append(world[(nearest == place) & (away[:, place] < reach[name])])
    return {name: np.concatenate(rows) if rows else np.zeros((0, 3)) for name, rows in found.items()}


def _ground_below(built: ShadowScene, graph: bpy.types.Depsgraph, place: tuple[float, float, float]) -> Any:
    """Height of the catcher nearest below (or a little above) a point; None where none is there."""
    heights = []
    start = Vector((place[0], place[1], place[2] + 0.3 / built.source.unit_settings.scale_length))
    for instance in graph.object_instances:
        one = instance.object
        if not one.is_shadow_catcher or one.type != "MESH":
            continue
        inverse = instance.matrix_world.inverted_safe()
        direction = (inverse.to_3x3() @ Vector((0.0, 0.0, -1.0))).normalized()
        hit, at, _normal, _index = one.ray_cast(inverse @ start, direction)
        if hit:
            heights.append((instance.matrix_world @ at).z)
    return max(heights) if heights else None


def _pixels(
    built: ShadowScene, graph: bpy.types.Depsgraph, place: Array, apart: float, shape: tuple[int, ...]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Rows and columns of the pixels that show nine places around a point; none where one is not in the picture."""
    camera = built.source.camera.evaluated_get(graph)
    rows, columns = [], []
    for right in (-apart, 0.0, apart):
        for back in (-apart, 0.0, apart):
            x, y, depth = world_to_camera_view(built.scene, camera, Vector(place + (right, back, 0.0)))
            if depth <= 0.0 or not (0.0 <= x < 1.0 and 0.0 < y <= 1.0):
                return np.zeros(0, np.intp), np.zeros(0, np.intp)
            rows.append(int((1.0 - y) * shape[0]))
            columns.append(int(x * shape[1]))
    return np.array(rows), np.array(columns)
