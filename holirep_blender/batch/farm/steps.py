# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan as farms see it: steps, which depend on each other, of tasks, which do not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Optional

from ..plan import Plan, Stage


@dataclass(frozen=True)
class Step:
    """Stages of one kind, of all shots: none needs another one of the same step. ``needs`` are names of steps."""

    name: str
    kind: str
    stages: tuple[Stage, ...]
    needs: tuple[str, ...]

    @property
    def uses_gpu(self) -> bool:
        """Whether a stage wants a graphics card."""
        return any(stage.uses_gpu for stage in self.stages)

    @property
    def timeout(self) -> Optional[int]:
        """Seconds that no stage takes longer than; None where one has no limit."""
        limits = [stage.timeout for stage in self.stages]
        return None if None in limits else max(int(limit or 0) for limit in limits) or None


def steps(plan: Plan) -> list[Step]:
    """The plan's stages by kind, each step after those that it needs.

    Where kinds need each other (one shot lights before it applies, another one after), or stages of a kind one another,
    steps are made by how deep in the graph a stage is, too: what a stage needs is never as deep as the stage itself.
    """
    depths = _depths(plan)
    for key in (lambda stage: (stage.kind,), lambda stage: (stage.kind, depths[stage.id])):
        found = _grouped(plan, key)
        if found is not None:
            return found
    raise AssertionError("groups by depth cannot need each other")


def _depths(plan: Plan) -> dict[str, int]:
    depths: dict[str, int] = {}
    for stage in plan.stages:
        depths[stage.id] = 1 + max((depths[need] for need in stage.needs if need in depths), default=0)
    return depths


def _grouped(plan: Plan, key: Callable[[Stage], tuple[object, ...]]) -> Optional[list[Step]]:
    """Steps by a key of their stages; None where steps would need each other or themselves."""
    groups: dict[tuple[object, ...], list[Stage]] = {}
    for stage in plan.stages:
        groups.setdefault(key(stage), []).append(stage)
    group_of = {stage.id: name for name, stages in groups.items() for stage in stages}
    needs = {
        name: list(dict.fromkeys(group_of[need] for stage in stages for need in stage.needs if need in group_of))
        for name, stages in groups.items()
    }
    ordered = _ordered(needs)
    if ordered is None:
        return None
    kinds = [groups[name][0].kind for name in ordered]
    names = {name: _name(kind, kinds[:index]) for index, (name, kind) in enumerate(zip(ordered, kinds))}
    return [
        Step(names[name], groups[name][0].kind, tuple(groups[name]), tuple(names[need] for need in needs[name]))
        for name in ordered
    ]


def _ordered(needs: dict[tuple[object, ...], list[tuple[object, ...]]]) -> Optional[list[tuple[object, ...]]]:
    """Names, each after those that it needs; None where there is a cycle."""
    done: list[tuple[object, ...]] = []
    while len(done) < len(needs):
        ready = next((name for name in needs if name not in done and all(need in done for need in needs[name])), None)
        if ready is None:
            return None
        done.append(ready)
    return done


def _name(kind: str, before: Iterable[str]) -> str:
    """The kind, with a number from the second step of it on."""
    count = 1 + sum(one == kind for one in before)
    return kind if count == 1 else f"{kind} {count}"
