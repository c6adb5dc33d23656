# SPDX-License-Identifier: GPL-3.0-or-later
"""Confidence: where the take is not to be trusted."""

from __future__ import annotations

import bpy

from ..scene.confidence_properties import PART_NAMES
from .sidebar import SidebarPanel, wrapped


class HOLIREP_UL_weak_spans(bpy.types.UIList):
    """Ranges in which a part of the body is not to be trusted."""

    bl_idname = "HOLIREP_UL_weak_spans"

    def draw_item(
        self, _context, layout, _data, item, _icon, _active_data, _active_property, _index=0, _flt_flag=0
    ) -> None:
        """One row: part, range, mean confidence."""
        row = layout.split(factor=0.42)
        row.label(text=PART_NAMES.get(item.part, item.part))
        row = row.split(factor=0.65)
        row.label(text=f"{item.first:.0f} – {item.last:.0f}")
        row.label(text=f"{100.0 * item.confidence:.0f} %")


class HOLIREP_PT_confidence(SidebarPanel, bpy.types.Panel):
    """Where the applied take is weak."""

    bl_idname = "HOLIREP_PT_confidence"
    bl_label = "Confidence"
    bl_parent_id = "HOLIREP_PT_take"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where there is a take."""
        return bool(context.scene.holirep.take)

    def draw(self, context: bpy.types.Context) -> None:
        """Display, weak ranges, face shapes that are never seen."""
        layout = self.layout
        confidence = context.scene.holirep.confidence
        if not confidence.revision:
            wrapped(layout, context, "Apply the take to see where it is weak", "INFO")
            return
        layout.prop(confidence, "show_weak", toggle=True, icon="TIME")
        if confidence.spans:
            layout.template_list("HOLIREP_UL_weak_spans", "", confidence, "spans", confidence, "index", rows=4)
        else:
            wrapped(layout, context, "Nothing is weak for longer than a moment", "CHECKMARK")
        if confidence.never_seen:
            wrapped(layout, context, f"Not captured, left at 0: {confidence.never_seen}", "INFO")


CLASSES = (HOLIREP_UL_weak_spans, HOLIREP_PT_confidence)
