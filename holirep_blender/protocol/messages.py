# SPDX-License-Identifier: GPL-3.0-or-later
"""What host and worker say to each other: JSON-RPC 2.0, one message a line.

Both sides import this module, so it is standard library only and runs on Python 3.9.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

PROTOCOL_VERSION = 1
"""Raised with every change that an older host or worker would misunderstand."""

MAX_LINE_BYTES = 16 * 1024 * 1024
"""A longer line is no message: arrays travel as files."""

METHOD_NOT_FOUND = -32601
INVALID_REQUEST = -32600
JOB_FAILED = -32000
"""JSON-RPC's own numbers, and the first of the range that it leaves to the application."""


class ProtocolError(ValueError):
    """A line that is not a JSON-RPC 2.0 message."""


@dataclass(frozen=True)
class Progress:
    """How far a job is. What is not known is None; `frame` is the plate's own frame number."""

    stage: str
    stage_index: int = 0
    stage_count: int = 1
    frame: int | None = None
    frame_count: int | None = None
    fps: float | None = None
    seconds_left: float | None = None
    fraction: float | None = None

    def to_json(self) -> dict[str, Any]:
        """The `progress` notification's params."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Progress:
        """Read a notification's params; unknown members are ignored, so that a newer worker may say more."""
        known = {name: values[name] for name in cls.__dataclass_fields__ if name in values}
        known["stage"] = str(known.get("stage", ""))
        return cls(**known)


def encode(message: dict[str, Any]) -> bytes:
    """One message as one line. Raises ValueError for NaN, which JSON has no word for."""
    return json.dumps({"jsonrpc": "2.0", **message}, separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n"


def decode(line: bytes) -> dict[str, Any]:
    """The message in a line; raises ProtocolError for anything else."""
    try:
        message = json.loads(line)
    except ValueError as error:
        raise ProtocolError(str(error)) from None
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        raise ProtocolError("not a JSON-RPC 2.0 object")
    return message


def partial_path(out: Path, worker_pid: int) -> Path:
    """Where the worker writes before it renames to `out`.

    The host can work this name out too: it removes the file of a worker that was killed while writing, and
    never that of another worker.
    """
    return out.with_name(f".{out.name}.{worker_pid}.partial")
