# SPDX-License-Identifier: GPL-3.0-or-later
"""Cancel: the panel's button, and Esc."""

from __future__ import annotations

import bpy

from . import session


class HOLIREP_OT_cancel_job(bpy.types.Operator):
    """Stop the running job. The worker's processes end within two seconds, and nothing is changed"""

    bl_idname = "holirep.cancel_job"
    bl_label = "Cancel"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Only while a job runs; where it is false, Esc goes on to what else it means."""
        if session.active_job() is None:
            cls.poll_message_set("No job is running")
            return False
        return True

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Leaves the first Esc to playback while that runs."""
        if event.type == "ESC" and context.screen is not None and context.screen.is_animation_playing:
            return {"PASS_THROUGH"}
        return self.execute(context)

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Asks the job list to end the job; the timer says when it has."""
        job = session.active_job()
        if job is not None:
            session.job_list().cancel(job)
            self.report({"INFO"}, "Cancelling")
        return {"FINISHED"}


CLASSES = (HOLIREP_OT_cancel_job,)
