# SPDX-License-Identifier: GPL-3.0-or-later
"""What exceeded a human limit or did not hold; a click goes there."""

from __future__ import annotations

import bpy

from ..scene.refine_rows import KIND_ITEMS
from .sidebar import SidebarPanel, wrapped
from .violation_words import short_words

_ICONS = {item[0]: item[3] for item in KIND_ITEMS}


class HOLIREP_UL_violations(bpy.types.UIList):
    """Frame, what and how much, the worst first."""

    bl_idname = "HOLIREP_UL_violations"

    def draw_item(
        self, _context, layout, _data, item, _icon, _active_data, _active_property, _index=0, _flt_flag=0
    ) -> None:
        """One row; what was corrected is paler."""
        row = layout.row()
        row.active = not item.altered
        words, value = short_words(item.name, item.kind)
        split = row.split(factor=0.23)
        split.label(text=f"{item.frame:.0f}", icon=_ICONS.get(item.kind, "ERROR"))
        said = split.split(factor=0.7)
        said.label(text=words)
        amount = said.row()
        amount.alignment = "RIGHT"
        amount.label(text=value)

    def filter_items(self, _context, data, _property):
        """By the kind chosen above the list."""
        from ..scene.violation_rows import listed

        shown = set(listed(data))
        return [self.bitflag_filter_item if index in shown else 0 for index in range(len(data.violations))], []


class HOLIREP_PT_refine_violations(SidebarPanel, bpy.types.Panel):
    """The list and its filter."""

    bl_idname = "HOLIREP_PT_refine_violations"
    bl_label = "Violations"
    bl_parent_id = "HOLIREP_PT_refine"
    bl_order = 3

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        """How many there are."""
        refine = context.scene.holirep.refine
        if refine.has_report or refine.found:
            self.layout.label(text=f"{refine.found}  ")

    def draw(self, context: bpy.types.Context) -> None:
        """Filter, list, the whole sentence of the chosen one."""
        layout = self.layout
        refine = context.scene.holirep.refine
        if not refine.violations:
            text = "Listed here when a take is applied with Refine on, or by Check Motion"
            text = "Nothing was found" if refine.has_report else text
            wrapped(layout, context, text, "CHECKMARK" if refine.has_report else "INFO")
            return
        row = layout.row(align=True)
        row.prop(refine, "violation_kind", text="")
        row.prop(refine, "show_altered", text="", icon="CHECKMARK", toggle=True)
        to = row.row(align=True)
        to.operator("holirep.jump_to_violation", text="", icon="TRIA_LEFT").to = "PREVIOUS"
        to.operator("holirep.jump_to_violation", text="", icon="TRIA_RIGHT").to = "NEXT"
        layout.template_list(
            "HOLIREP_UL_violations", "", refine, "violations", refine, "violation_index", rows=5, maxrows=12
        )
        if len(refine.violations) < refine.found:
            wrapped(layout, context, f"The {len(refine.violations)} worst of {refine.found}", "INFO")
        if 0 <= refine.violation_index < len(refine.violations):
            found = refine.violations[refine.violation_index]
            what = "corrected" if found.altered else "left as it is"
            wrapped(layout, context, f"{found.name}, frames {found.first:.0f} to {found.last:.0f}, {what}")


CLASSES = (HOLIREP_UL_violations, HOLIREP_PT_refine_violations)
