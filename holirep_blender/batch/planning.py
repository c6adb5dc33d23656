# SPDX-License-Identifier: GPL-3.0-or-later
"""From a shot list to the stages: what each shot's ``do`` means, in which order, and what a stage needs of others."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Optional

from .plan import PICTURE, STATE, Plan, Stage
from .problems import ListErrors, Problem
from .shot_list import Shot, ShotList
from .stages import BUILDERS, Building


def make_plan(
    shot_list: ShotList, shots: Optional[Iterable[str]] = None, found: Optional[list[Problem]] = None
) -> Plan:
    """The plan of a list, of all shots or of those that are named.

    Raises ListErrors with everything that is wrong: names and files that two stages would write, names that lead out of
    the output folder, stages that lack what they need, and stages that wait for each other. With ``found`` the problems
    are put there instead, and the plan holds what can be planned.
    """
    problems: list[Problem] = [] if found is None else found
    _check_names(shot_list, problems)
    stages: list[Stage] = []
    for shot in shot_list.shots:
        stages += _stages_of(shot, problems)
    stages = _linked(shot_list, stages, problems)
    _check_outputs(shot_list, stages, problems)
    _check_textures(shot_list, stages, problems)
    ordered = _ordered(shot_list, stages, problems)
    if problems and found is None:
        raise ListErrors(shot_list.path.name, problems)
    plan = Plan(shot_list.name, shot_list.root, shot_list.output, tuple(ordered))
    return plan if shots is None else only(plan, shot_list, shots)


def only(plan: Plan, shot_list: ShotList, shots: Iterable[str]) -> Plan:
    """The plan with some shots, and the stages of others that these need. Raises ListErrors for a name not in it."""
    wanted = set(shots)
    missing = wanted - set(plan.shots)
    if missing:
        known = ", ".join(plan.shots[:20])
        texts = [Problem(0, "", f"there is no shot {name!r}; the list has {known}") for name in sorted(missing)]
        raise ListErrors(shot_list.path.name, texts)
    kept: set[str] = set()
    for stage in reversed(plan.stages):
        if stage.shot in wanted or stage.id in kept:
            kept |= {stage.id, *stage.needs}
    return replace(plan, stages=tuple(stage for stage in plan.stages if stage.id in kept))


def _check_names(shot_list: ShotList, problems: list[Problem]) -> None:
    seen: dict[str, Shot] = {}
    for shot in shot_list.shots:
        first = seen.setdefault(shot.name.lower(), shot)
        if first is not shot:
            text = f"two shots have the name {shot.name!r}; the first is in line {first.place.line}"
            problems.append(shot.at("name").problem(text))


def _stages_of(shot: Shot, problems: list[Problem]) -> list[Stage]:
    building = Building(shot, problems)
    for kind in shot.values["do"]:
        BUILDERS[kind](building)
    return building.stages


def _linked(shot_list: ShotList, stages: list[Stage], problems: list[Problem]) -> list[Stage]:
    """Files of the list that another stage leaves become that stage's outputs, and this one waits for it."""
    makers = {_normal(shot_list.output / output.path): stage.id for stage in stages for output in stage.outputs}
    beginning = os.path.normpath(shot_list.output) + os.sep
    linked = []
    for stage in stages:
        inputs, needs = [], list(stage.needs)
        for item in stage.inputs:
            place = os.path.normpath(shot_list.root / item.path)
            maker = makers.get(_normal(place)) if not item.made_by and place.startswith(beginning) else None
            if maker is not None:
                item = replace(item, path=Path(place[len(beginning) :]).as_posix(), made_by=maker)
                needs.append(maker)
            inputs.append(item)
        linked.append(replace(stage, inputs=tuple(inputs), needs=tuple(dict.fromkeys(needs))))
    return linked


def _check_outputs(shot_list: ShotList, stages: list[Stage], problems: list[Problem]) -> None:
    makers: dict[str, Stage] = {}
    read = {_normal(shot_list.root / item.path): stage for stage in stages for item in stage.inputs if not item.made_by}
    places = {shot.name: shot for shot in shot_list.shots}
    used = {(stage.shot, output.role) for stage in stages for output in stage.outputs}
    for shot in shot_list.shots:
        for role, pattern in shot.values["outputs"].items():
            path = pattern.replace("{shot}", shot.name)
            if f"outputs.{role}" not in shot.places or (shot.name, role) in used:
                continue
            if not _is_inside(shot_list.output, path):  # of a stage that is not done, or that lacks what it needs
                problems.append(shot.at(f"outputs.{role}").problem(_outside_text(shot_list, path)))
    for stage in stages:
        shot = places[stage.shot]
        for output in stage.outputs:
            place = shot.at(f"outputs.{output.role}", "outputs")
            path = _normal(shot_list.output / output.path)
            if not _is_inside(shot_list.output, output.path):
                problems.append(place.problem(_outside_text(shot_list, output.path)))
                continue
            notes = _normal(shot_list.output / STATE)
            if output.role != PICTURE and (path == notes or path.startswith(notes + os.sep)):
                text = f"{output.path} is where the batch notes what is done; choose another name"
                problems.append(place.problem(text))
            other = makers.setdefault(path, stage)
            if other is not stage:
                text = f"{stage.id} and {other.id} would write the same file {output.path}; use {{shot}} in its name"
                problems.append(place.problem(text))
            if path in read:
                problems.append(place.problem(f"{output.path} would be written over a file that {read[path].id} reads"))


def _check_textures(shot_list: ShotList, stages: list[Stage], problems: list[Problem]) -> None:
    """USD puts textures into a folder beside its file, which two characters' must not share."""
    seen: dict[str, Stage] = {}
    places = {shot.name: shot for shot in shot_list.shots}
    for stage in stages:
        if stage.kind == "export" and stage.recipe["format"] == "usd":
            folder = os.path.dirname(_normal(shot_list.output / stage.results[0].path))
            first = seen.setdefault(folder, stage)
            if first is not stage:
                text = f"{stage.id} and {first.id} would write their textures into the same folder"
                place = places[stage.shot].at("outputs.export", "outputs")
                problems.append(place.problem(f"{text}; use {{shot}}/ in the name"))


def _is_inside(folder: Path, path: str) -> bool:
    return _normal(folder / path).startswith(_normal(folder) + os.sep) and not _leads_out(folder, path)


def _outside_text(shot_list: ShotList, path: str) -> str:
    return f"{path} is outside the output folder {shot_list.output}"


def _leads_out(folder: Path, path: str) -> bool:
    """Whether a link on the way leads out of the output folder."""
    real = os.path.realpath(folder)
    return os.path.commonpath([real, os.path.realpath(folder / path)]) != real


def _normal(path: Path | str) -> str:
    return os.path.normcase(os.path.normpath(path))


def _ordered(shot_list: ShotList, stages: list[Stage], problems: list[Problem]) -> list[Stage]:
    """Each stage after those that it needs, otherwise in the list's order; as they come where some wait in a circle."""
    by_id = {stage.id: stage for stage in stages}
    ordered: dict[str, Stage] = {}
    for first in stages:
        path: list[Stage] = [first]
        while path:
            stage = path[-1]
            waits = next((by_id[need] for need in stage.needs if need not in ordered), None)
            if stage.id in ordered or waits is None:
                ordered.setdefault(stage.id, stage)
                path.pop()
            elif waits in path:
                circle = [one.id for one in path[path.index(waits) :]]
                place = next(shot for shot in shot_list.shots if shot.name == waits.shot).place
                text = f"these stages wait for each other's files: {' → '.join([*circle, circle[0]])}"
                problems.append(place.problem(text))
                return stages
            else:
                path.append(waits)
    return list(ordered.values())
