# SPDX-License-Identifier: GPL-3.0-or-later
"""Write Light Report: a page about the environment, its lamps and how well they stand for it."""

from __future__ import annotations

from pathlib import Path

import bpy

from . import session
from .light_report_job import LightReportJob


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
        if session.active_job() is not None:
            cls.poll_message_set("A job is running: wait for it or cancel it")
            return False
        return True

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Asks for the folder."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """From a button another Blender writes it; from a script it is there when this returns."""
        from ..scene.light_shot import EnvironmentMapError, report_lighting
        from ..scene.quality_lighting import keep_report, rig_state

        if not self.directory.strip():
            self.report({"ERROR"}, "Choose the folder for the report")
            return {"CANCELLED"}
        folder = Path(bpy.path.abspath(self.directory)).absolute()
        try:
            if self.options.is_invoke and not bpy.app.background:
                LightReportJob(context.scene, folder).start()
                return {"FINISHED"}
            page = report_lighting(context.scene, folder)
        except (EnvironmentMapError, OSError, ValueError) as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        keep_report(context.scene, folder, rig_state(context.scene))
        self.report({"INFO"}, f"Wrote {page}")
        return {"FINISHED"}


CLASSES = (HOLIREP_OT_light_report,)
