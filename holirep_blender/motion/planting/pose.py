# SPDX-License-Identifier: GPL-3.0-or-later
"""A take's whole motion as world rotations and positions, over a floor at Z = 0, and its limbs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Optional

import numpy as np
import numpy.typing as npt

from .. import rotations
from ..contacts.floor import Floor
from ..retargeting import take_rest_positions
from ..retargeting.anatomy import canonical_axes, rest_rotations
from ..take import Take

Array = npt.NDArray[np.float64]

_UP = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True)
class Limb:
    """Two bones and what ends them: hip, knee and ankle, or shoulder, elbow and wrist.

    Attributes
    ----------
    upper, lower, end : joints of the take.
    first, second : (3,) rest offsets of ``lower`` from ``upper`` and of ``end`` from ``lower``.
    hinge : (3,) axis of the middle joint in the rest pose; a positive turn of the lower bone about it flexes.
    """

    upper: int
    lower: int
    end: int
    first: Array
    second: Array
    hinge: Array

    @property
    def length(self) -> float:
        """Metres when straight."""
        return float(np.linalg.norm(self.first) + np.linalg.norm(self.second))


def find_limb(take: Take, names: tuple[str, str, str]) -> Optional[Limb]:
    """The limb of three joints; None where one is not there, has no length or does not hang on the one before it."""
    if not set(names) <= set(take.joint_names):
        return None
    upper, lower, end = (take.joint_names.index(name) for name in names)
    first, second = take.rest_offsets[lower], take.rest_offsets[end]
    if take.parents[lower] != upper or take.parents[end] != lower:
        return None
    if min(float(np.linalg.norm(first)), float(np.linalg.norm(second))) < 1e-6:
        return None
    frames = rest_rotations(take_rest_positions(take), np.eye(3))
    axis = rotations.rotate(frames[names[1]], canonical_axes(names[1])[1])
    return Limb(upper, lower, end, first, second, axis)


def world_of(take: Take) -> tuple[Array, Array]:
    """World rotations ``(T, J, 4)`` and positions ``(T, J, 3)`` of a take's joints, each computed once."""
    turned = take.world_rotations()
    placed = np.empty(turned.shape[:-1] + (3,))
    for joint, parent in enumerate(take.parents):
        if parent < 0:
            placed[:, joint] = take.root_translation
        else:
            placed[:, joint] = placed[:, parent] + rotations.rotate(turned[:, parent], take.rest_offsets[joint])
    return turned, placed


@dataclass
class Pose:
    """World rotations ``(T, J, 4)`` and positions ``(T, J, 3)`` of a take's joints; edited in place by the solvers.

    The world here is the floor's: its plane is Z = 0, its normal +Z. ``world`` are rotations and positions as they
    were, in the take's own world.
    """

    take: Take
    turned: Array
    placed: Array
    floor: Floor
    world: tuple[Array, Array]

    @classmethod
    def over(cls, take: Take, floor: Floor) -> Pose:
        """The take's pose over a floor."""
        level = rotations.between(floor.up, _UP)
        turned, placed = world_of(take)
        return cls(
            take,
            rotations.multiply(level, turned),
            rotations.rotate(level, placed - np.array(floor.point)),
            floor,
            (turned, placed),
        )

    def in_world(self, points: Array) -> Array:
        """Points ``(..., 3)`` over the floor in the take's world."""
        return np.asarray(rotations.rotate(rotations.between(_UP, self.floor.up), points) + np.array(self.floor.point))

    def to_take(self, changed: list[int], shift: Array) -> Take:
        """The take with the rotations of the joints ``changed`` as they are here, and its root moved by ``shift``.

        ``shift (T, 3)`` is over the floor. All other joints keep their local rotations bit by bit.
        """
        local = self.take.local_rotations.copy()
        before = self.world[0]
        unlevel = rotations.inverse(rotations.between(self.floor.up, _UP))
        for joint in changed:
            parent = self.take.parents[joint]
            above = rotations.multiply(unlevel, self.turned[:, parent]) if parent in changed else before[:, parent]
            turned = rotations.normalized(
                rotations.multiply(rotations.inverse(above), rotations.multiply(unlevel, self.turned[:, joint]))
            )
            local[:, joint] = np.where(np.sum(turned * local[:, joint], axis=-1, keepdims=True) < 0.0, -turned, turned)
        moved = self.take.root_translation + rotations.rotate(unlevel, shift)
        return replace(self.take, local_rotations=local, root_translation=moved)


def with_ancestors(take: Take, joints: list[int]) -> tuple[Take, list[int]]:
    """The part of a take with these joints, their toes and all that carries them, and which joints those are."""
    kept = set(joints)
    kept |= {child for child, parent in enumerate(take.parents) if parent in kept}
    for joint in list(kept):
        while take.parents[joint] >= 0:
            joint = take.parents[joint]
            kept.add(joint)
    rows = sorted(kept)
    order = {joint: row for row, joint in enumerate(rows)}
    part = Take(
        take.fps,
        take.frame_start,
        take.local_rotations[:, rows],
        take.root_translation,
        take.rest_offsets[rows],
        tuple(take.joint_names[joint] for joint in rows),
        tuple(order.get(take.parents[joint], -1) for joint in rows),
    )
    return part, rows
