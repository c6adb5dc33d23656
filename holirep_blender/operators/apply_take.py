# SPDX-License-Identifier: GPL-3.0-or-later
"""Apply Take: keys on the character."""

from __future__ import annotations

import time

import bpy

from ..scene import refine_live
from ..scene import shot as shots
from . import session


class HOLIREP_OT_apply_take(bpy.types.Operator):
    """Put the take on the character: new keys on mapped bones and shape keys, in place of what HoliRep made before"""

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
        elif shots.character_problem(context.scene):
            reason = shots.character_problem(context.scene)
        elif context.mode not in {"OBJECT", "POSE"}:
            reason = "Go back to Object or Pose Mode first"
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Applies and says what was written."""
        level, text = apply_and_report(context, context.scene, context.scene.holirep.character)
        self.report({level}, text)
        return {"CANCELLED"} if level == "ERROR" else {"FINISHED"}


def apply_and_report(
    context: bpy.types.Context, scene: bpy.types.Scene, character: bpy.types.Object
) -> tuple[str, str]:
    """Applies the shot's take to a character and shows in the panel what came of it; returns level and sentence."""
    from ..scene.before_after import show_after
    from ..scene.shot_take import apply_shot_take

    take = bpy.path.abspath(scene.holirep.take)
    started = time.perf_counter()
    refine_live.forget(scene)
    kept = show_after(scene.holirep)
    try:
        text, warnings = apply_shot_take(context, scene, character)
    except (ValueError, OSError) as error:
        session.report("ERROR", str(error), take=take)
        return "ERROR", str(error)
    if kept:
        warnings = [*warnings, f"What was keyed while Before was shown is kept in the action {kept}."]
    text = f"{text}, in {time.perf_counter() - started:.2f} s"
    session.report("WARNING" if warnings else "INFO", text, warnings, take)
    return "INFO", text


CLASSES = (HOLIREP_OT_apply_take,)
