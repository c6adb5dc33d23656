# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws a score's frames and weak ranges into the timeline and the dope sheet; called by ``contact_display``."""

from __future__ import annotations

import bpy
import gpu
import numpy as np
from gpu_extras.batch import batch_for_shader

from . import contact_drawing
from .quality_picture import colours_of
from .quality_properties import SHORT
from .quality_rows import Curve, gate_of, read_curve
from .timeline_bands import QUALITY_ROWS, band

_LEAST_GATE = 0.5
"""Where a score has no gate, it is green from here on up to 1 evenly."""


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
    curve, ui = read_curve(scene), context.preferences.system.ui_scale
    scale = region.width / (right - left)
    gpu.state.blend_set("ALPHA")
    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    backdrop = (0.0, bottom - 1.0, float(region.width), bottom + height * QUALITY_ROWS + 1.0)
    contact_drawing.fill(shader, [backdrop], (0.0, 0.0, 0.0, 0.35))
    _draw_strip(curve, gate_of(rows.gates, rows.shown), left, scale, float(region.width), bottom + height, height)
    _draw_causes(shader, curve, left, scale, float(region.width), bottom, height)
    if height >= 6.0 * ui:
        contact_drawing.labels([SHORT.get(rows.shown, rows.shown), "Weak"], bottom, height, ui)
    gpu.state.blend_set("NONE")


def _draw_strip(
    curve: Curve, gate: float, left: float, scale: float, width: float, bottom: float, height: float
) -> None:
    """A box for each frame that is in the picture; where frames are narrower than a pixel, the worst of them counts."""
    if not len(curve.values):
        return
    frames = curve.start + curve.step * np.arange(len(curve.values))
    places = (frames - 0.5 * curve.step - left) * scale
    shown = (places + curve.step * scale > 0.0) & (places < width) & np.isfinite(curve.values)
    values, places = curve.values[shown], places[shown]
    if not len(values):
        return
    wide = max(curve.step * scale, 1.0)
    order = np.argsort(-values, kind="stable")  # the worst is drawn last
    x0, x1 = places[order].clip(0.0), (places[order] + wide).clip(0.0, width)
    y0, y1 = np.full(len(x0), bottom + 0.5), np.full(len(x0), bottom + height - 0.5)
    corners = np.stack([x0, y0, x1, y0, x1, y1, x0, y0, x1, y1, x0, y1], axis=1).reshape(-1, 2)
    high = gate if gate > 0.0 else 1.0
    colours = np.ones((len(values), 4))
    colours[:, :3] = colours_of(1.0 - values[order], (1.0 - high, 1.0 - min(_LEAST_GATE, high - 0.1)))
    shader = gpu.shader.from_builtin("FLAT_COLOR")
    attributes = {"pos": corners.astype(np.float32), "color": colours.repeat(6, axis=0).astype(np.float32)}
    batch_for_shader(shader, "TRIS", attributes).draw(shader)


def _draw_causes(
    shader: gpu.types.GPUShader, curve: Curve, left: float, scale: float, width: float, bottom: float, height: float
) -> None:
    """Bars where something pulls the score down, the stronger the more it costs."""
    worst = max((loss for _, _, loss in curve.ranges), default=0.0)
    for first, last, loss in sorted(curve.ranges, key=lambda each: each[2]):
        x0, x1 = ((frame - left) * scale for frame in (first - 0.5 * curve.step, last + 0.5 * curve.step))
        if x1 < 0.0 or x0 > width:
            continue
        share = loss / worst if worst > 0.0 else 0.0
        box = (max(x0, 0.0), bottom + 0.5, min(max(x1, x0 + 1.0), width), bottom + height - 0.5)
        contact_drawing.fill(shader, [box], (0.95, 0.75 - 0.5 * share, 0.2, 0.25 + 0.6 * share))
