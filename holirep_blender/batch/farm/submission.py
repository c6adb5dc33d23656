# SPDX-License-Identifier: GPL-3.0-or-later
"""What a farm's engine is given: a plan, and how its stages are started on a node."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ..plan import Plan


@dataclass(frozen=True)
class Submission:
    """A plan for a farm.

    ``list_path`` is the shot list, absolute; ``words`` begin every command on a node, up to ``batch``, the first one
    being the executable; ``options`` end them all; ``environment`` are variables that they need.
    """

    plan: Plan
    list_path: Path
    words: tuple[str, ...]
    options: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
