# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at all files that a plan reads and may not destroy, before any work is started."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from .plan import Input, Plan, Stage
from .plates import plate_files
from .problems import Problem
from .shot_list import Place, ShotList
from .standing import Standing


@dataclass(frozen=True)
class BlendFacts:
    """What is known of a .blend file: what is wrong with it, and the names of its objects and cameras."""

    problem: str = ""
    objects: frozenset[str] = frozenset()


Look = Callable[[Path], BlendFacts]
_KEYS = {"blend": ("blend", "template"), "weights": ("replicate.weights",), "camera_track": ("replicate.camera_track",)}
_KEYS |= {"gates": ("quality.gates",), "compare": ("quality.compare",)}
"""Where in the list an input stands, if not under its own name."""


def check_files(shot_list: ShotList, plan: Plan, look: Look) -> list[Problem]:
    """What is missing or cannot be used: plates, files, characters and cameras that are not in their files.

    ``look`` reads a .blend file; each is read once.
    """
    checker = _Checker(shot_list, plan, look)
    for stage in plan.stages:
        checker.check(stage)
    return checker.problems


def check_standings(shot_list: ShotList, plan: Plan, found: Mapping[str, Standing]) -> list[Problem]:
    """Files that somebody changed or made, and that a stage would write over."""
    places = {shot.name: shot for shot in shot_list.shots}
    problems = []
    for stage in plan.stages:
        standing = found[stage.id]
        if standing.blocked:
            text = f"{stage.id}: {standing.message}; move it away, or use --overwrite"
            problems.append(places[stage.shot].at("outputs", "do").problem(text))
    return problems


class _Checker:
    def __init__(self, shot_list: ShotList, plan: Plan, look: Look) -> None:
        self._shots = {shot.name: shot for shot in shot_list.shots}
        self._plan = plan
        self._look = look
        self._seen: dict[Path, Optional[BlendFacts]] = {}
        self.problems: list[Problem] = []

    def check(self, stage: Stage) -> None:
        files: dict[str, tuple[Input, Optional[BlendFacts]]] = {}
        for item in stage.inputs:
            facts = None if item.made_by else self._file(stage, item)
            files[item.role] = (item, facts)
        self._names(stage, files)
        self._twice(stage, files)

    def _place(self, stage: Stage, role: str) -> Place:
        return self._shots[stage.shot].at(*_KEYS.get(role, (role,)))

    def _file(self, stage: Stage, item: Input) -> Optional[BlendFacts]:
        """Notes what is wrong with a file; returns what is known of a .blend file."""
        path = self._plan.path_of(item)
        place = self._place(stage, item.role)
        if path not in self._seen:
            self._seen[path] = self._facts(path, item.role)
        facts = self._seen[path]
        if facts is not None and facts.problem:
            self.problems.append(place.problem(facts.problem))
        return facts

    def _facts(self, path: Path, role: str) -> Optional[BlendFacts]:
        try:
            there = bool(plate_files(path)) if role == "plate" else path.is_file()
        except OSError as error:
            return BlendFacts(f"{path} cannot be read: {error.strerror}")
        if not there:
            what = {"plate": "plate", "blend": "file", "character_file": "file"}.get(role, role.replace("_", " "))
            return BlendFacts(f"there is no {what} at {path}")
        return self._look(path) if path.suffix == ".blend" else None

    def _names(self, stage: Stage, files: dict[str, tuple[Input, Optional[BlendFacts]]]) -> None:
        character = stage.opens.get("character") or (stage.recipe.get("character", "") if "blend" in files else "")
        role = "character_file" if "character_file" in files else "blend"
        self._name(stage, files, role, str(character), "character")
        self._name(stage, files, "blend", str(stage.recipe.get("camera", "")), "replicate.camera")

    def _twice(self, stage: Stage, files: dict[str, tuple[Input, Optional[BlendFacts]]]) -> None:
        """Notes a character that is to be brought into the very file that it is in."""
        if "blend" not in files or "character_file" not in files:
            return
        scene, character = (self._plan.path_of(files[role][0]) for role in ("blend", "character_file"))
        if scene.exists() and character.exists() and scene.samefile(character):
            text = f"{character} is the scene itself, in which the character is already: leave character_file out"
            self.problems.append(self._shots[stage.shot].at("character_file").problem(text))

    def _name(
        self, stage: Stage, files: dict[str, tuple[Input, Optional[BlendFacts]]], role: str, name: str, key: str
    ) -> None:
        if not name or role not in files:
            return
        item, facts = files[role]
        if facts is None or facts.problem or name in facts.objects:
            return
        some = ", ".join(sorted(facts.objects)[:12]) or "none"
        text = f"{self._plan.path_of(item)} has no object named {name!r}; it has {some}"
        self.problems.append(self._shots[stage.shot].at(key).problem(text))
