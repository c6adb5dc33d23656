# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole of planting: feet, hands and limits on one skeleton."""

from __future__ import annotations

from typing import Optional

import numpy as np
import numpy.typing as npt

from .. import rotations
from ..contacts.floor import Floor
from ..contacts.record import Contacts
from ..contacts.soles import ContactPoints, contact_points
from ..skeleton import SIDES
from ..take import Take
from .feet import find_foot
from .legs import legs_planted
from .options import Planted, PlantOptions
from .pose import Pose
from .stances import Phases

Array = npt.NDArray[np.float64]


def planted(take: Take, contacts: Contacts, options: PlantOptions, *, source: Optional[Take] = None) -> Planted:
    """Holds the contacts of a take on its own skeleton.

    Parameters
    ----------
    take : ``T`` frames, usually a character's (``character_take``).
    contacts : what touches when, ``T`` frames.
    source : the performer's take that was retargeted, ``T`` frames: shows which hand rests where on the own body.

    Raises
    ------
    ValueError : in the user's words, where the floor lies above the head, or values are not numbers.
    """
    take.check_finite()
    floor = options.floor or Floor()
    points = contact_points(take)
    before = points.world(take)
    pose = Pose.over(take, floor)
    feet = [foot for foot in (find_foot(take, side, points) for side in SIDES) if foot is not None]
    result = take
    if feet and take.frame_count:
        phases = [
            Phases.of(contacts.touching(f"{foot.side}Heel"), contacts.touching(f"{foot.side}Toes")) for foot in feet
        ]
        movable = options.joints is None or "hips" in options.joints
        paths, shift = legs_planted(pose, feet, phases, options.feet, movable)
        changed=[j for foot in feet for j in (foot.leg.upper,foot.leg.lower,foot.leg.end,foot.toes) if j>=0]
        result = pose.to_take(changed, shift)
    after = points.world(result)
    return Planted(
        result,
        contacts,
        np.full((take.frame_count, len(contacts.names), 3), np.nan),
        _slide(before, contacts, points),
        _slide(after, contacts, points),
    )


def _slide(world: Array, contacts: Contacts, points: ContactPoints) -> Array:
    result = np.full((len(world), len(contacts.names)), np.nan)
    for column, name in enumerate(contacts.names):
        if points.index(name) >= 0:
            touching = contacts.touching(name)
            both = np.flatnonzero(touching[1:] & touching[:-1]) + 1
            step = np.linalg.norm(world[both, points.index(name)] - world[both - 1, points.index(name)], axis=-1)
            result[both, column] = step
    return result
