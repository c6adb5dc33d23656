# SPDX-License-Identifier: GPL-3.0-or-later
"""Clips of motion capture as takes, all clips of one skeleton with one standing rest pose."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from holirep_blender.motion.bvh import read_bvh, take_from_bvh
from holirep_blender.motion.take import Take
from tests.motion.retargeting.clips import cc4_joints, daz_joints

_STANDING = ("cmu_002_10", 645)
"""A frame of a figure that stands upright on flat feet with slightly bent elbows. The zero pose of these clips is
folded up and many of them begin in the middle of a dance, with pointed feet: neither is a rest pose."""


def clip_names(data: Path) -> list[str]:
    """All clips, by name."""
    return sorted(path.stem for path in (data / "mocap").glob("*.bvh"))


def standing_take(data: Path, name: str) -> Take:
    """A clip as a take; clips of the folded skeleton get the pose of one standing frame as rest pose."""
    clip = read_bvh(data / "mocap" / f"{name}.bvh")
    if not any(joint.startswith("CC_") for joint in clip.names):
        return take_from_bvh(clip, daz_joints())
    rest, frame = read_bvh(data / "mocap" / f"{_STANDING[0]}.bvh"), _STANDING[1]
    if rest.names != clip.names:  # three clips have one more joint at the root
        return take_from_bvh(clip, cc4_joints(), rest_frame=0)
    clip.values = np.concatenate([rest.values[frame : frame + 1], clip.values])
    take = take_from_bvh(clip, cc4_joints(), rest_frame=0)
    return Take(
        fps=take.fps,
        frame_start=1,
        local_rotations=take.local_rotations[1:],
        root_translation=take.root_translation[1:],
        rest_offsets=take.rest_offsets,
        joint_names=take.joint_names,
        parents=take.parents,
    )
