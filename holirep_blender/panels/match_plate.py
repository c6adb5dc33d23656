# SPDX-License-Identifier: GPL-3.0-or-later
"""Match to Plate: a panel under Lighting."""

from __future__ import annotations

import bpy

from .sidebar import SidebarPanel, wrapped


class HOLIREP_PT_match_plate(SidebarPanel, bpy.types.Panel):
    """The picture, three ways to match by it, and what came of it."""

    bl_idname = "HOLIREP_PT_match_plate"
    bl_label = "Match to Plate"
    bl_parent_id = "HOLIREP_PT_lighting"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where there is a rig."""
        return context.scene.holirep.light.control is not None

    def draw(self, context: bpy.types.Context) -> None:
        """Reads the scene's state and draws it."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        light = context.scene.holirep.light
        plate = light.plate
        layout.prop(plate, "picture")
        row = layout.row(align=True)
        row.scale_y = 1.2
        for kind, text, icon in (
            ("REGION", "Region", "SELECT_SET"), ("BALL", "Ball", "SHADING_SOLID"), ("CHART", "Chart", "MESH_GRID")
        ):  # fmt: skip
            row.operator("holirep.match_plate", text=text, icon=icon).kind = kind
        layout.prop(plate, "whole")
        column = layout.column()
        column.active = not plate.whole
        column.prop(plate, "tint")
        layout.prop(plate, "reflectance", text="Ball's Reflectance")
        if plate.summary:
            if plate.preview is not None and plate.preview.preview is not None:
                layout.template_icon(icon_value=plate.preview.preview.icon_id, scale=8.0)
            wrapped(layout, context, plate.summary, "INFO")
            for line in plate.warnings.splitlines():
                wrapped(layout, context, line, "ERROR")
        column = layout.column(align=True)
        column.prop(light, "balance")
        if 0 <= light.lamp_index < len(light.lamps):
            chosen = light.lamps[light.lamp_index]
            layout.prop(chosen, "gain", text=f"{chosen.name} Gain")
        layout.prop(light, "residual_gain")
        layout.operator("holirep.reset_plate_match", icon="LOOP_BACK")


CLASSES = (HOLIREP_PT_match_plate,)
