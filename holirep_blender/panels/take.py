# SPDX-License-Identifier: GPL-3.0-or-later
"""The take: what it holds, applying it again, exporting it."""

from __future__ import annotations

import bpy

from ..operators import session
from .sidebar import SidebarPanel, wrapped


class HOLIREP_PT_take(SidebarPanel, bpy.types.Panel):
    """The take that was last made or opened."""

    bl_idname = "HOLIREP_PT_take"
    bl_label = "Take"
    bl_order = 3

    def draw(self, context: bpy.types.Context) -> None:
        """Path, apply, solve again, export."""
        layout = self.layout
        shot = context.scene.holirep
        layout.prop(shot, "take", text="")
        outcome = session.current().outcome
        if outcome is not None and outcome.take and outcome.take != bpy.path.abspath(shot.take):
            layout.operator("holirep.open_take", text="Open the Last Take", icon="RECOVER_LAST").filepath = outcome.take
        if not shot.take:
            wrapped(layout, context, "No take yet: replicate a performance, or open a take", "INFO")
            return
        column = layout.column(align=True)
        column.operator("holirep.apply_take", icon="ACTION")
        column.operator("holirep.solve_again", icon="FILE_REFRESH")
        row = column.row(align=True)
        row.operator("holirep.export_take", text="Export BVH", icon="EXPORT")
        row.operator("holirep.open_take_folder", text="", icon="FILE_FOLDER")


CLASSES = (HOLIREP_PT_take,)
