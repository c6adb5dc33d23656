# SPDX-License-Identifier: GPL-3.0-or-later
"""What a farm's node needs beside a working HoliRep: folders it may write in, space, memory, a clock that is right."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .doctor import Finding, doctor
from .local_tasks import Console

NEEDED_TEMP_GB = 1.0
"""A worker's own files while it tracks a plate, and a .blend with its backup."""
GOOD_TEMP_GB = 5.0
NEEDED_MEMORY_GB = 3.0
"""Replicating with Fusion takes 1.1 GB in Blender and worker together, and up to 1 GB more with a 4K plate."""
NOTED_SKEW_SECONDS = 2.0
WRONG_SKEW_SECONDS = 60.0
"""A lock on a shot counts as left behind once it was silent for longer; clocks further apart would break locks that
are alive."""
PROBE_BYTES = 4 << 20
WEIGHTS = Path(__file__).resolve().parents[1] / "inference" / "fusion" / "trained"
DISK_TOPICS = frozenset({"Output folder", "Temporary folder", "Clock"})
"""Topics whose problems are those of the machine's folders and not of the installation."""


def farm_doctor(params: Mapping[str, Any], console: Console) -> dict[str, Any]:
    """Doctor for a node of a farm.

    `params`: those of `doctor`, and `blender_version` and `blender_needed` (three numbers each), `outputs` (folders
    that must be writable), `render_devices` (names by backend).
    The result is Doctor's, with `problem_topic`, the first problem's topic, empty where there is none.
    """
    found = doctor(params, console)
    more = [
        _blender_finding(tuple(params["blender_version"]), tuple(params["blender_needed"])),
        *_render_findings(params.get("render_devices") or {}),
        _weights_finding(WEIGHTS),
        *_temp_findings(Path(tempfile.gettempdir())),
        _memory_finding(_memory_gb()),
        *_environment_findings(os.environ),
    ]
    for folder in params.get("outputs") or ():
        more += output_findings(Path(str(folder)))
    findings = [Finding(**each) for each in found["findings"]] + more
    problems = [finding for finding in findings if finding.level == "problem"]
    text = "\n".join([str(found["text"]), "Farm node", *(_line(finding) for finding in more)])
    summary = "This node is ready." if not problems else f"{problems[0].text} {problems[0].todo}".strip()
    return {
        **found,
        "ok": not problems,
        "summary": summary,
        "text": f"{text}\n{summary if not problems else f'{len(problems)} problem(s): this node is not ready.'}",
        "findings": [asdict(finding) for finding in findings],
        "problem_topic": problems[0].topic if problems else "",
    }


def output_findings(folder: Path) -> list[Finding]:
    """Whether results can be put into a folder the way that a batch does it, and whether its clock is this machine's.

    A file is created where none may be (as locks are), written, read back, renamed over another one, and removed.
    """
    topic = "Output folder"
    if not folder.is_dir():
        todo = "Mount it on this node at the same place, or map the path."
        return [Finding("problem", topic, f"{folder} is not there.", todo)]
    first = folder / f".holirep-doctor-{uuid.uuid4().hex}"
    second = first.with_suffix(".older")
    before = time.time()
    try:
        try:
            data = os.urandom(PROBE_BYTES)
            handle = os.open(first, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            second.write_bytes(b"older")
            written = first.stat().st_mtime
            os.replace(first, second)
            if second.read_bytes() != data:
                return [Finding("problem", topic, f"{folder} gives back other bytes than were written.",
                                "Look at the disk, or at how the share is mounted.")]  # fmt: skip
        finally:
            for path in (first, second):
                if path.exists():
                    path.unlink()
    except OSError as error:
        why = "no permission to write" if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS) else error.strerror
        todo = "Give the farm's user the right to create, rename and delete files there."
        return [Finding("problem", topic, f"{folder}: {why or error}.", todo)]
    seconds = max(time.time() - before, 1e-6)
    free = shutil.disk_usage(folder).free / 1e9
    rate = f"{PROBE_BYTES / 1e6 / seconds:.0f} MB/s written and read back"
    good = Finding("ok" if free > 2.0 else "note", topic, f"{folder}: writable, {free:.1f} GB free, {rate}")
    return [good, clock_finding(folder, written - before, seconds)]


def clock_finding(folder: Path, skew: float, tolerance: float) -> Finding:
    """The machine's clock against that of the folder's file server; ``tolerance`` is what writing took, seconds."""
    late = max(abs(skew) - tolerance, 0.0)
    way = "ahead of" if skew < 0 else "behind"
    text = f"this node's clock is {late:.1f} s {way} that of {folder}"
    todo = "Let the node and the file server follow the same time server (NTP)."
    if late > WRONG_SKEW_SECONDS:
        return Finding("problem", "Clock", f"{text}.", todo)
    if late > NOTED_SKEW_SECONDS:
        return Finding("note", "Clock", text, todo)
    return Finding("ok", "Clock", f"as that of {folder}; it is {time.strftime('%Y-%m-%d %H:%M:%S %Z')}")


def _blender_finding(version: Sequence[int], needed: Sequence[int]) -> Finding:
    text = ".".join(map(str, version))
    if tuple(version) < tuple(needed):
        least = ".".join(map(str, needed))
        return Finding("problem", "Blender", f"Blender {text} is too old.", f"Install {least} or newer on the node.")
    return Finding("ok", "Blender", f"{text}, Python {'.'.join(map(str, sys.version_info[:3]))}")


def _render_findings(devices: Mapping[str, Sequence[str]]) -> list[Finding]:
    named = [Finding("ok", "Cycles", f"{kind}: {', '.join(names)}") for kind, names in devices.items() if names]
    return named or [Finding("note", "Cycles", "no graphics card: shadows and previews are rendered by the processor")]


def _weights_finding(folder: Path) -> Finding:
    topic, todo = "Weights", "Install HoliRep again on this node."
    try:
        table = json.loads((folder / "weights.json").read_text(encoding="utf-8"))
        for name, digest in table.items():
            if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
                return Finding("problem", topic, f"{folder / name} is damaged.", todo)
    except (OSError, ValueError) as error:
        return Finding("problem", topic, f"The weights of the method Fusion cannot be read: {error}.", todo)
    return Finding("ok", topic, f"{', '.join(table)}: as published")


def _temp_findings(folder: Path) -> list[Finding]:
    topic, todo = "Temporary folder", "Free some, or point TMPDIR (Windows: TEMP) to another disk."
    try:
        with tempfile.TemporaryFile(dir=folder) as stream:
            stream.write(b"\0" * 4096)
        free = shutil.disk_usage(folder).free / 1e9
    except OSError as error:
        return [Finding("problem", topic, f"{folder} cannot be written: {error.strerror or error}.", todo)]
    text = f"{folder}: {free:.1f} GB free"
    if free < NEEDED_TEMP_GB:
        return [Finding("problem", topic, f"{text}, {NEEDED_TEMP_GB:g} GB are needed.", todo)]
    return [Finding("ok" if free >= GOOD_TEMP_GB else "note", topic, text)]


def _memory_gb() -> float | None:
    """The machine's memory; None where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    except (AttributeError, OSError, ValueError):
        return None


def _memory_finding(gigabytes: float | None) -> Finding:
    if gigabytes is None:
        return Finding("note", "Memory", f"the system does not tell; {NEEDED_MEMORY_GB:g} GB a job are needed")
    jobs = int(gigabytes // NEEDED_MEMORY_GB)
    if jobs < 1:
        text = f"{gigabytes:.1f} GB of memory; a job needs {NEEDED_MEMORY_GB:g} GB."
        return Finding("problem", "Memory", text, "Give the work to a larger machine.")
    return Finding("ok", "Memory", f"{gigabytes:.1f} GB: enough for {jobs} job{'s' if jobs > 1 else ''} at a time")


def _environment_findings(environ: Mapping[str, str]) -> list[Finding]:
    names = ("HOLIREP_RUNTIME", "HOLIREP_PATH_MAPPING", "HOLIREP_DASK_PYTHON", "CUDA_VISIBLE_DEVICES")
    return [Finding("note", "Environment", f"{name}={environ[name]}") for name in names if environ.get(name)]


def _line(finding: Finding) -> str:
    mark = {"ok": "ok     ", "note": "note   ", "problem": "PROBLEM"}[finding.level]
    text = f"{mark}  {finding.topic}: {finding.text}"
    return f"{text}\n{'':9}-> {finding.todo}" if finding.todo else text
