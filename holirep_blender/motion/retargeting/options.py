# SPDX-License-Identifier: GPL-3.0-or-later
"""What the artist chooses about retargeting, and what retargeting gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

SPACES: tuple[str, ...] = ("character", "world")
ROOTS: tuple[str, ...] = ("travelling", "in_place")


class RetargetError(ValueError):
    """A rig or a take that cannot be retargeted; the message is for the user."""


@dataclass(frozen=True)
class RetargetOptions:
    """How a take is put on a rig.

    Attributes
    ----------
    space : ``"character"`` plays the take in the character's own space: it starts where the character stands and a
        performer who faces the camera faces the character's front, however its object is turned and scaled.
        ``"world"`` holds the take's world positions and directions, so that the character overlays the performer
        through the solved camera; the object's own transform is compensated.
    root : ``"travelling"``, or ``"in_place"``, which keeps the height and the turning but not the horizontal travel.
    own_shape : pelvis, collar bones and feet keep the rig's own build (an upright pelvis, flat soles); where False the
        directions of their segments are matched like those of all others.
    share_spine : unmapped bones between two mapped spine bones take their part of the bend, and so get keys too; where
        False only mapped bones do.
    """

    space: str = "character"
    root: str = "travelling"
    own_shape: bool = True
    share_spine: bool = False

    def __post_init__(self) -> None:
        """Raises RetargetError for a choice that does not exist."""
        if self.space not in SPACES:
            raise RetargetError(f"Unknown space {self.space!r}: choose one of {', '.join(SPACES)}.")
        if self.root not in ROOTS:
            raise RetargetError(f"Unknown root {self.root!r}: choose one of {', '.join(ROOTS)}.")


@dataclass(frozen=True)
class BoneInheritance:
    """How the rig's bones follow their parents, ``(B,)`` booleans in the order of the rig's bones.

    ``rotation``: the bone turns with its parent. ``connected``: its head sticks to the parent's tail, so that it has no
    location of its own. ``local_location``: its location is along its own axes, else along its parent's. ``held``:
    constraints or drivers move it, so that it is not to be keyed unless the rig map says so.
    """

    rotation: npt.NDArray[np.bool_]
    connected: npt.NDArray[np.bool_]
    local_location: npt.NDArray[np.bool_]
    held: npt.NDArray[np.bool_]

    @classmethod
    def plain(cls, count: int) -> BoneInheritance:
        """Bones that inherit all and are free to move."""
        return cls(np.ones(count, bool), np.zeros(count, bool), np.ones(count, bool), np.zeros(count, bool))


@dataclass
class RetargetedMotion:
    """A take on a rig, for ``T`` frames and the ``B`` bones that it drives.

    Attributes
    ----------
    bone_names : the driven bones.
    joints : for each of them the joint that drives it, or None for a spine bone that takes its share.
    rotations : (T, B, 4) quaternions wxyz of ``matrix_basis``, for rigs whose bones follow their parents plainly.
    pose_rotations : (T, B, 4) the rotation of each bone's matrix in armature space that is asked for.
    location_bone : the bone that carries the travel, or None.
    locations : (T, 3) location of that bone's ``matrix_basis``; (0, 3) without such a bone.
    pose_locations : (T, 3) where that bone's head is to be in armature space.
    directions : for each joint with a following joint ``(following joint, (T, 3))``, unit vectors in armature space.
    warnings : sentences for the user.
    options : the space and the like in which the motion was made.
    inheritance : how the rig's bones follow their parents; None for plainly.
    joint_positions : rest positions of joints in armature space that differ from their bones' heads.
    axes : (3, 3) the performer's left, back and up in armature space; None where they are to be found from the rig.
    travel : (T, 3) what a root that stays in place leaves out, in armature space; (0, 3) where it travels.
    """

    bone_names: tuple[str, ...]
    joints: tuple[Optional[str], ...]
    rotations: Array
    pose_rotations: Array
    location_bone: Optional[str]
    locations: Array
    pose_locations: Array
    directions: dict[str, tuple[str, Array]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    options: RetargetOptions = field(default_factory=RetargetOptions)
    inheritance: Optional[BoneInheritance] = None
    joint_positions: dict[str, Array] = field(default_factory=dict)
    axes: Optional[Array] = None
    travel: Array = field(default_factory=lambda: np.zeros((0, 3)))
