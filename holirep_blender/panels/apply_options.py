# SPDX-License-Identifier: GPL-3.0-or-later
"""How a take is put on the character."""

from __future__ import annotations

import bpy

from .sidebar import SidebarPanel


class HOLIREP_PT_apply(SidebarPanel, bpy.types.Panel):
    """Options for applying."""

    bl_idname = "HOLIREP_PT_apply"
    bl_label = "Apply"
    bl_order = 2
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Root motion, NLA, camera and background."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        shot = context.scene.holirep
        layout.prop(shot, "root_motion")
        layout.prop(shot, "match_camera")
        column = layout.column(heading="Keys")
        column.prop(shot, "push_to_nla")
        column = layout.column(heading="Camera")
        column.prop(shot, "add_camera")
        row = column.row()
        row.active = shot.add_camera
        row.prop(shot, "plate_as_background")


CLASSES = (HOLIREP_PT_apply,)
