# SPDX-License-Identifier: GPL-3.0-or-later
"""Dismiss: the result of the last job was read."""

from __future__ import annotations

import bpy

from . import session


class HOLIREP_OT_dismiss_outcome(bpy.types.Operator):
    """Hide this message"""

    bl_idname = "holirep.dismiss_outcome"
    bl_label = "Dismiss"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Needs a message."""
        if session.current().outcome is None:
            cls.poll_message_set("There is no message")
            return False
        return True

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Forgets the message; the take that it tells of stays."""
        session.current().outcome = None
        session.redraw()
        return {"FINISHED"}


CLASSES = (HOLIREP_OT_dismiss_outcome,)
