# SPDX-License-Identifier: GPL-3.0-or-later
"""Simple takes of known mechanics."""

from __future__ import annotations

import numpy as np

from holirep_blender.motion import rotations
from holirep_blender.motion.contacts.record import Contacts
from holirep_blender.motion.skeleton import JOINT_NAMES, t_pose_offsets
from holirep_blender.motion.take import CONTACT_NAMES, Take

HEIGHT = 1.7


def standing(frames: int = 31, fps: float = 30.0) -> Take:
    """Someone who stands still in the T-pose."""
    offsets = t_pose_offsets(HEIGHT)
    local = rotations.identity((frames, len(JOINT_NAMES)))
    return Take(fps, 1, local, np.tile(offsets[0], (frames, 1)), offsets)


def turned(take: Take, joint: str, quaternions: np.ndarray) -> Take:
    """The take with one joint's rotation."""
    take.local_rotations[:, take.joint_names.index(joint)] = quaternions
    return take


def on_both_feet(frames: int) -> Contacts:
    return Contacts(CONTACT_NAMES, np.ones((frames, 4)))


def without(take: Take, *parts: str) -> Take:
    """The take without the joints whose names contain one of the parts, and what hangs on them."""
    gone: set[int] = set()
    for joint, name in enumerate(take.joint_names):
        if any(part in name for part in parts) or take.parents[joint] in gone:
            gone.add(joint)
    kept = [joint for joint in range(len(take.joint_names)) if joint not in gone]
    rows = {joint: row for row, joint in enumerate(kept)}
    return Take(
        take.fps,
        take.frame_start,
        take.local_rotations[:, kept],
        take.root_translation,
        take.rest_offsets[kept],
        tuple(take.joint_names[joint] for joint in kept),
        tuple(rows.get(take.parents[joint], -1) for joint in kept),
    )
