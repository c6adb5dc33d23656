# SPDX-License-Identifier: GPL-3.0-or-later
"""Which joints the network solves, and the performer's build as a small vector."""

from __future__ import annotations

import torch

from ...motion.skeleton import FINGERS, JOINT_INDEX, JOINT_NAMES, JOINT_PARENTS, t_pose_offsets
from .constants import numbers, pick

SOLVED: tuple[str, ...] = tuple(name for name in JOINT_NAMES if "Eye" not in name and name != "jaw")
"""The 52 joints whose rotation is predicted; eyes and jaw follow from gaze and coefficients."""
SOLVED_INDEX: dict[str, int] = {name: index for index, name in enumerate(SOLVED)}
SOLVED_PARENTS: tuple[int, ...] = tuple(
    SOLVED_INDEX[JOINT_NAMES[JOINT_PARENTS[JOINT_INDEX[name]]]] if JOINT_PARENTS[JOINT_INDEX[name]] >= 0 else -1
    for name in SOLVED
)
BODY: tuple[str, ...] = tuple(name for name in SOLVED if not any(finger in name for finger in FINGERS))
"""The 22 joints of the body without fingers."""
BODY_ROWS: tuple[int, ...] = tuple(SOLVED_INDEX[name] for name in BODY)
FINGER_ROWS: tuple[int, ...] = tuple(row for row in range(len(SOLVED)) if row not in BODY_ROWS)

BUILD: dict[str, tuple[str, ...]] = {
    "torso": ("spine", "chest", "upperChest"),
    "neck": ("neck", "head"),
    "shoulders": ("Shoulder", "UpperArm"),
    "upper_arm": ("LowerArm",),
    "forearm": ("Hand",),
    "hand": FINGERS,
    "hips": ("UpperLeg",),
    "thigh": ("LowerLeg",),
    "shin": ("Foot",),
    "foot": ("Toes",),
    "head": (),
}
"""Groups of rest offsets that grow together. The build vector is log(stature / 1.70 m) and a log ratio for each."""
BUILD_SIZE = 1 + len(BUILD)
HEAD_RATIO = 1 + list(BUILD).index("head")
FOOT_RATIO = 1 + list(BUILD).index("foot")
REFERENCE_STATURE = 1.70
_ANKLE, _HEAD_TOP = 0.039 * REFERENCE_STATURE, 0.100 * REFERENCE_STATURE


def levels() -> list[tuple[list[int], list[int]]]:
    """Rows of :data:`SOLVED` by depth in the hierarchy, each with its parents' rows; the hips are left out."""
    depth = [0] * len(SOLVED)
    for row, parent in enumerate(SOLVED_PARENTS):
        depth[row] = depth[parent] + 1 if parent >= 0 else 0
    result = []
    for level in range(1, max(depth) + 1):
        rows = [row for row in range(len(SOLVED)) if depth[row] == level]
        result.append((rows, [SOLVED_PARENTS[row] for row in rows]))
    return result


def _group_of(name: str) -> int:
    for index, (group, parts) in enumerate(BUILD.items()):
        if name in parts or (group == "hand" and any(part in name for part in parts)):
            return index
        if name.startswith(("left", "right")) and name.replace("left", "").replace("right", "") in parts:
            return index
    return -1


_GROUPS = tuple(group % (len(BUILD) + 1) for group in map(_group_of, SOLVED))
_BASE = t_pose_offsets(REFERENCE_STATURE)[[JOINT_INDEX[name] for name in SOLVED]].tolist()


def rest_offsets(build: torch.Tensor) -> torch.Tensor:
    """Rest offsets ``(..., 52, 3)`` in metres of builds ``(..., 12)``; the hips' row is their height above the floor.

    The ratios say how the stature is shared out; the stature itself is kept by scaling the whole.
    """
    base = numbers(_BASE, build)
    ratios = torch.cat([build[..., 1:], torch.zeros_like(build[..., :1])], dim=-1).exp()
    raw = base * pick(ratios, _GROUPS, -1)[..., None]
    index = SOLVED_INDEX
    legs = -(raw[..., index["leftUpperLeg"], 2] + raw[..., index["leftLowerLeg"], 2] + raw[..., index["leftFoot"], 2])
    hips = legs + _ANKLE * ratios[..., FOOT_RATIO - 1]
    trunk = sum(raw[..., index[name], 2] for name in ("spine", "chest", "upperChest", "neck", "head"))
    stature = hips + trunk + _HEAD_TOP * ratios[..., HEAD_RATIO - 1]
    first = torch.stack([torch.zeros_like(hips), torch.zeros_like(hips), hips], dim=-1)
    raw = torch.cat([first[..., None, :], raw[..., 1:, :]], dim=-2)
    return raw * (REFERENCE_STATURE * build[..., 0].exp() / stature)[..., None, None]
