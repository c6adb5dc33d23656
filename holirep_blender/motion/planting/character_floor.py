# SPDX-License-Identifier: GPL-3.0-or-later
"""The performer's floor in a character's world."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..contacts.floor import Floor
from ..retargeting import take_rest_positions
from ..retargeting.root import leg_ratio
from ..take import Take
from .character_take import CharacterTake
from .pose import place_of

Array = npt.NDArray[np.float64]


def character_floor(character: CharacterTake, source: Take, floor: Floor) -> Floor:
    """Where the performer's floor is for the character: its ankles stand over it as the performer's over theirs.

    Parameters
    ----------
    source : the performer's take that was retargeted.
    floor : the plane in the world of ``source``.
    """
    performer, rest = take_rest_positions(source), take_rest_positions(character.take)
    ankles = [name for name in ("leftFoot", "rightFoot") if name in performer and name in rest]
    if not ankles or character.take.frame_count == 0:
        return Floor()
    ratio = leg_ratio(performer, rest)
    ours, theirs = _pelvis(character.take), _pelvis(source)
    lift = float(np.median(ours[:, 2] - ratio * theirs[:, 2]))
    under = np.array([theirs[0, 0], theirs[0, 1], 0.0])
    up = floor.up
    if up[2] < 0.1:
        raise ValueError("The floor stands upright: choose a plane that one can stand on.")
    under[2] = floor.point[2] - float(up[:2] @ (under[:2] - np.array(floor.point[:2]))) / up[2]
    standing = min(float(performer[name][2]) for name in ankles)
    height = ratio * (under[2] + standing) + lift - min(float(rest[name][2]) for name in ankles)
    # in the world only heights are scaled, so slopes are
    steep = ratio if character.space == "world" else 1.0
    return Floor((ours[0, 0], ours[0, 1], height), (up[0] * steep, up[1] * steep, up[2]))


def _pelvis(take: Take) -> Array:
    """Path ``(T, 3)`` of the point between the hip joints, else of the root."""
    sides = [take.joint_names.index(name) for name in ("leftUpperLeg", "rightUpperLeg") if name in take.joint_names]
    return np.asarray(np.mean([place_of(take, joint) for joint in (sides if len(sides) == 2 else [0])], axis=0))
