# SPDX-License-Identifier: GPL-3.0-or-later
"""Write Light Report: a page about the environment, its lamps and how well they stand for it."""

from __future__ import annotations

from pathlib import Path

import bpy


class HOLIREP_OT_light_report(bpy.types.Operator):
    """Write a page to hand on: the lamps as a specification sheet, and rig and environment rendered side by side"""

    bl_idname = "holirep.light_report"
    bl_label = "Write Light Report"
    bl_options = {"REGISTER"}

    directory: bpy.props.StringProperty(name="Folder", description="Where the page goes", subtype="DIR_PATH")
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a light rig."""
        if not context.scene.holirep.light.summary:
            cls.poll_message_set("Use Match Lighting first")
            return False
        return True

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Asks for the folder."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Writes it; the pictures take some seconds."""
        from ..scene.light_shot import EnvironmentMapError, report_lighting

        if not self.directory.strip():
            self.report({"ERROR"}, "Choose the folder for the report")
            return {"CANCELLED"}
        try:
            page = report_lighting(context.scene, Path(bpy.path.abspath(self.directory)))
        except (EnvironmentMapError, OSError) as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        self.report({"INFO"}, f"Wrote {page}")
        return {"FINISHED"}


CLASSES = (HOLIREP_OT_light_report,)
