# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panels of the sidebar tab have in common."""

from __future__ import annotations

import textwrap

import bpy

LEVEL_ICONS = {"INFO": "INFO", "WARNING": "ERROR", "ERROR": "CANCEL"}
"""Level of a message to Blender's icon: its ERROR is the triangle that elsewhere stands for a warning."""


class SidebarPanel:
    """A panel in the tab HoliRep of the 3D view's sidebar."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "HoliRep"


def wrapped(
    layout: bpy.types.UILayout,
    context: bpy.types.Context,
    text: str,
    icon: str = "NONE",
    alert: bool = False,
    margin: int = 0,
) -> None:
    """Draws a text over as many lines as the region's width, less ``margin`` letters, needs; labels do not wrap."""
    width = context.region.width if context.region is not None else 400
    letters = max(24, int(width / (7.2 * context.preferences.system.ui_scale)) - (6 if icon != "NONE" else 3) - margin)
    column = layout.column(align=True)
    column.alert = alert
    column.scale_y = 0.85
    for index, line in enumerate(textwrap.wrap(text, letters) or [""]):
        column.label(text=line, icon=icon if index == 0 else ("BLANK1" if icon != "NONE" else "NONE"))
