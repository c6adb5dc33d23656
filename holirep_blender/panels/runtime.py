# SPDX-License-Identifier: GPL-3.0-or-later
"""The runtime: its state, what to do where it is missing, and Doctor."""

from __future__ import annotations

import bpy

from .. import preferences
from ..operators.install_runtime import why_not_change
from .sidebar import SidebarPanel, wrapped


def draw_install(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The button to install, and why it cannot be pressed."""
    layout.operator("holirep.install_runtime", icon="IMPORT")
    reason = why_not_change(online=True)
    if reason:
        wrapped(layout, context, reason, "INFO")


class HOLIREP_PT_runtime(SidebarPanel, bpy.types.Panel):
    """State of the runtime."""

    bl_idname = "HOLIREP_PT_runtime"
    bl_label = "Runtime"
    bl_order = 9
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """The state; the button to install only where it is missing."""
        layout = self.layout
        problem = preferences.runtime_problem()
        if problem:
            wrapped(layout, context, problem, "ERROR")
            draw_install(layout, context)
        else:
            wrapped(layout, context, f"Ready: {preferences.runtime_location().folder}", "CHECKMARK")
        layout.operator("holirep.doctor", icon="HEART")


CLASSES = (HOLIREP_PT_runtime,)
