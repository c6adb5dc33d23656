# SPDX-License-Identifier: GPL-3.0-or-later
"""The verbs about the runtime: doctor, and runtime install, status and remove."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from .. import preferences
from ..operators import session
from ..runtime.farm_node import DISK_TOPICS
from ..runtime.lockfile import consent_text
from ..runtime.state import runtime_status
from .errors import CANCELLED, DISK, RUNTIME, USAGE, CommandError, from_job
from .farm import farm_params
from .progress import ProgressLines

if TYPE_CHECKING:
    from ..runtime.jobs import Job


def doctor(options: Namespace) -> tuple[dict[str, Any], str]:
    """What is there, what is missing and what to do; ends with the exit code for a broken runtime where it is.

    With ``--farm`` also what a node of a farm needs; where that is a folder, a disk or the clock, it ends with the exit
    code for files.
    """
    params = preferences.doctor_params()
    if options.out and not options.farm:
        raise CommandError(USAGE, "--out names folders for doctor --farm to look at")
    if options.farm:
        params.update(farm_params(options))
    report = _run("farm_doctor" if options.farm else "doctor", params).result
    if not report["ok"]:
        code = DISK if report.get("problem_topic") in DISK_TOPICS else RUNTIME
        raise CommandError(code, report["summary"], findings=report, text=report["text"])
    return report, report["text"]


def runtime(options: Namespace) -> tuple[dict[str, Any], str]:
    """Install, status or remove."""
    return {"install": _install, "status": _status, "remove": _remove}[options.action](options)


def _install(options: Namespace) -> tuple[dict[str, Any], str]:
    params = preferences.runtime_params()
    if options.python is not None:
        params["python"] = str(options.python)
    if options.wheels is not None:
        params["wheels"] = str(options.wheels.absolute())
    if options.use is not None:
        return _use(options.use)
    folder = Path(params["folder"])
    if not options.yes:
        print(consent_text(preferences.runtime_device(), folder), file=sys.stderr)
        _agree("Go on?")
    if not params.get("wheels") and bpy.app.binary_path and not bpy.app.online_access:  # the module bpy has no path
        text = (
            "Blender is offline: allow Online Access in its preferences, start it with --online-mode, or use --wheels"
        )
        raise CommandError(RUNTIME, text)
    job = _run("repair_runtime" if options.repair else "install_runtime", params)
    return {"folder": str(folder), "warnings": job.warnings}, f"The runtime is ready: {folder}"


def _use(path: Path) -> tuple[dict[str, Any], str]:
    stored = preferences.stored(bpy.context)
    if stored is None:
        text = (
            f"HoliRep is not an enabled extension here; set the environment variable HOLIREP_RUNTIME to {path} instead"
        )
        raise CommandError(USAGE, text)
    location = preferences.location_at(path)
    if not location.exists:
        raise CommandError(RUNTIME, f"there is no Python environment in {location.folder}")
    _run("check_runtime", {"python": str(location.python)})
    stored.runtime_path = str(path.absolute())
    bpy.ops.wm.save_userpref()
    return {"folder": str(location.folder)}, f"The runtime is {location.folder}"


def _status(_options: Namespace) -> tuple[dict[str, Any], str]:
    location = preferences.runtime_location()
    status = runtime_status(location.folder)
    result = {
        "folder": str(location.folder),
        "chosen_by": location.source,
        "state": status.state,
        "missing": status.missing,
        "packages": status.packages,
    }
    return result, f"{location.folder} (by {location.source}): {status.summary}"


def _remove(options: Namespace) -> tuple[dict[str, Any], str]:
    folder = preferences.runtime_location().folder
    if not options.yes:
        _agree(f"Delete {folder}?")
    _run("remove_runtime", {"folder": str(folder)})
    return {"folder": str(folder)}, f"Removed {folder}"


def _agree(question: str) -> None:
    """Goes on only with a yes from a person."""
    if not sys.stdin.isatty():
        raise CommandError(USAGE, "this needs your consent: run it again with --yes")
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise CommandError(CANCELLED, "cancelled; nothing was changed")


def _run(kind: str, params: dict[str, Any]) -> Job:
    """Waits for a job. Raises CommandError where it fails."""
    jobs = session.job_list()
    try:
        job = jobs.wait(jobs.submit(kind, params), ProgressLines())
    except KeyboardInterrupt:
        session.stop_jobs()
        raise
    if job.error is not None:
        raise from_job(job)
    return job
