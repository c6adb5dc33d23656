# SPDX-License-Identifier: GPL-3.0-or-later
"""Doctor: what is there, what is missing, and what to do."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..licences import read_licences
from ..protocol.messages import Progress
from ..protocol.sentences import PRESS_REPAIR
from .faults import JobError, RuntimeFault
from .local_tasks import Console
from .lockfile import pins, sizes
from .process import NO_WINDOW, clean_environment, environment_python
from .pythons import GET_PYTHON, FoundPython, choose_python, find_pythons
from .state import LOG, RuntimeStatus, runtime_status, site_folders
from .tools import expected_build
from .worker import Death, Patience, Reply, WorkerClient
from .worker_log import NAME, WorkerLog, last_lines

WORKER_SCRIPT = Path(__file__).resolve().parents[1] / "inference" / "__main__.py"
LOG_LINES = 15
_MARKS = {"ok": "ok     ", "note": "note   ", "problem": "PROBLEM"}


@dataclass(frozen=True)
class Finding:
    """`level`: `ok`, `note` (good to know) or `problem`; `todo` says what to do about it."""

    level: str
    topic: str
    text: str
    todo: str = ""


def doctor(params: Mapping[str, Any], console: Console) -> dict[str, Any]:
    """Look at everything that a job needs.

    `params`: `folder` of the runtime; optionally `runtime_python` (its interpreter, where that is not the folder's
    own), `python` (the chosen Python), `log_folder` (of the worker's log) and `host` (facts to print: name to value).
    The result has `ok`, `summary` (one line), `text` (the report), `findings`, `devices` and `packages`; it never
    raises for what it finds.
    """
    folder = Path(str(params["folder"])).expanduser().absolute()
    python = Path(str(params.get("runtime_python") or environment_python(folder)))
    findings = [Finding("note", name, str(value)) for name, value in dict(params.get("host") or {}).items()]
    findings.append(Finding("note", "System", f"{platform.platform()}, {os.cpu_count()} processor threads"))
    _say(console, "Looking at the runtime", 0.0)
    status = runtime_status(folder)
    findings += _runtime_findings(status)
    findings += _disk_findings(folder, status)
    _say(console, "Looking for Pythons", 0.1)
    findings += _python_findings(str(params.get("python") or ""), status)
    _say(console, "Looking at the GPU", 0.2)
    gpus = _gpu_findings()
    findings += gpus
    report: dict[str, Any] = {}
    logs = Path(str(params["log_folder"])) if params.get("log_folder") else None
    said = last_lines(logs, LOG_LINES) if logs else []
    if python.is_file():
        _say(console, "Starting the worker", 0.3)
        try:
            report = ask_worker(python, "diagnose", console, WorkerLog(logs) if logs else None)
            findings += _worker_findings(report)
            if gpus[0].level == "ok" and not any(device["id"].startswith("cuda") for device in report["devices"]):
                text = "the runtime's PyTorch is built for the CPU only, so the GPU is not used"
                todo = "Install uv, then repair the runtime; or set pip's index to one with CUDA builds."
                findings.append(Finding("note", "Device", text, todo))
        except RuntimeFault as fault:
            findings.append(Finding("problem", "Worker", fault.error.message))
            console.log(fault.error.details)
        findings += _model_findings(folder, status)
    problems = [finding for finding in findings if finding.level == "problem"]
    summary = problems[0].text if problems else "All is well."
    if problems and problems[0].todo:
        summary += f" {problems[0].todo}"
    return {
        "ok": not problems,
        "summary": summary,
        "text": "\n".join([*_report_lines(findings, folder, problems), *_worker_log_lines(logs, said)]),
        "findings": [asdict(finding) for finding in findings],
        "devices": report.get("devices", []),
        "packages": status.packages,
    }


def check_runtime(params: Mapping[str, Any], console: Console) -> dict[str, Any]:
    """Whether the environment of an interpreter (`python`) can be the runtime: every library and model is tried.

    Raises RuntimeFault naming what does not work. Nothing is changed.
    """
    python = Path(str(params["python"]))
    _say(console, "Checking the runtime", 0.0)
    report = ask_worker(python, "diagnose", console)
    failed = [f"{check['name']} ({check['detail']})" for check in report["checks"] if not check["ok"]]
    if failed:
        text = f"These parts of the environment of {python} do not work: {'; '.join(failed)}. Install them there."
        raise RuntimeFault("runtime", text)
    return report


def ask_worker(python: Path, method: str, console: Console, log: WorkerLog | None = None) -> dict[str, Any]:
    """One request to a worker of its own, which is ended afterwards. Raises RuntimeFault and Cancelled."""
    try:
        worker = WorkerClient(python, WORKER_SCRIPT, Patience(), log)
    except OSError as error:
        text = f"The runtime's Python cannot be started: {python} ({error.strerror}). {PRESS_REPAIR}"
        raise RuntimeFault("runtime", text, str(error)) from error
    try:
        request = worker.request(method, {})
        while True:
            console.check()
            for message in worker.poll(busy=True):
                if isinstance(message, Death):
                    raise RuntimeFault(message.error.kind, message.error.message, message.error.details)
                if isinstance(message, Reply) and message.request_id == request:
                    if message.error is not None:
                        error_found = JobError("runtime", str(message.error.get("message")), str(message.error))
                        raise RuntimeFault(error_found.kind, error_found.message, error_found.details)
                    return dict(message.result)
            time.sleep(0.05)
    finally:
        worker.close()


def _say(console: Console, stage: str, fraction: float) -> None:
    console.check()
    console.report(Progress(stage, fraction=fraction))


def _runtime_findings(status: RuntimeStatus) -> list[Finding]:
    where = f"{status.folder}: {status.summary}"
    if status.state in ("ready", "foreign"):
        found = [Finding("ok", "Runtime", where)]
    else:
        found = [Finding("problem", "Runtime", where)]
    for name in status.missing if status.state == "foreign" else ():
        todo = f"Install it into that environment: {name}=={', '.join(sorted(pins()[name]))}."
        found.append(Finding("problem", "Package", f"{name} is missing.", todo))
    for package in status.other_versions if status.state == "foreign" else ():
        found.append(Finding("note", "Package", f"{package} is not the version that HoliRep is tested with"))
    versions = [f"{name} {status.packages[name]}" for name in sorted(pins()) if name in status.packages]
    if versions:
        found.append(Finding("note", "Packages", ", ".join(versions)))
    return found


def _disk_findings(folder: Path, status: RuntimeStatus) -> list[Finding]:
    place = next((path for path in (folder, *folder.parents) if path.exists()), folder)
    free = shutil.disk_usage(place).free / 1e9
    needed = sizes(expected_build("auto")).disk / 1e3
    if status.state in ("absent", "unfinished") and free < needed:
        todo = "Free some space, or choose another folder for the runtime."
        return [Finding("problem", "Disk", f"{free:.1f} GB free, the runtime needs {needed:.1f} GB.", todo)]
    return [Finding("ok" if free > 2.0 else "note", "Disk", f"{free:.1f} GB free where the runtime is")]


def _python_findings(choice: str, status: RuntimeStatus) -> list[Finding]:
    if choice:
        try:
            found: list[FoundPython] = [choose_python(choice, os.environ, Path.home())]
        except RuntimeFault as fault:
            return [Finding("problem", "Python", fault.error.message)]
    else:
        found = find_pythons(os.environ, Path.home(), limit=3)
    if not found:
        level = "note" if status.state in ("ready", "foreign") else "problem"
        return [Finding(level, "Python", "No Python 3.9 to 3.12 was found to build a runtime with.", GET_PYTHON)]
    names = ", ".join(f"{'.'.join(map(str, python.version))} ({python.path})" for python in found)
    return [Finding("ok", "Python", f"to build a runtime with: {names}")]


def _gpu_findings() -> list[Finding]:
    program = shutil.which("nvidia-smi")
    if program is None:
        return [Finding("note", "GPU", "no NVIDIA driver; the CPU does the work")]
    try:
        done = subprocess.run(
            [program, "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=15.0,
            check=False,
            env=clean_environment(os.environ),
            creationflags=NO_WINDOW,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return [Finding("note", "GPU", f"nvidia-smi does not answer: {error}", "Reinstall the NVIDIA driver.")]
    if done.returncode != 0:
        reason = (done.stdout or done.stderr).strip().splitlines()
        return [
            Finding("note", "GPU", f"nvidia-smi: {reason[0] if reason else 'failed'}", "Reinstall the NVIDIA driver.")
        ]
    return [Finding("ok", "GPU", line.strip()) for line in done.stdout.splitlines() if line.strip()]


def _worker_findings(report: Mapping[str, Any]) -> list[Finding]:
    found = [Finding("ok", "Worker", f"starts and answers (Python {report['python']})")]
    for check in report["checks"]:
        if check["ok"]:
            found.append(Finding("ok", "Worker", f"{check['name']}: {check['detail']}"))
        else:
            text = f"{check['name']} does not work: {check['detail']}."
            found.append(Finding("problem", "Worker", text, PRESS_REPAIR))
    for device in report["devices"]:
        if device["usable"]:
            found.append(Finding("ok", "Device", f"{device['id']}: {device['name']}"))
            problem = device.get("tracking_problem")
            if problem is not None:
                text = f"tracking does not work on {device['id']} ({problem}); the CPU does it"
                found.append(Finding("note", "Device", text, "Update the GPU driver, or choose CPU as the device."))
            if device.get("decoding_problem") is not None:
                text = f"the processor decodes movies, not {device['id']}: {device['decoding_problem']}"
                found.append(Finding("note", "Device", text))
            elif "decoding_problem" in device:
                found.append(Finding("ok", "Device", f"{device['id']} decodes movies (H.264)"))
        else:
            todo = "Update the GPU driver, or choose CPU in the preferences."
            found.append(Finding("note", "Device", f"{device['id']} cannot be used: {device['problem']}", todo))
    return found


def _model_findings(folder: Path, status: RuntimeStatus) -> list[Finding]:
    site = next(site_folders(folder), None)
    if site is None or "mediapipe" in status.missing:
        return []
    checked, found = 0, []
    for entry in read_licences():
        path = site / entry.source.split(": ", 1)[-1]
        if not entry.sha256 or ": " not in entry.source:
            continue
        if not path.is_file():
            found.append(Finding("problem", "Model", f"{entry.name} is missing: {path}.", PRESS_REPAIR))
        elif hashlib.sha256(path.read_bytes()).hexdigest() != entry.sha256:
            found.append(Finding("problem", "Model", f"{entry.name} is damaged: {path}.", PRESS_REPAIR))
        else:
            checked += 1
    licences = sorted({entry.licence for entry in read_licences()})
    found.append(Finding("ok", "Models", f"{checked} model files are unchanged; licences: {', '.join(licences)}"))
    return found


def _report_lines(findings: list[Finding], folder: Path, problems: list[Finding]) -> list[str]:
    lines = ["HoliRep Doctor"]
    for finding in findings:
        lines.append(f"{_MARKS[finding.level]}  {finding.topic}: {finding.text}")
        if finding.todo:
            lines.append(f"{'':9}-> {finding.todo}")
    lines.append("" if not problems else f"{len(problems)} problem(s); the first one first.")
    if (folder / LOG).is_file():
        lines.append(f"Log of the installation: {folder / LOG}")
    return [line for line in lines if line]


def _worker_log_lines(folder: Path | None, said: list[str]) -> list[str]:
    """What the worker said before Doctor started one itself."""
    if folder is None or not said:
        return []
    return [f"Last lines of the worker's log, {folder / NAME}:", *(f"    {line}" for line in said)]
