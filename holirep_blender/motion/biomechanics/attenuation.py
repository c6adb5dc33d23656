# SPDX-License-Identifier: GPL-3.0-or-later
"""Slowing what a human could not do: the narrowest window and the weakest filter that bring it within bounds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Callable, Optional, TypeVar

import numpy as np
import numpy.typing as npt

from ..contacts.record import Contacts
from ..take import Take
from .body_jumps import body_jumps, bridged
from .inverse_dynamics import BodyModel, joint_moments, touching_points
from .overloads import moment_violations
from .rates import SHARE, TO_AND_FRO, TOLERANCE, JointBounds, excess, joint_bounds, speed_violations
from .report import Violation
from .slowing import slowed_channels, slowed_rotations
from .strength import StrengthTable

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

REACH = 0.4
"""Seconds before and after what exceeds a bound in which the motion may be slowed; everything further is unchanged."""
LONGEST = 1.0
"""Seconds that an excess may last to be slowed: what goes on for longer is how the performance is, not a slip in it."""
_PADS = (0.07, 0.13, 0.2, 0.3, REACH)
_MOMENT_PADS = (0.13, 0.27, REACH)
_LOWEST, _HIGHEST, _STEPS = 0.3, 0.45, 6
"""Hertz of the strongest filter, cutoff of the weakest as a share of the frame rate, and halvings of the search for
the weakest that is enough."""
_AROUND = 0.3
"""Seconds around a window in which derivatives feel a change in it."""
_TRIED, _TRIED_A_SECOND = 6, 0.75
"""How many overloads are tried to be slowed, the worst first: at least, and in a second of a take; what needs more is
no performance but noise."""
_MOMENT_STEPS = 4
"""Halvings of the search where each candidate has to be weighed."""


_Candidate = TypeVar("_Candidate")


@dataclass(frozen=True)
class _Window:
    """Frames ``first`` to ``last`` in which a motion may be slowed, and how far each of them is trusted, ``(n,)``."""

    first: int
    last: int
    trust: Array


class Attenuator:
    """Slows takes of one skeleton with one set of contacts."""

    def __init__(self, take: Take, contacts: Contacts, model: BodyModel, table: StrengthTable) -> None:
        self.contacts, self.model, self.table = contacts, model, table
        self.touching = touching_points(take, contacts, model.points)
        self.bounds: dict[str, JointBounds] = {bound.name: bound for bound in joint_bounds(take, table)}

    def speeds(self, take: Take) -> list[Violation]:
        """What is faster than humans are."""
        return speed_violations(take, self.table, list(self.bounds.values()))

    def overloads(self, take: Take, first: int = 0, end: Optional[int] = None) -> list[Violation]:
        """Moments beyond strength in frames ``first`` to ``end`` (not inclusive), counted from ``first``."""
        end = take.frame_count if end is None else end
        part = take if end - first == take.frame_count else _part(take, first, end)
        contacts = Contacts(self.contacts.names, self.contacts.confidence[first:end])
        return moment_violations(joint_moments(part, contacts=contacts, model=self.model), self.table)

    def bridged(self, take: Take, fast: list[Violation]) -> tuple[Take, list[Violation]]:
        """The take with jumps of the body bridged, and those of them that ``fast`` does not tell of already."""
        bounds = {bound.column: bound for bound in self.bounds.values()}
        jumps = body_jumps(take.local_rotations, list(bounds), take.fps)
        if not jumps:
            return take, []
        told = []
        for jump in jumps:
            if not any(v.first_frame <= jump.last and jump.first <= v.last_frame for v in fast):
                bound, value = bounds[jump.worst], jump.turn * take.fps
                allowed = min(bound.back * SHARE, value)
                told.append(
                    Violation(
                        "speed",
                        bound.name,
                        TO_AND_FRO,
                        jump.first,
                        jump.last,
                        jump.first,
                        value,
                        allowed,
                        "deg/s",
                        False,
                    )
                )
        return replace(take, local_rotations=bridged(take.local_rotations, jumps, take.fps)), told

    def steadied(self, take: Take, fast: list[Violation]) -> Take:
        """The take with each joint that is too fast slowed; those that no slowing helps are as they were."""
        for violation in fast:
            take = self._slower(take, violation)
        return take

    def lightened(self, take: Take) -> Take:
        """The take with what is too heavy slowed, the worst first; what no slowing helps is as it was."""
        reach = round((REACH + _AROUND) * take.fps)
        heavy = self.overloads(take)
        for _ in range(max(_TRIED, round(_TRIED_A_SECOND * take.frame_count / take.fps))):
            if not heavy:
                break
            worst = min(heavy, key=lambda v: v.bound / v.value)
            heavy.remove(worst)
            slowed = self._lighter(take, worst)
            if slowed is take:
                continue
            take = slowed
            # what else is heavy around may be so no more, and further away nothing changed
            low, high = worst.first_frame - reach, worst.last_frame + reach
            first, end = max(low - reach, 0), min(high + reach + 1, take.frame_count)
            still = {
                (v.joint, v.motion) for v in self.overloads(take, first, end) if low <= v.worst_frame + first <= high
            }
            heavy = [v for v in heavy if not low <= v.worst_frame <= high or (v.joint, v.motion) in still]
        return take

    def _slower(self, take: Take, violation: Violation) -> Take:
        """The take with one joint's speed brought within its bounds, or unchanged."""
        bound = self.bounds[violation.joint]
        margin = _pinned(take) + 1
        reach = int(REACH * take.fps) + margin
        start = max(violation.first_frame - reach, 0)
        piece = take.local_rotations[start : violation.last_frame + reach + 1, [bound.column]]

        def make(window: _Window, cutoff: float) -> Array:
            return slowed_rotations(piece, window.first - start, window.last - start, window.trust, cutoff, take.fps)

        def enough(candidate: Array, window: _Window) -> bool:
            around = candidate[max(window.first - start - margin, 0) : window.last - start + margin + 1]
            parts = excess(around, [bound], take.fps, self.table)
            return all(part.size == 0 or float(part.max()) <= 1.0 + 0.5 * TOLERANCE for part in parts)

        jerk = violation.motion == TO_AND_FRO
        found = _weakest(violation, take.frame_count, take.fps, jerk, _PADS, make, enough)
        if found is None:
            return take
        local = take.local_rotations.copy()
        local[start : start + len(piece), [bound.column]] = found[0]
        return self._standing(take, replace(take, local_rotations=local), [bound.column], found[1])

    def _lighter(self, take: Take, violation: Violation) -> Take:
        weighing = {int(joint) for joint in self.model.body.joints}
        limb = [take.joint_names.index(violation.joint)]
        for joint, parent in enumerate(take.parents):
            if parent in limb:
                limb.append(joint)
        around = round(_AROUND * take.fps)

        def examined(candidate: Take, first: int, last: int) -> tuple[bool, float]:
            low, high = max(first - around, 0), min(last + around + 1, take.frame_count)
            # frames further out are there for the derivatives alone: what is wrong with them is not this window's
            start, stop = max(low - around, 0), min(high + around, take.frame_count)
            heavy = [v for v in self.overloads(candidate, start, stop) if low <= v.worst_frame + start < high]
            fast = self.speeds(_part(candidate, low, high))
            there = any(v.joint == violation.joint for v in heavy)
            return there, sum(v.value / v.bound - 1.0 for v in heavy + fast)

        before: dict[tuple[int, int], float] = {}

        def enough(candidate: Take, window: _Window) -> bool:
            key = (window.first, window.last)
            if key not in before:
                before[key] = examined(take, *key)[1]
            there, total = examined(candidate, *key)
            return not there and total < before[key]

        for columns, root in (([j for j in limb if j in weighing], False), (sorted(weighing), True)):
            if not columns:
                continue

            def make(window: _Window, cutoff: float, columns: list[int] = columns, root: bool = root) -> Take:
                return self._filtered(take, columns, root, window, cutoff)

            found = _weakest(violation, take.frame_count, take.fps, False, _MOMENT_PADS, make, enough, _MOMENT_STEPS)
            if found is not None:
                return found[0]
        return take

    def _filtered(self, take: Take, columns: list[int], root: bool, window: _Window, cutoff: float) -> Take:
        first, last, trust = window.first, window.last, window.trust
        local = take.local_rotations.copy()
        local[:, columns] = slowed_rotations(local[:, columns], first, last, trust, cutoff, take.fps)
        if not root:
            return self._standing(take, replace(take, local_rotations=local), columns, window)
        place = slowed_channels(take.root_translation, first, last, trust, cutoff, take.fps)
        return replace(take, local_rotations=local, root_translation=place)

    def _standing(self, before: Take, after: Take, columns: list[int], window: _Window) -> Take:
        """The root moved so that touching points stay where they were, smoothly and within the window."""
        first, last, trust = window.first, window.last, window.trust
        touching = self.touching[first : last + 1] & (trust > 0.0)[:, None]
        touching = touching & _moved(before, columns)[self.model.points.joints]
        if not touching.any():
            return after
        points = self.model.points
        slip = points.world(_part(after, first, last + 1)) - points.world(_part(before, first, last + 1))
        count = touching.sum(axis=1)
        shift = np.zeros((before.frame_count, 3))
        shift[first : last + 1] = -np.sum(slip * touching[..., None], axis=1) / np.maximum(count, 1)[:, None]
        held = np.minimum(count, 1).astype(np.float64)
        shift = slowed_channels(shift, first, last, held, 0.2 * before.fps, before.fps)
        return replace(after, root_translation=after.root_translation + shift)


def _weakest(
    violation: Violation,
    frames: int,
    fps: float,
    jerk: bool,
    pads: tuple[float, ...],
    make: Callable[[_Window, float], _Candidate],
    enough: Callable[[_Candidate, _Window], bool],
    steps: int = _STEPS,
) -> Optional[tuple[_Candidate, _Window]]:
    """What ``make`` gives in the narrowest window, and there with the weakest filter, that is enough; None if none is.

    The frames of a jerk are not trusted at all: they are replaced by what leads over them.
    """
    if violation.last_frame - violation.first_frame > LONGEST * fps:
        return None
    for pad in pads:
        reach = max(1, int(pad * fps))
        first, last = max(violation.first_frame - reach, 0), min(violation.last_frame + reach, frames - 1)
        trust = np.ones(last - first + 1)
        if jerk:
            trust[violation.first_frame - first : violation.last_frame - first + 1] = 0.0
        window = _Window(first, last, trust)
        if jerk:
            # what leads over the jerk is most often all that is needed
            plain = make(window, _HIGHEST * fps)
            if enough(plain, window):
                return plain, window
        best = make(window, _LOWEST)
        if not enough(best, window):
            continue
        low, high = float(np.log(_LOWEST)), float(np.log(_HIGHEST * fps))
        for _ in range(steps):
            middle = 0.5 * (low + high)
            candidate = make(window, float(np.exp(middle)))
            if enough(candidate, window):
                low, best = middle, candidate
            else:
                high = middle
        return best, window
    return None


def _pinned(take: Take) -> int:
    """Frames around a change in which speeds, also to and fro, feel it."""
    return max(8, round(0.1 * take.fps))


def _moved(take: Take, columns: list[int]) -> Mask:
    """Joints ``(J,)`` that a change of the given ones moves: themselves and all beyond them."""
    result = np.zeros(len(take.parents), dtype=bool)
    result[columns] = True
    for joint, parent in enumerate(take.parents):
        if parent >= 0 and result[parent]:
            result[joint] = True
    return result


def _part(take: Take, first: int, end: int) -> Take:
    """Frames ``first`` to ``end`` (not inclusive) of a take's motion."""
    return Take(
        fps=take.fps,
        frame_start=take.frame_start + first,
        local_rotations=take.local_rotations[first:end],
        root_translation=take.root_translation[first:end],
        rest_offsets=take.rest_offsets,
        joint_names=take.joint_names,
        parents=take.parents,
    )
