# SPDX-License-Identifier: GPL-3.0-or-later
"""Contacts: when which point of the body touches, as it was found and as the artist wants it."""

from __future__ import annotations

import bpy

from ..scene.refine_properties import POINT_ITEMS
from .sidebar import SidebarPanel, wrapped

_LABELS = {item[0]: item[1] for item in POINT_ITEMS}
_FEET = (("leftHeel", "rightHeel"), ("leftToes", "rightToes"))
_OTHERS = (("leftHand", "rightHand"), ("leftKnee", "rightKnee"), ("hips",))


class HOLIREP_UL_contact_spans(bpy.types.UIList):
    """Ranges in which the chosen points touch."""

    bl_idname = "HOLIREP_UL_contact_spans"

    def draw_item(
        self, _context, layout, _data, item, _icon, _active_data, _active_property, _index=0, _flt_flag=0
    ) -> None:
        """One row: point, range, whether it was edited."""
        row = layout.split(factor=0.45)
        row.label(text=_LABELS.get(item.point, item.point), icon="GREASEPENCIL" if item.edited else "BLANK1")
        row.label(text=f"{item.first:.0f} – {item.last:.0f}")

    def filter_items(self, _context, data, _property):
        """Only the points that are chosen above the list, by time."""
        rows = data.contact_spans
        shown = [self.bitflag_filter_item if row.point in data.contact_points else 0 for row in rows]
        by_time = sorted(range(len(rows)), key=lambda index: (rows[index].first, index))
        order = [0] * len(rows)
        for place, index in enumerate(by_time):
            order[index] = place
        return shown, order


class HOLIREP_UL_contact_edits(bpy.types.UIList):
    """What the artist set."""

    bl_idname = "HOLIREP_UL_contact_edits"

    def draw_item(
        self, _context, layout, _data, item, _icon, _active_data, _active_property, index=0, _flt_flag=0
    ) -> None:
        """One row: point, touching or free, range, and taking it back."""
        row = layout.split(factor=0.36)
        row.label(text=_LABELS.get(item.point, item.point))
        rest = row.row(align=True)
        rest.prop(item, "touching", text="", icon="PINNED" if item.touching else "UNPINNED", toggle=True)
        rest.prop(item, "first", text="")
        rest.prop(item, "last", text="")
        rest.operator("holirep.remove_contact_edit", text="", icon="X", emboss=False).index = index


class HOLIREP_PT_refine_contacts(SidebarPanel, bpy.types.Panel):
    """Points, range, the two buttons, and what there is."""

    bl_idname = "HOLIREP_PT_refine_contacts"
    bl_label = "Contacts"
    bl_parent_id = "HOLIREP_PT_refine"
    bl_order = 2
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Display, points, range, edits."""
        layout = self.layout
        refine = context.scene.holirep.refine
        layout.active = refine.use_refine
        row = layout.row(align=True)
        row.prop(refine, "show_bars", toggle=True, icon="TIME")
        row.prop(refine, "show_places", toggle=True, icon="VIEW3D")

        column = layout.column(align=True)
        for points in (*_FEET, *_OTHERS):
            row = column.row(align=True)
            for point in points:
                row.prop_enum(refine, "contact_points", point)
        if refine.contact_spans:
            layout.template_list(
                "HOLIREP_UL_contact_spans", "", refine, "contact_spans", refine, "contact_span_index", rows=4
            )
        else:
            text = "No contacts yet: they are found when a take is applied with Refine on"
            wrapped(layout, context, "No contacts were found" if refine.has_report else text, "INFO")

        column = layout.column(align=True)
        row = column.row(align=True)
        row.operator("holirep.set_contact_range", text="", icon="TRIA_RIGHT_BAR").source = "START"
        row.prop(refine, "range_first")
        row.prop(refine, "range_last")
        row.operator("holirep.set_contact_range", text="", icon="TRIA_LEFT_BAR").source = "END"
        if context.scene.use_preview_range:
            column.operator("holirep.set_contact_range", text="Preview Range", icon="PREVIEW_RANGE").source = "PREVIEW"
        row = column.row(align=True)
        row.scale_y = 1.3
        row.operator("holirep.add_contact_edit", text="Touching", icon="PINNED").touching = True
        row.operator("holirep.add_contact_edit", text="Free", icon="UNPINNED").touching = False

        if refine.contact_edits:
            row = layout.row()
            row.label(text="Edits")
            row.operator("holirep.remove_contact_edit", text="Clear All", icon="TRASH").every = True
            layout.template_list(
                "HOLIREP_UL_contact_edits", "", refine, "contact_edits", refine, "contact_edit_index", rows=3
            )


CLASSES = (HOLIREP_UL_contact_spans, HOLIREP_UL_contact_edits, HOLIREP_PT_refine_contacts)
