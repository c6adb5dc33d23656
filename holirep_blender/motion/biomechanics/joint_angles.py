# SPDX-License-Identifier: GPL-3.0-or-later
"""Anatomical joint angles of a take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..take import Take


@dataclass(frozen=True)
class JointAngles:
    """``names``: "leftLowerLeg.flexion" …; ``values (T, N)``: radians."""

    names: tuple[str, ...]
    values: npt.NDArray[np.float64]


def joint_angles(take: Take) -> JointAngles:
    """Joint angles of every frame."""
    raise NotImplementedError
