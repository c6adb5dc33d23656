# SPDX-License-Identifier: GPL-3.0-or-later
"""Toes that a rig has and a motion does not move: planted feet roll over them all the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .. import rotations
from ..retargeting import RetargetedMotion
from ..retargeting.local_space import plain_parent_spaces
from ..retargeting.motion import RigLike, RigMapLike
from ..retargeting.options import BoneInheritance
from .rig_rest import rest_rotations

TOES: tuple[str, ...] = ("leftToes", "rightToes")


def unmoved_toes(motion: RetargetedMotion, rig: RigLike, rig_map: RigMapLike) -> dict[str, str]:
    """Joint to bone of the mapped toes which the motion does not drive, of feet that it does; not those held by
    constraints.
    """
    index = {name: number for number, name in enumerate(rig.bone_names)}
    held = None if motion.inheritance is None else motion.inheritance.held
    found = {}
    for joint in TOES:
        bone, foot = rig_map.bones.get(joint), joint.replace("Toes", "Foot")
        if joint in motion.joints or foot not in motion.joints or bone not in index or bone in motion.bone_names:
            continue
        if held is None or not held[index[bone]]:
            found[joint] = bone
    return found


def with_toes(motion: RetargetedMotion, rig: RigLike, toes: dict[str, str]) -> RetargetedMotion:
    """The motion with these toes at rest on their feet."""
    if not toes:
        return motion
    index = {name: number for number, name in enumerate(rig.bone_names)}
    names = (*motion.bone_names, *toes.values())
    inheritance = motion.inheritance or BoneInheritance.plain(len(rig.bone_names))
    spaces = plain_parent_spaces(
        [index[name] for name in names], [int(p) for p in rig.parents], rest_rotations(rig), inheritance.rotation
    )
    count, before = len(motion.pose_rotations), len(motion.bone_names)
    poses = np.concatenate([motion.pose_rotations, rotations.identity((count, len(toes)))], axis=1)
    for row in range(before, len(names)):
        carrier = int(spaces.carriers[row])
        poses[:, row] = (
            spaces.offsets[row] if carrier < 0 else rotations.multiply(poses[:, carrier], spaces.offsets[row])
        )
    return replace(
        motion,
        bone_names=names,
        joints=(*motion.joints, *toes),
        rotations=np.concatenate([motion.rotations, rotations.identity((count, len(toes)))], axis=1),
        pose_rotations=poses,
    )


def without_still(motion: RetargetedMotion, toes: dict[str, str]) -> RetargetedMotion:
    """The motion without those toes that stayed at rest."""
    still = {bone for bone in toes.values() if not np.any(motion.rotations[:, motion.bone_names.index(bone), 1:])}
    if not still:
        return motion
    kept = [row for row, name in enumerate(motion.bone_names) if name not in still]
    return replace(
        motion,
        bone_names=tuple(motion.bone_names[row] for row in kept),
        joints=tuple(motion.joints[row] for row in kept),
        rotations=motion.rotations[:, kept],
        pose_rotations=motion.pose_rotations[:, kept],
    )
