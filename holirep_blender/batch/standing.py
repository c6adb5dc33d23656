# SPDX-License-Identifier: GPL-3.0-or-later
"""Which stages are done, found out without running anything: by keys of contents and options, and by their outputs."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from typing import Optional

from .digests import Digests
from .plan import GATE, Output, Plan, Stage
from .records import DONE, FAILED, MOVING, Left, Record, read_record

KEY_FORMAT = 1
"""Raised where keys are computed otherwise, and all must be done again."""


@dataclass(frozen=True)
class Standing:
    """How a stage stands: `done`; `missing` (never run, or an output is gone); `stale` (an input or option is another);
    `failed`; `rejected` (finished, and the shot does not pass its gates); `interrupted`; `changed` (somebody changed an
    output, and it would be overwritten); `foreign` (a file that no batch made is in the way).
    """

    state: str
    message: str = ""
    code: int = 0
    record: Optional[Record] = None

    @property
    def done(self) -> bool:
        """Whether there is nothing to do."""
        return self.state == "done"

    @property
    def finished(self) -> bool:
        """Whether doing it again would come to the same."""
        return self.state in ("done", "rejected")

    @property
    def blocked(self) -> bool:
        """Whether running it would destroy somebody's work."""
        return self.state in ("changed", "foreign")


class Keys:
    """The keys of a plan's stages: a stage's is made of what it is to do and of the keys of those that it needs."""

    def __init__(self, plan: Plan, digests: Digests) -> None:
        self._plan = plan
        self._digests = digests
        self._keys: dict[str, str] = {}

    def of(self, stage: Stage) -> str:
        """The key of a stage. Raises OSError where an input is not there."""
        key = self._keys.get(stage.id)
        if key is None:
            key = self._keys[stage.id] = self._compute(stage)
        return key

    def forget(self) -> None:
        """Looks at all files anew from now on."""
        self._keys.clear()

    def _compute(self, stage: Stage) -> str:
        inputs = []
        gates = {item.made_by for item in stage.inputs if item.role == GATE}
        for item in stage.inputs:
            if item.role == GATE:
                continue
            if item.made_by:
                found = f"{self.of(self._plan.stage(item.made_by))} {item.path}"
            else:
                path = self._plan.path_of(item)
                found = self._digests.of_plate(path) if item.role == "plate" else self._digests.of(path)
            inputs.append([item.role, found])
        outputs = [[output.role, output.path] for output in stage.outputs]
        needs = [self.of(self._plan.stage(need)) for need in stage.needs if need not in gates]
        facts = [KEY_FORMAT, stage.kind, stage.recipe, stage.opens, inputs, outputs, needs]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def standings(plan: Plan, digests: Digests | None = None, keys: Keys | None = None) -> dict[str, Standing]:
    """How each stage of a plan stands."""
    digests = digests or Digests(plan.state / "digests.json")
    keys = keys or Keys(plan, digests)
    found = {stage.id: standing(plan, stage, digests, keys) for stage in plan.stages}
    digests.save()
    return found


def standing(plan: Plan, stage: Stage, digests: Digests, keys: Keys) -> Standing:
    """How one stage stands. Its key is computed only where it was run before: that may mean reading a large plate."""
    record = read_record(plan, stage)
    if record is None:
        there = [one.path for one in stage.results if os.path.lexists(os.path.join(plan.output, one.path))]
        if there:
            return Standing("foreign", f"{there[0]} is there and was not made by this batch")
        return Standing("missing", "not run yet")
    if record.state == FAILED:
        return Standing("failed", record.message, record.code, record)
    if record.state not in (DONE, MOVING):
        return Standing("interrupted", "was interrupted", record=record)
    gone, changed = _look(plan, record, digests)
    try:
        same = keys.of(stage) == record.key
    except OSError as error:
        return Standing("stale", f"{error.filename} is gone", record=record)
    if record.state == MOVING:
        return Standing("interrupted", "was interrupted", record=record)
    if changed:
        return Standing("changed", f"{changed} was changed after the batch had written it", record=record)
    if not same:
        return Standing("stale", _why_stale(stage, record), record=record)
    if gone:
        return Standing("missing", f"{gone} is gone", record=record)
    return Standing("rejected" if record.code else "done", record.message, record.code, record)


def _why_stale(stage: Stage, record: Record) -> str:
    mine = (stage.recipe.get("engine", 0), stage.recipe.get("network", ""))
    if (record.engine, record.network) == mine:
        return "its input or settings are others"
    return f"this HoliRep makes another result than {record.made_with or 'the one before'}"


def _look(plan: Plan, record: Record, digests: Digests) -> tuple[str, str]:
    """An output that is gone, and one that is not as it was left; empty where there is none."""
    gone = changed = ""
    for left in record.outputs:
        name = os.path.join(plan.output, left.path)
        try:
            stat = os.stat(name)
            if left.size and (stat.st_size, stat.st_mtime_ns) == (left.size, left.mtime_ns):
                continue
            if left_now(plan, Output(left.role, left.path, folder=not left.size), digests).sha256 == left.sha256:
                continue
            if left.size:
                changed = changed or left.path
            else:
                gone = gone or f"a file of {left.path}"
        except OSError:
            gone = gone or left.path
    return gone, changed


def left_now(plan: Plan, output: Output, digests: Digests, at: str = "") -> Left:
    """An output as it is now, at its own place or under a temporary name. Raises OSError where it is not there."""
    path = plan.output / (at or output.path)
    if output.folder:
        return Left(output.role, output.path, digests.of_folder(path))
    stat = path.stat()
    return Left(output.role, output.path, digests.of_file(path), stat.st_size, stat.st_mtime_ns)
