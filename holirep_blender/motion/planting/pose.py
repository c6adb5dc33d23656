# SPDX-License-Identifier: GPL-3.0-or-later
"""A take's whole motion as world rotations and positions, over a floor at Z = 0, and its limbs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Optional, Union

import numpy as np
import numpy.typing as npt

from .. import rotations
from ..contacts.floor import Floor
from ..retargeting import take_rest_positions
from ..retargeting.anatomy import TORSO, body_axes, canonical_axes, rest_rotations
from ..skeleton import JOINT_INDEX, SIDES
from ..take import Take

Array = npt.NDArray[np.float64]

_UP = np.array([0.0, 0.0, 1.0])
_FASTEST = 99.9
"""Percentile of a motion's own accelerations that counts as its fastest."""
_PACE_STEP = 0.05
"""Steps, in the logarithm, in which the pace of the root is told."""


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


def place_of(take: Take, joint: int) -> Array:
    """World positions ``(T, 3)`` of one joint: only what carries it is looked at."""
    chain = [joint]
    while take.parents[chain[-1]] >= 0:
        chain.append(take.parents[chain[-1]])
    place, turned = take.root_translation, take.local_rotations[:, chain[-1]]
    for each in chain[-2::-1]:
        place = place + rotations.rotate(turned, take.rest_offsets[each])
        turned = rotations.multiply(turned, take.local_rotations[:, each])
    return np.asarray(place)


@lru_cache(maxsize=16)
def _levelling(normal: tuple[float, float, float]) -> Array:
    """The turn ``(4,)`` that makes a floor with this normal level."""
    result = rotations.between(normal, _UP)
    result.flags.writeable = False
    return result


def turn_accelerations(turned: Array) -> Array:
    """Sizes ``(T - 2, ...)`` of the angular accelerations of rotations ``(T, ..., 4)``, radians a frame a frame."""
    steps = rotations.to_rotation_vector(rotations.multiply(rotations.inverse(turned[:-1]), turned[1:]))
    return np.asarray(np.linalg.norm(np.diff(steps, axis=0), axis=-1))


def accelerations_of(take: Take, joints: Union[slice, list[int]] = slice(None)) -> tuple[Array, Array]:
    """Sizes of a motion's accelerations a frame a frame: ``(T - 2, J)`` radians of ``joints`` in their parents' frames
    and ``(T - 2,)`` metres of the root.
    """
    turned = turn_accelerations(take.local_rotations[:, joints])
    return turned, np.linalg.norm(np.diff(take.root_translation, 2, axis=0), axis=-1)


def pace_of(take: Take) -> tuple[float, float]:
    """The fastest angular acceleration of a motion, radians a frame a frame, and that of its root, metres.

    It is the 99.9th percentile over frames and joints.
    """
    if take.frame_count < 3:
        return 0.0, 0.0
    return _fastest(accelerations_of(take)[0]), pace_of_root(take)


def pace_of_root(take: Take) -> float:
    """The fastest acceleration of a motion's root, metres a frame a frame; see ``pace_of``.

    It is told in steps of 5 %: contacts move the root, and what is asked of the whole clip should not change with each
    of them.
    """
    if take.frame_count < 3:
        return 0.0
    root = _fastest(accelerations_of(take, [])[1])
    return float(np.exp(_PACE_STEP * np.ceil(np.log(max(root, 1e-9)) / _PACE_STEP)))


def _fastest(values: Array) -> float:
    # a value that there is: what lies between two would let the lower one rise to it
    return float(np.percentile(values, _FASTEST, method="lower"))


@dataclass
class Pose:
    """World rotations ``(T, J, 4)`` and positions ``(T, J, 3)`` of a take's joints; edited in place by the solvers.

    The world here is the floor's: its plane is Z = 0, its normal +Z. ``world`` are rotations and positions as they
    were, in the take's own world. ``pace`` is how fast the motion was (``pace_of``).
    ``turned_too`` : joints that calming turned besides those of the limbs.
    """

    take: Take
    turned: Array
    placed: Array
    floor: Floor
    world: tuple[Array, Array]
    pace: tuple[float, float] = (0.0, 0.0)
    turned_too: list[int] = field(default_factory=list)

    @classmethod
    def over(cls, take: Take, floor: Floor, pace: tuple[float, float] = (0.0, 0.0)) -> Pose:
        """The take's pose over a floor; ``pace`` is that of the clip of which the take is a part."""
        level = _levelling(floor.normal)
        turned, placed = take.world()
        return cls(
            take,
            rotations.multiply(level, turned),
            rotations.rotate(level, placed - np.array(floor.point)),
            floor,
            (turned, placed),
            pace,
        )

    def copy(self) -> Pose:
        """The same pose, to be edited apart."""
        return replace(self, turned=self.turned.copy(), placed=self.placed.copy(), turned_too=list(self.turned_too))

    def in_world(self, points: Array) -> Array:
        """Points ``(..., 3)`` over the floor in the take's world."""
        return np.asarray(
            rotations.rotate(rotations.inverse(_levelling(self.floor.normal)), points) + np.array(self.floor.point)
        )

    def to_take(self, changed: list[int], shift: Array) -> Take:
        """The take with the rotations of the joints ``changed`` as they are here, and its root moved by ``shift``.

        ``shift (T, 3)`` is over the floor. All other joints keep their local rotations bit by bit.
        """
        local = self.take.local_rotations.copy()
        before = self.world[0]
        unlevel = rotations.inverse(_levelling(self.floor.normal))
        changed = [*self.turned_too, *(joint for joint in changed if joint not in self.turned_too)]
        for joint in changed:
            parent = self.take.parents[joint]
            turned = rotations.multiply(unlevel, self.turned[:, joint])
            if parent >= 0:
                new = parent in changed or bool(self.turned_too)
                above = rotations.multiply(unlevel, self.turned[:, parent]) if new else before[:, parent]
                turned = rotations.multiply(rotations.inverse(above), turned)
            turned = rotations.normalized(turned)
            local[:, joint] = np.where(np.sum(turned * local[:, joint], axis=-1, keepdims=True) < 0.0, -turned, turned)
        moved = self.take.root_translation + rotations.rotate(unlevel, shift)
        return replace(self.take, local_rotations=local, root_translation=moved)


def with_ancestors(take: Take, joints: list[int]) -> tuple[Take, list[int]]:
    """The part of a take with these joints, their toes and all that carries them, and which joints those are.

    Behind those stand, still, the joints that show how the body is built: anatomical frames are the whole take's.
    """
    kept = set(joints)
    kept |= {child for child, parent in enumerate(take.parents) if parent in kept}
    for joint in list(kept):
        while take.parents[joint] >= 0:
            joint = take.parents[joint]
            kept.add(joint)
    rows = sorted(kept)
    order = {joint: row for row, joint in enumerate(rows)}
    rest = np.array(list(take_rest_positions(take).values()))
    shown = _showing_build(take, rest, rows)
    still = np.tile([1.0, 0.0, 0.0, 0.0], (take.frame_count, len(shown), 1))
    part = Take(
        take.fps,
        take.frame_start,
        np.concatenate([take.local_rotations[:, rows], still], axis=1),
        take.root_translation,
        np.concatenate([take.rest_offsets[rows], rest[shown] - rest[rows[0]]]),
        tuple(take.joint_names[joint] for joint in [*rows, *shown]),
        (*(order.get(take.parents[joint], -1) for joint in rows), *(0 for _ in shown)),
    )
    return part, rows


def _showing_build(take: Take, rest: Array, rows: list[int]) -> list[int]:
    """The joints beside ``rows`` without which anatomical frames of the legs would be others."""
    columns = {name: joint for joint, name in enumerate(take.joint_names) if name in JOINT_INDEX}
    own = {take.joint_names[joint] for joint in rows}
    top = next((name for name in ("neck", "upperChest", "chest", "head") if name in columns), "")
    wanted = {top, "leftUpperLeg", "rightUpperLeg"}
    positions = {name: rest[joint] for name, joint in columns.items()}
    few = {name: place for name, place in positions.items() if name in own | wanted}
    if own & set(TORSO[1:]) or not np.allclose(body_axes(few), body_axes(positions), atol=1e-9):
        wanted |= set(TORSO) | {"head"}
        wanted |= {f"{side}{each}" for side in SIDES for each in ("UpperArm", "Shoulder", "Foot", "Hand", "Eye")}
    return sorted(columns[name] for name in wanted - own if name in columns)
