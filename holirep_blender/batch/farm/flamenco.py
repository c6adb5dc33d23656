# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan for Flamenco, Blender Studio's render manager: its job type script, and a job to be submitted without Blender.

The Manager compiles a job in a sandbox that reads no files. So the plan travels in the job's settings: in Blender
Flamenco's add-on asks for it (``stages_of``) when a job is submitted, and here it is written into the job.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..launching import NODE_WORDS
from ..plan import Plan
from ..whole_files import write_whole
from .submission import Submission

SCRIPT = Path(__file__).parent / "holirep_batch.js"
JOB_TYPE = "holirep-batch"
"""Flamenco's name of the job type, made from the script's file name."""
_LINE = f"const COMMAND = {json.dumps(list(NODE_WORDS))};"
_PLATFORMS = {"win32": "windows", "darwin": "darwin"}


def stages_text(plan: Plan) -> str:
    """The plan as the job type reads it: a row for each stage, which has the ids of those that it needs at its end."""
    rows = [[one.shot, one.name, one.kind, int(one.uses_gpu), *one.needs] for one in plan.stages]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def stages_of(shot_list: str, output: str = "") -> str:
    """The plan of a shot list, for Flamenco's add-on. Raises ListErrors, which name all that is wrong with the list."""
    from ..planning import make_plan
    from ..reading import read_list

    return stages_text(make_plan(read_list(Path(shot_list), Path(output) if output else None)))


def script_text(words: Sequence[str]) -> str:
    """The job type script, with the words that stand between Blender and ``batch`` on a worker."""
    text = SCRIPT.read_text(encoding="utf-8")
    if text.count(_LINE) != 1:
        raise AssertionError(f"{SCRIPT.name} does not have the line {_LINE!r}")
    return text.replace(_LINE, f"const COMMAND = {json.dumps(list(words))};")


def job_json(job: Submission) -> dict[str, Any]:
    """A job for Flamenco's interface: ``POST /api/v3/jobs``."""
    settings: dict[str, Any] = {
        "shot_list": str(job.list_path),
        "output_folder": str(job.plan.output),
        "task_for": "stage",
        "chunk_size": 1,
        "jobs": 1,
        "kinds": "",
        "task_type": "blender",
        "gpu_task_type": "blender",
        "options": shlex.join(job.options),
        "stages": stages_text(job.plan),
    }
    return {
        "name": f"HoliRep {job.plan.name}",
        "type": JOB_TYPE,
        "priority": 50,
        "submitter_platform": _PLATFORMS.get(sys.platform, "linux"),
        "settings": settings,
        "metadata": {"holirep.shots": str(len(job.plan.shots)), "holirep.stages": str(len(job.plan.stages))},
    }


def write_flamenco(job: Submission, target: Path) -> list[Path]:
    """Writes the script to a file (.js), or script and job to a folder; returns what was written.

    Raises OSError, and ValueError where the file's name says no format.
    """
    script = script_text(job.words[1:])
    if target.suffix == ".js":
        files = {target: script}
    elif target.suffix and not target.is_dir():
        raise ValueError(f"{target.name}: name a file that ends in .js, or a folder for the script and a job.")
    else:
        text = json.dumps(job_json(job), indent=2, ensure_ascii=False) + "\n"
        files = {target / SCRIPT.name: script, target / f"{job.plan.name}.flamenco.json": text}
    for path, content in files.items():
        write_whole(path, content)
    return list(files)
