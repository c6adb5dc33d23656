# SPDX-License-Identifier: GPL-3.0-or-later
"""What lives as long as Blender runs: the job list, the timer that looks at it, and what the last job came to.

None of this belongs to a .blend file or an operator, so jobs go on while files are loaded and steps undone.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Optional

import bpy

if TYPE_CHECKING:
    from ..runtime.jobs import Job, JobList

_log = logging.getLogger(__name__)

TICK_SECONDS = 0.1
"""Between two looks at the job list."""
IDLE_TICK_SECONDS = 2.0
"""The same while the worker is warm and nothing runs."""
IDLE_SECONDS = 600.0
"""After this long without a job the worker is ended, so that its memory is free."""
NICER = 5
"""How much nicer than Blender the worker's processes are, in the system's own unit."""
REDRAW_SECONDS = 0.25
"""Between two redraws of the progress: each costs the interface a redraw of one region."""
ENDED = ("done", "failed", "cancelled")
QUIET = {"HOLIREP_OT_assess_quality", "HOLIREP_OT_match_lighting"}
"""Operators that only wait for their own thread: while they do, the status bar is not theirs."""


@dataclass
class Outcome:
    """What the last job came to, for the panel: ``level`` is INFO, WARNING or ERROR."""

    level: str
    message: str
    details: list[str] = field(default_factory=list)
    take: str = ""
    since: float = field(default_factory=time.monotonic)


@dataclass
class Session:
    """The state of this run of Blender.

    ``ending`` holds, for each job that someone waits for, what to call on the main thread when it has ended; a callback
    that returns False is asked again at the next tick.
    """

    jobs: Optional[JobList] = None
    ending: dict[int, tuple[Job, Callable[[Job], bool]]] = field(default_factory=dict)
    outcome: Optional[Outcome] = None
    waiting_for: str = ""
    doctor_report: str = ""
    loads: int = 0
    last_redraw: float = 0.0
    last_shown: Any = None
    calmed: Optional[int] = None


_session: Session | None = None


def current() -> Session:
    """The session; there is one from ``start`` to ``stop``."""
    if _session is None:
        raise RuntimeError("HoliRep is not registered")
    return _session


def start() -> None:
    """Begins an empty session: no process is started before the first job."""
    global _session
    _session = Session()


def stop() -> None:
    """Ends the worker and forgets everything."""
    global _session
    if _session is not None:
        stop_jobs()
    _session = None


def stop_jobs() -> None:
    """Ends all jobs and the worker; returns when no process of theirs is left, after two seconds at most."""
    state = current()
    if state.jobs is not None:
        state.jobs.close()
        state.jobs = None
    state.ending.clear()


def register() -> None:
    """Adds the handler that notices file loads."""
    bpy.app.handlers.load_post.append(_file_loaded)


def unregister() -> None:
    """Removes handler and timer."""
    if _file_loaded in bpy.app.handlers.load_post:
        bpy.app.handlers.load_post.remove(_file_loaded)
    if bpy.app.timers.is_registered(_tick):
        bpy.app.timers.unregister(_tick)


@bpy.app.handlers.persistent
def _file_loaded(*_arguments: object) -> None:
    current().loads += 1


def job_list() -> JobList:
    """The job list. No process is started before the first job, and then with the runtime as it is set by that time."""
    from .. import preferences
    from ..runtime.jobs import JobList

    state = current()
    if state.jobs is None:
        state.jobs = JobList(
            preferences.runtime_python, idle_timeout=IDLE_SECONDS, log_folder=preferences.user_folder()
        )
    return state.jobs


def active_job() -> Job | None:
    """The job that runs or waits, if there is one."""
    if _session is None:
        return None
    return next((job for job, _ in _session.ending.values() if job.state not in ENDED), None)


def follow(job: Job, ended: Callable[[Job], bool]) -> None:
    """Calls ``ended(job)`` on the main thread once the job has ended; never blocks."""
    current().ending[job.id] = (job, ended)
    if bpy.app.timers.is_registered(_tick):
        bpy.app.timers.unregister(_tick)  # it may be asleep
    if not bpy.app.background:
        bpy.app.timers.register(_tick, first_interval=TICK_SECONDS, persistent=True)
    redraw()


def report(level: str, message: str, details: list[str] | None = None, take: str | Path = "") -> None:
    """Shows a result in the panel and says it on the console."""
    current().outcome = Outcome(level, message, details or [], str(take))
    _log.log({"INFO": logging.INFO, "WARNING": logging.WARNING}.get(level, logging.ERROR), "%s", message)
    redraw()


def _tick() -> float | None:
    """One look at the job list; ends the timer when nobody waits for a job any more."""
    state = current()
    try:
        if state.jobs is not None:
            state.jobs.poll()
            _calm(state)
        for key, (job, ended) in list(state.ending.items()):
            if job.state in ENDED and _ended(job, ended):
                del state.ending[key]
                redraw()
    except Exception as error:  # a timer that raises would be dropped, and the job with it
        _log.exception("looking at the job list failed")
        _give_up(state, error)
    active = active_job()
    if (
        active is not None
        and active.progress != state.last_shown
        and time.monotonic() - state.last_redraw > REDRAW_SECONDS
    ):
        state.last_shown = active.progress
        redraw()
    if state.ending:
        return TICK_SECONDS
    return IDLE_TICK_SECONDS if state.jobs is not None and state.jobs.worker_pid is not None else None


def _give_up(state: Session, error: Exception) -> None:
    """Ends the jobs and the worker: nobody could be told any more what becomes of them."""
    running = any(job.state not in ENDED for job, _ in state.ending.values())
    end = " The running job was cancelled and nothing was changed" if running else ""
    try:
        stop_jobs()
    except Exception:
        _log.exception("ending the jobs failed")
        state.jobs = None
        state.ending.clear()
    report("ERROR", f"HoliRep met an internal error while looking at its jobs: {error}.{end}")


def _calm(state: Session) -> None:
    """Gives a new worker a lower priority than Blender, so that the interface stays quick where all cores are busy."""
    pid = state.jobs.worker_pid if state.jobs is not None else None
    if pid is None or pid == state.calmed or not hasattr(os, "setpriority"):
        return
    state.calmed = pid
    with contextlib.suppress(OSError):  # it has ended meanwhile
        own = os.getpriority(os.PRIO_PROCESS, 0)
        os.setpriority(os.PRIO_PGRP, pid, min(own + NICER, 19))


def _ended(job: Job, ended: Callable[[Job], bool]) -> bool:
    try:
        return ended(job)
    except Exception as error:
        _log.exception("finishing a job failed")
        report("ERROR", f"The job ended, but its result could not be used: {error}")
        return True


def redraw() -> None:
    """Redraws what shows the job: the sidebars of 3D views and the status bar."""
    state = current()
    state.last_redraw = time.monotonic()
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                for region in area.regions:
                    if region.type == "UI" and region.width > 1:
                        region.tag_redraw()
        if all(one.bl_idname in QUIET for one in window.modal_operators):  # the text in the status bar is others'
            window.workspace.status_text_set_internal(None)
