# SPDX-License-Identifier: GPL-3.0-or-later
"""Export Take: the performer's own skeleton as BVH, for other programs."""

from __future__ import annotations

from pathlib import Path

import bpy
from bpy_extras.io_utils import ExportHelper


class HOLIREP_OT_export_take(bpy.types.Operator, ExportHelper):
    """Write the take as BVH: the performer's own skeleton and motion, before any character"""

    bl_idname = "holirep.export_take"
    bl_label = "Export Take"
    bl_options = {"REGISTER"}

    filename_ext = ".bvh"
    filter_glob: bpy.props.StringProperty(default="*.bvh", options={"HIDDEN"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a take."""
        if not context.scene.holirep.take:
            cls.poll_message_set("There is no take yet: replicate a performance, or open a take")
            return False
        return True

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Offers the take's own name."""
        self.filepath = str(Path(bpy.path.abspath(context.scene.holirep.take)).with_suffix(".bvh"))
        return super().invoke(context, event)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Reads the take and writes the file."""
        from ..motion.bvh import write_bvh
        from ..motion.take import Take

        try:
            take = Take.load(Path(bpy.path.abspath(context.scene.holirep.take)))
            write_bvh(take, Path(self.filepath))
        except (ValueError, OSError) as error:
            self.report({"ERROR"}, f"The take could not be exported: {error}")
            return {"CANCELLED"}
        self.report({"INFO"}, f"Exported {self.filepath}")
        return {"FINISHED"}


CLASSES = (HOLIREP_OT_export_take,)
