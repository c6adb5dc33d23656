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
        """Root motion, body, keys, camera and scene."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        shot = context.scene.holirep
        layout.prop(shot, "root_motion")
        layout.prop(shot, "match_camera")
        column = layout.column(heading="Body")
        column.prop(shot, "own_shape")
        column.prop(shot, "share_spine")
        column = layout.column(heading="Keys")
        column.prop(shot, "use_start_frame")
        if shot.use_start_frame:
            column.prop(shot, "start_frame")
        column.prop(shot, "whole_frames")
        column.prop(shot, "push_to_nla")
        column.prop(shot, "set_scene_range")
        column = layout.column(heading="Camera")
        column.prop(shot, "add_camera")
        column = column.column()
        column.active = shot.add_camera
        column.prop(shot, "plate_as_background")
        column.prop(shot, "set_resolution")


CLASSES = (HOLIREP_PT_apply,)
