# SPDX-License-Identifier: GPL-3.0-or-later
"""Set Neutral Frame: the performer's face is at rest in the frame that is shown now."""

from __future__ import annotations

from pathlib import Path

import bpy


class HOLIREP_OT_set_neutral_frame(bpy.types.Operator):
    """Take the plate's frame that is shown now for the performer's face at rest, looking ahead"""

    bl_idname = "holirep.set_neutral_frame"
    bl_label = "Set Neutral Frame"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a take, which says which of the plate's frames the scene shows."""
        if context.scene.holirep.take:
            return True
        cls.poll_message_set("There is no take yet: replicate a performance, or type the frame of the plate")
        return False

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Writes the frame into the shot."""
        from ..motion.take import TakeError
        from ..scene.take_facts import plate_frame

        shot = context.scene.holirep
        try:
            frame = plate_frame(context.scene, Path(bpy.path.abspath(shot.take)))
        except TakeError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        shot.use_neutral_frame, shot.neutral_frame = True, frame
        self.report({"INFO"}, f"Frame {frame} of the plate shows the face at rest: solve again to use it")
        return {"FINISHED"}


CLASSES = (HOLIREP_OT_set_neutral_frame,)
