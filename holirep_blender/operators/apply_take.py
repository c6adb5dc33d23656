# SPDX-License-Identifier: GPL-3.0-or-later
"""Apply Take: keys on the character."""

from __future__ import annotations

import time

import bpy

from .. import session


class HOLIREP_OT_apply_take(bpy.types.Operator):
    """Put the take on the character: new keys on the mapped bones and shape keys; what HoliRep made before is replaced"""

    bl_idname = "holirep.apply_take"
    bl_label = "Apply Take"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a take, a character, and Object or Pose Mode."""
        shot = context.scene.holirep
        reason = ""
        if not shot.take:
            reason = "There is no take yet: replicate a performance, or open a take"
        elif shot.character is None:
            reason = "Choose a character first"
        elif shot.character.mode not in {"OBJECT", "POSE"}:
            reason = "Go back to Object or Pose Mode first"
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Applies and says what was written."""
        from ..scene.shot_take import apply_shot_take

        started = time.perf_counter()
        try:
            text, warnings = apply_shot_take(context, context.scene)
        except (ValueError, OSError) as error:
            session.report("ERROR", str(error), take=bpy.path.abspath(context.scene.holirep.take))
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        text = f"{text} in {time.perf_counter() - started:.2f} s"
        session.report("WARNING" if warnings else "INFO", text, warnings, bpy.path.abspath(context.scene.holirep.take))
        self.report({"INFO"}, text)
        return {"FINISHED"}


CLASSES = (HOLIREP_OT_apply_take,)
