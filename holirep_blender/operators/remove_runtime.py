# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove Runtime."""

from __future__ import annotations

import bpy

from .. import preferences
from .install_runtime import runtime_poll, start


class HOLIREP_OT_remove_runtime(bpy.types.Operator):
    """Delete the runtime that HoliRep installed. Takes and characters stay"""

    bl_idname = "holirep.remove_runtime"
    bl_label = "Remove Runtime"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Needs a runtime, and no job that runs."""
        if not preferences.runtime_location().folder.is_dir():
            cls.poll_message_set("No runtime is installed")
            return False
        return runtime_poll(cls, online=False)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Asks first."""
        return context.window_manager.invoke_confirm(self, event)

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Starts the removal."""
        return start(self, "remove_runtime", "The runtime is removed")


CLASSES = (HOLIREP_OT_remove_runtime,)
