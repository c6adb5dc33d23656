# SPDX-License-Identifier: GPL-3.0-or-later
"""Characters with proportions that no performer has, as rigs without Blender."""

from __future__ import annotations

import numpy as np

from holirep_blender.motion.skeleton import JOINT_NAMES, JOINT_PARENTS, t_pose_offsets
from tests.motion.retargeting.skeletons import PlainMap, PlainRig, build_rig

_LEG = ("UpperLeg", "LowerLeg", "Foot", "Toes")
_PROPORTIONS: dict[str, dict[str, tuple[float, ...]]] = {
    # shares of the canonical segment: thigh, shank, foot; then pelvis width, trunk, arm, head
    "average": {"leg": (1.0, 1.0, 1.0), "rest": (1.0, 1.0, 1.0, 1.0)},
    "short-legged": {"leg": (0.62, 0.70, 1.0), "rest": (1.15, 1.05, 0.95, 1.0)},
    "long-legged": {"leg": (1.40, 1.25, 1.1), "rest": (0.85, 0.95, 1.2, 0.9)},
    "cartoon": {"leg": (0.40, 0.34, 0.8), "rest": (1.3, 0.8, 0.55, 2.6)},
}
CHARACTERS = tuple(name for name in _PROPORTIONS if name != "average")


def rest_positions(name: str) -> dict[str, np.ndarray]:
    """Joint positions of a character in a T-pose, feet on the floor at Z = 0."""
    thigh, shank, foot = _PROPORTIONS[name]["leg"]
    pelvis, trunk, arm, head = _PROPORTIONS[name]["rest"]
    offsets = t_pose_offsets(1.7)
    for index, joint in enumerate(JOINT_NAMES):
        if joint.endswith("UpperLeg"):
            offsets[index] *= (pelvis, 1.0, 1.0)
        elif joint.endswith("LowerLeg"):
            offsets[index] *= thigh
        elif joint.endswith("Foot"):
            offsets[index] *= shank
        elif joint.endswith("Toes"):
            offsets[index] *= (1.0, foot, 1.0)
        elif joint in ("spine", "chest", "upperChest", "neck"):
            offsets[index] *= trunk
        elif joint == "head" or "Eye" in joint or joint == "jaw":
            offsets[index] *= head
        elif joint.startswith(("left", "right")):
            offsets[index] *= arm
    positions: dict[str, np.ndarray] = {}
    for index, joint in enumerate(JOINT_NAMES):
        parent = JOINT_NAMES[JOINT_PARENTS[index]] if index else None
        positions[joint] = (positions[parent] if parent else 0.0) + offsets[index]
    standing = t_pose_offsets(1.7)
    ankle = sum(standing[JOINT_NAMES.index(j), 2] for j in ("hips", "leftUpperLeg", "leftLowerLeg", "leftFoot"))
    lift = ankle - positions["leftFoot"][2]
    return {joint: point + (0.0, 0.0, lift) for joint, point in positions.items()}


def character(name: str, seed: int = 7, space: np.ndarray | None = None) -> tuple[PlainRig, PlainMap]:
    """A character's rig and rig map; bone axes at random."""
    return build_rig(rest_positions(name), seed, space)
