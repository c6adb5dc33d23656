# SPDX-License-Identifier: GPL-3.0-or-later
"""A shot list as it was read: defaults and overrides are merged, and each value knows its line."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Shot:
    """One shot: ``values`` are the settings of the schema, with defaults; ``lines`` say where in the list each is."""

    name: str
    values: dict[str, Any]
    lines: dict[str, int] = field(default_factory=dict)
    line: int = 0


@dataclass(frozen=True)
class ShotList:
    """A list: ``path`` is its file, or the folder that stands for one; relative paths in it begin at ``root``."""

    path: Path
    root: Path
    output: Path
    shots: tuple[Shot, ...]
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What the batch is called."""
        return self.path.stem
