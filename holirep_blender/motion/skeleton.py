# SPDX-License-Identifier: GPL-3.0-or-later
"""The canonical skeleton: the 55 humanoid bones of VRM 1.0, their hierarchy and a T-pose of average proportions.

Source of names and hierarchy: VRM 1.0 specification, ``VRMC_vrm-1.0/humanoid.md``. Segment lengths are shares of the
stature from Drillis & Contini (1966), as tabulated in Winter, *Biomechanics and Motor Control of Human Movement*
(4th ed. 2009, fig. 4.1); finger segments are shares of the hand's length from Buryanov & Kotiuk (2010).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FINGERS: tuple[str, ...] = ("Thumb", "Index", "Middle", "Ring", "Little")
SIDES: tuple[str, ...] = ("left", "right")


def finger_joints(side: str, finger: str) -> tuple[str, str, str]:
    """Names of a finger's three joints from the palm outwards; the thumb begins at its metacarpal."""
    parts = ("Metacarpal", "Proximal", "Distal") if finger == "Thumb" else ("Proximal", "Intermediate", "Distal")
    return (f"{side}{finger}{parts[0]}", f"{side}{finger}{parts[1]}", f"{side}{finger}{parts[2]}")


def _hierarchy() -> list[tuple[str, str]]:
    rows = [("hips", ""), ("spine", "hips"), ("chest", "spine"), ("upperChest", "chest"), ("neck", "upperChest")]
    rows += [("head", "neck"), ("leftEye", "head"), ("rightEye", "head"), ("jaw", "head")]
    for side in SIDES:
        rows += [(f"{side}UpperLeg", "hips"), (f"{side}LowerLeg", f"{side}UpperLeg")]
        rows += [(f"{side}Foot", f"{side}LowerLeg"), (f"{side}Toes", f"{side}Foot")]
    for side in SIDES:
        rows += [(f"{side}Shoulder", "upperChest"), (f"{side}UpperArm", f"{side}Shoulder")]
        rows += [(f"{side}LowerArm", f"{side}UpperArm"), (f"{side}Hand", f"{side}LowerArm")]
        for finger in FINGERS:
            parent = f"{side}Hand"
            for joint in finger_joints(side, finger):
                rows.append((joint, parent))
                parent = joint
    return rows


_ROWS = _hierarchy()
JOINT_NAMES: tuple[str, ...] = tuple(name for name, _ in _ROWS)
"""The 55 joints; a parent always comes before its children and ``hips`` is first."""
JOINT_INDEX: dict[str, int] = {name: index for index, name in enumerate(JOINT_NAMES)}
JOINT_PARENTS: tuple[int, ...] = tuple(JOINT_INDEX[parent] if parent else -1 for _, parent in _ROWS)
"""Index of each joint's parent, -1 for the hips."""

REQUIRED_JOINTS: tuple[str, ...] = (
    "hips", "spine", "head",
    "leftUpperLeg", "leftLowerLeg", "leftFoot", "rightUpperLeg", "rightLowerLeg", "rightFoot",
    "leftUpperArm", "leftLowerArm", "leftHand", "rightUpperArm", "rightLowerArm", "rightHand",
)  # fmt: skip
"""The joints without which VRM does not call a rig a humanoid."""


def mirrored(name: str) -> str:
    """The joint on the other side of the body; a central joint is its own mirror."""
    if name.startswith("left"):
        return "right" + name[4:]
    if name.startswith("right"):
        return "left" + name[5:]
    return name


# Offsets of the left side and the middle for a stature of 1: x = the performer's left, y = backwards, z = up.
_OFFSETS: dict[str, tuple[float, float, float]] = {
    "hips": (0.0, 0.0, 0.545),
    "spine": (0.0, 0.005, 0.050),
    "chest": (0.0, 0.005, 0.070),
    "upperChest": (0.0, 0.010, 0.075),
    "neck": (0.0, 0.010, 0.105),
    "head": (0.0, -0.010, 0.055),
    "leftEye": (0.0185, -0.050, 0.042),
    "jaw": (0.0, -0.015, 0.010),
    "leftUpperLeg": (0.052, 0.0, -0.015),
    "leftLowerLeg": (0.0, -0.003, -0.245),
    "leftFoot": (0.0, 0.008, -0.246),
    "leftToes": (0.0, -0.080, -0.027),
    "leftShoulder": (0.018, -0.005, 0.070),
    "leftUpperArm": (0.084, 0.010, 0.0),
    "leftLowerArm": (0.172, 0.0, 0.0),
    "leftHand": (0.157, 0.0, 0.0),
    "leftThumbMetacarpal": (0.014, -0.013, -0.006),
    "leftThumbProximal": (0.018, -0.019, -0.006),
    "leftThumbDistal": (0.013, -0.013, 0.0),
    "leftIndexProximal": (0.054, -0.014, 0.0),
    "leftIndexIntermediate": (0.023, 0.0, 0.0),
    "leftIndexDistal": (0.013, 0.0, 0.0),
    "leftMiddleProximal": (0.055, -0.002, 0.0),
    "leftMiddleIntermediate": (0.026, 0.0, 0.0),
    "leftMiddleDistal": (0.015, 0.0, 0.0),
    "leftRingProximal": (0.052, 0.009, 0.0),
    "leftRingIntermediate": (0.024, 0.0, 0.0),
    "leftRingDistal": (0.015, 0.0, 0.0),
    "leftLittleProximal": (0.048, 0.019, -0.001),
    "leftLittleIntermediate": (0.019, 0.0, 0.0),
    "leftLittleDistal": (0.011, 0.0, 0.0),
}


def t_pose_offsets(height: float = 1.70) -> npt.NDArray[np.float64]:
    """Rest offsets of the canonical T-pose.

    Parameters
    ----------
    height : stature in metres.

    Returns
    -------
    (55, 3) metres in the parent's rest frame, which is aligned with the world: X to the performer's left, Y backwards
    (the performer faces −Y), Z up. Row 0 is the rest position of the hips above the floor.
    """
    offsets = np.zeros((len(JOINT_NAMES), 3))
    for index, name in enumerate(JOINT_NAMES):
        if name in _OFFSETS:
            offsets[index] = _OFFSETS[name]
        else:
            x, y, z = _OFFSETS[mirrored(name)]
            offsets[index] = (-x, y, z)
    return offsets * height
