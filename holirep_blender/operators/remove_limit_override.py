# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove Own Limit: the preset's counts again."""

from __future__ import annotations

import bpy

from ..scene import refine_live


class HOLIREP_OT_remove_limit_override(bpy.types.Operator):
    """Take away the selected limit of your own, so that the preset's counts again"""

    bl_idname = "holirep.remove_limit_override"
    bl_label = "Remove Own Limit"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a limit."""
        if not context.scene.holirep.refine.overrides:
            cls.poll_message_set("There are no own limits")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Removes the row."""
        refine = context.scene.holirep.refine
        if 0 <= refine.override_index < len(refine.overrides):
            refine.overrides.remove(refine.override_index)
        refine.override_index = max(0, min(refine.override_index, len(refine.overrides) - 1))
        refine_live.request(context.scene)
        return {"FINISHED"}


CLASSES = (HOLIREP_OT_remove_limit_override,)
