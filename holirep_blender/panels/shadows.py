# SPDX-License-Identifier: GPL-3.0-or-later
"""Shadows: what catches them, how they are baked, and what came of it."""

from __future__ import annotations

import bpy

from ..operators import clean_plate, session
from ..operators.shadow_job import why_not
from .progress import draw_job
from .sidebar import SidebarPanel, wrapped


class HOLIREP_PT_shadows(SidebarPanel, bpy.types.Panel):
    """Catchers, range, button or progress, result."""

    bl_idname = "HOLIREP_PT_shadows"
    bl_label = "Shadows"
    bl_order = 6
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Reads the scene's state and draws it."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        shadow = context.scene.holirep.shadow
        layout.prop(shadow, "catchers")
        layout.operator("holirep.add_shadow_ground", icon="MESH_PLANE")
        layout.prop(shadow, "out")
        column = layout.column(align=True)
        column.prop(shadow, "use_range")
        if shadow.use_range:
            column.prop(shadow, "first")
            column.prop(shadow, "last")
        job = session.active_job()
        if job is not None and job.kind == "bake_shadows":
            draw_job(layout, job)
            return
        row = layout.row()
        row.scale_y = 1.4
        row.operator("holirep.bake_shadows", icon="SHADING_RENDERED")
        reason = why_not(context.scene)
        if reason:
            wrapped(layout, context, reason, "INFO")
        if shadow.summary:
            wrapped(layout, context, shadow.summary, "INFO")
            for line in shadow.notes.splitlines():
                wrapped(layout, context, line, "DOT")
        if shadow.baked:
            layout.operator("holirep.compose_shadows", icon="NODE_COMPOSITING")


class HOLIREP_PT_clean_plate(SidebarPanel, bpy.types.Panel):
    """The plate without the performer."""

    bl_idname = "HOLIREP_PT_clean_plate"
    bl_label = "Clean Plate"
    bl_parent_id = "HOLIREP_PT_shadows"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """The pictures, and the button or progress."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(context.scene.holirep.shadow, "clean", text="Pictures")
        job = session.active_job()
        if job is not None and job.kind == "clean_plate":
            draw_job(layout, job)
            return
        layout.operator("holirep.make_clean_plate", icon="IMAGE_BACKGROUND")
        reason = clean_plate.why_not(context.scene)
        if reason:
            wrapped(layout, context, reason, "INFO")


class HOLIREP_PT_shadow_options(SidebarPanel, bpy.types.Panel):
    """How they are rendered."""

    bl_idname = "HOLIREP_PT_shadow_options"
    bl_label = "Render"
    bl_parent_id = "HOLIREP_PT_shadows"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Samples, resolution, device."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        shadow = context.scene.holirep.shadow
        for name in ("samples", "resolution", "device", "denoise", "plate_gain", "slim", "again"):
            layout.prop(shadow, name)


class HOLIREP_PT_shadows_onto(SidebarPanel, bpy.types.Panel):
    """Shadows on meshes."""

    bl_idname = "HOLIREP_PT_shadows_onto"
    bl_label = "Onto Meshes"
    bl_parent_id = "HOLIREP_PT_shadows"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """What, where to, and the button."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        shadow = context.scene.holirep.shadow
        layout.prop(shadow, "kind")
        layout.prop(shadow, "target")
        if shadow.target == "PICTURE":
            layout.prop(shadow, "size")
        layout.operator("holirep.bake_shadows_onto", icon="RENDER_RESULT")


CLASSES = (HOLIREP_PT_shadows, HOLIREP_PT_clean_plate, HOLIREP_PT_shadow_options, HOLIREP_PT_shadows_onto)
