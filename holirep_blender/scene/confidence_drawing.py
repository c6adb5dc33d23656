# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws weak ranges into the timeline and the dope sheet; called by the draw handlers of ``contact_display``."""

from __future__ import annotations

import bpy
import gpu

from . import contact_drawing
from .confidence_properties import PART_NAMES
from .confidence_rows import read, shown_parts
from .timeline_bands import band

_SHORT = {part: name.replace("Left ", "L ").replace("Right ", "R ") for part, name in PART_NAMES.items()}
_WEAK, _NONE = (1.0, 0.78, 0.2), (0.95, 0.25, 0.2)
"""Colours of a range that is just weak, and of one in which nothing was seen."""


def draw_weak(context: bpy.types.Context) -> None:
    """Bars above those of the contacts, a row for each part of the body that is weak anywhere: yellow to red."""
    region, spans, rows = context.region, read(context.scene), shown_parts(context.scene)
    if not rows:
        return
    left, right = (region.view2d.region_to_view(x, 0)[0] for x in (0, region.width))
    if right <= left:
        return
    bottom, height = band(context, "weak")
    if height < 2.0:
        return
    scale, ui = region.width / (right - left), context.preferences.system.ui_scale
    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    gpu.state.blend_set("ALPHA")
    contact_drawing.fill(
        shader, [(0.0, bottom - 1.0, float(region.width), bottom + height * len(rows) + 1.0)], (0.0, 0.0, 0.0, 0.35)
    )
    for span in spans:
        x0, x1 = ((frame - left) * scale for frame in (span.first - 0.5, span.last + 0.5))
        if x1 < 0.0 or x0 > region.width:
            continue
        low = bottom + (len(rows) - 1 - rows.index(span.part)) * height
        box = (max(x0, 0.0), low + 0.5, min(max(x1, x0 + 1.0), float(region.width)), low + height - 0.5)
        contact_drawing.fill(shader, [box], (*colour_of(span.confidence), 0.85))
    if height >= 6.0 * ui:
        contact_drawing.labels([_SHORT[part] for part in rows], bottom, height, ui)
    gpu.state.blend_set("NONE")


def colour_of(confidence: float) -> tuple[float, float, float]:
    """Red where nothing was seen, yellow where it was nearly enough."""
    share = min(max(confidence / 0.5, 0.0), 1.0)
    red, green, blue = (share * weak + (1.0 - share) * none for weak, none in zip(_WEAK, _NONE))
    return red, green, blue
