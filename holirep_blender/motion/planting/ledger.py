# SPDX-License-Identifier: GPL-3.0-or-later
"""What each stage of solving a clip came to, so that a part of it can be solved again without being cut off.

A part that is solved by itself lacks what is beyond its ends: stances are cut in two there, and windows in which legs
are calmed. Stage by stage that would come nearer to the edit for which the part is solved. So after each stage what is
beyond a stretch of frames that agree with the last time is put back to what it was then: the stage after it starts
with what the whole clip would start with. Where nothing agrees between the edit and an end, that end is too near.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Optional

import numpy as np
import numpy.typing as npt

from .. import gaps

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

AGREE = 2e-5
"""By how much parts of quaternions, and metres, may differ where two solutions are joined: 0.002 degrees."""
_JOIN = 3
"""Frames in a row that have to agree, on each side of a join."""

LAST = 99
"""A number that no attempt reaches: stands for the last one."""
CHEAP = ("phases", "pelvis", "paths", "planted")
"""The stages that come to something in a moment: rather than do without them a part is made longer."""

Stage = tuple[str, int]


class ApartError(Exception):
    """A part does not agree with the whole on the sides that say so, before and after the edit."""

    def __init__(self, before: bool, after: bool) -> None:
        super().__init__("The part is too short.")
        self.before, self.after = before, after


@dataclass
class Part:
    """The frames ``first`` to ``end`` of a clip, solved for an ``edit`` (first, end) within.

    ``wider`` : gives other ends where those were too near; raises the error again where there are none.
    ``at_once`` : rather have a first answer than more than one attempt. ``unfinished`` : it is such an answer.
    ``found`` : what stages came to, in frames (first, end) of the clip.
    """

    first: int
    end: int
    edit: tuple[int, int]
    count: int
    wider: Callable[[ApartError], tuple[int, int]]
    at_once: bool = False
    unfinished: bool = False
    found: dict[Stage, tuple[int, int, dict[str, Array]]] = field(default_factory=dict)

    def joint(self, old: dict[str, Array], new: dict[str, Array]) -> tuple[int, int]:
        """The rows (first, end) of the part that are other than before, or could be.

        Raises ApartError where old and new do not agree anywhere between the edit and an end.
        """
        same = np.ones(self.end - self.first, dtype=bool)
        for name, values in new.items():
            before = old[name]
            if before.shape[1:] != values.shape[1:]:
                raise ApartError(True, True)
            before = before[self.first : self.end]
            if values.dtype == bool:
                differ = before != values
            else:
                differ = (np.isnan(before) != np.isnan(values)) | (np.nan_to_num(np.abs(before - values)) > AGREE)
            same &= ~differ.reshape(len(same), -1).any(axis=1)
        into, out = self.edit[0] - self.first, self.edit[1] - self.first
        left = 0 if self.first == 0 else _middle(same[:into])
        right = len(same) if self.end == self.count else _middle(same[out:])
        if left is None or right is None:
            raise ApartError(left is None, right is None)
        return left, right if self.end == self.count else out + right

    def least_apart(self, old: dict[str, Array], new: dict[str, Array]) -> tuple[int, int]:
        """As ``joint``, for an answer that agrees nowhere for sure: where it is the least apart from what there was.

        Raises ApartError where everywhere a point touches that was held in another place: it would slide there.
        """
        apart = np.zeros(self.end - self.first)
        for name in ("local", "root"):
            differ = np.abs(old[name][self.first : self.end] - new[name]).reshape(len(apart), -1)
            apart = np.maximum(apart, differ.max(axis=1))
        apart = np.where(self._moved(old, new, ("places",)), np.inf, np.floor(apart / AGREE))
        # the pace is to be the same, too, and what touches in the frames before and after
        apart = np.maximum(np.maximum(apart, np.roll(apart, 1)), np.roll(apart, -1))
        into, out = self.edit[0] - self.first, self.edit[1] - self.first
        left = 0 if self.first == 0 else into - 1 - int(np.argmin(apart[1:into][::-1]))
        right = len(apart) if self.end == self.count else out + 1 + int(np.argmin(apart[out:-1]))
        if (self.first > 0 and np.isinf(apart[left])) or (self.end < self.count and np.isinf(apart[right - 1])):
            raise ApartError(True, True)
        return left, right

    def look_for_ends(self, old: dict[str, Array], paths: dict[str, Array]) -> None:
        """Raises ApartError where ``least_apart`` would: feet's ``paths`` tell before anything else is solved."""
        moved = self._moved(old, paths, tuple(name for name in paths if name.endswith((" heel", " ball"))))
        into, out = self.edit[0] - self.first, self.edit[1] - self.first
        if (self.first > 0 and moved[:into].all()) or (self.end < self.count and moved[out:].all()):
            raise ApartError(True, True)

    def _moved(self, old: dict[str, Array], new: dict[str, Array], names: tuple[str, ...]) -> Mask:
        """The rows ``(N,)`` in which a point touches that was held in another place."""
        moved = np.zeros(self.end - self.first, dtype=bool)
        for name in names:
            differ = np.nan_to_num(np.abs(old[name][self.first : self.end] - new[name])) > AGREE
            moved |= differ.reshape(len(moved), -1).any(axis=1)
        return moved


class Ledger:
    """The stages of a clip by kind and attempt, each arrays of its ``T`` frames by name.

    ``turned_too`` : the joints that calming turned besides those of the limbs (``pose.Pose``).
    """

    def __init__(self) -> None:
        self.turned_too: list[int] = []
        self.stages: dict[Stage, dict[str, Array]] = {}
        self.part: Optional[Part] = None

    def joined(self, kind: str, attempt: int, arrays: dict[str, Array]) -> Optional[tuple[Mask, dict[str, Array]]]:
        """Notes what a stage came to; for a part, which of its rows ``(N,)`` are to be as they were, and how they were.

        Raises ApartError where the part does not agree with the clip.
        """
        if self.part is None:
            self.stages[kind, attempt] = {name: values.copy() for name, values in arrays.items()}
            return None
        part, old = self.part, self.before(kind, attempt)
        if part.unfinished:
            if kind == "paths":
                part.look_for_ends(self.before(kind, LAST), arrays)
            return None
        try:
            left, right = part.joint(old, arrays)
        except ApartError:
            if not part.at_once or kind in CHEAP:
                raise
            part.unfinished = True
            return None
        rows = {name: values[left:right].copy() for name, values in arrays.items()}
        part.found[kind, attempt] = part.first + left, part.first + right, rows
        back = np.ones(part.end - part.first, dtype=bool)
        back[left:right] = False
        return back, {name: values[part.first : part.end][back] for name, values in old.items()}

    def widen(self, apart: ApartError) -> None:
        """Moves the ends of the part away that were too near; raises the error again where that cannot be."""
        if self.part is None:
            raise apart
        self.part.first, self.part.end = self.part.wider(apart)

    def so_far(self, kind: str, attempt: int) -> Optional[dict[str, Array]]:
        """What a stage came to in the frames of the part: as found, and beyond as it was; None if it was not found."""
        part = self.part
        if part is None or (kind, attempt) not in part.found:
            return None
        left, right, new = part.found[kind, attempt]
        result = {name: values[part.first : part.end].copy() for name, values in self.before(kind, attempt).items()}
        for name, values in new.items():
            result[name][left - part.first : right - part.first] = values
        return result

    def changed(self) -> Optional[tuple[int, int]]:
        """The frames (first, end) in which a stage of the part came to something else; None where that is not known."""
        if self.part is None or not self.part.found:
            return None
        first, end = self.part.edit
        for key, (left, right, new) in self.part.found.items():
            old = self.before(*key)
            differs = np.zeros(right - left, dtype=bool)
            for name, values in new.items():
                apart = np.abs(np.subtract(old[name][left:right], values, dtype=np.float64)) > AGREE
                differs |= apart.reshape(len(apart), -1).any(axis=1)
            rows = left + np.flatnonzero(differs)
            if len(rows):
                first, end = min(first, int(rows[0])), max(end, int(rows[-1]) + 1)
        return first, end

    def before(self, kind: str, attempt: int) -> dict[str, Array]:
        """What a stage came to."""
        return self.stages[_nearest(self.stages, kind, attempt)]

    def keep(self) -> None:
        """Takes what a part came to over into the clip."""
        part, self.part = self.part, None
        if part is None:
            return
        added = {key: self.before(*key) for key in part.found if key not in self.stages}
        for key, before in added.items():
            self.stages[key] = {name: values.copy() for name, values in before.items()}
        for key, arrays in self.stages.items():
            left, right, new = part.found[_nearest(part.found, *key)]
            for name, values in new.items():
                arrays[name][left:right] = values


def _nearest(stages: Collection[Stage], kind: str, attempt: int) -> Stage:
    """The stage of a kind that an attempt would have come to: who needed fewer attempts came to what the last one did.

    Odd attempts are thorough ones, and stand for each other first.
    """
    numbers = [number for name, number in stages if name == kind]
    alike = [number for number in numbers if (number - attempt) % 2 == 0] or numbers
    earlier = [number for number in alike if number <= attempt]
    return kind, max(earlier) if earlier else min(alike)


def _middle(same: Mask) -> Optional[int]:
    """Where to join: the middle of the longest stretch of frames that agree; None where there is none."""
    stretches = [(end - first, first) for first, end in gaps.spans(same) if end - first >= 2 * _JOIN]
    if not stretches:
        return None
    length, first = max(stretches)
    return first + length // 2
