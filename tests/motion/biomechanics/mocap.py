# SPDX-License-Identifier: GPL-3.0-or-later
"""Clips of motion capture as takes, all clips of one skeleton with one standing rest pose."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from holirep_blender.motion import rotations
from holirep_blender.motion.bvh import read_bvh, take_from_bvh
from holirep_blender.motion.take import Take
from tests.motion.retargeting.clips import cc4_joints, daz_joints

_STANDING = ("cmu_002_10", 645)
"""A frame of a figure that stands upright on flat feet with slightly bent elbows. The zero pose of these clips is
folded up and many of them begin in the middle of a dance, with pointed feet: neither is a rest pose."""


_OTHER_ROOT = ("cmu_002_01", "cmu_002_02", "cmu_002_03")
"""Clips with one more joint at the root; they begin with a standing frame."""


def clip_names(data: Path) -> list[str]:
    """All clips, by name."""
    return sorted(path.stem for path in (data / "mocap").glob("*.bvh"))


_ENDS = ("head", "leftHand", "rightHand", "leftFoot", "rightFoot")
"""Joints whose zero a standing frame does not show: where a head looks, how a hand without fingers hangs. The mean
over all clips of the skeleton is taken as their zero."""


def standing_takes(data: Path) -> dict[str, Take]:
    """All clips as takes with one rest pose for each skeleton."""
    takes = {name: standing_take(data, name) for name in clip_names(data)}
    folded = [name for name, take in takes.items() if "leftToes" in take.joint_names and name not in _OTHER_ROOT]
    for joint in _ENDS:
        column = takes[folded[0]].joint_names.index(joint)
        samples = np.concatenate([takes[name].local_rotations[:, column] for name in folded])
        mean = np.linalg.eigh(samples.T @ samples)[1][:, -1]  # mean of rotations: Markley et al. (2007)
        for name in folded:
            takes[name] = _with_rest(takes[name], column, mean)
    return takes


def _with_rest(take: Take, column: int, turn: np.ndarray) -> Take:
    """The same motion with the rest pose turned at one joint."""
    local, offsets = take.local_rotations.copy(), take.rest_offsets.copy()
    back = rotations.inverse(turn)
    local[:, column] = rotations.multiply(local[:, column], back)
    for child, parent in enumerate(take.parents):
        if parent == column:
            local[:, child] = rotations.multiply(turn, local[:, child])
            offsets[child] = rotations.rotate(turn, offsets[child])
    below = {column}
    for child, parent in enumerate(take.parents):
        if parent in below:
            below.add(child)
            local[:, child] = rotations.multiply(local[:, child], back)
            if parent != column:
                local[:, child] = rotations.multiply(turn, local[:, child])
                offsets[child] = rotations.rotate(turn, offsets[child])
    return replace(take, local_rotations=local, rest_offsets=offsets)


def standing_take(data: Path, name: str) -> Take:
    """A clip as a take; clips of the folded skeleton get the pose of one standing frame as rest pose."""
    clip = read_bvh(data / "mocap" / f"{name}.bvh")
    if not any(joint.startswith("CC_") for joint in clip.names):
        return take_from_bvh(clip, daz_joints())
    rest, frame = read_bvh(data / "mocap" / f"{_STANDING[0]}.bvh"), _STANDING[1]
    if name in _OTHER_ROOT:
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
