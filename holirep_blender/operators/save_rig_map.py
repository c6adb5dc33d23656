# SPDX-License-Identifier: GPL-3.0-or-later
"""Save Rig Map: the rows as a preset that other shots can load."""

from __future__ import annotations

import bpy

from .. import preferences
from ..scene import rig_map_rows


class HOLIREP_OT_save_rig_map(bpy.types.Operator):
    """Save the rig map under a name, as a preset for other shots with this kind of rig"""

    bl_idname = "holirep.save_rig_map"
    bl_label = "Save Rig Map"
    bl_options = {"REGISTER"}

    preset: bpy.props.StringProperty(name="Name", description="Name of the preset; one of that name is replaced")

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a rig map."""
        if not context.scene.holirep.rig_map:
            cls.poll_message_set("There is no rig map to save: find one first")
            return False
        return True

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Asks for the name."""
        self.preset = self.preset or context.scene.holirep.rig_family
        return context.window_manager.invoke_props_dialog(self)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Writes the preset."""
        from ..motion.rigs.presets import save_preset

        try:
            path = save_preset(
                preferences.presets_folder(), self.preset, rig_map_rows.read_rig_map(context.scene.holirep)
            )
        except ValueError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        self.report({"INFO"}, f"Saved {path}")
        return {"FINISHED"}


CLASSES = (HOLIREP_OT_save_rig_map,)
