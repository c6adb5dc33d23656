# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes to retarget: a made-up lively one, and clips of motion capture."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from holirep_blender.motion import rotations
from holirep_blender.motion.bvh import read_bvh, take_from_bvh
from holirep_blender.motion.skeleton import FINGERS, JOINT_NAMES, finger_joints, t_pose_offsets
from holirep_blender.motion.take import Take

_DAZ_LIMBS = {
    "Shoulder": "Collar",
    "UpperArm": "Shldr",
    "LowerArm": "ForeArm",
    "Hand": "Hand",
    "UpperLeg": "Thigh",
    "LowerLeg": "Shin",
    "Foot": "Foot",
}


def daz_joints() -> dict[str, str]:
    """VRM names to those of the Daz-style clips, whose fingers have two joints."""
    joints = {"hips": "hip", "spine": "abdomen", "chest": "chest", "neck": "neck", "head": "head"}
    joints.update(leftEye="leftEye", rightEye="rightEye")
    for side, letter in (("left", "l"), ("right", "r")):
        joints.update({f"{side}{ours}": f"{letter}{theirs}" for ours, theirs in _DAZ_LIMBS.items()})
        for finger, name in zip(FINGERS, ("Thumb", "Index", "Mid", "Ring", "Pinky")):
            for number, joint in enumerate(finger_joints(side, finger)[:2], start=1):
                joints[joint] = f"{letter}{name}{number}"
    return joints


def cc4_joints() -> dict[str, str]:
    """VRM names to those of the CC4-style clips, which have no fingers."""
    joints = {"hips": "CC_Base_Hip", "spine": "CC_Base_Waist", "chest": "CC_Base_Spine01"}
    joints.update(upperChest="CC_Base_Spine02", neck="CC_Base_NeckTwist01", head="CC_Base_Head")
    limbs = {"Shoulder": "Clavicle", "UpperArm": "Upperarm", "LowerArm": "Forearm", "Hand": "Hand"}
    limbs.update(UpperLeg="Thigh", LowerLeg="Calf", Foot="Foot", Toes="ToeBase")
    for side, letter in (("left", "L"), ("right", "R")):
        joints.update({f"{side}{ours}": f"CC_Base_{letter}_{theirs}" for ours, theirs in limbs.items()})
    return joints


def mocap_take(folder: Path, name: str, every: int = 1) -> Take:
    """A take from a clip of motion capture, of each ``every``-th frame."""
    clip = read_bvh(folder / "mocap" / f"{name}.bvh")
    clip.values, clip.fps = clip.values[::every], clip.fps / every
    folded = any(joint.startswith("CC_") for joint in clip.names)
    return take_from_bvh(clip, cc4_joints() if folded else daz_joints(), rest_frame=0 if folded else None)


def lively_take(frames: int = 40, seed: int = 3) -> Take:
    """Every joint of the canonical skeleton moves, smoothly, up to about 70 degrees; the root walks and turns."""
    random = np.random.default_rng(seed)
    clock = np.linspace(0.0, 2.0 * np.pi, frames)[:, None, None]
    waves = random.normal(size=(1, len(JOINT_NAMES), 3)) * np.sin(
        clock + random.uniform(0, 6, (1, len(JOINT_NAMES), 3))
    )
    local = rotations.from_rotation_vector(0.5 * waves)
    local[:, 0] = rotations.multiply(rotations.from_axis_angle([0, 0, 1], clock[:, 0, 0] * 0.7), local[:, 0])
    offsets = t_pose_offsets(1.7)
    root = np.stack([clock[:, 0, 0] * 0.3, -clock[:, 0, 0] * 0.5, offsets[0, 2] + 0.1 * np.sin(clock[:, 0, 0])], axis=1)
    return Take(fps=30.0, frame_start=1, local_rotations=local, root_translation=root, rest_offsets=offsets)
