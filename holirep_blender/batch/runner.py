# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a plan: stages whose needs are done go to free places, break-downs are tried again, and everything is told."""

from __future__ import annotations

import heapq
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Optional

from .child import Child, Ending, job_of
from .events import Event, event
from .plan import Plan, Stage
from .standing import Standing

AGAIN_CODES = (6, 7, 9)
"""Exit codes that another try may mend: a process died, a file or disk, too long. A wrong setting stays wrong."""
BUSY_CODE = 11
BUSY_SECONDS = 2.0
LONGEST_PAUSE = 60.0
_TICK = 0.05


@dataclass(frozen=True)
class Policy:
    """How a plan is run. What is None is as the list says."""

    jobs: int = 1
    gpus: tuple[str, ...] = ()
    retries: Optional[int] = None
    timeout: Optional[float] = None
    stop_on_error: bool = False
    pause: float = 2.0
    """Seconds before the second try; each further one waits twice as long."""


@dataclass
class Outcome:
    """What became of each stage: `skipped` (done before), `done`, `failed`, `held` (what it needs failed), `left`."""

    states: dict[str, str] = field(default_factory=dict)
    endings: dict[str, Ending] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    cancelled: bool = False

    def count(self, *states: str) -> int:
        """How many stages are in one of these states."""
        return sum(state in states for state in self.states.values())

    @property
    def codes(self) -> set[int]:
        """The exit codes of what failed."""
        return {ending.code for name, ending in self.endings.items() if self.states[name] == "failed"}


class Runner:
    """Runs a plan once. ``words`` start a Blender; ``travelling`` are the preferences that go with each job."""

    def __init__(
        self,
        plan: Plan,
        standings: Mapping[str, Standing],
        words: Sequence[str],
        policy: Policy,
        travelling: Mapping[str, Any],
        tell: Callable[[Event], None],
    ) -> None:
        self._plan = plan
        self._words = words
        self._policy = policy
        self._travelling = travelling
        self._tell = tell
        self._order = {stage.id: index for index, stage in enumerate(plan.stages)}
        done = {name for name, standing in standings.items() if standing.done}
        self.outcome = Outcome({stage.id: "skipped" if stage.id in done else "left" for stage in plan.stages})
        rejected = {name: standing for name, standing in standings.items() if standing.finished and name not in done}
        self._missing = {
            stage.id: {need for need in stage.needs if need not in done}
            for stage in plan.stages
            if stage.id not in done and stage.id not in rejected
        }
        self._waiting_for: dict[str, list[str]] = {}
        for name, needs in self._missing.items():
            for need in needs:
                self._waiting_for.setdefault(need, []).append(name)
        self._ready = [(self._order[name], name, 1) for name, needs in self._missing.items() if not needs]
        heapq.heapify(self._ready)
        self._later: list[tuple[float, str, int]] = []
        self._stopped = False
        self._running: list[Child] = []
        self._open_shots = {shot: 0 for shot in plan.shots}
        for name in (*self._missing, *rejected):
            self._open_shots[plan.stage(name).shot] += 1
        self._rejected = rejected

    def run(self) -> Outcome:
        """Returns when nothing runs any more. KeyboardInterrupt ends all processes and is noted in the outcome."""
        begun = time.monotonic()
        todo = len(self._missing)
        facts = {"stages": len(self._plan.stages), "todo": todo, "shots": len(self._plan.shots)}
        self._tell(event("batch_started", batch=self._plan.name, output=str(self._plan.output), **facts))
        for name, standing in self._rejected.items():
            result = {**(standing.record.result if standing.record is not None else {}), "skipped": True}
            self.outcome.endings[name] = Ending(standing.code, standing.message, result)
            self._note(self._plan.stage(name), "failed", 0.0, self.outcome.endings[name])
            self._hold(name)
        try:
            self._work()
        except KeyboardInterrupt:
            self.outcome.cancelled = True
        finally:
            self._end_all()
        outcome = self.outcome
        state = "cancelled" if outcome.cancelled else "failed" if outcome.codes else "done"
        counts = {
            "done": outcome.count("done"),
            "failed": outcome.count("failed"),
            "left": outcome.count("left", "held"),
        }
        seconds = round(time.monotonic() - begun, 3)
        self._tell(event("batch_finished", batch=self._plan.name, state=state, seconds=seconds, **counts))
        return outcome

    def _work(self) -> None:
        """Until nothing can be started any more and nothing runs."""
        while self._ready or self._later or self._running:
            self._start()
            self._look()
            if self._running or self._later:
                time.sleep(_TICK)

    def _start(self) -> None:
        now = time.monotonic()
        for item in [item for item in self._later if item[0] <= now]:
            self._later.remove(item)
            heapq.heappush(self._ready, (self._order[item[1]], item[1], item[2]))
        while self._ready and len(self._running) < self._policy.jobs:
            _, name, attempt = heapq.heappop(self._ready)
            taken = {child.slot for child in self._running}
            slot = next(index for index in range(self._policy.jobs) if index not in taken)
            self._begin(self._plan.stage(name), attempt, slot)

    def _begin(self, stage: Stage, attempt: int, slot: int) -> None:
        policy = self._policy
        if policy.timeout is not None:
            stage = replace(stage, timeout=policy.timeout)
        environment = dict(os.environ)
        facts: dict[str, Any] = {}
        if policy.gpus and stage.uses_gpu:
            facts["gpu"] = environment["CUDA_VISIBLE_DEVICES"] = policy.gpus[slot % len(policy.gpus)]
        try:
            job = job_of(self._plan, stage, self._travelling)
            child = Child(self._plan, stage, self._words, job, environment, attempt, slot)
        except OSError as error:
            self._finish(stage, Ending(7, f"it could not be started: {error}", {}), 0.0)
            return
        self._running.append(child)
        self._tell(
            event("stage_started", shot=stage.shot, stage=stage.name, attempt=attempt, log=str(child.log), **facts)
        )

    def _look(self) -> None:
        for child in list(self._running):
            ending = child.ended()
            if ending is None:
                self._tell_progress(child)
                continue
            self._running.remove(child)
            stage = child.stage
            retries = stage.retries if self._policy.retries is None else self._policy.retries
            if ending.code == BUSY_CODE:
                self._later.append((time.monotonic() + BUSY_SECONDS, stage.id, child.attempt))
            elif ending.code in AGAIN_CODES and child.attempt <= retries:
                delay = min(self._policy.pause * 2 ** (child.attempt - 1), LONGEST_PAUSE)
                self._later.append((time.monotonic() + delay, stage.id, child.attempt + 1))
                facts = {"code": ending.code, "message": ending.message, "delay": delay}
                self._tell(event("stage_retry", shot=stage.shot, stage=stage.name, attempt=child.attempt, **facts))
            else:
                self._finish(stage, ending, child.seconds)

    def _tell_progress(self, child: Child) -> None:
        if child.told != child.text:
            child.told = child.text
            facts = {"fraction": child.fraction, "text": child.text}
            self._tell(event("stage_progress", shot=child.stage.shot, stage=child.stage.name, **facts))

    def _finish(self, stage: Stage, ending: Ending, seconds: float) -> None:
        name = stage.id
        self.outcome.endings[name] = ending
        self.outcome.seconds[name] = seconds
        self._note(stage, "failed" if ending.code else "done", seconds, ending)
        if ending.code:
            self._hold(name)
            if self._policy.stop_on_error:
                self._stopped = True
                self._ready.clear()
                self._later.clear()
            return
        for other in self._waiting_for.get(name, ()):
            self._missing[other].discard(name)
            if not self._missing[other] and not self._stopped:
                heapq.heappush(self._ready, (self._order[other], other, 1))

    def _hold(self, name: str) -> None:
        """What needs a stage that failed is held back."""
        for other in self._waiting_for.get(name, ()):
            if self.outcome.states[other] == "left":
                self.outcome.endings[other] = Ending(0, f"needs {name}, which failed", {})
                self._note(self._plan.stage(other), "held", 0.0, self.outcome.endings[other])
                self._hold(other)

    def _note(self, stage: Stage, state: str, seconds: float, ending: Ending) -> None:
        self.outcome.states[stage.id] = state
        facts: dict[str, Any] = {"state": state, "seconds": round(seconds, 3), "code": ending.code}
        if ending.message:
            facts["message"] = ending.message
        if "scores" in ending.result:
            facts["scores"] = {name: score["value"] for name, score in ending.result["scores"].items()}
        if state == "done":
            facts["outputs"] = [str(self._plan.path_of(output)) for output in stage.results]
            facts["warnings"] = ending.result.get("warnings", [])
        if ending.result.get("skipped"):
            facts["skipped"] = True  # it had been finished before
        self._tell(event("stage_finished", shot=stage.shot, stage=stage.name, **facts))
        self._open_shots[stage.shot] -= 1
        if not self._open_shots[stage.shot]:
            states = {self.outcome.states[one.id] for one in self._plan.stages if one.shot == stage.shot}
            shot_state = "failed" if states & {"failed", "held"} else "done"
            self._tell(event("shot_finished", shot=stage.shot, state=shot_state))

    def _end_all(self) -> None:
        for child in self._running:
            child.stop()
        for child in self._running:
            child.wait()
        self._running.clear()
