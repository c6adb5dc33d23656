# SPDX-License-Identifier: GPL-3.0-or-later
"""Save Rig Map: the rows as a preset that other shots can load."""

from __future__ import annotations

from pathlib import Path

import bpy
from bpy_extras.io_utils import ExportHelper

from ..scene import rig_map_rows
from .files import write_text


class HOLIREP_OT_save_rig_map(bpy.types.Operator, ExportHelper):
    """Save the rig map as a preset for other shots with this kind of rig"""

    bl_idname = "holirep.save_rig_map"
    bl_label = "Save Rig Map"
    bl_options = {"REGISTER"}

    filename_ext = ".json"
    filter_glob: bpy.props.StringProperty(default="*.json", options={"HIDDEN"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a rig map."""
        if not context.scene.holirep.rig_map:
            cls.poll_message_set("There is no rig map to save: find one first")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Writes the preset; an older one stays until the new one is complete."""
        try:
            rig_map = rig_map_rows.read_rig_map(context.scene.holirep)
            write_text(Path(self.filepath), rig_map.to_json() + "\n")
        except (ValueError, OSError) as error:
            self.report({"ERROR"}, f"The rig map could not be saved: {error}")
            return {"CANCELLED"}
        self.report({"INFO"}, f"Saved {self.filepath}")
        return {"FINISHED"}


CLASSES = (HOLIREP_OT_save_rig_map,)
