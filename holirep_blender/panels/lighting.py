# SPDX-License-Identifier: GPL-3.0-or-later
"""Lighting: the environment, its lamps, and the control that turns them together."""

from __future__ import annotations

import bpy

from ..operators import session
from ..operators.match_lighting import running_task
from .progress import draw_fraction, draw_job
from .sidebar import SidebarPanel, wrapped


class HOLIREP_UL_lamps(bpy.types.UIList):
    """On or off, name, share of the light, tint, lock."""

    bl_idname = "HOLIREP_UL_lamps"

    def draw_item(
        self, _context, layout, _data, item, _icon, _active_data, _active_property, _index=0, _flt_flag=0
    ) -> None:
        """One row."""
        row = layout.row(align=True)
        row.prop(item, "enabled", text="", emboss=False, icon="HIDE_OFF" if item.enabled else "HIDE_ON")
        words = row.row(align=True)
        words.active = item.enabled
        missing = item.lamp is None
        name = f"{item.name} (deleted)" if missing else item.lamp.name
        words.label(text=name, icon="ERROR" if missing else "LIGHT_SUN" if item.sun else "LIGHT")
        words.label(text=f"{100 * item.share:.1f} %")
        colour = row.row(align=True)
        colour.scale_x = 0.4
        colour.prop(item, "tint", text="")
        row.prop(item, "locked", text="", emboss=False, icon="LOCKED" if item.locked else "UNLOCKED")


class HOLIREP_PT_lighting(SidebarPanel, bpy.types.Panel):
    """Environment, button, result and lamps."""

    bl_idname = "HOLIREP_PT_lighting"
    bl_label = "Lighting"
    bl_order = 5

    def draw(self, context: bpy.types.Context) -> None:
        """Reads the scene's state and draws it."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        light = context.scene.holirep.light
        layout.prop(light, "hdri")
        layout.prop(light, "count")
        task = running_task()
        if task is not None:
            box = layout.box().column()
            box.label(text=task.text)
            row = box.row(align=True)
            draw_fraction(row, task.fraction)
            row.operator("holirep.cancel_matching", text="Cancel (Esc)")
            return
        row = layout.row()
        row.scale_y = 1.4
        row.operator("holirep.match_lighting", icon="LIGHT_SUN")
        if not light.summary:
            return
        if light.thumbnail is not None and light.thumbnail.preview is not None:
            layout.template_icon(icon_value=light.thumbnail.preview.icon_id, scale=8.0)
        wrapped(layout, context, light.summary, "INFO")
        for line in light.warnings.splitlines():
            wrapped(layout, context, line, "ERROR")
        if len(light.lamps):
            self._lamps(layout, light)
        if light.control is not None:
            layout.prop(light.control, "rotation_euler", index=2, text="Turn All")

    def _lamps(self, layout: bpy.types.UILayout, light: bpy.types.PropertyGroup) -> None:
        layout.template_list("HOLIREP_UL_lamps", "", light, "lamps", light, "lamp_index", rows=3, maxrows=8)
        row = layout.row(align=True)
        row.operator("holirep.split_lamp", text="Split")
        row.operator("holirep.merge_lamps", text="Merge")
        row.operator("holirep.place_lamp", text="At Window")
        if 0 <= light.lamp_index < len(light.lamps):
            chosen = light.lamps[light.lamp_index]
            if chosen.lamp is not None:
                column = layout.column(align=True)
                column.prop(chosen.lamp.data, "energy", text="Strength")
                if chosen.lamp.data.type == "SUN":
                    column.prop(chosen.lamp.data, "angle")


class HOLIREP_PT_lighting_options(SidebarPanel, bpy.types.Panel):
    """How the rig is built."""

    bl_idname = "HOLIREP_PT_lighting_options"
    bl_label = "Rig"
    bl_parent_id = "HOLIREP_PT_lighting"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Area lamps and light groups."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        light = context.scene.holirep.light
        layout.prop(light, "light_groups")
        layout.prop(light, "use_areas")
        column = layout.column(align=True)
        column.active = light.use_areas
        column.prop(light, "area_from")
        column.prop(light, "distance")
        layout.prop(light, "eevee_tracing")
        layout.prop(light, "eevee_dome")
        if light.eevee_dome:
            layout.prop(light, "dome_lamps")
        layout.prop(light, "linking")
        if light.linking != "ALL":
            layout.prop(light, "link_collection")
        job = session.active_job()
        if job is not None and job.kind == "light_report":
            draw_job(layout, job)
        else:
            layout.operator("holirep.light_report", icon="FILE_TEXT")
        layout.operator("holirep.remove_lighting", icon="TRASH")


CLASSES = (HOLIREP_UL_lamps, HOLIREP_PT_lighting, HOLIREP_PT_lighting_options)
