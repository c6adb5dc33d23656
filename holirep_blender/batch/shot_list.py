# SPDX-License-Identifier: GPL-3.0-or-later
"""A shot list as it was read: defaults and overrides are merged, and each value knows where it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .problems import Problem


@dataclass(frozen=True)
class Place:
    """Where a value stands: line (0 where there is none) and key, as in ``shots[2].plate``."""

    line: int
    key: str

    def problem(self, message: str) -> Problem:
        """What is wrong there."""
        return Problem(self.line, self.key, message)


@dataclass(frozen=True)
class Shot:
    """One shot: ``values`` are the settings of the schema, with defaults; ``places`` say where each comes from.

    A table's own values have names such as ``outputs.take``.
    """

    name: str
    values: dict[str, Any]
    place: Place
    places: dict[str, Place] = field(default_factory=dict)

    def at(self, *names: str) -> Place:
        """Where the first of these values stands that the list has; the shot itself where it has none."""
        return next((self.places[name] for name in names if name in self.places), self.place)

    def own(self, *names: str) -> Place:
        """The same among the shot's own values, for what is wrong with this shot alone."""
        found = (self.places[name] for name in names if name in self.places)
        return next((place for place in found if place.key.startswith("shots[")), self.place)


@dataclass(frozen=True)
class ShotList:
    """A list: ``path`` is its file, or the folder that stands for one; relative paths in it begin at ``root``."""

    path: Path
    root: Path
    output: Path
    shots: tuple[Shot, ...]

    @property
    def name(self) -> str:
        """What the batch is called."""
        return self.path.stem if self.path.is_file() else self.path.name
