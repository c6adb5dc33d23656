# SPDX-License-Identifier: GPL-3.0-or-later
"""The verb batch: a shot list is read, checked as a whole, and its stages are run in Blenders of their own."""

from __future__ import annotations

import json
import os
import signal
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import bpy

from .. import preferences
from ..batch.checking import BlendFacts, check_files, check_standings
from ..batch.child import read_job
from ..batch.digests import Digests
from ..batch.events import Event, Listener, Log, Table, counted, open_events
from ..batch.farm.dask_submit import DaskError
from ..batch.launching import blender_words
from ..batch.locks import Busy, batch_lock
from ..batch.parent_watch import end_with_parent
from ..batch.path_mapping import PathMapping, PathMappingError
from ..batch.plan import Plan
from ..batch.planning import make_plan
from ..batch.plate_checking import check_plates
from ..batch.problems import ListErrors, Problem
from ..batch.reading import read_list
from ..batch.records import read_record, write_record
from ..batch.runner import Outcome, Policy, Runner
from ..batch.schema import json_schema
from ..batch.shot_list import ShotList
from ..batch.standing import Standing, standings
from ..batch.summary import summary, write_summary
from ..batch.workplace import sweep
from ..runtime.faults import RuntimeFault
from ..scene.blend_header import blend_version
from ..scene.bringing_in import BringInError, contents
from . import farm
from .batch_plates import look_into
from .batch_stage import Travelling, run_stage
from .errors import CANCELLED, DISK, GATE, LOCKED, OK, RUNTIME, SEVERAL, USAGE, CommandError

ROUNDS = 3
"""How often in a row it is gone on where files disappear while the batch runs."""


def batch(options: Namespace) -> tuple[dict[str, Any], str]:
    """Runs a list, one stage of it, or shows the plan."""
    with _ended_by_sigterm():
        if options.job is not None:
            return _job(options)
        if options.schema:
            return json_schema(), json.dumps(json_schema(), indent=2)
        if options.list is None:
            raise CommandError(USAGE, "name a shot list: batch shots.toml")
        try:
            shot_list, plan = _planned(options)
            if options.stage is not None:
                return _one(options, plan)
            return _all(options, shot_list, plan)
        except ListErrors as error:
            text = "\n".join(problem.text(error.name) for problem in error.problems)
            findings = {"problems": [problem.to_json() for problem in error.problems]}
            raise CommandError(USAGE, str(error), findings=findings, text=text) from error
        except OSError as error:
            raise CommandError(DISK, f"{error.filename or options.list}: {error.strerror or error}") from error


def _planned(options: Namespace) -> tuple[ShotList, Plan]:
    try:
        mapping = PathMapping.chosen(options.path_mapping, os.environ)
    except PathMappingError as error:
        raise CommandError(USAGE, str(error)) from error
    problems: list[Problem] = []
    shot_list = read_list(options.list, options.output, mapping.map, problems)
    weights = preferences.settings().weights_file
    for shot in shot_list.shots:
        if weights and shot.values.get("method") == "fusion":
            shot.values["replicate"].setdefault("weights", weights)
    plan = make_plan(shot_list, None if problems else options.shot, problems)
    if problems:
        raise ListErrors(shot_list.path.name, problems + _wrong_files(options, shot_list, plan))
    return shot_list, plan


def _job(options: Namespace) -> tuple[dict[str, Any], str]:
    """What a batch has started this Blender for."""
    end_with_parent()
    try:
        plan, stage, travelling = read_job(options.job)
    except (OSError, ValueError, KeyError) as error:
        raise CommandError(DISK, f"{options.job} is no job of a batch: {error}") from error
    return run_stage(plan, stage, Travelling(**travelling))


def _one(options: Namespace, plan: Plan) -> tuple[dict[str, Any], str]:
    """One stage in this Blender, as a farm wants it."""
    if not options.shot or len(options.shot) != 1:
        raise CommandError(USAGE, "--stage needs one --shot")
    names = [stage.name for stage in plan.stages if stage.shot == options.shot[0]]
    if options.stage not in names:
        raise CommandError(USAGE, f"{options.shot[0]} has no stage {options.stage!r}; it has {', '.join(names)}")
    stage = plan.stage(f"{options.shot[0]}/{options.stage}")
    try:
        return run_stage(plan, stage, _travelling(options))
    except CommandError as error:
        if error.code == GATE and options.gates_later:
            return error.findings, str(error)
        raise


def _all(options: Namespace, shot_list: ShotList, plan: Plan) -> tuple[dict[str, Any], str]:
    if options.redo:
        _forget(plan, options.redo)
    digests = Digests(plan.state / "digests.json")
    found = _checked(options, shot_list, plan, digests)
    if options.dry_run:
        return _shown(plan, found)
    if options.summary_only:
        return _summarised(plan, found, None, _code_of_all(found))
    if options.emit is not None:
        return farm.emit(options, plan)
    if options.scheduler is None:
        _check_runtime(plan, found)  # with a scheduler it is the workers that need one
    policy = Policy(
        jobs=options.jobs,
        gpus=options.gpus or (),
        retries=options.retries,
        timeout=options.timeout,
        stop_on_error=options.stop_on_error,
    )
    package = preferences.__package__ or ""
    words = blender_words(bpy.app.binary_path or sys.executable, package if bpy.app.binary_path else "")
    try:
        with batch_lock(plan), ExitStack() as stack:
            sweep(plan)
            found = standings(plan, digests)  # another batch may have ended meanwhile
            listeners = _listeners(options, plan, stack)
            travelling, tell = _travelling(options).to_json(), _to_all(listeners)
            for _round in range(ROUNDS):
                if options.scheduler is None:
                    runner = Runner(plan, found, words, policy, travelling, tell)
                else:
                    runner = farm.dask_runner(options, plan, found, policy, tell)
                outcome = runner.run()
                if outcome.seconds:  # something was run
                    found = standings(plan)
                if outcome.cancelled or outcome.codes or all(each.done for each in found.values()):
                    break  # else a file was taken away, or an input changed, after its stage had ended
            sweep(plan)
    except Busy as error:
        raise CommandError(LOCKED, str(error)) from error
    except DaskError as error:
        raise CommandError(error.code, str(error)) from error
    codes = outcome.codes - ({GATE} if options.gates_later else set())
    code = CANCELLED if outcome.cancelled else _code(codes)
    if not outcome.codes and code == OK and not all(each.done for each in found.values()):
        code = DISK
    return _summarised(plan, found, outcome, code)


def _checked(options: Namespace, shot_list: ShotList, plan: Plan, digests: Digests) -> dict[str, Standing]:
    """How each stage stands; raises ListErrors with all that is wrong with the files."""
    problems = _wrong_files(options, shot_list, plan)
    found: dict[str, Standing] = {}
    if not problems:
        found = standings(plan, digests)
        if not options.overwrite:
            problems = check_standings(shot_list, plan, found)
    if problems:
        raise ListErrors(shot_list.path.name, problems)
    return found


def _wrong_files(options: Namespace, shot_list: ShotList, plan: Plan) -> list[Problem]:
    problems = check_files(shot_list, plan, _look)
    if not options.summary_only:  # nothing is started then, and the stages have said it themselves
        problems += check_plates(shot_list, plan, look_into)
    problems += _wrong_gates(shot_list, plan)
    wanted = {stage.shot for stage in plan.stages if stage.recipe.get("format") == "usd"}
    if wanted and options.emit is None and options.scheduler is None:
        from ..scene.exporters import NO_USD, has_usd  # the exporters take as long to load as all else of a command

        places = {shot.name: shot for shot in shot_list.shots}
        problems += [places[name].at("export").problem(NO_USD) for name in wanted if not has_usd()]
    return problems


def _wrong_gates(shot_list: ShotList, plan: Plan) -> list[Problem]:
    places = {shot.name: shot for shot in shot_list.shots}
    problems = []
    for stage in plan.stages:
        for item in (one for one in stage.inputs if one.role == "gates" and plan.path_of(one).is_file()):
            from ..scene.quality_report import gates_of_show

            try:
                gates_of_show(plan.path_of(item))
            except ValueError as error:
                problems.append(places[stage.shot].at("quality.gates").problem(str(error)))
    return problems


def _look(path: Path) -> BlendFacts:
    """A .blend file as this Blender sees it."""
    try:
        version = blend_version(path)
        if version is not None and version > tuple(bpy.app.version[:2]):
            mine = ".".join(str(part) for part in bpy.app.version[:2])
            text = f"{path} was saved by Blender {version[0]}.{version[1]}, which is newer than this one ({mine})"
            return BlendFacts(f"{text}: use that Blender, or save the file with this one")
        return BlendFacts(objects=frozenset(contents(path).objects))
    except (BringInError, OSError) as error:
        return BlendFacts(str(error))


def _check_runtime(plan: Plan, found: Mapping[str, Standing]) -> None:
    """Says at once what each stage would say later."""
    if any(stage.kind == "replicate" and not found[stage.id].done for stage in plan.stages):
        try:
            preferences.runtime_python()
        except RuntimeFault as fault:
            raise CommandError(RUNTIME, str(fault)) from fault


def _travelling(options: Namespace) -> Travelling:
    settings = preferences.settings()
    files = bpy.context.preferences.filepaths
    device = options.device or ("" if settings.device == "auto" else settings.device)
    runtime = preferences.runtime_location()
    return Travelling(
        device=device,
        run_scripts=bool(files.use_scripts_auto_execute),
        overwrite=options.overwrite,
        runtime=str(runtime.python) if runtime.source == "preference" else "",
    )


def _forget(plan: Plan, kinds: tuple[str, ...]) -> None:
    """Stages of these kinds, and all that is made of theirs, are to be done again."""
    known = {stage.kind for stage in plan.stages}
    wrong = [kind for kind in kinds if kind not in known | {"all"}]
    if wrong:
        raise CommandError(USAGE, f"nothing in this list is {wrong[0]}; it has {', '.join(sorted(known))}")
    again: set[str] = set()
    for stage in plan.stages:
        if "all" in kinds or stage.kind in kinds or again & set(stage.needs):
            again.add(stage.id)
            record = read_record(plan, stage)
            if record is not None:
                write_record(plan, stage, replace(record, key=""))


def _listeners(options: Namespace, plan: Plan, stack: ExitStack) -> list[Listener]:
    plan.state.mkdir(parents=True, exist_ok=True)
    log = stack.enter_context((plan.state / "batch.log").open("a", encoding="utf-8"))
    always, stream = open_events(str(plan.state / "events.jsonl"))
    listeners: list[Listener] = [Log(log), always]
    asked = None
    if options.events:
        lines, asked = open_events(options.events)
        listeners.append(lines)
    for each in (stream, asked):
        if each is not None:
            stack.enter_context(each)
    if not options.quiet:
        listeners.append(Table())
    return listeners


def _to_all(listeners: list[Listener]) -> Listener:
    def tell(happened: Event) -> None:
        for listener in listeners:
            listener(happened)

    return tell


def _shown(plan: Plan, found: Mapping[str, Standing]) -> tuple[dict[str, Any], str]:
    """The plan for people and pipelines."""
    rows = []
    lines = []
    for shot in plan.shots:
        lines.append(shot)
        for stage in (one for one in plan.stages if one.shot == shot):
            standing = found[stage.id]
            why = "done" if standing.done else f"{'' if standing.finished else 'to do: '}{standing.message}"
            outputs = [output.path for output in stage.results]
            lines.append(f"  {stage.name:<26} {why:<44} → {', '.join(outputs)}")
            rows.append({"id": stage.id, "state": standing.state, "needs": list(stage.needs), "outputs": outputs})
    count = sum(not found[stage.id].finished for stage in plan.stages)
    stages, shots = counted(len(plan.stages), "stage"), counted(len(plan.shots), "shot")
    lines.append(f"{count} of {stages} to do in {shots}, into {plan.output}")
    return {"plan": rows, "to_do": count, "output": str(plan.output)}, "\n".join(lines)


def _summarised(
    plan: Plan, found: Mapping[str, Standing], outcome: Outcome | None, code: int
) -> tuple[dict[str, Any], str]:
    facts = summary(plan, found, outcome, code)
    write_summary(plan, facts)
    page = plan.output / "summary.html"
    text = f"{facts['done']} of {counted(facts['stages'], 'stage')} done; {page}"
    result = {key: facts[key] for key in ("stages", "done", "failed", "run_now")} | {"summary": str(page)}
    if code != OK:
        shots = [shot["name"] for shot in facts["shots"] if shot["state"] == "failed"]
        what = "cancelled" if code == CANCELLED else _count(shots)
        advice = "Their reports say why" if code == GATE else "Run the same command again to go on"
        raise CommandError(code, f"{what}; {text}. {advice}", findings=result)
    return result, text


def _count(shots: list[str]) -> str:
    return f"{counted(len(shots), 'shot')} failed: {', '.join(shots[:10])}{' …' if len(shots) > 10 else ''}"


def _code(codes: set[int]) -> int:
    """The exit code of what failed; one of its own where that is of several kinds."""
    return OK if not codes else SEVERAL if len(codes) > 1 else next(iter(codes))


def _code_of_all(found: Mapping[str, Standing]) -> int:
    """The exit code of a plan as it stands: of what failed, else of what is still to be done."""
    if all(each.done for each in found.values()):
        return OK
    return _code({each.code for each in found.values()} - {OK}) or USAGE


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """A batch that is asked to end leaves no process and no temporary file, as after Ctrl-C."""
    previous = signal.signal(signal.SIGTERM, _interrupted)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL if previous is None else previous)


def _interrupted(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
