# SPDX-License-Identifier: GPL-3.0-or-later
"""Replicate Performance: from the plate to keys on the character."""

from __future__ import annotations

from typing import TYPE_CHECKING

import bpy

from .. import session
from .performance import Performance, why_not

if TYPE_CHECKING:
    from ..runtime.jobs import Job


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
        try:
            Performance(context.scene).start()
        except ValueError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """From a script: returns when the take is made and applied."""
        performance = Performance(context.scene)
        try:
            job = performance.run(self._show)
        except ValueError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        if not performance.finish(job):
            self.report({"WARNING"}, f"{session.current().waiting_for}. The take is kept: {performance.take}")
            if not bpy.app.background:
                session.follow(job, performance.finish)
            return {"CANCELLED"}
        outcome = session.current().outcome
        if outcome is not None:
            self.report({outcome.level}, outcome.message)
        return {"FINISHED"} if job.state == "done" else {"CANCELLED"}

    @staticmethod
    def _show(job: Job) -> None:
        """A script waits: nothing but the pointer can say how far the job is."""


CLASSES = (HOLIREP_OT_replicate_performance,)
