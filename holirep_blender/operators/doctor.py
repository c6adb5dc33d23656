# SPDX-License-Identifier: GPL-3.0-or-later
"""Doctor: what is there, what is missing and what to do."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import bpy

from .. import preferences
from . import session

if TYPE_CHECKING:
    from ..runtime.jobs import Job


LOG_BEGINS = "Last lines of the worker's log"
"""How the report's last part begins. It is for who gets the report, and too long for a popup."""


class HOLIREP_OT_doctor(bpy.types.Operator):
    """Check the runtime, the models and the devices, and copy the report to the clipboard"""

    bl_idname = "holirep.doctor"
    bl_label = "Doctor"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Not while a job runs."""
        if session.active_job() is not None:
            cls.poll_message_set("A job is running: wait for it or cancel it")
            return False
        return True

    def invoke(self, _context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Starts the checks; the report appears when they are done."""
        session.follow(self._submit(), _ended)
        return {"FINISHED"}

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """From a script: prints the report when the checks are done."""
        job = session.job_list().wait(self._submit())
        _ended(job)
        print(session.current().doctor_report)
        return {"FINISHED"}

    @staticmethod
    def _submit() -> Job:
        return session.job_list().submit("doctor", preferences.doctor_params())


def _ended(job: Job) -> bool:
    state = session.current()
    if job.state == "done":
        state.doctor_report = str(job.result["text"])
        preferences.remember_devices(job.result["devices"])
        bpy.context.window_manager.clipboard = state.doctor_report
        level = "INFO" if job.result["ok"] else "WARNING"
        session.report(level, f"{job.result['summary']} The whole report is in the clipboard")
        if bpy.context.window_manager.windows:
            bpy.context.window_manager.popup_menu(_draw, title="HoliRep Doctor (copied to the clipboard)", icon="HEART")
    elif job.error is not None:
        session.report("ERROR", job.error.message, job.error.details.splitlines()[-6:])
    return True


def _draw(self: bpy.types.Menu, _context: bpy.types.Context) -> None:
    column = self.layout.column(align=True)
    findings, log, _ = session.current().doctor_report.partition(LOG_BEGINS)
    if log:
        findings += "The end of the worker's log is in the clipboard too."
    for line in findings.splitlines():
        for part in textwrap.wrap(line, 110, subsequent_indent="    ") or [""]:
            column.label(text=part)


CLASSES = (HOLIREP_OT_doctor,)
