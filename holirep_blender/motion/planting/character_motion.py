# SPDX-License-Identifier: GPL-3.0-or-later
"""From a character's take back to its bones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from .. import rotations
from ..retargeting import RetargetedMotion
from ..retargeting.local_space import plain_parent_spaces, to_basis
from ..take import Take
from .character_take import CharacterTake
from .rig_rest import rest_rotations
from .toe_bones import with_toes, without_still

Array = npt.NDArray[np.float64]

_UNCHANGED = 1e-7
"""Radians under which a bone counts as not turned: the rounding of going there and back."""


def to_motion(character: CharacterTake, take: Take, motion: RetargetedMotion) -> RetargetedMotion:
    """The motion with the pose of ``take``, which has the joints of ``character.take``.

    A bone that the take does not turn keeps its exact old keys, in every frame. Basis rotations are changed by what the
    pose changes them, so that keys which were solved for a rig with constraints stay good.

    Raises ValueError where the take has other joints or another number of frames.
    """
    before = character.take
    if take.joint_names != before.joint_names or take.frame_count != before.frame_count:
        raise ValueError("The take does not belong to this character: its joints or frames differ.")
    rig = character.rig
    motion = with_toes(motion, rig, character.toes)
    index = {name: number for number, name in enumerate(rig.bone_names)}
    driven = [index[name] for name in motion.bone_names]
    rest = rest_rotations(rig)[driven]
    world, world_before = take.world_rotations(), before.world_rotations()
    have = character.bones >= 0
    rows = character.bones[have]
    step = rotations.multiply(world[:, have], rotations.inverse(world_before[:, have]))
    in_armature = rotations.multiply(
        rotations.multiply(rotations.inverse(character.to_world), step), character.to_world
    )
    poses = motion.pose_rotations.copy()
    poses[:, rows] = rotations.normalized(rotations.multiply(in_armature, motion.pose_rotations[:, rows]))
    spaces = plain_parent_spaces(
        driven, [int(parent) for parent in rig.parents], rest_rotations(rig), character.inheritance.rotation
    )
    change = rotations.multiply(rotations.inverse(to_basis(motion.pose_rotations, spaces)), to_basis(poses, spaces))
    changed = rotations.angle_between(change, rotations.identity()) > _UNCHANGED
    basis = rotations.normalized(rotations.multiply(motion.rotations, change))
    basis = np.where(np.sum(basis * motion.rotations, axis=-1, keepdims=True) < 0.0, -basis, basis)
    basis = np.where(changed[..., None], basis, motion.rotations)
    posed = rotations.angle_between(poses, motion.pose_rotations) > _UNCHANGED
    poses = np.where(posed[..., None], poses, motion.pose_rotations)

    locations, pose_locations = motion.locations, motion.pose_locations
    if motion.location_bone is not None:
        to_armature = rotations.inverse(character.to_world)
        moved = rotations.rotate(to_armature, take.root_translation - before.root_translation) / character.scale
        root = int(character.bones[0])
        if root >= 0:
            # the joint may lie apart from its bone's head: the head goes where the turn takes it
            joint = motion.joints[root]
            head = np.asarray(rig.rest, dtype=np.float64)[driven[root], :3, 3]
            apart = rotations.rotate(
                rotations.inverse(rest[root]), motion.joint_positions.get(joint or "", head) - head
            )
            moved = moved - rotations.rotate(poses[:, root], apart)
            moved = moved + rotations.rotate(motion.pose_rotations[:, root], apart)
        carrier = index[motion.location_bone]
        still = np.linalg.norm(moved, axis=-1, keepdims=True) * character.scale < 1e-9
        moved = np.where(still, 0.0, moved)
        axes_of = carrier if character.inheritance.local_location[carrier] else int(rig.parents[carrier])
        axes = rest_rotations(rig)[axes_of] if axes_of >= 0 else rotations.identity()
        pose_locations = motion.pose_locations + moved
        locations = motion.locations + rotations.rotate(rotations.inverse(axes), moved)
    result = replace(
        motion,
        rotations=basis,
        pose_rotations=poses,
        locations=locations,
        pose_locations=pose_locations,
        directions=_directions(character, take, motion),
    )
    return without_still(result, character.toes)


def _directions(character: CharacterTake, take: Take, motion: RetargetedMotion) -> dict[str, tuple[str, Array]]:
    """The motion's segment directions, as they are now."""
    positions = take.world_positions()
    column = {name: number for number, name in enumerate(take.joint_names)}
    to_armature = rotations.inverse(character.to_world)
    result = dict(motion.directions)
    for joint, (following, _) in motion.directions.items():
        if joint in column and following in column:
            segment = positions[:, column[following]] - positions[:, column[joint]]
            result[joint] = (following, rotations.normalized(rotations.rotate(to_armature, segment)))
    return result
