# SPDX-License-Identifier: GPL-3.0-or-later
"""Exit codes, and what ends a command with one of them. They are documented in docs/command-line.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..runtime.faults import JobError

OK = 0
INTERNAL = 1
USAGE = 2
PLATE = 3
RUNTIME = 4
CHARACTER = 5
WORKER = 6
DISK = 7
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
    """Ends the command: one line for stderr and the exit code."""

    def __init__(self, code: int, message: str, details: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.details = details


def from_job(error: JobError) -> CommandError:
    """What a failed job means for the command."""
    return CommandError(_KINDS.get(error.kind, INTERNAL), error.message, error.details)
