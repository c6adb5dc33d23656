# SPDX-License-Identifier: GPL-3.0-or-later
"""A short performance of known truth that needs no data: somebody stands, waves, nods and speaks."""

from __future__ import annotations

import numpy as np

from benchmarks._quality_clips import Clip, clip_of
from benchmarks._quality_lights import LightTruth
from holirep_blender.motion import rotations
from holirep_blender.motion.skeleton import JOINT_INDEX, JOINT_NAMES, t_pose_offsets
from holirep_blender.motion.take import Take


def standing(frames: int = 120, fps: float = 30.0) -> Clip:
    """The performance, seen and lit."""
    time = np.arange(frames) / fps
    local = rotations.identity((frames, len(JOINT_NAMES)))

    def turn(joint: str, axis: tuple[float, float, float], degrees: np.ndarray) -> None:
        more = rotations.from_axis_angle(np.array(axis), np.radians(degrees))
        local[:, JOINT_INDEX[joint]] = rotations.multiply(local[:, JOINT_INDEX[joint]], more)

    turn("leftUpperArm", (0.0, 1.0, 0.0), 60.0 - 40.0 * np.sin(2.1 * time))
    turn("rightUpperArm", (0.0, 1.0, 0.0), -60.0 + 25.0 * np.sin(1.7 * time))
    turn("leftLowerArm", (0.0, 0.0, 1.0), -40.0 - 30.0 * np.sin(3.1 * time))
    turn("rightLowerArm", (0.0, 0.0, 1.0), 50.0 + 20.0 * np.sin(2.3 * time))
    turn("head", (0.0, 0.0, 1.0), 15.0 * np.sin(1.3 * time))
    turn("head", (1.0, 0.0, 0.0), 8.0 * np.sin(2.9 * time))
    rest = t_pose_offsets()
    take = Take(
        fps=fps,
        frame_start=1,
        local_rotations=local,
        root_translation=np.tile([0.0, 0.0, rest[0, 2]], (frames, 1)),
        rest_offsets=rest,
        contacts=np.ones((frames, 4)),
    )
    return clip_of(take, "standing", 3, LightTruth.of(3))
