# SPDX-License-Identifier: GPL-3.0-or-later
"""What refining did, and what it found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Optional

import numpy as np
import numpy.typing as npt

from .let_go import LetGo, frames_of

if TYPE_CHECKING:
    from ..biomechanics.report import Violation
    from ..contacts.record import Contacts

Array = npt.NDArray[np.float64]

_WORDS = {
    "limit": ("joint limit exceeded", "joint limits exceeded"),
    "speed": ("movement faster than a human's", "movements faster than a human's"),
    "moment": ("movement beyond human strength", "movements beyond human strength"),
    "balance": ("pose out of balance", "poses out of balance"),
    "floor": ("stretch with a foot under the floor", "stretches with a foot under the floor"),
    "slide": ("stretch with a sliding foot", "stretches with a sliding foot"),
    "reach": ("contact out of reach", "contacts out of reach"),
}
_SOLES = ("Heel", "Toes")


@dataclass
class RefineReport:
    """What refining did to ``T`` frames.

    Attributes
    ----------
    violations : what exceeded a limit, changed or only found; frames are the take's, 0-based.
    slide_before_mm, slide_after_mm : how far the feet that touch the floor moved from frame to frame, the mean over
        all touching frames, in millimetres a frame; NaN where nothing touches.
    contacts : what touches when, with the user's edits; None where that was not asked for.
    places : (T, P, 3) where each touching point of ``contacts`` is held, NaN while it is free, in armature space;
        ``(0, 0, 3)`` where nothing was planted.
    asked : how many frames of all points were to touch.
    let_go : the stretches of them that could not be held.
    sentences : what was done, for the user, such as ``"feet held"``.
    warnings : what the user should look at.
    unfinished : this is a first answer to an edit; refining once more comes to the whole of it.
    """

    violations: tuple[Violation, ...] = ()
    slide_before_mm: float = float("nan")
    slide_after_mm: float = float("nan")
    contacts: Optional[Contacts] = None
    places: Array = field(default_factory=lambda: np.zeros((0, 0, 3)))
    asked: int = 0
    let_go: tuple[LetGo, ...] = ()
    sentences: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    unfinished: bool = False

    @property
    def let_go_share(self) -> float:
        """Share of the frames that were to touch which had to be let go, 0 to 1."""
        return frames_of(self.let_go) / self.asked if self.asked else 0.0


def slide_mm(slides: Array, names: Sequence[str]) -> float:
    """Mean slide in millimetres a frame of the soles' points among ``slides (T, P)`` metres; NaN where none touches."""
    columns = [column for column, name in enumerate(names) if name.endswith(_SOLES)]
    values = slides[:, columns] if columns else np.zeros((0, 0))
    values = values[np.isfinite(values)]
    return round(1000.0 * float(values.mean()), 4) if values.size else float("nan")


def merged(violations: Iterable[Violation]) -> tuple[Violation, ...]:
    """Violations in the order of their frames; of two that tell the same of overlapping frames the first stays.

    The performer's and the character's joints are looked at in turn, and often say the same.
    """
    kept: list[Violation] = []
    for one in violations:
        same = (
            other
            for other in kept
            if (other.kind, other.joint, other.motion) == (one.kind, one.joint, one.motion)
            and other.first_frame <= one.last_frame
            and one.first_frame <= other.last_frame
        )
        if next(same, None) is None:
            kept.append(one)
    return tuple(sorted(kept, key=lambda each: (each.first_frame, each.joint, each.motion)))


def inside(violations: tuple[Violation, ...], frames: Optional[tuple[int, int]]) -> tuple[Violation, ...]:
    """The violations that reach into a range of frames, both ends included; all of them without one."""
    if frames is None:
        return violations
    return tuple(one for one in violations if one.last_frame >= frames[0] and one.first_frame <= frames[1])


def corrected(violations: Iterable[Violation]) -> list[str]:
    """What was changed, in words: "3 limits corrected" and the like."""
    changed = [one for one in violations if one.altered]
    limits = sum(1 for one in changed if one.kind == "limit")
    slowed = sum(1 for one in changed if one.kind in ("speed", "moment"))
    result = [f"{limits} limit{'s' if limits > 1 else ''} corrected"] if limits else []
    return result + ([f"{slowed} movement{'s' if slowed > 1 else ''} slowed"] if slowed else [])


def found(violations: Iterable[Violation]) -> list[str]:
    """How much was found and not changed, in words."""
    count = sum(1 for one in violations if not one.altered)
    return [f"{count} finding{'s' if count > 1 else ''} to look at"] if count else []


def let_go_words(report: RefineReport) -> list[str]:
    """How much of what was to touch was let go and mostly why, in words; nothing where all of it holds."""
    if not report.let_go:
        return []
    causes: dict[str, int] = {}
    for one in report.let_go:
        causes[one.cause] = causes.get(one.cause, 0) + one.last - one.first + 1
    share = 100.0 * report.let_go_share
    said = f"{share:.0f} %" if share >= 0.95 else f"{max(share, 0.1):.1f} %"
    return [f"{said} of contact let go ({max(causes, key=lambda cause: causes[cause])})"]


def left(violations: Iterable[Violation]) -> list[str]:
    """What was found and not changed, a sentence for each kind."""
    counts: dict[str, int] = {}
    for one in violations:
        if not one.altered:
            counts[one.kind] = counts.get(one.kind, 0) + 1
    return [f"{count} {_WORDS.get(kind, (kind, kind))[count > 1]}" for kind, count in counts.items()]
