# SPDX-License-Identifier: GPL-3.0-or-later
"""Where MediaPipe's body landmarks sit on the skeleton, and which pairs of them carry a bone's direction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..skeleton import JOINT_INDEX, SIDES, t_pose_offsets

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

NOSE, LEFT_EYE, RIGHT_EYE, LEFT_EAR, RIGHT_EAR, MOUTH_LEFT, MOUTH_RIGHT = 0, 2, 5, 7, 8, 9, 10
SHOULDER, ELBOW, WRIST = (11, 12), (13, 14), (15, 16)
LITTLE_KNUCKLE, INDEX_KNUCKLE, THUMB_KNUCKLE = (17, 18), (19, 20), (21, 22)
HIP, KNEE, ANKLE, HEEL, TOE = (23, 24), (25, 26), (27, 28), (29, 30), (31, 32)
"""Indices of the left and the right landmark."""

SHOULDER_RISE = 0.055
"""MediaPipe marks the shoulder above the joint by this share of the torso's length (mid-hip to mid-shoulder);
measured on
96 rendered frames of known truth: 5 to 6 %, always in the same direction."""

# Points of the head in the head joint's rest frame, metres at a stature of 1.70: adult mean distances (interpupillary
# 63 mm,
# tragus to tragus 145 mm, nose tip 35 mm below and 35 mm before the eyes, mouth 50 mm wide and 70 mm below the eyes).
_HEAD_POINTS: dict[int, tuple[float, float, float]] = {
    NOSE: (0.0, -0.125, 0.036),
    LEFT_EYE: (0.0315, -0.097, 0.071),
    RIGHT_EYE: (-0.0315, -0.097, 0.071),
    LEFT_EAR: (0.0725, -0.005, 0.058),
    RIGHT_EAR: (-0.0725, -0.005, 0.058),
    MOUTH_LEFT: (0.025, -0.105, 0.002),
    MOUTH_RIGHT: (-0.025, -0.105, 0.002),
}
_HEEL_BEHIND_ANKLE, _HEEL_BELOW_ANKLE, _TOE_TIP = 0.045, 0.045, 0.055
_REFERENCE_STATURE = 1.70


@dataclass(frozen=True)
class Attachments:
    """Landmarks fixed to joints: ``landmarks (N,)``, ``joints`` (names), ``offsets (N, 3)`` metres in the joints'
    rest frames.
    """

    landmarks: Ints
    joints: tuple[str, ...]
    offsets: Array


def body_attachments(rest_offsets: Array, scale: float) -> Attachments:
    """The landmarks of the body on a skeleton with rest offsets ``(55, 3)``; ``scale`` is its stature over 1.70 m."""
    rows: list[tuple[int, str, Array]] = []
    for landmark, point in _HEAD_POINTS.items():
        rows.append((landmark, "head", np.array(point) * scale))
    torso = torso_length(rest_offsets)
    for side, name in enumerate(SIDES):

        def offset(joint: str, prefix: str = name) -> Array:
            return np.asarray(rest_offsets[JOINT_INDEX[prefix + joint]])

        rise = np.array([0.0, 0.0, SHOULDER_RISE * torso])
        rows.append((SHOULDER[side], f"{name}Shoulder", offset("UpperArm") + rise))
        rows.append((ELBOW[side], f"{name}LowerArm", np.zeros(3)))
        rows.append((WRIST[side], f"{name}Hand", np.zeros(3)))
        rows.append((LITTLE_KNUCKLE[side], f"{name}Hand", offset("LittleProximal")))
        rows.append((INDEX_KNUCKLE[side], f"{name}Hand", offset("IndexProximal")))
        rows.append((HIP[side], f"{name}UpperLeg", np.zeros(3)))
        rows.append((KNEE[side], f"{name}LowerLeg", np.zeros(3)))
        rows.append((ANKLE[side], f"{name}Foot", np.zeros(3)))
        rows.append((HEEL[side], f"{name}Foot", np.array([0.0, _HEEL_BEHIND_ANKLE, -_HEEL_BELOW_ANKLE]) * scale))
        rows.append((TOE[side], f"{name}Toes", np.array([0.0, -_TOE_TIP, 0.0]) * scale))
    return Attachments(
        np.array([row[0] for row in rows], dtype=np.intp),
        tuple(row[1] for row in rows),
        np.array([row[2] for row in rows]),
    )


def torso_length(rest_offsets: Array) -> float:
    """Height of the shoulder joints above the hip joints in the rest pose, metres."""
    chain = ("spine", "chest", "upperChest", "leftShoulder", "leftUpperArm")
    up = sum(float(rest_offsets[JOINT_INDEX[name], 2]) for name in chain)
    return up - float(rest_offsets[JOINT_INDEX["leftUpperLeg"], 2])


def sole_points(rest_offsets: Array, scale: float) -> tuple[tuple[str, ...], Array]:
    """Joints and offsets ``(4, 3)`` of the points that touch the floor: left heel, left toes, right heel, right
    toes.
    """
    joints: list[str] = []
    offsets: list[Array] = []
    rest = rest_offsets
    hips = float(rest[JOINT_INDEX["hips"], 2])
    for name in SIDES:
        leg = ("UpperLeg", "LowerLeg", "Foot")
        ankle = hips + sum(float(rest[JOINT_INDEX[name + part], 2]) for part in leg)
        ball = ankle + float(rest[JOINT_INDEX[f"{name}Toes"], 2])
        joints += [f"{name}Foot", f"{name}Toes"]
        offsets += [np.array([0.0, _HEEL_BEHIND_ANKLE * scale, -ankle]), np.array([0.0, 0.0, -ball])]
    return tuple(joints), np.array(offsets)


DIRECTION_PAIRS: tuple[tuple[int, int], ...] = tuple(
    pair
    for side in (0, 1)
    for pair in (
        (SHOULDER[side], ELBOW[side]),
        (ELBOW[side], WRIST[side]),
        (HIP[side], KNEE[side]),
        (KNEE[side], ANKLE[side]),
        (HEEL[side], TOE[side]),
        (ANKLE[side], TOE[side]),
        (HIP[side], SHOULDER[side]),
        (WRIST[side], INDEX_KNUCKLE[side]),
        (WRIST[side], LITTLE_KNUCKLE[side]),
        ((LEFT_EAR, RIGHT_EAR)[side], NOSE),
    )
) + ((HIP[0], HIP[1]), (SHOULDER[0], SHOULDER[1]), (LEFT_EAR, RIGHT_EAR), (LITTLE_KNUCKLE[0], INDEX_KNUCKLE[0]),
     (LITTLE_KNUCKLE[1], INDEX_KNUCKLE[1]))  # fmt: skip
"""Pairs of landmarks whose direction in the world landmarks is trusted."""


def default_stature() -> float:
    """Stature in metres of :func:`holirep_blender.motion.skeleton.t_pose_offsets` by default."""
    return _REFERENCE_STATURE


def default_offsets() -> Array:
    """Rest offsets ``(55, 3)`` of the reference stature."""
    return t_pose_offsets(_REFERENCE_STATURE)
