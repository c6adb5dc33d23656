# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove Light Rig: what Match Lighting made goes, and the world that was there before is shown again."""

from __future__ import annotations

import bpy


class HOLIREP_OT_remove_lighting(bpy.types.Operator):
    """Remove the lamps, the control and the residual, and show the world again that the scene had before"""

    bl_idname = "holirep.remove_lighting"
    bl_label = "Remove Light Rig"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a light rig, and Object Mode."""
        if context.mode != "OBJECT" or not context.scene.holirep.light.summary:
            cls.poll_message_set("There is no light rig of Match Lighting in this scene")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Removes it."""
        from ..scene.light_shot import remove_lighting

        remove_lighting(context.scene)
        return {"FINISHED"}


CLASSES = (HOLIREP_OT_remove_lighting,)
