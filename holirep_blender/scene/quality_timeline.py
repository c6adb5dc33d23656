# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws a score's frames and weak ranges into the timeline and the dope sheet; called by ``contact_display``."""

from __future__ import annotations

from typing import Any

import bpy
import gpu
import numpy as np
import numpy.typing as npt
from gpu_extras.batch import batch_for_shader

from . import contact_drawing
from .quality_picture import colours_of
from .quality_properties import SHORT, gate_of
from .quality_rows import Curve, read_curve
from .timeline_bands import QUALITY_ROWS, band

Array = npt.NDArray[np.float64]

_LEAST_GATE = 0.5
"""Where a score has no gate, it is green from here on up to 1 evenly."""
_BACKDROP = (0.0, 0.0, 0.0, 0.6)
_CORNERS = [[0, 1], [2, 1], [2, 3], [0, 1], [2, 3], [0, 3]]
"""Two triangles of a box of left, bottom, right and top."""
_KEPT = 8
"""So many drawings are kept: one for each zoom of each editor that shows them."""
_drawn: dict[Any, Any] = {}
"""What was drawn of a score at a zoom, in frames across and rows up, for the graphics card."""


def draw_ranges(context: bpy.types.Context) -> None:
    """A strip with the colour of each frame's score, from red to green at the gate, and below it the weak ranges."""
    region, scene = context.region, context.scene
    rows = scene.holirep.quality
    if not rows.has_result:
        return
    left, right = (region.view2d.region_to_view(x, 0)[0] for x in (0, region.width))
    bottom, height = band(context, "quality")
    if right <= left or height < 2.0:
        return
    ui, scale = context.preferences.system.ui_scale, region.width / (right - left)
    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    gpu.state.blend_set("ALPHA")
    backdrop = (0.0, bottom - 1.0, float(region.width), bottom + height * QUALITY_ROWS + 1.0)
    contact_drawing.fill(shader, [backdrop], _BACKDROP)
    batch = _batch(scene, scale, height)
    if batch is not None:
        with gpu.matrix.push_pop():
            gpu.matrix.translate((-left * scale, bottom))
            gpu.matrix.scale((scale, height))
            batch.draw(gpu.shader.from_builtin("FLAT_COLOR"))
    if height >= 6.0 * ui:
        contact_drawing.labels([SHORT.get(rows.shown, rows.shown), "Weak"], bottom, height, ui)
    gpu.state.blend_set("NONE")


def _batch(scene: bpy.types.Scene, scale: float, height: float) -> Any:
    """The chosen score's strip and ranges, made anew only where they, the gate or the zoom changed; None for none."""
    rows = scene.holirep.quality
    gate = gate_of(rows.gates, rows.shown)
    key = (scene.session_uid, rows.revision, rows.shown, gate, scale, height)
    if key not in _drawn:
        if len(_drawn) >= _KEPT:
            _drawn.clear()
        curve, pixel = read_curve(scene), (1.0 / scale, 1.0 / height)
        found = [_strip(curve, gate, pixel), _ranges(curve, pixel)]
        boxes, colours = (np.concatenate(parts) for parts in zip(*found))
        _drawn[key] = None
        if len(boxes):
            corners = boxes[:, _CORNERS].reshape(-1, 2).astype(np.float32)
            attributes: Any = {"pos": corners, "color": colours.repeat(6, axis=0).astype(np.float32)}
            _drawn[key] = batch_for_shader(gpu.shader.from_builtin("FLAT_COLOR"), "TRIS", attributes)
    return _drawn[key]


def _strip(curve: Curve, gate: float, pixel: tuple[float, float]) -> tuple[Array, Array]:
    """A box for each frame, in frames and rows; where frames are narrower than a pixel, the worst of them counts."""
    good = np.isfinite(curve.values)
    values = curve.values[good]
    first = (curve.start + curve.step * (np.arange(len(curve.values)) - 0.5))[good]
    order = np.argsort(-values, kind="stable")  # the worst is drawn last
    high = gate if gate > 0.0 else 1.0
    colours = np.ones((len(values), 4))
    colours[:, :3] = colours_of(1.0 - values[order], (1.0 - high, 1.0 - min(_LEAST_GATE, high - 0.1)))
    x0 = first[order]
    return _boxes(x0, x0 + max(curve.step, pixel[0]), 1.0, pixel[1]), colours


def _ranges(curve: Curve, pixel: tuple[float, float]) -> tuple[Array, Array]:
    """A bar where something pulls the score down, the stronger the more it costs; the costliest is drawn last."""
    found = np.array(sorted(curve.ranges, key=lambda each: each[2]), dtype=np.float64).reshape(-1, 3)
    x0, x1 = found[:, 0] - 0.5 * curve.step, found[:, 1] + 0.5 * curve.step
    share = found[:, 2] / found[:, 2].max(initial=1e-9)
    colours = np.stack([np.full(len(found), 0.95), 0.75 - 0.5 * share, np.full(len(found), 0.2), 0.25 + 0.6 * share], 1)
    return _boxes(x0, np.maximum(x1, x0 + pixel[0]), 0.0, pixel[1]), colours


def _boxes(x0: Array, x1: Array, row: float, gap: float) -> Array:
    """Left, bottom, right and top ``(N, 4)`` of boxes in a row, with half a pixel of room below and above."""
    y0, y1 = np.full(len(x0), row + 0.5 * gap), np.full(len(x0), row + 1.0 - 0.5 * gap)
    return np.stack([x0, y0, x1, y1], axis=1)
