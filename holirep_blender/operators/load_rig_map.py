# SPDX-License-Identifier: GPL-3.0-or-later
"""Load Rig Map: rows from a preset."""

from __future__ import annotations

from pathlib import Path

import bpy
from bpy_extras.io_utils import ImportHelper

from .. import preferences
from ..scene import rig_map_rows
from ..scene import shot as shots


class HOLIREP_OT_load_rig_map(bpy.types.Operator, ImportHelper):
    """Load a rig map that was saved as a preset"""

    bl_idname = "holirep.load_rig_map"
    bl_label = "Load Rig Map"
    bl_options = {"REGISTER", "UNDO"}

    filename_ext = ".json"
    filter_glob: bpy.props.StringProperty(default="*.json", options={"HIDDEN"})
    preset: bpy.props.StringProperty(
        name="Preset", description="Name of a saved preset; empty for a file", options={"HIDDEN", "SKIP_SAVE"}
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a character to check the preset against."""
        reason = shots.character_problem(context.scene)
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Asks for a file unless the menu names a preset."""
        return self.execute(context) if self.preset else super().invoke(context, event)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Fills the rows and shows what does not fit the character."""
        from ..motion.rigs.presets import load_preset, read_preset

        shot = context.scene.holirep
        try:
            if self.preset:
                rig_map = load_preset(preferences.presets_folder(), self.preset)
            else:
                rig_map = read_preset(Path(self.filepath))
        except ValueError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        rig_map_rows.write_rig_map(shot, rig_map)
        conflicts = shot.rig_map_conflicts.splitlines()
        if conflicts:
            self.report({"WARNING"}, f"{len(conflicts)} conflicts with this character; the first: {conflicts[0]}")
        return {"FINISHED"}


CLASSES = (HOLIREP_OT_load_rig_map,)
