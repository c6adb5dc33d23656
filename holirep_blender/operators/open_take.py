# SPDX-License-Identifier: GPL-3.0-or-later
"""Open Take: choose a take that was made earlier."""

from __future__ import annotations

from pathlib import Path

import bpy
from bpy_extras.io_utils import ImportHelper


class HOLIREP_OT_open_take(bpy.types.Operator, ImportHelper):
    """Choose a take that was made earlier, to apply or export it"""

    bl_idname = "holirep.open_take"
    bl_label = "Open Take"
    bl_options = {"REGISTER", "UNDO"}

    filename_ext = ".npz"
    filter_glob: bpy.props.StringProperty(default="*.npz", options={"HIDDEN"})

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Asks for the file unless a button names it."""
        if self.properties.is_property_set("filepath") and self.filepath:
            return self.execute(context)
        return super().invoke(context, event)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Reads the take to see that it can be used, and remembers its path."""
        from ..motion.take import Take

        path = Path(bpy.path.abspath(self.filepath))
        try:
            take = Take.load(path)
        except (ValueError, OSError) as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        context.scene.holirep.take = str(path)
        self.report({"INFO"}, f"{path.name}: {take.frame_count} frames at {take.fps:g} fps")
        return {"FINISHED"}


CLASSES = (HOLIREP_OT_open_take,)
