# SPDX-License-Identifier: GPL-3.0-or-later
"""Match Lighting: the environment becomes lamps and a residual."""

from __future__ import annotations

import bpy


class HOLIREP_OT_match_lighting(bpy.types.Operator):
    """Turn the environment into lamps that can be grabbed, and keep the rest of it as the world; it lights as before"""

    bl_idname = "holirep.match_lighting"
    bl_label = "Match Lighting"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs Object Mode: objects are added."""
        if context.mode != "OBJECT":
            cls.poll_message_set("Switch to Object Mode")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Builds the rig and says what was found."""
        from ..scene.light_shot import EnvironmentMapError, match_lighting

        try:
            matched = match_lighting(context.scene)
        except EnvironmentMapError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        for warning in matched.warnings:
            self.report({"WARNING"}, warning)
        self.report({"INFO"}, matched.sentence)
        return {"FINISHED"}


CLASSES = (HOLIREP_OT_match_lighting,)
