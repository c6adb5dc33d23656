# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole of refining as two pure functions: on the performer, and on the character."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional

import numpy as np
import numpy.typing as npt

from ..retargeting import RetargetedMotion
from ..take import Take
from .options import RefineOptions
from .report import RefineReport

if TYPE_CHECKING:
    from ..biomechanics.report import Violation
    from ..contacts.detect import Contacts
    from ..contacts.floor import Floor
    from ..retargeting.motion import RigLike, RigMapLike

Array = npt.NDArray[np.float64]


@dataclass
class RefinedTake:
    """A take after refining on the performer: with its contacts, the floor and what was found."""

    take: Take
    contacts: Contacts
    floor: Floor
    violations: tuple[Violation, ...] = ()


def refined_take(take: Take, options: RefineOptions) -> RefinedTake:
    """Smoothing, limits, exertion, contacts and grounding, on the performer's own skeleton."""
    raise NotImplementedError


def refined_motion(
    refined: RefinedTake,
    motion: RetargetedMotion,
    rig: RigLike,
    rig_map: RigMapLike,
    object_matrix: Optional[npt.ArrayLike],
    options: RefineOptions,
) -> tuple[RetargetedMotion, RefineReport]:
    """Planting and limits on the character that the take was retargeted to."""
    raise NotImplementedError
