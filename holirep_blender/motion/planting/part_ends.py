# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the part of a clip begins and ends that is solved again for an edit: where it cuts few stances in two."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .. import gaps
from ..contacts.names import KNEE_POINTS, SEAT_POINT
from ..contacts.record import Contacts
from .ledger import ApartError

Mask = npt.NDArray[np.bool_]

_REACH, _CUT = 1.0, 0.6
"""Seconds before and after an edit that it changes, and around stances that are cut in two: there is the end of a part.
"""
_FURTHEST, _GROWTH, _TRIES, _SOON = 5.0, 1.6, 4, 2
"""Seconds beyond which no better end is looked for; what all of them are multiplied with on a side that does not agree;
and how often a part is tried, also if there should be an answer soon."""
_LONGEST = 9.0
"""Seconds of the longest part that is solved for a first answer, if the edit is shorter."""
_FOOT = "Foot"
_MOST = 0.7
"""Share of the clip from which it is solved as a whole."""


def grouped(differs: Mask, fps: float) -> Mask:
    """The frames ``(T,)`` with those between them that are too few to join solutions in."""
    apart = max(1, round((_REACH + _FURTHEST) * fps))
    closed = differs.copy()
    for first, end in gaps.spans(~differs):
        if first > 0 and end < len(differs) and end - first <= apart:
            closed[first:end] = True
    return closed


class PartEnds:
    """The ends of a part, which go further away where they turn out to be too near.

    Parameters
    ----------
    edit : the frames (first, end) in which something is other than last time.
    hard : (T,) the frames in which contacts were let go: an edit is felt further there.
    at_once : give up soon.
    """

    def __init__(
        self, edit: tuple[int, int], contacts: Contacts, fps: float, hard: Mask, at_once: bool = False
    ) -> None:
        self._stances, self._names = _stances(contacts)
        self._edit, self._count, self._fps = edit, contacts.frame_count, fps
        self._left = _SOON if at_once else _TRIES
        near = round((_REACH + _CUT) * fps)
        self._earlier = _GROWTH if hard[max(edit[0] - near, 0) : edit[0]].any() else 1.0
        self._later = _GROWTH if hard[edit[1] : edit[1] + near].any() else 1.0

    def now(self) -> tuple[int, int]:
        """The frames (first, end) of the part; raises ApartError where that is nearly the whole clip."""
        first, end = self._around(self._earlier, self._later, _FURTHEST)
        if end - first > _MOST * self._count:
            raise ApartError(False, False)
        return first, end

    def nearest(self) -> tuple[int, int]:
        """The frames (first, end) of a part that mostly does for a first answer."""
        first, end = self._around(1.0, 1.0, _FURTHEST)
        near = round((_REACH + _CUT) * self._fps)
        most = round(_LONGEST * self._fps)
        if end - first > most:
            first, end = max(self._edit[0] - near, 0, first), min(self._edit[1] + near, end)
        return first, end

    def uncut(self) -> tuple[int, int]:
        """The frames (first, end) of a part that cuts no stance, however long it has to be for that."""
        return self._around(1.0, 1.0, self._count / self._fps)

    def _around(self, earlier: float, later: float, furthest: float) -> tuple[int, int]:
        count, (first, end) = self._count, self._edit
        first = count - _end(self._stances[::-1], self._names, count - first, earlier * self._fps, furthest)
        return first, _end(self._stances, self._names, end, later * self._fps, furthest)

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


def _end(stances: Mask, names: tuple[str, ...], after: int, scale: float, furthest: float) -> int:
    """Where a part ends whose edit ends at ``after``: the first frame at which nothing that it cuts began too early.

    What is ``_CUT`` around a stance that was cut in two comes to something else. So does a foot's last stance, if its
    swing was cut, and a seat that near, whose place depends on where the pelvis is.
    """
    count = len(stances)
    reach, around, most = (round(each * scale) for each in (_REACH, _CUT, furthest))
    nearest = after + reach + around
    last = min(max(after + most, nearest + around), count)
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
