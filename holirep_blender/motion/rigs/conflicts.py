# SPDX-License-Identifier: GPL-3.0-or-later
"""What does not fit between a rig map and a rig, in the user's words."""

from __future__ import annotations

from typing import Mapping

import numpy as np

from ..skeleton import JOINT_NAMES, JOINT_PARENTS, REQUIRED_JOINTS, mirrored
from .names import readable_joint, side_of_name
from .rig import Rig


def find_conflicts(bones: Mapping[str, str], rig: Rig) -> list[str]:
    """Conflicts of a joint-to-bone mapping on a rig, a sentence each, the gravest first.

    Reported are required joints without a bone, bones that do not exist, a bone used for two joints, a bone that is
    not below the bone of its parent joint, and a bone of the other side of the body.
    """
    present = {joint: bone for joint, bone in bones.items() if bone in rig}
    return [
        *_missing_joints(bones),
        *_missing_bones(bones, rig),
        *_used_twice(bones),
        *_not_below(present, rig),
        *_crossed(present, rig),
    ]


def nearest_mapped_parent(joint: str, bones: Mapping[str, str]) -> str | None:
    """The closest joint above a joint that has a bone, None where there is none."""
    parent = JOINT_PARENTS[JOINT_NAMES.index(joint)]
    while parent >= 0 and JOINT_NAMES[parent] not in bones:
        parent = JOINT_PARENTS[parent]
    return JOINT_NAMES[parent] if parent >= 0 else None


def _missing_joints(bones: Mapping[str, str]) -> list[str]:
    return [f"{readable_joint(joint)} has no bone." for joint in REQUIRED_JOINTS if joint not in bones]


def _missing_bones(bones: Mapping[str, str], rig: Rig) -> list[str]:
    return [
        f"{readable_joint(joint)} is set to {bone}, but {rig.name} has no such bone."
        for joint, bone in bones.items()
        if bone not in rig
    ]


def _used_twice(bones: Mapping[str, str]) -> list[str]:
    users: dict[str, list[str]] = {}
    for joint, bone in bones.items():
        users.setdefault(bone, []).append(readable_joint(joint))
    return [f"{bone} is used for {' and '.join(joints)}." for bone, joints in users.items() if len(joints) > 1]


def _not_below(bones: Mapping[str, str], rig: Rig) -> list[str]:
    found = []
    for joint, bone in bones.items():
        parent = nearest_mapped_parent(joint, bones)
        if parent is None or bones[parent] == bone:
            continue
        if not rig.is_below(bone, bones[parent]):
            found.append(
                f"{readable_joint(joint)} is set to {bone}, which is not below {bones[parent]} "
                f"({readable_joint(parent).lower()})."
            )
    return found


def _crossed(bones: Mapping[str, str], rig: Rig) -> list[str]:
    """Joints whose two bones are named for the other sides, or lie the other way round than most pairs do."""
    pairs = [(joint, bones[joint], bones[mirrored(joint)]) for joint in bones if joint.startswith("left")
             and bones.get(mirrored(joint), bones[joint]) != bones[joint]]  # fmt: skip
    apart = [rig.heads[rig.index(left)] - rig.heads[rig.index(right)] for _, left, right in pairs]
    directions = [vector / max(float(np.linalg.norm(vector)), 1e-12) for vector in apart]
    most = np.sum(directions, axis=0) if directions else np.zeros(3)
    found = []
    for (joint, left, right), direction in zip(pairs, directions):
        named = side_of_name(left) == "right" and side_of_name(right) == "left"
        if named or float(direction @ most) < -0.5 * float(np.linalg.norm(most)):
            both = f"{readable_joint(joint)} and {readable_joint(mirrored(joint)).lower()}"
            found.append(f"{both} are crossed: {left} and {right} change places.")
    return found
