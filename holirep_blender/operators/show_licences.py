# SPDX-License-Identifier: GPL-3.0-or-later
"""Show Licences: of everything that computes a result."""

from __future__ import annotations

import bpy

from ..licences import read_licences


class HOLIREP_OT_show_licences(bpy.types.Operator):
    """Show name, licence and source of everything that computes a result"""

    bl_idname = "holirep.show_licences"
    bl_label = "Licences"
    bl_options = {"INTERNAL"}

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Shows a list that closes when the pointer leaves it."""
        return context.window_manager.invoke_popup(self, width=720)

    def draw(self, _context: bpy.types.Context) -> None:
        """A row for each entry."""
        column = self.layout.column(align=True)
        column.label(text="What computes a result", icon="INFO")
        for entry in read_licences():
            row = column.split(factor=0.45)
            row.label(text=entry.name)
            row = row.split(factor=0.35)
            row.label(text=entry.licence)
            row.label(text=entry.source)

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """From a script: prints the list."""
        for entry in read_licences():
            print(f"{entry.name}: {entry.licence}, {entry.source}, SHA-256 {entry.sha256 or '-'}")
        return {"FINISHED"}


CLASSES = (HOLIREP_OT_show_licences,)
