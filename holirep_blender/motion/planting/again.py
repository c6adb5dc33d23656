# SPDX-License-Identifier: GPL-3.0-or-later
"""Solving again after an edit: only the frames around it, joined with what came of all others before.

What is solved in one place does not look far: stances, bridges between them, windows in which legs are calmed. So a
stretch of frames around the edit is solved by itself, and after each stage what is beyond the frames that the edit
changes is put back to what it was (``ledger``). The whole clip would come to the same. Where no frames agree between
the edit and an end the stretch grows, up to the whole clip.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Optional

import numpy as np
import numpy.typing as npt

from .. import gaps
from ..contacts.floor import Floor
from ..contacts.record import Contacts
from ..take import Take
from .ledger import ApartError, Ledger, Part
from .options import PlantOptions
from .part_ends import PartEnds, grouped
from .pose import pace_of_root
from .solving import Solved, Whole, solve

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_OTHER = 1e-9
"""By how much a frame differs that is not the same: keys of another root differ by rounding."""


@dataclass
class PlantMemo:
    """What came of a motion's contacts last time.

    ``ledger`` : and of each of the stages on the way.
    ``unfinished`` : whether what was given last was a first answer: nothing of it is kept, and solving once more, not
    ``at_once``, comes to what solving all anew comes to.
    """

    take: Optional[Take] = None
    contacts: Optional[Contacts] = None
    options: Optional[PlantOptions] = None
    source: Optional[Take] = None
    whole: Optional[Whole] = None
    result: Optional[Solved] = None
    ledger: Ledger = field(default_factory=Ledger)
    unfinished: bool = False

    def whole_of(self, take: Take, options: PlantOptions) -> Whole:
        """As ``Whole.of``; where only the root is other than last time, only its pace is looked at again."""
        known, before = self.whole, self.take
        if known is None or before is None or self.options is None or options.limits != self.options.limits:
            return Whole.of(take, options.limits)
        if before.local_rotations is not take.local_rotations or not _same_skeleton(before, take):
            return Whole.of(take, options.limits)
        return replace(known, pace=(known.pace[0], pace_of_root(take)))

    def solved(
        self,
        take: Take,
        contacts: Contacts,
        options: PlantOptions,
        source: Optional[Take],
        whole: Whole,
        at_once: bool = False,
    ) -> Solved:
        """As ``solving.solve``, from what came of it last time where that is the same.

        Parameters
        ----------
        at_once : around an edit where more than one attempt is needed, give what the first comes to: contacts hold and
            limits are kept, but legs may be jerked, or let go where they need not be. See ``unfinished``.
        """
        known = self.whole
        # an edit that moves the root may change the pace of the clip, which is felt everywhere, a little
        paced = at_once and known is not None and known.hinges == whole.hinges and known != whole
        told = known if paced and known is not None else whole
        differs = self._differs(take, contacts, options, source, told)
        result, kept, self.unfinished = None, False, paced
        if differs is not None and self.result is not None and self.contacts is not None and self.ledger.stages:
            result = _with_names(self.result, self.contacts.names, contacts.names)
            for first, end in gaps.spans(grouped(differs, take.fps)):
                result = _around(result, (first, end), take, contacts, options, source, told, self.ledger, at_once)
                if result is None:
                    break
                part = self.ledger.part
                self.unfinished |= part is not None and part.unfinished
                if self.unfinished:
                    self.ledger.part = None
                else:
                    self.ledger.keep()
                    kept = True
        if result is not None and self.unfinished:
            if kept:  # of an edit elsewhere that needed no more than this: it does not go with what is known
                self.ledger = Ledger()
            return result
        if result is None:
            self.ledger, self.unfinished = Ledger(), False
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
    at_once: bool,
) -> Optional[Solved]:
    """``before`` solved again around the frames of an edit, which is the ledger's part then, to be kept or not.

    None where the whole clip has to be solved.
    """
    # an edit is felt further where contacts are let go
    hard = (np.isfinite(before.asked) & ~np.isfinite(before.places)).any(axis=(1, 2))
    ends = PartEnds(edit, contacts, take.fps, hard, at_once)
    part = ledger.part = Part(*ends.nearest(), edit, take.frame_count, ends.wider, at_once)
    part.unfinished = at_once and bool(hard[part.first : part.end].any())
    run = partial(solve, take, contacts, options, source, whole, ledger)
    try:
        if not part.unfinished:
            part.first, part.end = ends.now()
        solved, rows = _agreeing(before, part, ledger, run)
    except ApartError:
        if not at_once:
            return None
        solved, rows = _first_answer(before, part, ends, run)
    return _joined(before, solved, part.first, *rows)


def _agreeing(before: Solved, part: Part, ledger: Ledger, run: Callable[[], Solved]) -> tuple[Solved, tuple[int, int]]:
    """What ``run`` comes to for a part of the clip, and the rows (first, end) of it that are other than before.

    Raises ApartError where the part would have to be nearly the whole clip.
    """
    while True:
        solved = None
        try:
            solved = run()
            if not part.unfinished:
                return solved, part.joint(before.arrays(), solved.arrays())
        except ApartError as apart:
            if not part.at_once:
                ledger.widen(apart)
                part.found.clear()
                continue
            if solved is None:
                raise
            part.unfinished = True
        if part.unfinished and solved is not None:
            return solved, part.least_apart(before.arrays(), solved.arrays())


def _first_answer(
    before: Solved, part: Part, ends: PartEnds, run: Callable[[], Solved]
) -> tuple[Solved, tuple[int, int]]:
    """The same of a part whose ends need not agree, if only no foot slides there."""
    tries = [ends.uncut(), (0, part.count)] if part.unfinished else [ends.nearest(), ends.uncut(), (0, part.count)]
    part.unfinished = True
    while True:
        part.first, part.end = tries.pop(0)
        part.found.clear()
        try:
            solved = run()
            return solved, part.least_apart(before.arrays(), solved.arrays())
        except ApartError:
            if not tries:  # the whole clip has no ends that could be apart
                raise


def _joined(before: Solved, part: Solved, first: int, left: int, right: int) -> Solved:
    """What was there before with the rows ``left`` to ``right`` of a part that begins at frame ``first``."""
    joined = {}
    new = part.arrays()
    for name, values in before.arrays().items():
        joined[name] = values.copy()
        joined[name][first + left : first + right] = new[name][left:right]
    return replace(before, **joined, turned=before.turned | part.turned)
