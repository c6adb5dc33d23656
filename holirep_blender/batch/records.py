# SPDX-License-Identifier: GPL-3.0-or-later
"""What is noted of each stage: a small file, in the output folder, that is replaced as a whole."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Optional

from .plan import Plan, Stage
from .whole_files import write_whole

STARTED, MOVING, DONE, FAILED = "started", "moving", "done", "failed"


@dataclass(frozen=True)
class Left:
    """An output as it was left. A folder's ``size`` and ``mtime_ns`` are 0: its digest is looked at."""

    role: str
    path: str
    sha256: str
    size: int = 0
    mtime_ns: int = 0


@dataclass(frozen=True)
class Record:
    """How far a stage got. ``state``: `started` (its outputs are its own to write), `moving` (they are complete, under
    temporary names), `done` or `failed`. A stage that is done has a ``code`` where it found that the shot does not pass
    its gates. ``engine`` and ``network`` are those of the recipe, ``made_with`` names the programs.
    """

    state: str
    key: str
    outputs: tuple[Left, ...] = ()
    seconds: float = 0.0
    time: str = ""
    code: int = 0
    message: str = ""
    host: str = ""
    made_with: str = ""
    engine: int = 0
    network: str = ""
    result: dict[str, Any] = field(default_factory=dict)


def record_path(plan: Plan, stage: Stage) -> Path:
    """Where a stage's record is."""
    return plan.state / "records" / stage.shot / f"{stage.name}.json"


def spare_path(plan: Plan, stage: Stage) -> Path:
    """Where it is a second time, so that a lost one does not make strangers of a stage's files."""
    return plan.state / "spare" / stage.shot / f"{stage.name}.json"


def read_record(plan: Plan, stage: Stage) -> Optional[Record]:
    """A stage's record; None where there is none that can be read."""
    for folder in ("records", "spare"):
        name = os.path.join(plan.state, folder, stage.shot, f"{stage.name}.json")
        try:
            with open(name, encoding="utf-8") as stream:
                values = json.load(stream)
            return Record(**{**values, "outputs": tuple(Left(**one) for one in values["outputs"])})
        except (OSError, ValueError, TypeError, KeyError):
            continue  # as good as none: without the other its outputs count as somebody else's
    return None


def write_record(plan: Plan, stage: Stage, record: Record) -> None:
    """Replaces a stage's record. Raises OSError."""
    text = json.dumps(asdict(record), indent=1)
    write_whole(record_path(plan, stage), text)
    write_whole(spare_path(plan, stage), text)
