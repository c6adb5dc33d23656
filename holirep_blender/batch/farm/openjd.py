# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan as an Open Job Description template, version 2023-09, and as a job bundle of AWS Deadline Cloud.

One step for each kind of stage, one task for each stage of it. Every task runs one stage by the same command that a
person would type; whatever is done already is skipped by that command, so that a job can be submitted again.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..events import counted
from ..plan import Plan, Stage
from ..whole_files import write_whole
from .steps import Step, steps
from .submission import Submission
from .yaml_text import yaml_text

SPECIFICATION = "jobtemplate-2023-09"
MOST_TASKS = 1024
"""Values that a task parameter may have, by the specification; a step with more stages is cut."""
LONGEST_NAME = 64
GRACE_SECONDS = 30
"""Between being asked to end and being ended: a stage removes what it has not finished."""
MEMORY_MIB = 4096
PROGRESS_VARIABLE = "HOLIREP_PROGRESS"
"""With it a stage tells its progress and its failure in the lines that Open Job Description reads."""
_UI = "userInterface"


def job_template(job: Submission, folder: Path) -> dict[str, Any]:
    """The template of a plan. Paths below ``folder``, where it is going to be, become the parameters' defaults."""
    plan = job.plan
    size = f"{counted(len(plan.shots), 'shot')} in {counted(len(plan.stages), 'stage')}"
    template: dict[str, Any] = {
        "specificationVersion": SPECIFICATION,
        "name": _plain(f"HoliRep {plan.name}")[:128],
        "description": f"{size}, by HoliRep's batch.",
        "parameterDefinitions": _parameters(job, folder.absolute()),
    }
    variables = {PROGRESS_VARIABLE: "openjd", **job.environment}
    template["jobEnvironments"] = [{"name": "HoliRep", "variables": dict(sorted(variables.items()))}]
    template["steps"] = _steps(job)
    return template


def write_openjd(job: Submission, target: Path) -> list[Path]:
    """Writes a template to a file (.yaml, .yml or .json), or a job bundle to a folder; returns what was written.

    Raises OSError, and ValueError where the file's name says no format.
    """
    if target.suffix in (".yaml", ".yml"):
        files = {target: yaml_text(job_template(job, target.parent))}
    elif target.suffix == ".json":
        files = {target: json.dumps(job_template(job, target.parent), indent=2, ensure_ascii=False) + "\n"}
    elif target.suffix and not target.is_dir():
        raise ValueError(f"{target.name}: name a file that ends in .yaml or .json, or a folder for a job bundle.")
    else:
        files = {
            target / "template.yaml": yaml_text(job_template(job, target)),
            target / "parameter_values.yaml": yaml_text(parameter_values(job)),
            target / "asset_references.yaml": yaml_text(asset_references(job.plan)),
        }
    for path, text in files.items():
        write_whole(path, text)
    return list(files)


def parameter_values(job: Submission) -> dict[str, Any]:
    """Values of the template's paths, as a job bundle has them."""
    values = {"ShotList": job.list_path, "OutputFolder": job.plan.output}
    return {"parameterValues": [{"name": name, "value": str(path)} for name, path in values.items()]}


def asset_references(plan: Plan) -> dict[str, Any]:
    """What job attachments carry to the nodes beside the list: every file that the plan reads and does not make."""
    files: dict[str, None] = {}
    folders: dict[str, None] = {}
    for stage in plan.stages:
        for item in stage.inputs:
            if item.made_by:
                continue
            path = plan.path_of(item)
            if path.is_dir():
                folders[os.path.normpath(path)] = None
            else:
                files.update(dict.fromkeys(os.path.normpath(one) for one in _sequence(path)))
    inputs = {"filenames": sorted(files), "directories": sorted(folders)}
    return {"assetReferences": {"inputs": inputs, "outputs": {"directories": []}, "referencedPaths": []}}


def _sequence(path: Path) -> list[Path]:
    """The files that a pattern such as ``shot.####.png`` or ``shot_%04d.png`` stands for, else the path itself."""
    pattern, count = re.subn(r"#+|%0?\d*d", "\0", path.name)
    if path.exists() or not count:
        return [path]
    name = re.compile(re.escape(pattern).replace(re.escape("\0"), r"\d+"))
    found = sorted(one for one in path.parent.iterdir() if name.fullmatch(one.name)) if path.parent.is_dir() else []
    return found or [path]


def _parameters(job: Submission, folder: Path) -> list[dict[str, Any]]:
    in_folder = job.list_path.is_dir()
    shot_list = {
        "name": "ShotList",
        "type": "PATH",
        "objectType": "DIRECTORY" if in_folder else "FILE",
        "dataFlow": "IN",
        "description": "The shot list; what it names lies relative to it.",
        _UI: {"control": "CHOOSE_DIRECTORY" if in_folder else "CHOOSE_INPUT_FILE", "label": "Shot list"},
    }
    output = {
        "name": "OutputFolder",
        "type": "PATH",
        "objectType": "DIRECTORY",
        "dataFlow": "INOUT" if job.plan.state.is_dir() else "OUT",
        "description": "Results go here, and notes of what is done: with them a job goes on where another one was.",
        _UI: {"control": "CHOOSE_DIRECTORY", "label": "Output folder"},
    }
    for definition, path in ((shot_list, job.list_path), (output, job.plan.output)):
        if path.is_relative_to(folder):
            definition["default"] = path.relative_to(folder).as_posix()
    blender = {
        "name": "Blender",
        "type": "STRING",
        "default": job.words[0],
        "description": "Blender on the node: a name that is found there, or a path.",
        _UI: {"control": "LINE_EDIT", "label": "Blender"},
    }
    return [shot_list, output, blender]


def _steps(job: Submission) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    parts: dict[str, list[str]] = {}
    for step in steps(job.plan):
        cuts = [step.stages[start : start + MOST_TASKS] for start in range(0, len(step.stages), MOST_TASKS)]
        names = [_plain(step.name if index == 0 else f"{step.name} part {index + 1}") for index in range(len(cuts))]
        parts[step.name] = names
        needs = [name for need in step.needs for name in parts[need]]
        made += [_step(name, step, cut, needs, job) for name, cut in zip(names, cuts)]
    return [*made, _summary([str(step["name"]) for step in made], job)]


def _step(name: str, step: Step, stages: Sequence[Stage], needs: list[str], job: Submission) -> dict[str, Any]:
    definitions = [{"name": "Shot", "type": "STRING", "range": [stage.shot for stage in stages]}]
    space: dict[str, Any] = {"taskParameterDefinitions": definitions}
    stage_word = step.kind
    if any(stage.name != step.kind for stage in stages):
        definitions.append({"name": "Stage", "type": "STRING", "range": [stage.name for stage in stages]})
        space["combination"] = "(Shot, Stage)"
        stage_word = "{{Task.Param.Stage}}"
    found: dict[str, Any] = {"name": name}
    if needs:
        found["dependencies"] = [{"dependsOn": need} for need in needs]
    amounts = [{"name": "amount.worker.vcpu", "min": 1}, {"name": "amount.worker.memory", "min": MEMORY_MIB}]
    if step.uses_gpu and any(word.startswith("cuda") for word in (*job.options, *_words_of(stages))):
        amounts.append({"name": "amount.worker.gpu", "min": 1})
    found["hostRequirements"] = {"amounts": amounts}
    found["parameterSpace"] = space
    later = ["--gates-later"] if any(stage.kind == "quality" for stage in job.plan.stages) else []
    args = ["--shot", "{{Task.Param.Shot}}", "--stage", stage_word, *later, *job.options]
    found["script"] = {"actions": {"onRun": _action(job, args, step.timeout)}}
    return found


def _words_of(stages: Sequence[Stage]) -> Iterator[str]:
    for stage in stages:
        yield from stage.words


def _summary(needs: list[str], job: Submission) -> dict[str, Any]:
    """The last step: writes the summary, and fails where anything is not done."""
    dependencies = [{"dependsOn": need} for need in needs]
    actions = {"onRun": _action(job, ["--summary-only"], None)}
    return {"name": "summary", "dependencies": dependencies, "script": {"actions": actions}}


def _action(job: Submission, args: list[str], timeout: int | None) -> dict[str, Any]:
    begin = [*job.words[1:], "batch", "{{Param.ShotList}}"]
    places = ["--output", "{{Param.OutputFolder}}", "--path-mapping", "{{Session.PathMappingRulesFile}}"]
    action: dict[str, Any] = {"command": "{{Param.Blender}}", "args": [*begin, *args, *places]}
    if timeout is not None:
        action["timeout"] = timeout
    action["cancelation"] = {"mode": "NOTIFY_THEN_TERMINATE", "notifyPeriodInSeconds": GRACE_SECONDS}
    return action


def _plain(text: str) -> str:
    """A name as the specification allows it: without braces of its expressions and control characters."""
    return re.sub(r"[{}\x00-\x1f\x7f]", "_", text)
