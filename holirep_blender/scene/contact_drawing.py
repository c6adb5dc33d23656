# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws contacts into Blender's editors; called by the draw handlers of ``contact_display``."""

from __future__ import annotations

from typing import Any, Optional

import blf
import bpy
import gpu
import numpy as np
from gpu_extras.batch import batch_for_shader

from .contact_rows import read_once
from .contact_shapes import Colour, Shapes, bars, colour_of, disc_around, footprints
from .refine_rows import POINT_ITEMS
from .timeline_bands import band, contact_rows_of

_SHORT = {item[0]: item[1].replace("Left ", "L ").replace("Right ", "R ") for item in POINT_ITEMS}
_places: tuple[Any, dict[str, tuple[Any, Any]]] = (None, {})
"""What the batches of the last drawing were made from, and triangles and lines of each point."""


def draw_bars(context: bpy.types.Context) -> None:
    """Bars at the bottom of a timeline or dope sheet, a row for each point; edited ones have a white edge."""
    region, spans = context.region, read_once(context.scene)
    if not spans:
        return
    left = region.view2d.region_to_view(0, 0)[0]
    right = region.view2d.region_to_view(region.width, 0)[0]
    if right <= left:
        return
    ui = context.preferences.system.ui_scale
    rows = contact_rows_of(context.scene)
    bottom, height = band(context, "contacts")
    if height < 2.0:
        return
    scale = region.width / (right - left)
    found = bars(spans, rows, left, scale, float(region.width), bottom, height)
    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    gpu.state.blend_set("ALPHA")
    backdrop = (0.0, bottom - 1.0, float(region.width), bottom + height * len(rows) + 1.0)
    fill(shader, [backdrop], (0.0, 0.0, 0.0, 0.35))
    for point, boxes in found.items():
        fill(shader, [box[:4] for box in boxes], (*colour_of(point), 0.9))
        edges = [(x0, y1 - max(1.0, ui), x1, y1) for x0, _y0, x1, y1, edited in boxes if edited]
        fill(shader, edges, (1.0, 1.0, 1.0, 0.9))
    if height >= 6.0 * ui:
        labels([_SHORT[point] for point in rows], bottom, height, ui)
    gpu.state.blend_set("NONE")


def draw_places(context: bpy.types.Context) -> None:
    """Footprints where points are planted and their way from place to place; those of this frame stand out."""
    global _places
    scene = context.scene
    spans, character = read_once(scene), scene.holirep.refine.character
    if not spans or character is None or scene.objects.get(character.name) != character:
        return
    world = np.array(character.matrix_world, dtype=np.float64)
    radius = max(max(character.dimensions), 1e-6) * 0.02
    key = (scene.session_uid, scene.holirep.refine.revision, world.tobytes(), radius)
    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    if _places[0] != key:
        shapes = footprints(spans, world, radius)
        _places = (key, {point: _batches(shader, each) for point, each in shapes.items()})
    depth = gpu.state.depth_test_get()
    gpu.state.blend_set("ALPHA")
    gpu.state.depth_test_set("NONE")
    shader.bind()
    for point, (triangles, lines) in _places[1].items():
        _paint(shader, triangles, colour_of(point), 0.22)
        _paint(shader, lines, colour_of(point), 0.6)
    now = float(scene.frame_current) + scene.frame_subframe
    for span in spans:
        if span.planted and span.first - 0.5 <= now <= span.last + 0.5:
            centre = (world @ np.append(np.array(span.place, dtype=np.float64), 1.0))[:3]
            held = _batches(shader, Shapes([disc_around(centre, radius * 1.15)]))
            _paint(shader, held[0], colour_of(span.point), 0.9)
    gpu.state.depth_test_set(depth)
    gpu.state.blend_set("NONE")


def _batches(shader: Any, shapes: Shapes) -> tuple[Optional[Any], Optional[Any]]:
    return _batch(shader, "TRIS", shapes.triangles), _batch(shader, "LINES", shapes.lines)


def _batch(shader: Any, kind: str, parts: list[Any]) -> Optional[Any]:
    if not parts:
        return None
    vertices: Any = np.concatenate(parts).astype(np.float32)
    return batch_for_shader(shader, kind, {"pos": vertices})


def _paint(shader: Any, batch: Optional[Any], colour: Colour, alpha: float) -> None:
    if batch is not None:
        shader.uniform_float("color", (*colour, alpha))
        batch.draw(shader)


def fill(shader: Any, boxes: list[Any], colour: tuple[float, float, float, float]) -> None:
    """Fills boxes left, bottom, right, top in pixels with one colour."""
    if not boxes:
        return
    corners = np.array([[(x0, y0), (x1, y0), (x1, y1), (x0, y0), (x1, y1), (x0, y1)] for x0, y0, x1, y1 in boxes])
    shader.bind()
    shader.uniform_float("color", colour)
    vertices: Any = corners.reshape(-1, 2).astype(np.float32)
    batch_for_shader(shader, "TRIS", {"pos": vertices}).draw(shader)


def labels(rows: list[str], bottom: float, height: float, ui: float) -> None:
    """Writes what each row of bars is, from the top, at the left edge."""
    blf.size(0, min(height + 1.5 * ui, 11.0 * ui))
    blf.color(0, 1.0, 1.0, 1.0, 0.85)
    for number, text in enumerate(reversed(rows)):
        blf.position(0, 4.0 * ui, bottom + number * height + 0.8 * ui, 0.0)
        blf.draw(0, text)
