# SPDX-License-Identifier: GPL-3.0-or-later
"""A made-up walk with heel strike, flat foot and roll over the ball, on the canonical skeleton."""

from __future__ import annotations

import numpy as np

from holirep_blender.motion import rotations
from holirep_blender.motion.planting.pose import find_limb
from holirep_blender.motion.planting.two_bone import reaching
from holirep_blender.motion.skeleton import JOINT_INDEX, JOINT_PARENTS, t_pose_offsets
from holirep_blender.motion.take import Take

FPS, STEP, STRIDE = 30.0, 0.6, 36
"""Metres of a step and frames of a stride (two steps)."""


def walk(frames: int = 100) -> Take:
    """The performer walks towards -Y; arms swing."""
    offsets = t_pose_offsets(1.7)
    local = rotations.identity((frames, len(JOINT_PARENTS)))
    clock = np.arange(frames) / STRIDE
    root = np.zeros((frames, 3))
    root[:, 1] = -2.0 * STEP * clock
    root[:, 2] = offsets[0, 2] - 0.045 + 0.012 * np.cos(4.0 * np.pi * clock)
    for side, phase in (("left", 0.0), ("right", 0.5)):
        swing = 0.5 * np.sin(2.0 * np.pi * (clock + phase))
        lowered = 1.3 if side == "left" else -1.3
        arm = rotations.from_axis_angle([0.0, 1.0, 0.0], np.full(frames, lowered))
        local[:, JOINT_INDEX[f"{side}UpperArm"]] = rotations.multiply(
            rotations.from_axis_angle([1.0, 0.0, 0.0], swing), arm
        )
    take = Take(FPS, 1, local, root, offsets)
    world = take.world_rotations()
    for side, phase in (("left", 0.0), ("right", 0.5)):
        limb = find_limb(take, (f"{side}UpperLeg", f"{side}LowerLeg", f"{side}Foot"))
        assert limb is not None
        place, pitch = _ankle(clock + phase, offsets, side, phase)
        start = root + offsets[limb.upper]
        upper, lower = world[:, limb.upper], world[:, limb.lower]
        upper, lower = reaching(limb, upper, lower, np.tile([1.0, 0.0, 0.0], (frames, 1)), start, place)
        foot = rotations.from_axis_angle([1.0, 0.0, 0.0], pitch)
        local[:, limb.upper] = upper
        local[:, limb.lower] = rotations.multiply(rotations.inverse(upper), lower)
        local[:, limb.end] = rotations.multiply(rotations.inverse(lower), foot)
        toes = JOINT_INDEX[f"{side}Toes"]
        local[:, toes] = rotations.from_axis_angle([1.0, 0.0, 0.0], -np.maximum(pitch, 0.0))
    return Take(FPS, 1, local, root, offsets)


def _ankle(clock: np.ndarray, offsets: np.ndarray, side: str, phase: float) -> tuple[np.ndarray, np.ndarray]:
    """Place ``(T, 3)`` and pitch ``(T,)`` of a foot; a stance lasts 0.6 of a stride, its last quarter on the ball."""
    turn = np.floor(clock)
    share = clock - turn
    hips = offsets[JOINT_INDEX["hips"]]
    rest = hips + sum(offsets[JOINT_INDEX[f"{side}{part}"]] for part in ("UpperLeg", "LowerLeg", "Foot"))
    ball = offsets[JOINT_INDEX[f"{side}Toes"]]
    stance = np.clip(share / 0.6, 0.0, 1.0)
    through = np.clip((share - 0.6) / 0.4, 0.0, 1.0)
    ease = through**3 * (10.0 + through * (6.0 * through - 15.0))
    up = np.clip((stance - 0.7) / 0.3, 0.0, 1.0) ** 2
    pitch = np.radians(35.0) * up * (1.0 - ease)
    foot = rotations.from_axis_angle([1.0, 0.0, 0.0], pitch)
    place = np.tile(rest, (len(clock), 1))
    place[:, 1] = -2.0 * STEP * (turn - phase) - 0.3 * STEP - 2.0 * STEP * ease
    # over the ball while it stands
    place += ball - rotations.rotate(foot, ball)
    place[:, 2] += 0.10 * np.sin(np.pi * ease) ** 2
    return place, pitch
