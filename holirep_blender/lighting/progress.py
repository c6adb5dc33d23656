# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a calculation is: it tells some times a second, and whoever is told may end it by raising."""

from __future__ import annotations

from typing import Callable

Tell = Callable[[float], None]
"""Called with the part that is done, 0..1. What it raises ends the calculation."""


def nobody(_fraction: float) -> None:
    """For calculations that nobody waits for."""


def part(tell: Tell, first: float, last: float) -> Tell:
    """Tells of a step that takes a whole calculation from one fraction to another."""
    return lambda fraction: tell(first + (last - first) * fraction)
