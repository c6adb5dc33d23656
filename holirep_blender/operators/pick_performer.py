# SPDX-License-Identifier: GPL-3.0-or-later
"""Pick Performer: click the person in a frame of the plate."""

from __future__ import annotations

import bpy

from ..scene import shot as shots
from . import session
from .performance import why_no_job
from .plate_picking import PersonPicking


class HOLIREP_OT_pick_performer(PersonPicking, bpy.types.Operator):
    """Show a frame of the plate in this view, with a box around each person, and click the performer"""

    bl_idname = "holirep.pick_performer"
    bl_label = "Pick Performer"
    bl_options = {"REGISTER", "UNDO"}

    _frame = 1

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a plate, a runtime and a 3D view, and no job that runs."""
        reason = why_no_job()
        if not reason and not context.scene.holirep.plate.strip():
            reason = "Choose a plate first"
        if not reason and (context.area is None or context.area.type != "VIEW_3D"):
            reason = "Use it in the sidebar of a 3D view"
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Asks the worker who is in the frame."""
        shot = context.scene.holirep
        try:
            plate = shots.plate_path(shot)
        except ValueError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        self._frame = shot.frame_first if shot.use_range else shot.person_frame
        return self.ask_for_frame(context, plate, self._frame)

    def picked(self, context: bpy.types.Context, box: list[float]) -> set[str]:
        """Writes the choice into the shot."""
        self._choose(context.scene.holirep, box)
        return {"FINISHED"}

    def _choose(self, shot: bpy.types.PropertyGroup, box: list[float]) -> None:
        shot.person_kind = "BOX"
        shot.person_frame = self._frame
        shot.person_box = box
        shot.person_point = ((box[0] + box[2]) / 2.0, (box[1] + box[3]) / 2.0)
        session.report("INFO", f"The performer is the person at the box in frame {self._frame}")


CLASSES = (HOLIREP_OT_pick_performer,)
