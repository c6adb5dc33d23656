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

_FADES, _BROKEN = np.radians(30.0), np.radians(60.0)
"""A joint that exceeds its limits by more than the second is broken: nothing else is bent for it."""


@dataclass(frozen=True)
class Link:
    """Two joints that share motion.

    ``shares``: "all" of it, the "twist" about the child's length, or "swing": the child's swing goes inwards only.
    ``inwards``: whether the child passes on what it cannot take; a wrist and its forearm turn within one range, so
    nothing is won by it there.
    """

    parent: str
    child: str
    shares: str
    inwards: bool = True


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
                result.append(Link(side + parent, side + child, shares, inwards=child != "Hand"))
    return result


def part(residual: Array, shares: str, axis: Array, bend: Optional[Array]) -> Array:
    """The part of a rotation ``(T, 4)`` that a link passes on.

    ``axis (3,)`` is the child's length; a twist passes an elbow bent by ``bend (T,)`` radians by the bend's cosine.
    """
    if shares != "twist":
        return _within_reason(residual)
    twist = rotations.swing_twist(residual, axis)[1]
    if bend is None:
        return _within_reason(twist)
    straightness = np.clip(np.cos(bend), 0.0, 1.0)
    return _within_reason(rotations.from_rotation_vector(rotations.to_rotation_vector(twist) * straightness[:, None]))


def _within_reason(turn: Array) -> Array:
    """The turn ``(T, 4)``, fading out where it is too large to come from a body that reaches far."""
    cosine = np.abs(turn[:, 0])
    if cosine.min(initial=1.0) >= np.cos(_FADES / 2.0):
        return turn
    angle = 2.0 * np.arccos(np.minimum(cosine, 1.0))
    way = np.clip((angle - _FADES) / (_BROKEN - _FADES), 0.0, 1.0)
    share = 1.0 - way * way * (3.0 - 2.0 * way)
    return rotations.from_rotation_vector(rotations.to_rotation_vector(turn) * share[:, None])
