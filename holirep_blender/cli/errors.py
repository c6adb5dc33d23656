# SPDX-License-Identifier: GPL-3.0-or-later
"""Exit codes, and what ends a command with one of them. They are documented in docs/command-line.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

if TYPE_CHECKING:
    from ..runtime.job import Job

OK = 0
INTERNAL = 1
USAGE = 2
PLATE = 3
RUNTIME = 4
CHARACTER = 5
WORKER = 6
DISK = 7
FOUND = 8
TIME = 9
SEVERAL = 10
LOCKED = 11
GATE = 12
CANCELLED = 130

_KINDS = {
    "plate": PLATE,
    "tracking": PLATE,
    "user": USAGE,
    "setting": USAGE,
    "runtime": RUNTIME,
    "python": RUNTIME,
    "network": RUNTIME,
    "worker": WORKER,
    "memory": WORKER,
    "disk": DISK,
    "permission": DISK,
}


class CommandError(Exception):
    """Ends the command: one line for stderr and the exit code.

    ``details`` go to stderr before it where HoliRep or its worker broke down. A verb that found something out although
    it failed gives ``findings`` for the JSON object and their ``text`` for people.
    """

    def __init__(
        self,
        code: int,
        message: str,
        details: str = "",
        findings: Optional[dict[str, Any]] = None,
        text: str = "",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.details = details
        self.findings = findings or {}
        self.text = text


def from_job(job: Job) -> CommandError:
    """What a failed job means for the command."""
    assert job.error is not None
    details = job.error.details or "\n".join(job.log_tail)
    return CommandError(_KINDS.get(job.error.kind, INTERNAL), job.error.message, details)
