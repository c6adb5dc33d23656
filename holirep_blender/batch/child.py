# SPDX-License-Identifier: GPL-3.0-or-later
"""One stage in a Blender of its own: its job's file, its log, how far it is, and what it came to."""

from __future__ import annotations

import contextlib
import json
import platform
import re
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from ..runtime.process import start_process, stop_group, stop_group_soon
from .plan import Plan, Stage
from .whole_files import write_whole

WORKER_CODE, TIME_CODE = 6, 9
"""Exit codes of the command line: something died, and it took too long."""
_PROGRESS = re.compile(rb"\s*(\d{1,3}) % (.*)")
_LAST_WORDS = 20


@dataclass(frozen=True)
class Ending:
    """What a stage's process came to: exit code, the sentence for the user where it failed, and its JSON object."""

    code: int
    message: str
    result: dict[str, Any]


class Child:
    """A running stage. Raises OSError from the constructor where it cannot be started."""

    def __init__(
        self,
        plan: Plan,
        stage: Stage,
        words: Sequence[str],
        job: Mapping[str, Any],
        environment: Mapping[str, str],
        attempt: int,
        slot: int,
    ) -> None:
        self.stage = stage
        self.attempt = attempt
        self.slot = slot
        self.begun = time.monotonic()
        self.fraction: Optional[float] = None
        self.text = self.told = "starts"
        self.log = plan.state / "logs" / stage.shot / f"{stage.name}.log"
        self._job = plan.state / "jobs" / stage.shot / f"{stage.name}.json"
        self._last: list[bytes] = []
        self._timed_out = False
        self._stopping: Optional[threading.Thread] = None
        write_whole(self._job, json.dumps(job))
        self.log.parent.mkdir(parents=True, exist_ok=True)
        line = [*words, "batch", "--job", str(self._job), "--json"]
        self._process = start_process(line, environment, stdin=True, merge=True)
        self._reader = threading.Thread(target=self._read, args=(attempt,), name="holirep-stage", daemon=True)
        self._reader.start()

    @property
    def seconds(self) -> float:
        """Since it was started."""
        return time.monotonic() - self.begun

    def ended(self) -> Optional[Ending]:
        """What it came to; None while it runs. Ends it where it takes too long."""
        code = self._process.poll()
        if code is None:
            limit = self.stage.timeout
            if limit is not None and self.seconds > limit and not self._timed_out:
                self._timed_out = True
                self._stopping = stop_group_soon(self._process)
            return None
        if self._stopping is not None:
            self._stopping.join()
        self._reader.join(timeout=1.0)
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._job.unlink(missing_ok=True)
        for parent in (self._job.parent, self._job.parent.parent):
            with contextlib.suppress(OSError):
                parent.rmdir()
        return self._explained(code)

    def stop(self) -> None:
        """Ends it and all its processes, without waiting."""
        if self._stopping is None:
            self._stopping = stop_group_soon(self._process)

    def wait(self) -> None:
        """Returns when nothing of it is left."""
        stop_group(self._process)
        self.ended()

    def _explained(self, code: int) -> Ending:
        if self._timed_out:
            return Ending(TIME_CODE, f"took longer than {self.stage.timeout:g} seconds and was ended", {})
        result = self._answer()
        if code == 0 and result.get("ok"):
            return Ending(0, "", result)
        if "error" in result:
            return Ending(int(result.get("exit_code", 1)), str(result["error"]), result)
        if code < 0:
            name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
            return Ending(WORKER_CODE, f"Blender was ended by {name}; its last words are in {self.log}", {})
        said = b" ".join(self._last[-1:]).decode("utf-8", "replace")
        missing = " HoliRep is not an enabled extension of this Blender." if "Unrecognized command" in said else ""
        return Ending(WORKER_CODE, f"Blender ended without an answer (exit code {code}): {said}{missing}", {})

    def _answer(self) -> dict[str, Any]:
        for line in reversed(self._last):
            if line.startswith(b"{"):
                with contextlib.suppress(ValueError):
                    found = json.loads(line)
                    if isinstance(found, dict) and "ok" in found:
                        return found
        return {}

    def _read(self, attempt: int) -> None:
        assert self._process.stdout is not None
        try:
            with self.log.open("ab") as log:
                log.write(f"== {time.strftime('%Y-%m-%d %H:%M:%S')}, try {attempt}, {platform.node()}\n".encode())
                for line in self._process.stdout:
                    log.write(line)
                    log.flush()
                    self._hear(line.rstrip())
        except (OSError, ValueError):
            for line in self._process.stdout:  # the log's disk is full: the process must not wait for a reader
                self._hear(line.rstrip())

    def _hear(self, line: bytes) -> None:
        found = _PROGRESS.match(line)
        if found is not None:
            self.fraction = min(int(found[1]), 100) / 100
            self.text = f"{int(found[1]):3d} % {found[2].decode('utf-8', 'replace')}"
        elif line:
            self._last = [*self._last[1 - _LAST_WORDS :], line]


def job_of(plan: Plan, stage: Stage, travelling: Mapping[str, Any]) -> dict[str, Any]:
    """All that a Blender must know for one stage: the stage, those that it is made from, and the folders."""
    found: dict[str, Stage] = {}
    wanted = [stage.id]
    while wanted:
        one = plan.stage(wanted.pop())
        if one.id not in found:
            found[one.id] = one
            wanted += one.needs
    folders = {"name": plan.name, "root": str(plan.root), "output": str(plan.output)}
    return {
        **folders,
        "stage": stage.id,
        "stages": [one.to_json() for one in found.values()],
        "travelling": dict(travelling),
    }


def read_job(path: Path) -> tuple[Plan, Stage, dict[str, Any]]:
    """A job's file. Raises OSError or ValueError where it cannot be read."""
    values = json.loads(path.read_text(encoding="utf-8"))
    stages = tuple(Stage.from_json(one) for one in values["stages"])
    plan = Plan(values["name"], Path(values["root"]), Path(values["output"]), stages)
    return plan, plan.stage(values["stage"]), values["travelling"]
