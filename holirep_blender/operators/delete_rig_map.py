# SPDX-License-Identifier: GPL-3.0-or-later
"""Delete Rig Map Preset."""

from __future__ import annotations

import bpy

from .. import preferences


class HOLIREP_OT_delete_rig_map(bpy.types.Operator):
    """Delete a saved rig map preset"""

    bl_idname = "holirep.delete_rig_map"
    bl_label = "Delete Rig Map Preset"
    bl_options = {"REGISTER"}

    preset: bpy.props.StringProperty(name="Preset", description="Name of the preset", options={"SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Asks first."""
        return context.window_manager.invoke_confirm(self, event)

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Removes the file."""
        from ..motion.rigs.presets import delete_preset

        try:
            delete_preset(preferences.presets_folder(), self.preset)
        except ValueError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


CLASSES = (HOLIREP_OT_delete_rig_map,)
