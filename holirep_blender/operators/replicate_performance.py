# SPDX-License-Identifier: GPL-3.0-or-later
"""Replicate Performance: from the plate to keys on the character."""

from __future__ import annotations

import bpy

from .performance import Performance, start_or_wait, why_not


class HOLIREP_OT_replicate_performance(bpy.types.Operator):
    """Track the performer in the plate, solve the motion and put it on the character"""

    bl_idname = "holirep.replicate_performance"
    bl_label = "Replicate Performance"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a plate and a runtime, and no job that runs."""
        reason = why_not(context.scene)
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """From a button or a key: starts the job and returns; the interface stays free."""
        return start_or_wait(self, Performance(context.scene), wait=False)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """From a script: returns when the take is made and applied."""
        return start_or_wait(self, Performance(context.scene), wait=True)


CLASSES = (HOLIREP_OT_replicate_performance,)
