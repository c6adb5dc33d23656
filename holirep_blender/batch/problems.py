# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a shot list, all of it at once, each with its line and key."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong: ``line`` counts from 1, 0 where there is none; ``key`` is as in ``shots[2].plate``."""

    line: int
    key: str
    message: str

    def text(self, name: str) -> str:
        """A line for people, as compilers write it, so that editors can jump there."""
        place = f"{name}:{self.line}" if self.line else name
        return f"{place}: {self.key}: {self.message}" if self.key else f"{place}: {self.message}"

    def to_json(self) -> dict[str, object]:
        """For pipelines."""
        return {"line": self.line or None, "key": self.key, "message": self.message}


class ListErrors(Exception):
    """A shot list that cannot be run. ``problems`` are all of them, in the list's order."""

    def __init__(self, name: str, problems: Iterable[Problem]) -> None:
        self.name = name
        self.problems = tuple(sorted(set(problems)))
        count = len(self.problems)
        text = f"{name} has {count} problems; nothing was started"
        super().__init__(self.problems[0].text(name) if count == 1 else text)
