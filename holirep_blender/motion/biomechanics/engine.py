# SPDX-License-Identifier: GPL-3.0-or-later
"""Human limits on whole takes: what exceeds them is brought back, what does not is left exactly alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional

from ..take import Take
from .limit_table import LimitTable
from .report import Violation


@dataclass(frozen=True)
class LimitOptions:
    """Which limits, how strongly (0 off, 1 hard limits hold), and on which joints (None: all)."""

    table: LimitTable = field(default_factory=LimitTable.load)
    strength: float = 1.0
    joints: Optional[frozenset[str]] = None


def limited(take: Take, options: LimitOptions) -> tuple[Take, list[Violation]]:
    """The take within human limits, and what exceeded them."""
    raise NotImplementedError


def check_limits(take: Take, options: LimitOptions) -> list[Violation]:
    """What exceeds human limits; changes nothing."""
    raise NotImplementedError
