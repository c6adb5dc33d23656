# SPDX-License-Identifier: GPL-3.0-or-later
"""What a job is, and what is told about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..protocol.messages import Progress
from ..protocol.sentences import IF_AGAIN
from .faults import JobError


@dataclass
class Job:
    """One piece of work. `state`: `queued`, `running`, `done`, `failed` or `cancelled`."""

    id: int
    kind: str
    params: dict[str, Any]
    state: str = "queued"
    progress: Progress | None = None
    result: Any = None
    error: JobError | None = None
    warnings: list[str] = field(default_factory=list)
    log_tail: list[str] = field(default_factory=list)

    @property
    def finished(self) -> bool:
        """Nothing more will happen to it."""
        return self.state in ("done", "failed", "cancelled")


@dataclass(frozen=True)
class Event:
    """Something happened to a job: `started`, `progress`, `warning`, `done`, `failed` or `cancelled`.

    `progress` is what was reported then; the job's own may be later already.
    """

    kind: str
    job: Job
    progress: Progress | None = None


def error_of(error: dict[str, Any]) -> JobError:
    """A JSON-RPC error object of the worker."""
    data = error.get("data") or {}
    message = str(error.get("message", f"The worker failed without saying why. {IF_AGAIN}"))
    return JobError(str(data.get("kind", "internal")), message, str(data.get("traceback", "")))
