# SPDX-License-Identifier: GPL-3.0-or-later
"""Install Runtime: with the user's consent, after they have seen what it costs."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, Callable

import bpy

from .. import preferences
from ..runtime.lockfile import consent_text
from . import session

if TYPE_CHECKING:
    from ..runtime.jobs import Job


class HOLIREP_OT_install_runtime(bpy.types.Operator):
    """Build the Python environment in which tracking runs. Shows first what is downloaded and how large it is"""

    bl_idname = "holirep.install_runtime"
    bl_label = "Install Runtime"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Needs permission to go online, or a folder of wheels."""
        return runtime_poll(cls, online=True)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Shows the plan and asks."""
        return ask(self, context, "Install")

    def draw(self, _context: bpy.types.Context) -> None:
        """The plan."""
        draw_plan(self.layout)

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Starts the installation; the panel shows its progress."""
        return start(self, "install_runtime", "The runtime is installed")


def why_not_change(online: bool) -> str:
    """Why the runtime cannot be changed now; empty when it can."""
    if session.active_job() is not None:
        return "A job is running: wait for it or cancel it"
    if online and not preferences.settings().wheels_folder and not bpy.app.online_access:
        return "Allow Online Access in the preferences under System, or choose a Wheels Folder in those of HoliRep"
    return ""


def runtime_poll(cls: type[bpy.types.Operator], online: bool) -> bool:
    """Whether a job that changes the runtime can start now."""
    reason = why_not_change(online)
    if reason:
        cls.poll_message_set(reason)
    return not reason


def ask(operator: bpy.types.Operator, context: bpy.types.Context, confirm: str) -> set[str]:
    """Opens the dialog with the plan."""
    return context.window_manager.invoke_props_dialog(operator, width=520, confirm_text=confirm)


def draw_plan(layout: bpy.types.UILayout) -> None:
    """Where, what, how large."""
    folder = preferences.runtime_location().folder
    for line in textwrap.wrap(consent_text(preferences.runtime_device(), folder), 88):
        layout.label(text=line)


def start(
    operator: bpy.types.Operator,
    kind: str,
    success: str,
    params: dict[str, Any] | None = None,
    succeeded: Callable[[], None] = lambda: None,
) -> set[str]:
    """Starts a job about the runtime: waits for it in background, follows it in the interface."""

    def ended(job: Job) -> bool:
        if job.state == "done":
            succeeded()
            preferences.remember_devices(_devices(job.result))
            session.report("INFO", success, job.warnings)
        elif job.state == "cancelled":
            session.report("INFO", "Cancelled. What is done already is kept for the next time")
        elif job.error is not None:
            session.report("ERROR", job.error.message, job.error.details.splitlines()[-6:])
        return True

    job = session.job_list().submit(kind, preferences.runtime_params() if params is None else params)
    if not bpy.app.background:
        session.follow(job, ended)
        return {"FINISHED"}
    session.job_list().wait(job)
    ended(job)
    if job.error is not None:
        operator.report({"ERROR"}, job.error.message)
    return {"FINISHED"} if job.state == "done" else {"CANCELLED"}


def _devices(result: dict[str, Any]) -> list[dict[str, Any]]:
    """The devices in the worker's own report, which is all of the result or a part of it."""
    return list((result.get("report") or result).get("devices", []))


CLASSES = (HOLIREP_OT_install_runtime,)
