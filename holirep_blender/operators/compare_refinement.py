# SPDX-License-Identifier: GPL-3.0-or-later
"""Before/After: the motion without refining, and back."""

from __future__ import annotations

import bpy

from . import session
from .refining import why_not


class HOLIREP_OT_compare_refinement(bpy.types.Operator):
    """Show the motion as it was before refining, or the refined one again, which is only put aside and loses no key"""

    bl_idname = "holirep.compare_refinement"
    bl_label = "Before / After"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs refined motion on the character."""
        reason = why_not(context)
        if not reason and not _can_compare(context.scene.holirep):
            reason = "There is no refined motion on the character yet: apply the take first"
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Swaps the actions."""
        from ..scene.before_after import show_after, show_before, shows_before
        from ..scene.shot_take import apply_unrefined

        scene = context.scene
        shot = scene.holirep
        try:
            if shows_before(shot):
                kept = show_after(shot)
                text = "After: the refined motion"
                if kept:
                    text += f". What was keyed meanwhile is kept in the action {kept}"
            else:
                show_before(shot, lambda: apply_unrefined(context, scene))
                text = "Before: the motion as it was solved"
        except (ValueError, OSError) as error:
            session.report("ERROR", str(error))
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        session.redraw()
        self.report({"INFO"}, text)
        return {"FINISHED"}


def _can_compare(shot: bpy.types.PropertyGroup) -> bool:
    if not shot.refine.has_report:
        return False
    from ..scene.before_after import can_compare

    return can_compare(shot)


CLASSES = (HOLIREP_OT_compare_refinement,)
