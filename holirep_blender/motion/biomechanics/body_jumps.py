# SPDX-License-Identifier: GPL-3.0-or-later
"""A body that jumps into another pose and back: left and right exchanged by a tracker, a figure seen wrongly.

Many joints step aside in one frame and step back in a later one. What lies between was never performed, so it is
bridged from the frames before to those after instead of being slowed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .. import rotations
from .slowing import slowed_rotations

Array = npt.NDArray[np.float64]

_JUMP, _BESIDE = 25.0, 10.0
"""Degrees from one frame to the next: of a joint that makes a jump, and of one that takes part in it. Of 45,866 frames
of clean motion capture two are left by so many joints at once, and the capture is broken there."""
_TOGETHER = 4
"""Joints that jump in the same frame and back in the same frame."""
_BACK = 0.6
"""How far a joint may be from where it was when it is back, as a share of the smaller step."""
_LONGEST = 0.3
"""Seconds: what stays for longer is a pose."""
_SLOWEST = 20.0
"""Frames a second below which true movements look like jumps."""
_STIFF = 0.3
"""Hertz of the filter that leads over a gap; nothing in the gap is trusted, so only that it is low matters."""


@dataclass(frozen=True)
class BodyJump:
    """Frames ``first`` to ``last`` in which the joints ``columns`` are elsewhere.

    ``worst``: of them the one with the largest step, ``turn`` degrees of it.
    """

    first: int
    last: int
    columns: tuple[int, ...]
    worst: int
    turn: float


def body_jumps(local: Array, columns: list[int], fps: float) -> list[BodyJump]:
    """The jumps out and back of rotations ``(T, J, 4)``, looked for in some joints; none overlap."""
    part = local[:, columns]
    if len(part) < 3 or len(columns) < _TOGETHER or fps < _SLOWEST:
        return []
    steps = np.degrees(rotations.angle_between(part[1:], part[:-1]))
    frames = np.flatnonzero((steps > _JUMP).sum(axis=1) >= _TOGETHER)
    found: list[BodyJump] = []
    free = 0
    for number, out in enumerate(frames):
        for back in frames[number + 1 :]:
            if out < free or back - out > max(1.0, _LONGEST * fps):
                break
            least = np.minimum(steps[out], steps[back])
            home = np.degrees(rotations.angle_between(part[out], part[back + 1])) < _BACK * least
            if np.count_nonzero(home & (least > _JUMP)) < _TOGETHER:
                continue
            rows = np.flatnonzero(home & (least > _BESIDE))
            worst = int(rows[np.argmax(least[rows])])
            moved = tuple(int(columns[row]) for row in rows)
            found.append(BodyJump(int(out) + 1, int(back), moved, int(columns[worst]), float(least[worst])))
            free = int(back) + 1
            break
    return found


def bridged(local: Array, jumps: list[BodyJump], fps: float) -> Array:
    """The rotations ``(T, J, 4)`` with a smooth movement over each jump."""
    result = local.copy() if jumps else local
    for jump in jumps:
        start, columns = max(jump.first - 4, 0), list(jump.columns)
        piece = result[start : jump.last + 5, columns]
        unsure = np.zeros(jump.last - jump.first + 1)
        smooth = slowed_rotations(piece, jump.first - start, jump.last - start, unsure, _STIFF, fps)
        result[start : jump.last + 5, columns] = smooth
    return result
