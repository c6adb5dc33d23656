# SPDX-License-Identifier: GPL-3.0-or-later
"""Re-solve: refine the take on the character again, without tracking."""

from __future__ import annotations

import bpy

from .refining import solve, why_not


class HOLIREP_OT_resolve_refinement(bpy.types.Operator):
    """Refine the take on the character again with these settings and contacts; nothing is tracked again"""

    bl_idname = "holirep.resolve_refinement"
    bl_label = "Re-solve"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a take, a character, and Object or Pose Mode."""
        reason = why_not(context)
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Solves and says what came of it."""
        level, text = solve(context, context.scene)
        self.report({level}, text)
        return {"CANCELLED"} if level == "ERROR" else {"FINISHED"}


CLASSES = (HOLIREP_OT_resolve_refinement,)
