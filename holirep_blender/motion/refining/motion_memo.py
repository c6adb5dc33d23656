# SPDX-License-Identifier: GPL-3.0-or-later
"""A motion on its rig from the last time: after an edit only the frames are made again in which something differs."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Optional

import numpy as np
import numpy.typing as npt

from .. import rotations
from ..planting import CharacterTake, character_take, to_motion
from ..planting.parts import part_of
from ..retargeting import BoneInheritance, RetargetedMotion, RetargetOptions, retarget
from ..take import Take

if TYPE_CHECKING:
    from ..retargeting.motion import RigLike, RigMapLike

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_MOST = 0.7
"""Share of the frames from which all of them are made again."""
_FRAMES = ("rotations", "pose_rotations", "locations", "pose_locations", "travel")
"""What a motion holds of each frame, besides its directions."""
_PATHS = _FRAMES[2:]
"""What of that goes with the root."""


@dataclass
class MotionMemo:
    """What a take came to on its rig, and what its refined pose came to in its bones.

    ``steps`` : by how much each of ``_PATHS`` moves for a metre of the take's root along each axis, ``(3, 3)``.
    ``posed`` : the character's take of ``motion``.
    """

    take: Optional[Take] = None
    told: tuple[object, ...] = ()
    motion: Optional[RetargetedMotion] = None
    steps: dict[str, Array] = field(default_factory=dict)
    posed: Optional[tuple[RetargetedMotion, tuple[object, ...], CharacterTake]] = None
    character: Optional[CharacterTake] = None
    result: Optional[Take] = None
    asked: Optional[RetargetedMotion] = None
    keyed: Optional[RetargetedMotion] = None

    def retargeted(
        self,
        take: Take,
        rig: RigLike,
        rig_map: RigMapLike,
        matrix: Array,
        options: RetargetOptions,
        inheritance: BoneInheritance,
    ) -> RetargetedMotion:
        """As ``retarget``; where only the root went elsewhere, only the paths that follow it. Raises as it does."""
        told = (rig, dict(rig_map.bones), matrix, options, inheritance, take.fps, take.header.get("floor_height"))
        before, motion = self.take, self.motion
        if (
            before is not None
            and motion is not None
            and _same(self.told, told)
            and before.joint_names == take.joint_names
            and np.array_equal(before.rest_offsets, take.rest_offsets)
            and np.array_equal(before.local_rotations, take.local_rotations)
            # all paths begin where the first frame is
            and np.array_equal(before.root_translation[:1], take.root_translation[:1])
        ):
            moved = take.root_translation - before.root_translation
            motion = replace(
                motion, **{name: getattr(motion, name) + moved @ each for name, each in self.steps.items()}
            )
        else:
            motion = retarget(take, rig, rig_map, matrix, options, inheritance=inheritance)
            aside = _rows_of_take(take, np.zeros(4, dtype=np.intp))
            aside.root_translation[1:] += np.eye(3)
            put_aside = retarget(aside, rig, rig_map, matrix, options, inheritance=inheritance)
            paths = {name: getattr(put_aside, name) for name in _PATHS}
            self.told, self.steps = told, {name: path[1:] - path[0] for name, path in paths.items() if len(path)}
        self.take, self.motion = take, motion
        return replace(motion)

    def character_take(
        self,
        motion: RetargetedMotion,
        rig: RigLike,
        rig_map: RigMapLike,
        matrix: Optional[npt.ArrayLike],
        *,
        fps: float,
    ) -> CharacterTake:
        """As ``planting.character_take`` of what ``retargeted`` gave; where only the root went elsewhere, only it."""
        told = (rig, dict(rig_map.bones), None if matrix is None else np.asarray(matrix), fps)
        before, known, made = self.posed or (motion, (), None)
        if made is not None and before.pose_rotations is motion.pose_rotations and _same(known, told):
            moved = np.zeros_like(made.take.root_translation)
            for name in _PATHS[1:]:
                if len(getattr(motion, name)):
                    moved += getattr(motion, name) - getattr(before, name)
            root = made.take.root_translation + rotations.rotate(made.to_world, moved * made.scale)
            made = replace(made, take=replace(made.take, root_translation=root))
        else:
            made = character_take(motion, rig, rig_map, matrix, fps=fps)
        self.posed = motion, told, made
        return made

    def to_motion(self, character: CharacterTake, take: Take, motion: RetargetedMotion) -> RetargetedMotion:
        """As ``planting.to_motion``, made again only in the frames in which something differs."""
        keyed = None
        other = self._other(character, take, motion)
        if other is not None and self.keyed is not None:
            rows = np.flatnonzero(other)
            keyed = self.keyed
            if len(rows):
                part = replace(character, take=_rows_of_take(character.take, rows))
                made = to_motion(part, _rows_of_take(take, rows), _rows_of(motion, rows))
                # toes that only some frames turn are bones of the whole clip alone
                keyed = _spliced(keyed, made, rows, _FRAMES) if made.bone_names == keyed.bone_names else None
        if keyed is None:
            keyed = to_motion(character, take, motion)
        self.character, self.result, self.asked, self.keyed = character, take, motion, keyed
        return replace(keyed)

    def _other(self, character: CharacterTake, take: Take, motion: RetargetedMotion) -> Optional[Mask]:
        """The frames ``(T,)`` in which something is other than last time; None where all of it may be."""
        before, result, asked = self.character, self.result, self.asked
        if before is None or result is None or asked is None or before.take.joint_names != character.take.joint_names:
            return None
        kept = [each.name for each in fields(character) if each.name != "take"]
        if (
            result.local_rotations.shape != take.local_rotations.shape
            or before.take.local_rotations.shape != character.take.local_rotations.shape
            or asked.bone_names != motion.bone_names
            or asked.location_bone != motion.location_bone
            or not np.array_equal(before.take.rest_offsets, character.take.rest_offsets)
            or not _same(
                tuple(getattr(before, name) for name in kept), tuple(getattr(character, name) for name in kept)
            )
        ):
            return None
        other = np.zeros(take.frame_count, dtype=bool)
        for one, two in ((before.take, character.take), (result, take)):
            other |= (one.local_rotations != two.local_rotations).any(axis=(1, 2))
            other |= (one.root_translation != two.root_translation).any(axis=1)
        for name in _FRAMES:
            one, two = getattr(asked, name), getattr(motion, name)
            if one.shape != two.shape:
                return None
            if len(one):
                other |= (one != two).reshape(len(one), -1).any(axis=1)
        return other if other.mean() < _MOST else None


def _same(one: object, two: object) -> bool:
    """Whether two things say the same: rigs, maps, arrays and what is made of them."""
    if isinstance(one, np.ndarray) or isinstance(two, np.ndarray):
        return np.array_equal(np.asarray(one), np.asarray(two))
    if isinstance(one, tuple) and isinstance(two, tuple):
        return len(one) == len(two) and all(_same(first, second) for first, second in zip(one, two))
    if type(one) is type(two) and hasattr(one, "__dataclass_fields__"):
        return all(_same(getattr(one, name), getattr(two, name)) for name in one.__dataclass_fields__)
    return bool(one == two)


def _rows_of_take(take: Take, rows: npt.NDArray[np.intp]) -> Take:
    """A take's motion in the frames ``rows``, any number of times each."""
    one = part_of(take, 0, 0)
    return replace(one, local_rotations=take.local_rotations[rows], root_translation=take.root_translation[rows])


def _rows_of(motion: RetargetedMotion, rows: npt.NDArray[np.intp]) -> RetargetedMotion:
    """A motion's frames ``rows``."""
    each = {name: getattr(motion, name) for name in _FRAMES}
    directions = {joint: (following, along[rows]) for joint, (following, along) in motion.directions.items()}
    return replace(
        motion, directions=directions, **{name: array[rows] if len(array) else array for name, array in each.items()}
    )


def _spliced(
    motion: RetargetedMotion, part: RetargetedMotion, rows: npt.NDArray[np.intp], names: tuple[str, ...]
) -> RetargetedMotion:
    """A motion with what ``part`` has in the frames ``rows``; directions are those of the motion where it has none."""
    changed = {}
    for name in names:
        array = getattr(motion, name).copy()
        if len(array):
            array[rows] = getattr(part, name)
        changed[name] = array
    directions = dict(motion.directions)
    for joint, (following, along) in part.directions.items():
        whole = directions[joint][1].copy()
        whole[rows] = along
        directions[joint] = (following, whole)
    return replace(motion, directions=directions, **changed)
