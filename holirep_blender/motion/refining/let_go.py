# SPDX-License-Identifier: GPL-3.0-or-later
"""Contacts that were asked for and could not be held: which, when and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .. import gaps
from ..biomechanics.report import motion_label
from ..contacts.record import Contacts

if TYPE_CHECKING:
    from ..biomechanics.report import Violation

_LEGS = ("UpperLeg", "LowerLeg", "Foot", "Toes")


@dataclass(frozen=True)
class LetGo:
    """Frames ``first`` to ``last``, both included, in which the contact point ``name`` was let go, and why."""

    name: str
    first: int
    last: int
    cause: str


def contacts_let_go(
    asked: Contacts, held: Contacts, violations: Iterable[Violation], limits: bool
) -> tuple[int, tuple[LetGo, ...]]:
    """How many frames of all points touch as ``asked``, and the stretches in which they do not as ``held``.

    Parameters
    ----------
    violations : what limits changed: those of the leg in the same frames are the cause.
    limits : whether limits were on; without them only a leg's length lets go.
    """
    found: list[LetGo] = []
    count = 0
    reasons = [one for one in violations if one.kind == "limit"]
    for name in asked.names:
        touching = asked.touching(name)
        count += int(touching.sum())
        for first, end in gaps.spans(touching & ~held.touching(name)):
            found.append(LetGo(name, first, end - 1, _cause(name, first, end - 1, reasons, limits)))
    return count, tuple(sorted(found, key=lambda one: (one.first, one.name)))


def frames_of(stretches: Iterable[LetGo]) -> int:
    """Frames of all points in these stretches."""
    return sum(one.last - one.first + 1 for one in stretches)


def _cause(name: str, first: int, last: int, limits: list[Violation], any_limits: bool) -> str:
    """The limit that took most of these frames from a point's leg, in words."""
    side = next((side for side in ("left", "right") if name.startswith(side)), "")
    joints = {f"{side}{part}" for part in _LEGS} if side else {f"{each}UpperLeg" for each in ("left", "right")}
    most, said = 0, "human limits" if any_limits else "out of the leg's reach"
    for one in limits:
        shared = min(last, one.last_frame) - max(first, one.first_frame) + 1
        if one.joint in joints and shared > most:
            most, said = shared, f"limit of {motion_label(one.joint, one.motion)}"
    return said
