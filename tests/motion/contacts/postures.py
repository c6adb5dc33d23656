# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes of known contacts: standing, walking on the spot, sitting, squatting, kneeling, leaning on a table."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from holirep_blender.motion import rotations
from holirep_blender.motion.skeleton import JOINT_INDEX, JOINT_NAMES, SIDES, t_pose_offsets
from holirep_blender.motion.take import Take

FPS = 30.0
HEIGHT = 1.70
HIPS = float(t_pose_offsets(HEIGHT)[0, 2])


def turn(axis, degrees) -> np.ndarray:
    """Quaternions of turns by ``degrees`` ``(...)``."""
    return rotations.from_axis_angle(np.array(axis, float), np.radians(degrees))


def posed(frames: int, pose: dict[str, np.ndarray], root=(0.0, 0.0, HIPS)) -> Take:
    """A take of the canonical skeleton: joint to quaternions ``(4,)`` or ``(T, 4)``; arms hang."""
    local = rotations.identity((frames, len(JOINT_NAMES)))
    for sign, side in ((1.0, "left"), (-1.0, "right")):
        local[:, JOINT_INDEX[f"{side}UpperArm"]] = turn([0, 1, 0], sign * 85.0)
    for name, quaternion in pose.items():
        local[:, JOINT_INDEX[name]] = quaternion
    path = np.broadcast_to(np.asarray(root, float), (frames, 3)).copy()
    return Take(FPS, 1, local, path, t_pose_offsets(HEIGHT))


def standing(frames: int = 60) -> Take:
    """Both feet flat on the floor; the trunk sways a little."""
    sway = turn([1, 0, 0], 2.0 * np.sin(np.arange(frames) / 15.0))
    return posed(frames, {"spine": sway})


def legs(hip: float, knee: float, ankle: float) -> dict[str, np.ndarray]:
    """Both legs flexed by degrees: thighs forwards, shins back, feet up."""
    pose = {}
    for side in SIDES:
        pose[f"{side}UpperLeg"] = turn([1, 0, 0], -hip)
        pose[f"{side}LowerLeg"] = turn([1, 0, 0], knee)
        pose[f"{side}Foot"] = turn([1, 0, 0], -ankle)
    return pose


def on_floor(take: Take, *joints: str, height: float | None = None) -> Take:
    """The take lowered until the lowest of the joints is at ``height`` (the ankle's at rest) in each frame."""
    rest = take.rest_offsets
    ankle = rest[0, 2] + sum(rest[JOINT_INDEX[f"left{part}"], 2] for part in ("UpperLeg", "LowerLeg", "Foot"))
    wanted = ankle if height is None else height
    lowest = take.world_positions()[:, [JOINT_INDEX[name] for name in joints], 2].min(axis=1)
    root = take.root_translation.copy()
    root[:, 2] += wanted - lowest
    return replace(take, root_translation=root)


def sitting(frames: int = 60) -> Take:
    """On a chair: thighs level, shins upright, soles flat."""
    return on_floor(posed(frames, legs(90.0, 90.0, 0.0)), "leftFoot", "rightFoot")


def sitting_down(frames: int = 180) -> tuple[Take, np.ndarray]:
    """From standing onto a chair and up again, trunk leant forwards on the way; and whether it sits ``(T,)``."""
    clock = np.clip(np.minimum(np.arange(frames) - 45, 135 - np.arange(frames)) / 25.0, 0.0, 1.0)
    share = clock**3 * (10.0 + clock * (6.0 * clock - 15.0))
    lean = 35.0 * np.sin(np.pi * share)
    tremor = 0.4 * np.sin(np.arange(frames) / 7.0)
    take = posed(frames, {**legs(90.0 * share, 90.0 * share, 0.0 * share), "spine": turn([1, 0, 0], lean + tremor)})
    take = on_floor(take, "leftFoot", "rightFoot")
    ankle = take.world_positions()[:, JOINT_INDEX["leftFoot"]]
    root = take.root_translation - (ankle - ankle[:1]) * (1.0, 1.0, 0.0)
    return replace(take, root_translation=root), clock >= 1.0


def squatting(frames: int = 60) -> Take:
    """Balanced over the feet: thighs past level, knees far forward, the trunk leant forwards."""
    take = posed(frames, {**legs(120.0, 140.0, 0.0), "hips": turn([1, 0, 0], 40.0)})
    for side in SIDES:
        take.local_rotations[:, JOINT_INDEX[f"{side}Foot"]] = turn([1, 0, 0], -60.0)
    return on_floor(take, "leftFoot", "rightFoot")


def kneeling(frames: int = 60) -> Take:
    """Upright on both knees, shins on the floor, feet stretched back."""
    return on_floor(posed(frames, legs(0.0, 90.0, -60.0)), "leftLowerLeg", "rightLowerLeg", height=0.045)


def hopping(frames: int = 90, period: int = 30, up: float = 0.3) -> tuple[Take, np.ndarray]:
    """Jumps straight up, half of each period in the air; and whether the feet stand ``(T,)``."""
    phase = np.arange(frames) % period / period
    height = np.where(phase < 0.5, 4.0 * up * (2.0 * phase) * (1.0 - 2.0 * phase), 0.0)
    take = standing(frames)
    root = take.root_translation.copy()
    root[:, 2] += height
    return replace(take, root_translation=root), height <= 0.0


def without(take: Take, *parts: str) -> Take:
    """The take without the joints whose name holds one of the parts; these must end their chains."""
    keep = [row for row, name in enumerate(take.joint_names) if not any(part in name for part in parts)]
    new = {old: number for number, old in enumerate(keep)}
    return Take(
        take.fps, take.frame_start, take.local_rotations[:, keep], take.root_translation, take.rest_offsets[keep],
        tuple(take.joint_names[row] for row in keep),
        tuple(new.get(take.parents[row], -1) for row in keep),
    )  # fmt: skip
