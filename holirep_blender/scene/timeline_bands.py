# SPDX-License-Identifier: GPL-3.0-or-later
"""Room at the bottom of a timeline or dope sheet: contacts, above them weak ranges, above them quality."""

from __future__ import annotations

import bpy

from .confidence_rows import shown_parts
from .contact_rows import read_once
from .contact_shapes import bar_rows
from .refine_rows import POINT_ITEMS

ROW_PIXELS = 7.0
"""Height of a bar at a scale of the interface of 1; less where the editor is too low for all rows."""
QUALITY_ROWS = 2
"""Rows of quality: the score of each frame, and the ranges that pull it down."""
_HIGHER = {"quality": 1.7}
"""How much higher a band's rows are than others': what a score is made of is looked at first."""
_NUMBERS, _SCROLL_BAR = 24.0, 20.0
"""Heights of the frame numbers at the top and the scroll bar at the bottom, at a scale of 1."""
_GAP = 2.0
"""Pixels between two bands."""
_ORDER = [item[0] for item in POINT_ITEMS]
BANDS = ("contacts", "weak", "quality")
"""From below."""


def contact_rows_of(scene: bpy.types.Scene) -> list[str]:
    """The points that have a row of bars, from the top."""
    points = {span.point for span in read_once(scene)} if scene.holirep.refine.show_bars else set()
    return bar_rows(points, _ORDER) if points else []


def band(context: bpy.types.Context, name: str) -> tuple[float, float]:
    """Bottom of one of the bands and the height of each of its rows, in pixels of the region."""
    scene = context.scene
    quality = scene.holirep.quality
    counts = {
        "contacts": len(contact_rows_of(scene)),
        "weak": len(shown_parts(scene)),
        "quality": QUALITY_ROWS if quality.show_ranges and quality.has_result else 0,
    }
    rows = max(sum(count * _HIGHER.get(each, 1.0) for each, count in counts.items()), 1.0)
    ui = context.preferences.system.ui_scale
    room = context.region.height - _NUMBERS * ui
    bottom = _SCROLL_BAR * ui if room - _SCROLL_BAR * ui >= 4.0 * ui * rows else 1.0  # a low timeline has no bar
    height = min(ROW_PIXELS * ui, (room - bottom) / rows)
    for below in BANDS[: BANDS.index(name)]:
        bottom += height * counts[below] * _HIGHER.get(below, 1.0) + (_GAP if counts[below] else 0.0)
    return bottom, height * _HIGHER.get(name, 1.0)
