# SPDX-License-Identifier: GPL-3.0-or-later
"""Open Take Folder in the system's file manager."""

from __future__ import annotations

from pathlib import Path

import bpy


class HOLIREP_OT_open_take_folder(bpy.types.Operator):
    """Show the folder of the take in the system's file manager"""

    bl_idname = "holirep.open_take_folder"
    bl_label = "Open Take Folder"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a take."""
        if not context.scene.holirep.take:
            cls.poll_message_set("There is no take yet")
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Opens the folder, if it is still there."""
        folder = Path(bpy.path.abspath(context.scene.holirep.take)).parent
        if not folder.is_dir():
            self.report({"ERROR"}, f"The folder {folder} is not there any more")
            return {"CANCELLED"}
        bpy.ops.wm.path_open(filepath=str(folder))
        return {"FINISHED"}


CLASSES = (HOLIREP_OT_open_take_folder,)
