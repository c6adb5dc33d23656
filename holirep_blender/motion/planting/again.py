# SPDX-License-Identifier: GPL-3.0-or-later
"""Solving again after an edit: only the frames around it, joined with what came of all others before.

What is solved in one place does not look far: stances, bridges between them, windows in which legs are calmed. So a
stretch of frames around the edit is solved by itself, and after each stage what is beyond the frames that the edit
changes is put back to what it was (``ledger``). The whole clip would come to the same. Where no frames agree between
the edit and an end the stretch grows, up to the whole clip.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Optional

import numpy as np
import numpy.typing as npt

from .. import gaps
from ..contacts.floor import Floor
from ..contacts.names import KNEE_POINTS, SEAT_POINT
from ..contacts.record import Contacts
from ..take import Take
from .ledger import ApartError, Ledger, Part
from .options import PlantOptions
from .solving import Solved, Whole, solve

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_OTHER = 1e-9
"""By how much a frame differs that is not the same: keys of another root differ by rounding."""
_REACH, _CUT = 1.0, 0.6
"""Seconds before and after an edit that it changes, and around stances that are cut in two: there is the end of a part.
"""
_FURTHEST, _GROWTH, _TRIES = 5.0, 1.6, 4
"""Seconds beyond which no better end is looked for; what all of them are multiplied with on a side that does not agree;
and how often a part is tried."""
_FOOT = "Foot"
_MOST = 0.7
"""Share of the clip from which it is solved as a whole."""


@dataclass
class PlantMemo:
    """What came of a motion's contacts last time.

    ``ledger`` : and of each of the stages on the way.
    """

    take: Optional[Take] = None
    contacts: Optional[Contacts] = None
    options: Optional[PlantOptions] = None
    source: Optional[Take] = None
    whole: Optional[Whole] = None
    result: Optional[Solved] = None
    ledger: Ledger = field(default_factory=Ledger)

    def solved(
        self, take: Take, contacts: Contacts, options: PlantOptions, source: Optional[Take], whole: Whole
    ) -> Solved:
        """As ``solving.solve``, from what came of it last time where that is the same."""
        differs = self._differs(take, contacts, options, source, whole)
        result = None
        if differs is not None and self.result is not None and self.contacts is not None and self.ledger.stages:
            result = _with_names(self.result, self.contacts.names, contacts.names)
            for first, end in gaps.spans(_grouped(differs, take.fps)):
                result = _around(result, (first, end), take, contacts, options, source, whole, self.ledger)
                if result is None:
                    break
        if result is None:
            self.ledger = Ledger()
            result = solve(take, contacts, options, source, whole, self.ledger)
        self.take, self.contacts, self.options, self.source = take, contacts, options, source
        self.whole, self.result = whole, result
        return result

    def _differs(
        self, take: Take, contacts: Contacts, options: PlantOptions, source: Optional[Take], whole: Whole
    ) -> Optional[Mask]:
        """The frames ``(T,)`` in which something is other than last time; None where all of it may be."""
        before = self.take
        if (
            before is None
            or self.options is None
            or self.contacts is None
            or self.whole != whole
            or (source is None) != (self.source is None)
            or not _same_skeleton(before, take)
            or not _same_floor(self.options.floor, options.floor)
            or replace(self.options, floor=None) != replace(options, floor=None)
        ):
            return None
        result = _moved(before, take)
        for name in {*contacts.names, *self.contacts.names}:
            result |= contacts.column(name) != self.contacts.column(name)
        if source is not None and self.source is not None:
            if not _same_skeleton(self.source, source):
                return None
            result |= _moved(self.source, source)
        return result


def _grouped(differs: Mask, fps: float) -> Mask:
    """The frames ``(T,)`` with those between them that are too few to join solutions in."""
    apart = max(1, round((_REACH + _FURTHEST) * fps))
    closed = differs.copy()
    for first, end in gaps.spans(~differs):
        if first > 0 and end < len(differs) and end - first <= apart:
            closed[first:end] = True
    return closed


def _same_skeleton(before: Take, now: Take) -> bool:
    return (
        before.joint_names == now.joint_names
        and before.parents == now.parents
        and before.fps == now.fps
        and before.local_rotations.shape == now.local_rotations.shape
        and np.array_equal(before.rest_offsets, now.rest_offsets)
        and before.header.get("in_place") == now.header.get("in_place")
    )


def _same_floor(before: Optional[Floor], now: Optional[Floor]) -> bool:
    if before is None or now is None:
        return before is now
    apart = np.abs(np.array([before.point, before.normal]) - np.array([now.point, now.normal]))
    return bool(apart.max() < _OTHER)


def _moved(before: Take, now: Take) -> Mask:
    """The frames ``(T,)`` in which two takes of one skeleton differ."""
    turned = np.abs(before.local_rotations - now.local_rotations).max(axis=(1, 2), initial=0.0)
    apart = np.abs(before.root_translation - now.root_translation).max(axis=1)
    return np.asarray((turned > _OTHER) | (apart > _OTHER))


def _with_names(found: Solved, names: tuple[str, ...], wanted: tuple[str, ...]) -> Solved:
    """What was solved for contacts of some names, in the order of others; what was not there did not touch."""
    if names == wanted:
        return found
    count = len(found.root)
    confidence, places = np.zeros((count, len(wanted))), np.full((count, len(wanted), 3), np.nan)
    asked = places.copy()
    for column, name in enumerate(wanted):
        if name in names:
            old = names.index(name)
            confidence[:, column] = found.confidence[:, old]
            places[:, column], asked[:, column] = found.places[:, old], found.asked[:, old]
    return replace(found, confidence=confidence, places=places, asked=asked)


def _around(
    before: Solved,
    edit: tuple[int, int],
    take: Take,
    contacts: Contacts,
    options: PlantOptions,
    source: Optional[Take],
    whole: Whole,
    ledger: Ledger,
) -> Optional[Solved]:
    """``before`` solved again around the frames of an edit; None where the whole clip has to be."""
    ends = _Ends(before, edit, take, contacts)
    try:
        first, end = ends.now()
        part = ledger.part = Part(first, end, edit, take.frame_count, ends.wider)
        while True:
            solved = solve(take, contacts, options, source, whole, ledger)
            try:
                left, right = part.joint(before.arrays(), solved.arrays())
                break
            except ApartError as apart:
                ledger.widen(apart)
                part.found.clear()
    except ApartError:
        return None
    first = part.first
    ledger.keep()
    return _joined(before, solved, first, left, right)


class _Ends:
    """Where the part of a clip begins and ends that is solved for an edit."""

    def __init__(self, before: Solved, edit: tuple[int, int], take: Take, contacts: Contacts) -> None:
        self._stances, self._names = _stances(contacts)
        self._edit, self._count, self._fps = edit, take.frame_count, take.fps
        self._left = _TRIES
        # where contacts are let go an edit is felt further
        near = round((_REACH + _CUT) * take.fps)
        hard = (np.isfinite(before.asked) & ~np.isfinite(before.places)).any(axis=(1, 2))
        self._earlier = _GROWTH if hard[max(edit[0] - near, 0) : edit[0]].any() else 1.0
        self._later = _GROWTH if hard[edit[1] : edit[1] + near].any() else 1.0

    def now(self) -> tuple[int, int]:
        """The frames (first, end) of the part; raises ApartError where that is nearly the whole clip."""
        first = self._count - _end(
            self._stances[::-1], self._names, self._count - self._edit[0], self._earlier * self._fps
        )
        end = _end(self._stances, self._names, self._edit[1], self._later * self._fps)
        if end - first > _MOST * self._count:
            raise ApartError(False, False)
        return first, end

    def wider(self, apart: ApartError) -> tuple[int, int]:
        """The same with ends moved away that were too near; raises the error where that was often done already."""
        self._left -= 1
        if self._left <= 0:
            raise apart
        self._earlier *= _GROWTH if apart.before else 1.0
        self._later *= _GROWTH if apart.after else 1.0
        return self.now()


def _stances(contacts: Contacts) -> tuple[Mask, tuple[str, ...]]:
    """When feet, seat, knees and hands touch, ``(T, N)``, heel and ball of a foot as one; and what each column is."""
    parts = [name.replace("Heel", _FOOT).replace("Toes", _FOOT) for name in contacts.names]
    rows = tuple(dict.fromkeys(parts))
    result = np.zeros((contacts.frame_count, len(rows)), dtype=bool)
    for name, part in zip(contacts.names, parts):
        result[:, rows.index(part)] |= contacts.touching(name)
    return result, rows


def _end(stances: Mask, names: tuple[str, ...], after: int, scale: float) -> int:
    """Where a part ends whose edit ends at ``after``: the first frame at which nothing that it cuts began too early.

    What is ``_CUT`` around a stance that was cut in two comes to something else. So does a foot's last stance, if its
    swing was cut, and a seat that near, whose place depends on where the pelvis is.
    """
    count = len(stances)
    reach, around, furthest = (round(each * scale) for each in (_REACH, _CUT, _FURTHEST))
    nearest = after + reach + around
    last = min(max(after + furthest, nearest + around), count)
    if nearest >= last:
        return last
    frames = np.arange(count)
    begins = frames.copy()
    for touching, name in zip(stances.T, names):
        if name == SEAT_POINT or name in KNEE_POINTS:
            touching = frames - np.maximum.accumulate(np.where(touching, frames, -count)) <= around
        begin = touching & ~np.concatenate([[False], touching[:-1]])
        held = np.full(count, name.endswith(_FOOT)) if begin.any() else touching
        since = np.maximum.accumulate(np.where(begin, frames, 0))
        begins = np.where(held, np.minimum(begins, since), begins)
    good = np.flatnonzero(begins[nearest:last] >= nearest)
    return int(nearest + good[0]) if len(good) else last


def _joined(before: Solved, part: Solved, first: int, left: int, right: int) -> Solved:
    """What was there before with the rows ``left`` to ``right`` of a part that begins at frame ``first``."""
    joined = {}
    new = part.arrays()
    for name, values in before.arrays().items():
        joined[name] = values.copy()
        joined[name][first + left : first + right] = new[name][left:right]
    return replace(before, **joined, turned=before.turned | part.turned)
