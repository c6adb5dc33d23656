# SPDX-License-Identifier: GPL-3.0-or-later
"""Environment: the picture's layout, exposures to be merged, and how a clipped one is repaired."""

from __future__ import annotations

import bpy

from .sidebar import SidebarPanel


class HOLIREP_PT_environment(SidebarPanel, bpy.types.Panel):
    """How the environment's file is read."""

    bl_idname = "HOLIREP_PT_environment"
    bl_label = "Environment"
    bl_parent_id = "HOLIREP_PT_lighting"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Layout, brackets, repair."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        settings = context.scene.holirep.environment
        layout.prop(settings, "layout")
        layout.operator("holirep.merge_brackets", icon="IMAGE_DATA")
        layout.prop(settings, "one_each")
        layout.prop(settings, "repair")
        column = layout.column(align=True)
        for name in {"ball": ("ball", "view"), "reading": ("sun", "shade"), "sky": ("turbidity",)}.get(
            settings.repair, ()
        ):
            column.prop(settings, name)


CLASSES = (HOLIREP_PT_environment,)
