# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes out the pops that planting leaves: legs whose joints would be jerked harder than the motion ever was.

Contacts are kept exactly; whatever else there is gives way: the pelvis, how a foot rolls, to which side a knee points,
legs in the air. In windows around the frames that are too fast a least-squares problem (Gauss-Newton) asks for the
smallest change with which accelerations come under their bounds. Bounds are those of the motion before, so what
happens in a frame depends on what is near it alone.
"""

from __future__ import annotations

from typing import Optional

import numpy as np
import numpy.typing as npt

from .calm_problem import Problem
from .leg_moves import LegHold
from .pelvis_glitches import steadied
from .pose import Pose

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

FEWEST = 4
"""Frames of the shortest motion that has accelerations to speak of."""
_STIFF = (3e-3, 1e-3, 3e-4, 1e-4, 1e-4, 1e-4)
"""What changes of the pose count, from round to round: ever less, so that they spread over more frames."""
_AROUND = (6, 8, 10, 12, 12, 12)
"""Frames around one that is too fast which may change, from round to round."""
_FEW = 5
"""Rounds that do most of it."""
_NARROW = ((4, 1e-4), (6, 1e-4), (5, 3e-5), (4, 3e-5), (3, 3e-5), (8, 3e-5))
"""The same, and what changes count, once more where windows ran into each other and one spoilt the others."""


def calmed(
    pose: Pose,
    holds: list[LegHold],
    shift: Array,
    movable: bool,
    inside: Optional[Mask] = None,
    thoroughly: bool = True,
) -> tuple[Array, bool]:
    """Edits the pose so that its legs are not jerked harder than the take was; gives the root's shift ``(T, 3)``, and
    whether nothing is left to do.

    Parameters
    ----------
    pose : planted; its ``take`` is the motion before.
    shift : (T, 3) how the root was moved.
    movable : whether the pelvis may move.
    inside : (T,) the frames that may change; None for all.
    thoroughly : whether to try what takes long where little is won, too.
    """
    count = pose.take.frame_count
    if count < FEWEST or not holds:
        return shift, True
    problem = Problem(pose, holds, shift.copy(), movable)
    if inside is not None:
        problem.inside = inside
    rounds = tuple(zip(_AROUND, _STIFF))
    if not thoroughly:
        problem.rounds(rounds[:_FEW])
        return problem.shift, not problem.over().any()
    problem.rounds(rounds)
    problem.rounds(_NARROW)
    if movable:
        steadied(problem, rounds + _NARROW)
    # what is left needs steps that mind what those before would have spoilt
    problem.warned = True
    problem.rounds(rounds + _NARROW)
    return problem.shift, True
