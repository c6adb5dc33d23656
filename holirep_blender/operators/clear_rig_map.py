# SPDX-License-Identifier: GPL-3.0-or-later
"""Clear Rig Map."""

from __future__ import annotations

import bpy

from ..scene import rig_map_rows


class HOLIREP_OT_clear_rig_map(bpy.types.Operator):
    """Forget the rig map, so that it is found anew"""

    bl_idname = "holirep.clear_rig_map"
    bl_label = "Clear Rig Map"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a rig map."""
        if not context.scene.holirep.rig_map:
            cls.poll_message_set("There is no rig map")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Empties the rows."""
        rig_map_rows.clear_rig_map(context.scene.holirep)
        return {"FINISHED"}


CLASSES = (HOLIREP_OT_clear_rig_map,)
