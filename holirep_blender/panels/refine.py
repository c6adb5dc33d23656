# SPDX-License-Identifier: GPL-3.0-or-later
"""Refining: human limits, the floor, and what any other animation can have too."""

from __future__ import annotations

import bpy

from ..operators.refining import why_not
from .sidebar import SidebarPanel, wrapped


class HOLIREP_UL_limit_overrides(bpy.types.UIList):
    """Joint motion and its own hard limits."""

    bl_idname = "HOLIREP_UL_limit_overrides"

    def draw_item(
        self, _context, layout, _data, item, _icon, _active_data, _active_property, _index=0, _flt_flag=0
    ) -> None:
        """One row: name, lowest, highest."""
        row = layout.split(factor=0.52)
        wrong = item.low > item.high
        row.label(text=item.name, icon="ERROR" if wrong else "NONE")
        numbers = row.row(align=True)
        numbers.alert = wrong
        numbers.prop(item, "low", text="")
        numbers.prop(item, "high", text="")


class HOLIREP_PT_refine(SidebarPanel, bpy.types.Panel):
    """How firmly the motion is held, and the button."""

    bl_idname = "HOLIREP_PT_refine"
    bl_label = "Refine"
    bl_order = 4

    def draw_header(self, context: bpy.types.Context) -> None:
        """On or off."""
        self.layout.prop(context.scene.holirep.refine, "use_refine", text="")

    def draw(self, context: bpy.types.Context) -> None:
        """Body, strengths, solve again, before and after, what came of it."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        shot = context.scene.holirep
        refine = shot.refine
        column = layout.column()
        column.active = refine.use_refine
        column.prop(refine, "preset")
        strengths = column.column(align=True)
        strengths.prop(refine, "limits", slider=True)
        strengths.prop(refine, "feet", slider=True)
        strengths.prop(refine, "hands", slider=True)
        on_surfaces = column.column(heading="Hands on")
        on_surfaces.active = refine.hands > 0.0
        on_surfaces.prop(refine, "surfaces")
        column.prop(refine, "smoothing", slider=True)

        row = layout.row(align=True)
        row.scale_y = 1.3
        row.operator("holirep.resolve_refinement", icon="FILE_REFRESH")
        row.prop(refine, "live", text="", icon="LINKED" if refine.live else "UNLINKED", toggle=True)
        before = _shows_before(shot)
        layout.operator(
            "holirep.compare_refinement",
            text="Show After" if before else "Show Before",
            icon="LOOP_FORWARDS" if before else "LOOP_BACK",
            depress=before,
        )
        if before:
            wrapped(layout, context, "This is the motion before refining", "INFO", alert=True)
        elif refine.has_report and (refine.summary or refine.warnings):
            wrapped(layout, context, refine.summary, "INFO")
            for line in refine.warnings.splitlines():
                wrapped(layout, context, line, "ERROR")
        else:
            reason = why_not(context)
            if reason:
                wrapped(layout, context, reason, "INFO")


def _shows_before(shot: bpy.types.PropertyGroup) -> bool:
    if shot.refine.before is None:
        return False
    from ..scene.before_after import shows_before

    return shows_before(shot)


class HOLIREP_PT_refine_limits(SidebarPanel, bpy.types.Panel):
    """Limits of single joints, speed and strength."""

    bl_idname = "HOLIREP_PT_refine_limits"
    bl_label = "Limits and Strength"
    bl_parent_id = "HOLIREP_PT_refine"
    bl_order = 0
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Slowing down, mass, own limits."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        refine = context.scene.holirep.refine
        layout.active = refine.use_refine
        layout.column(heading="Excess").prop(refine, "attenuate")
        row = layout.row(align=True, heading="Mass (kg)")
        row.prop(refine, "use_performer_mass", text="")
        mass = row.row(align=True)
        mass.active = refine.use_performer_mass
        mass.prop(refine, "performer_mass", text="")
        layout.use_property_split = False
        layout.label(text="Own Limits")
        row = layout.row()
        row.template_list(
            "HOLIREP_UL_limit_overrides", "", refine, "overrides", refine, "override_index", rows=2, maxrows=8
        )
        buttons = row.column(align=True)
        buttons.operator("holirep.add_limit_override", text="", icon="ADD")
        buttons.operator("holirep.remove_limit_override", text="", icon="REMOVE")
        if any(item.low > item.high for item in refine.overrides):
            wrapped(layout, context, "A lowest limit is above its highest: swap them", "ERROR")


class HOLIREP_PT_refine_floor(SidebarPanel, bpy.types.Panel):
    """What the feet stand on."""

    bl_idname = "HOLIREP_PT_refine_floor"
    bl_label = "Floor"
    bl_parent_id = "HOLIREP_PT_refine"
    bl_order = 1
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Where the floor comes from."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        refine = context.scene.holirep.refine
        layout.active = refine.use_refine
        layout.prop(refine, "floor_kind")
        if refine.floor_kind == "OBJECT":
            layout.prop(refine, "floor_object")
            if refine.floor_object is None:
                wrapped(layout, context, "Choose a mesh or an empty: its origin and its Z axis are the floor", "INFO")
        elif refine.floor_kind == "PLATE":
            picked = any(refine.floor_corners)
            text = f"Picked in frame {refine.floor_frame}" if picked else "Click a rectangle on the floor"
            layout.operator("holirep.pick_floor", text="Pick Again" if picked else "Pick on Plate", icon="EYEDROPPER")
            wrapped(layout, context, text, "CHECKMARK" if picked else "INFO")


class HOLIREP_PT_refine_any(SidebarPanel, bpy.types.Panel):
    """The same for animation that does not come from a take."""

    bl_idname = "HOLIREP_PT_refine_any"
    bl_label = "Any Animation"
    bl_parent_id = "HOLIREP_PT_refine"
    bl_order = 4
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """The verbs for the active action."""
        layout = self.layout
        wrapped(layout, context, "For the active action of the character: library motion or hand keys", "ACTION")
        column = layout.column(align=True)
        column.operator("holirep.clamp_to_human_limits", icon="CON_ROTLIMIT")
        column.operator("holirep.plant_feet", icon="CON_FLOOR")
        column.operator("holirep.check_motion", icon="VIEWZOOM")


CLASSES = (
    HOLIREP_UL_limit_overrides,
    HOLIREP_PT_refine,
    HOLIREP_PT_refine_limits,
    HOLIREP_PT_refine_floor,
    HOLIREP_PT_refine_any,
)
