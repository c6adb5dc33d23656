# SPDX-License-Identifier: GPL-3.0-or-later
"""A character's animation as a take on its own skeleton, and back to its bones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import numpy as np
import numpy.typing as npt

from ..contacts.floor import Floor
from ..retargeting import RetargetedMotion
from ..retargeting.motion import RigLike, RigMapLike
from ..take import Take

Array = npt.NDArray[np.float64]


@dataclass
class CharacterTake:
    """A character's animation as a take, with what is needed to go back; made by :func:`character_take`.

    Attributes
    ----------
    take : the driven bones as joints: mapped ones by their VRM names, others by their bones' names. Metres.
    bones : for each joint of the take its row among the motion's bones, -1 for a root that only carries the location.
    """

    take: Take
    bones: npt.NDArray[np.int64]


def character_take(
    motion: RetargetedMotion,
    rig: RigLike,
    rig_map: RigMapLike,
    object_matrix: Optional[npt.ArrayLike] = None,
    *,
    fps: float = 30.0,
    frame_start: int = 1,
) -> CharacterTake:
    """The take of a motion on its rig; ``motion.options.space`` says in whose world.

    In the space ``"character"`` the take's world is the character's own: metres, Z up, facing -Y, the rest pose's floor
    at Z = 0. In the space ``"world"`` it is the scene's world in metres.
    """
    raise NotImplementedError


def to_motion(character: CharacterTake, take: Take, motion: RetargetedMotion) -> RetargetedMotion:
    """The motion with the pose of ``take``; a joint that the take does not change keeps its exact old keys."""
    raise NotImplementedError


def character_floor(character: CharacterTake, source: Take, floor: Floor) -> Floor:
    """Where the performer's floor is in the character's take."""
    raise NotImplementedError
