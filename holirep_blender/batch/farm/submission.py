# SPDX-License-Identifier: GPL-3.0-or-later
"""What a farm's engine is given: a plan, and how its stages are started on a node."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from ..plan import Plan


@dataclass(frozen=True)
class Submission:
    """A plan for a farm.

    ``list_path`` is the shot list, absolute; ``words`` begin every command on a node, up to ``batch``, the first one
    being the executable; ``environment`` are variables that these words need.
    """

    plan: Plan
    list_path: Path
    words: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)


def write_whole(path: Path, text: str) -> Path:
    """Writes a whole file or none, into a folder that is made where it is missing. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(text, encoding="utf-8", newline="\n")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return path
