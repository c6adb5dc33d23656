# SPDX-License-Identifier: GPL-3.0-or-later
"""Split Lamp and Merge Lamps: the list of lamps as the lighter wants it; the light stays."""

from __future__ import annotations

import bpy


class LampVerb:
    """What is done with the lamp that is chosen in the list."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a lamp in the list, and Object Mode."""
        light = context.scene.holirep.light
        if context.mode != "OBJECT" or not 0 <= light.lamp_index < len(light.lamps):
            cls.poll_message_set("Choose a lamp in the list, in Object Mode")
            return False
        return True


class HOLIREP_OT_split_lamp(LampVerb, bpy.types.Operator):
    """Replace the chosen lamp by two beside each other along its longest side, of half its strength each"""

    bl_idname = "holirep.split_lamp"
    bl_label = "Split Lamp"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Splits the lamp of the active row."""
        from ..scene.lamp_rows import split

        try:
            split(context.scene, context.scene.holirep.light.lamp_index)
        except ValueError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


class HOLIREP_OT_merge_lamps(LampVerb, bpy.types.Operator):
    """Join the chosen lamp and the one nearest to it into one that is as strong as both"""

    bl_idname = "holirep.merge_lamps"
    bl_label = "Merge Lamps"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Merges the lamp of the active row with its neighbour."""
        from ..scene.lamp_rows import merge

        try:
            joined = merge(context.scene, context.scene.holirep.light.lamp_index)
        except ValueError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        self.report({"INFO"}, f"Joined with {joined}")
        return {"FINISHED"}


CLASSES = (HOLIREP_OT_split_lamp, HOLIREP_OT_merge_lamps)
