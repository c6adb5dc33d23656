# SPDX-License-Identifier: GPL-3.0-or-later
"""Legs that hold their contacts, calm and within limits, in as many attempts as feet have to be let go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Optional, Union

import numpy as np
import numpy.typing as npt

from ..contacts.record import Contacts
from ..contacts.soles import ContactPoints
from ..take import Take
from .calming import calmed
from .feet import Foot, FootPath
from .ledger import LAST, ApartError, Ledger
from .leg_pull import legs_pulled, released
from .legs import holds_of, legs_planted
from .options import PlantOptions
from .pose import Pose
from .rests import Rest
from .stances import Phases

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_RELEASES, _QUICK = 3, 1
"""So often feet are let go that cannot stand within limits, or not without a jerk: first heels, then whole feet; and
before how many of those legs are calmed and pulled quickly, only to find out which cannot."""


@dataclass(frozen=True)
class Start:
    """A clip, or a part of one, before anything is planted: its pose, which is not to be edited, and what touches when.

    ``phases`` : of each of the ``feet``. ``rest`` : seat and knees that keep their places.
    """

    take: Take
    contacts: Contacts
    source: Optional[Take]
    points: ContactPoints
    pose: Pose
    feet: list[Foot]
    phases: list[Phases]
    rest: Optional[Rest]


@dataclass(frozen=True)
class Standing:
    """Legs that stand: ``start``, the pose and its root's shift ``(T, 3)``, the feet's paths and what they still touch.

    ``first_paths`` : before any foot was let go.
    """

    start: Start
    pose: Pose
    shift: Array
    paths: list[FootPath]
    first_paths: list[FootPath]
    phases: list[Phases]


def legs_standing(
    start: Start, begin: Callable[[], Start], options: PlantOptions, ledger: Optional[Ledger]
) -> Standing:
    """Plants the legs of ``start``.

    Parameters
    ----------
    begin : gives the start of a part of a clip that has become a longer one, because its ends were too near. What the
        attempts before came to is known there, so only the last one is made again.

    Raises ApartError where the part cannot become longer.
    """
    unlimited = options.limits is None
    let_go, thoroughly, phases = 0, unlimited, _as_let_go(start, ledger)
    first_paths: list[FootPath] = []
    while True:
        attempt = 2 * let_go + thoroughly
        try:
            found, stuck, calm = _attempt(start, phases, attempt, options, ledger)
        except ApartError as apart:
            if ledger is None or ledger.part is None or ledger.part.unfinished:
                raise
            ledger.widen(apart)
            start = begin()
            known = ledger.so_far("phases", attempt)
            if known is None:
                let_go, thoroughly, phases, first_paths = 0, unlimited, start.phases, []
                continue
            phases = [Phases(**each) for each in _by_foot(known)]
            if first_paths:
                first_paths = [FootPath(**each) for each in _by_foot(ledger.so_far("paths", int(unlimited)) or {})]
            continue
        first_paths = first_paths or found.paths
        part = None if ledger is None else ledger.part
        if part is not None and part.at_once:
            part.unfinished |= not calm or any(mask.any() for mask in stuck)
            return replace(found, first_paths=first_paths)
        if let_go < _RELEASES and any(mask.any() for mask in stuck):
            phases = [released(phase, mask, start.take.fps, let_go) for phase, mask in zip(phases, stuck)]
            let_go += 1
            thoroughly = thoroughly or let_go >= _QUICK
        elif calm:
            if ledger is not None:
                ledger.turned_too = list(found.pose.turned_too)
            return replace(found, first_paths=first_paths)
        else:
            thoroughly = True


def _attempt(
    start: Start, phases: list[Phases], attempt: int, options: PlantOptions, ledger: Optional[Ledger]
) -> tuple[Standing, list[Mask], bool]:
    """One attempt; by foot where it cannot stand within limits, and whether nothing is left to calm."""
    now, thoroughly = start.pose.copy(), attempt % 2 == 1
    movable = options.joints is None or "hips" in options.joints
    free = None if start.rest is None else ~start.rest.pinned
    now.turned_too = [] if ledger is None else list(ledger.turned_too)
    _join(ledger, "phases", attempt, _fields(phases))

    def shifted(shift: Array) -> None:
        _join(ledger, "pelvis", attempt, {"shift": shift})

    paths, shift = legs_planted(now, start.feet, phases, options.feet, movable, start.rest, shifted)
    _join(ledger, "paths", attempt, _fields([path.where_it_counts() for path in paths]))
    _join_pose(ledger, "planted", attempt, now, shift)
    stuck: list[Mask] = []
    calm = True
    if options.feet >= 1.0:
        holds = holds_of(start.feet, phases, paths)
        shift, calm = calmed(now, holds, shift, movable, free, thoroughly)
        _join_pose(ledger, "calm", attempt, now, shift)
        if options.limits is not None:
            shift, stuck = legs_pulled(now, holds, shift, movable, options.limits, free, thoroughly)
            _join_pose(ledger, "pulled", attempt, now, shift, stuck)
    return Standing(start, now, shift, paths, [], phases), stuck, calm


def _as_let_go(start: Start, ledger: Optional[Ledger]) -> list[Phases]:
    """When feet touch in the first attempt; for a first answer without what had to be let go last time."""
    if ledger is None or ledger.part is None or not ledger.part.unfinished:
        return start.phases
    rows = slice(ledger.part.first, ledger.part.end)
    asked, held = (_by_foot(ledger.before("phases", attempt)) for attempt in (0, LAST))
    return [
        Phases(*(getattr(phase, name) & ~(one[name] & ~two[name])[rows] for name in ("heel", "ball")))
        for phase, one, two in zip(start.phases, asked, held)
    ]


def _fields(each: Sequence[Union[Phases, FootPath]]) -> dict[str, Any]:
    """The arrays of feet, by name."""
    return {f"{number} {one.name}": getattr(foot, one.name) for number, foot in enumerate(each) for one in fields(foot)}


def _by_foot(arrays: dict[str, Any]) -> list[dict[str, Any]]:
    """The other way round: for each foot its arrays by name."""
    found: dict[str, dict[str, Any]] = {}
    for key, values in arrays.items():
        number, name = key.split(" ")
        found.setdefault(number, {})[name] = values
    return list(found.values())


def _join(ledger: Optional[Ledger], kind: str, attempt: int, arrays: dict[str, Any]) -> None:
    """Edits a stage's arrays so that beyond what an edit changes they are as they were; see ``ledger``."""
    joined = None if ledger is None else ledger.joined(kind, attempt, arrays)
    if joined is not None:
        for name, values in joined[1].items():
            arrays[name][joined[0]] = values


def _join_pose(
    ledger: Optional[Ledger], kind: str, attempt: int, pose: Pose, shift: Array, stuck: Sequence[Mask] = ()
) -> None:
    """The same of a pose whose root has been moved by ``shift (T, 3)``, and of where feet cannot stand."""
    arrays: dict[str, Any] = {f"stuck {number}": mask for number, mask in enumerate(stuck)}
    _join(ledger, kind, attempt, {"turned": pose.turned, "placed": pose.placed, "shift": shift, **arrays})
