# SPDX-License-Identifier: GPL-3.0-or-later
"""Solving again after an edit: only the frames around it, joined with what came of all others before.

What is solved in one place does not look far: stances, bridges between them, windows in which legs are calmed. So a
stretch of frames around the edit is solved by itself, and where it comes to the same pose as before on both sides of
the edit the two are joined; the whole clip would come to the same there. Where they do not agree the stretch grows, up
to the whole clip.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Optional

import numpy as np
import numpy.typing as npt

from .. import gaps
from ..contacts.floor import Floor
from ..contacts.record import Contacts
from ..take import Take
from .options import PlantOptions
from .solving import Solved, Whole, contacts_of_part, part_of, solve

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_OTHER = 1e-9
"""By how much a frame differs that is not the same: keys of another root differ by rounding."""
_AGREE = 1e-6
"""Radians and metres by which two solutions may differ where they are joined."""
_JOIN = 3
"""Frames in a row that have to agree, on each side of a join."""
_MARGIN = 5.0
"""Seconds before and after an edit that are solved with it; doubled on the side where that is not enough."""
_MOST = 0.7
"""Share of the clip from which it is solved as a whole."""


@dataclass
class PlantMemo:
    """What came of a motion's contacts last time."""

    take: Optional[Take] = None
    contacts: Optional[Contacts] = None
    options: Optional[PlantOptions] = None
    source: Optional[Take] = None
    whole: Optional[Whole] = None
    result: Optional[Solved] = None

    def solved(
        self, take: Take, contacts: Contacts, options: PlantOptions, source: Optional[Take], whole: Whole
    ) -> Solved:
        """As ``solving.solve``, from what came of it last time where that is the same."""
        differs = self._differs(take, contacts, options, source, whole)
        result = None
        if differs is not None and self.result is not None and self.contacts is not None:
            result = _with_names(self.result, self.contacts.names, contacts.names)
            for first, end in gaps.spans(_grouped(differs, take.fps)):
                result = _around(result, (first, end), take, contacts, options, source, whole)
                if result is None:
                    break
        if result is None:
            result = solve(take, contacts, options, source, whole)
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
    apart = max(1, round(2.0 * _MARGIN * fps))
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
) -> Optional[Solved]:
    """``before`` solved again around the frames of an edit; None where the whole clip has to be."""
    count = take.frame_count
    earlier = later = _MARGIN
    while True:
        first, end = max(edit[0] - round(earlier * take.fps), 0), min(edit[1] + round(later * take.fps), count)
        if end - first > _MOST * count:
            return None
        performer = None if source is None else part_of(source, first, end)
        part = solve(part_of(take, first, end), contacts_of_part(contacts, first, end), options, performer, whole)
        same = _agreement(before, part, first, end)
        left = 0 if first == 0 else _cut(same[: edit[0] - first])
        right = end - edit[1] if end == count else _cut(same[edit[1] - first :])
        if left is not None and right is not None:
            return _joined(before, part, first, left, right + edit[1] - first)
        earlier, later = (earlier * (1.0 + (left is None)), later * (1.0 + (right is None)))


def _agreement(before: Solved, part: Solved, first: int, end: int) -> Mask:
    """The frames ``(N,)`` of a part in which it has come to the same as before."""
    same = np.ones(end - first, dtype=bool)
    old, new = before.arrays(), part.arrays()
    for name, values in new.items():
        others = old[name][first:end]
        apart = np.nan_to_num(np.abs(values - others), nan=0.0)
        missing = np.isnan(values) != np.isnan(others)
        same &= ~((apart > _AGREE) | missing).reshape(len(same), -1).any(axis=1)
    return same


def _cut(same: Mask) -> Optional[int]:
    """Where to join: the middle of the longest stretch of frames that agree; None where there is none."""
    stretches = [(end - first, first) for first, end in gaps.spans(same) if end - first >= 2 * _JOIN]
    if not stretches:
        return None
    length, first = max(stretches)
    return first + length // 2


def _joined(before: Solved, part: Solved, first: int, left: int, right: int) -> Solved:
    """What was there before with the rows ``left`` to ``right`` of a part that begins at frame ``first``."""
    joined = {}
    new = part.arrays()
    for name, values in before.arrays().items():
        joined[name] = values.copy()
        joined[name][first + left : first + right] = new[name][left:right]
    return replace(before, **joined, turned=before.turned | part.turned)
