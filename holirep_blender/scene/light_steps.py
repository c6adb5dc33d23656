# SPDX-License-Identifier: GPL-3.0-or-later
"""Work in steps: Blender's own data is read and written between them, what only calculates may run in a thread."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Optional, TypeVar

from ..lighting.progress import Tell, nobody

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Step:
    """``text`` is what happens next, ``fraction`` how far the whole is then, ``until`` how far when its work is done.

    ``work`` calculates, without Blender; what it returns is sent back. ``builds``: after this step the scene changes.
    """

    text: str
    fraction: float
    until: float
    work: Optional[Callable[[Tell], Any]] = None
    builds: bool = False


Steps = Generator[Step, Any, _Result]
"""Between two steps anything may happen to the scene: what is to last over one is looked up again."""


def at_once(steps: Steps[_Result]) -> _Result:
    """Does all of it here and now."""
    answer = None
    try:
        while True:
            step = steps.send(answer)
            answer = step.work(nobody) if step.work is not None else None
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    finally:
        steps.close()
