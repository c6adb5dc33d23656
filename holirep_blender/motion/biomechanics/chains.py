# SPDX-License-Identifier: GPL-3.0-or-later
"""Chains: what one joint cannot take its neighbours take first, so that the end keeps its orientation where it can.

Back and neck share bending among their bones, the collar bone gives way under the arm (Inman's scapulohumeral
rhythm), and the twist of an arm is shared by shoulder, forearm and wrist as far as the elbow is straight.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Optional

import numpy as np
import numpy.typing as npt

from .. import rotations
from ..skeleton import SIDES

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Link:
    """Two joints that share motion.

    ``shares``: "all" of it, the "twist" about the child's length, or "swing": the child's swing goes inwards only.
    """

    parent: str
    child: str
    shares: str


def links(joints: Collection[str]) -> list[Link]:
    """The links between the joints that a take has, from the trunk outwards; absent joints are bridged."""
    result = []
    for chain in (("spine", "chest", "upperChest"), ("neck", "head")):
        present = [name for name in chain if name in joints]
        result += [Link(parent, child, "all") for parent, child in zip(present, present[1:])]
    for side in SIDES:
        for parent, child, shares in (
            ("Shoulder", "UpperArm", "swing"),
            ("UpperArm", "LowerArm", "twist"),
            ("LowerArm", "Hand", "twist"),
        ):
            if side + parent in joints and side + child in joints:
                result.append(Link(side + parent, side + child, shares))
    return result


def part(residual: Array, shares: str, axis: Array, bend: Optional[Array]) -> Array:
    """The part of a rotation ``(T, 4)`` that a link passes on.

    ``axis (3,)`` is the child's length; a twist passes an elbow bent by ``bend (T,)`` radians by the bend's cosine.
    """
    if shares != "twist":
        return residual
    twist = rotations.swing_twist(residual, axis)[1]
    if bend is None:
        return twist
    straightness = np.clip(np.cos(bend), 0.0, 1.0)
    return rotations.from_rotation_vector(rotations.to_rotation_vector(twist) * straightness[:, None])
