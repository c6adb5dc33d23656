# SPDX-License-Identifier: GPL-3.0-or-later
"""Write Quality Report: a page about the take's quality to hand on, and the same as JSON."""

from __future__ import annotations

from pathlib import Path

import bpy


class HOLIREP_OT_quality_report(bpy.types.Operator):
    """Write a page to hand on: scores and gates, figures over time, the worst frames, and where the take comes from"""

    bl_idname = "holirep.quality_report"
    bl_label = "Write Quality Report"
    bl_options = {"REGISTER"}

    directory: bpy.props.StringProperty(name="Folder", description="Where the page goes", subtype="DIR_PATH")
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN"})
    compare: bpy.props.StringProperty(
        name="Compare With", description="Another take (.npz), set beside the shot's own", subtype="FILE_PATH"
    )
    pictures: bpy.props.BoolProperty(
        name="Plate Frames", description="Show the worst frames of the plate", default=True
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a take."""
        if not context.scene.holirep.take.strip():
            cls.poll_message_set("Replicate a performance or open a take first")
            return False
        return True

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Asks for the folder."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def draw(self, _context: bpy.types.Context) -> None:
        """Beside the file browser."""
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(self, "compare")
        layout.prop(self, "pictures")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Assesses and writes; some seconds."""
        from ..motion.take import TakeError
        from ..scene.quality_report import report_shot

        if not self.directory.strip():
            self.report({"ERROR"}, "Choose the folder for the report")
            return {"CANCELLED"}
        other = Path(bpy.path.abspath(self.compare)) if self.compare.strip() else None
        try:
            page, verdict = report_shot(context.scene, Path(bpy.path.abspath(self.directory)), other, self.pictures)
        except (TakeError, ValueError, OSError) as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        self.report({"INFO"}, f"{verdict}. Wrote {page}")
        return {"FINISHED"}


CLASSES = (HOLIREP_OT_quality_report,)
