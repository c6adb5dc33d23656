# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engine found: violations of limits, rates, balance and contacts, each with its joint and its frames."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .. import gaps
from .limit_table import motion_words

Array = npt.NDArray[np.float64]

_UNITS = {
    "deg": (0, "°", 1.0),
    "deg/s": (0, " °/s", 1.0),
    "N m": (0, " N m", 1.0),
    "m": (0, " mm", 1000.0),
    "m/frame": (1, " mm a frame", 1000.0),
}
"""Decimals, sign and scale of a unit, as it is said."""
_SAID = {
    "floor": "# under the floor",
    "slide": "sliding #",
    "reach": "# off its place",
    "balance": "# out of balance",
}
"""What is wrong, with # for the value."""
_PARTS = {
    "UpperLeg": "hip",
    "LowerLeg": "knee",
    "Foot": "ankle",
    "UpperArm": "shoulder",
    "LowerArm": "elbow",
    "Hand": "wrist",
    "Shoulder": "collar bone",
    "upperChest": "upper chest",
}


@dataclass(frozen=True)
class Violation:
    """One stretch of frames in which a joint, or the whole body, was beyond a bound.

    Attributes
    ----------
    kind : "limit", "speed", "moment", "balance", "floor", "slide" or "reach".
    joint : VRM joint name; "" for the whole body.
    motion : "flexion", "abduction", "rotation" …; "" where it does not apply.
    first_frame, last_frame, worst_frame : indices into the take, 0-based, inclusive.
    value, bound : at the worst frame, in ``unit``: "deg", "deg/s", "N m", "m" or "m/frame".
    altered : whether the engine changed it; otherwise it is a warning.
    """

    kind: str
    joint: str
    motion: str
    first_frame: int
    last_frame: int
    worst_frame: int
    value: float
    bound: float
    unit: str
    altered: bool

    def sentence(self) -> str:
        """For the user, e.g. "Left knee flexion 163° (limit 160°)". Frames are named by the caller."""
        decimals, unit, scale = _UNITS.get(self.unit, (2, f" {self.unit}".rstrip(), 1.0))
        if self.unit == "deg" and abs(self.value - self.bound) < 1.0:
            decimals = 2
        value, bound = (f"{scale * number:.{decimals}f}{unit}" for number in (self.value, self.bound))
        sentence = f"{self._words().replace('#', value)} (limit {bound})"
        return sentence[0].upper() + sentence[1:]

    def _words(self) -> str:
        if self.kind == "limit":
            return f"{motion_label(self.joint, self.motion)} #"
        words = f"{joint_label(self.joint)} {self.motion}".strip()
        return f"{words} {_SAID.get(self.kind, f'{self.kind} #')}"


def motion_label(joint: str, motion: str) -> str:
    """A joint's motion as artists say it: "left forearm pronation" for the rotation of ``leftLowerArm``."""
    words = motion_words(joint, motion)
    if words is None:
        return f"{joint_label(joint)} {motion}".strip()
    side = re.match(r"left|right", joint)
    return f"{side.group()} {words}" if side else words


def joint_label(joint: str) -> str:
    """A joint as artists say it: "left knee" for ``leftLowerLeg``; "whole body" for ""."""
    if not joint:
        return "whole body"
    if joint in _PARTS:
        return _PARTS[joint]
    match = re.match(r"(left|right)(\w+)", joint)
    if match is None:
        return joint
    side, part = match.groups()
    return f"{side} {_PARTS.get(part, _spaced(part))}"


def _spaced(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def spans(mask: npt.ArrayLike) -> list[tuple[int, int]]:
    """Stretches of true frames of ``mask (T,)`` as ``(first, last)``, both inclusive, in order."""
    return [(first, end - 1) for first, end in gaps.spans(mask)]


def joined(stretches: Iterable[tuple[int, int]], gap: int) -> list[tuple[int, int]]:
    """Stretches with at most ``gap`` frames between them made one, so that a trembling value is one entry."""
    result: list[tuple[int, int]] = []
    for first, last in stretches:
        if result and first - result[-1][1] - 1 <= gap:
            result[-1] = (result[-1][0], max(last, result[-1][1]))
        else:
            result.append((first, last))
    return result


def violations_over(
    values: Array,
    bounds: Array,
    tolerance: float,
    *,
    kind: str,
    joint: str,
    motion: str,
    unit: str,
    altered: bool,
    gap: int = 5,
    lower: bool = False,
    scale: float = 1.0,
) -> list[Violation]:
    """One violation for each stretch in which ``values (T,)`` is above ``bounds (T,)`` by more than ``tolerance``.

    Stretches at most ``gap`` frames apart are one. With ``lower`` the bound is a lower one. ``scale`` is the unit's.
    """
    excess = bounds - values if lower else values - bounds
    beyond = np.flatnonzero(excess > tolerance)
    if len(beyond) == 0:
        return []
    starts = np.flatnonzero(np.diff(beyond, prepend=-2 - gap) > gap + 1)
    peaks = np.maximum.reduceat(excess[beyond], starts)
    stretch = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(beyond)))
    at_peak = np.flatnonzero(excess[beyond] == peaks[stretch])
    worst = beyond[at_peak[np.unique(stretch[at_peak], return_index=True)[1]]]
    firsts, lasts = beyond[starts], beyond[np.append(starts[1:], len(beyond)) - 1]
    rows = zip(
        firsts.tolist(),
        lasts.tolist(),
        worst.tolist(),
        (scale * values[worst]).tolist(),
        (scale * bounds[worst]).tolist(),
    )
    return [
        Violation(kind, joint, motion, first, last, peak, value, bound, unit, altered)
        for first, last, peak, value, bound in rows
    ]
