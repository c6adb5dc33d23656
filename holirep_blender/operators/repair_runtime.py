# SPDX-License-Identifier: GPL-3.0-or-later
"""Repair Runtime."""

from __future__ import annotations

import bpy

from .install_runtime import ask, draw_plan, runtime_poll, start


class HOLIREP_OT_repair_runtime(bpy.types.Operator):
    """Bring the runtime back to the versions that HoliRep needs; what is right is kept"""

    bl_idname = "holirep.repair_runtime"
    bl_label = "Repair Runtime"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Needs permission to go online, or a folder of wheels."""
        return runtime_poll(cls, online=True)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Shows the plan and asks."""
        return ask(self, context, "Repair")

    def draw(self, _context: bpy.types.Context) -> None:
        """The plan."""
        draw_plan(self.layout)

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Starts the repair; the panel shows its progress."""
        return start(self, "repair_runtime", "The runtime is repaired")


CLASSES = (HOLIREP_OT_repair_runtime,)
