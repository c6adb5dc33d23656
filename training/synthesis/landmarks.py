# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tracker marks on a performer: points of the surface, not centres of joints."""

from __future__ import annotations

import torch

from holirep_blender.inference.fusion.constants import numbers, pick
from holirep_blender.inference.fusion.joints import SOLVED_INDEX
from holirep_blender.inference.fusion.rotations import apply
from holirep_blender.inference.fusion.surface import ANKLE_SHARE, EARS, HEAD_ORIGIN, HEEL_MARK, TOE_MARK
from holirep_blender.motion.geometric.landmarks import SHOULDER_RISE
from holirep_blender.motion.skeleton import FINGERS, SIDES, finger_joints

from .chance import Chance
from .motion import Moving, head_scale, stature

Tensor = torch.Tensor

_FACE_OF = {0: (4,), 1: (362,), 2: (386, 374), 3: (263,), 4: (133,), 5: (159, 145), 6: (33,), 9: (291,), 10: (61,)}
"""Body landmarks that lie on the face, and the face points whose mean they are."""
_TIPS = {"Thumb": 0.016, "Index": 0.0115, "Middle": 0.0125, "Ring": 0.0125, "Little": 0.0105}
"""Length of each finger's last bone over the stature (Buryanov & Kotiuk 2010)."""
_DEFINITION = (
    [0.009] * 11 + [0.018] * 2 + [0.009] * 2 + [0.008] * 2 + [0.010] * 6 + [0.024] * 2 + [0.012] * 2 + [0.016] * 2
    + [0.022] * 4
)  # fmt: skip
"""Metres by which a performer's marks lie elsewhere than the mean performer's, each axis."""


def head_points(moving: Moving, face: Tensor) -> Tensor:
    """World positions ``(B, T, N, 3)`` of points ``(B, T, N, 3)`` or ``(B, 1, N, 3)`` in centimetres and face axes."""
    head = SOLVED_INDEX["head"]
    size = head_scale(moving.build)[:, None, None, None]
    origin = numbers(HEAD_ORIGIN, face)
    local = (face * 0.01 + origin) * size
    return apply(moving.turned[:, :, head, None], local) + moving.placed[:, :, head, None]


def hand_points(moving: Moving, side: str) -> Tensor:
    """The 21 points of a hand ``(B, T, 21, 3)`` in the world."""
    points = [moving.placed[:, :, SOLVED_INDEX[f"{side}Hand"]]]
    sign = 1.0 if side == "left" else -1.0
    for finger in FINGERS:
        rows = [SOLVED_INDEX[name] for name in finger_joints(side, finger)]
        points += [moving.placed[:, :, row] for row in rows]
        along = numbers((sign, 0.0, 0.0), points[0])
        if finger == "Thumb":
            along = numbers((sign * 0.707, -0.707, 0.0), points[0])
        length = _TIPS[finger] * stature(moving.build)
        points.append(points[-1] + apply(moving.turned[:, :, rows[-1]], along) * length[:, None, None])
    return torch.stack(points, dim=2)


def _carriers() -> list[int]:
    """The joint nearest to each of the 33 points."""
    carrier = [SOLVED_INDEX["head"]] * 33
    joints = {11: "Shoulder", 13: "LowerArm", 15: "Hand", 17: "Hand", 19: "Hand", 21: "Hand", 23: "UpperLeg",
              25: "LowerLeg", 27: "Foot", 29: "Foot", 31: "Foot"}  # fmt: skip
    for landmark, joint in joints.items():
        for number, side in enumerate(SIDES):
            carrier[landmark + number] = SOLVED_INDEX[side + joint]
    return carrier


_CARRIERS = _carriers()


def body_marks(moving: Moving, face: Tensor, hands: tuple[Tensor, Tensor]) -> Tensor:
    """The mean performer's 33 points of the body ``(B, T, 33, 3)`` in the world; ``face`` are the 478 points there."""
    batch = len(moving.placed)
    scale = stature(moving.build) / 1.70
    rows: list[Tensor] = [torch.empty(0)] * 33

    def fixed(joint: str, offset: Tensor) -> Tensor:
        row = SOLVED_INDEX[joint]
        return moving.placed[:, :, row] + apply(moving.turned[:, :, row], offset[:, None])

    for landmark, parts in _FACE_OF.items():
        rows[landmark] = pick(face, parts, 2).mean(2)
    size = head_scale(moving.build)[:, None]
    for side, offset in enumerate(EARS):
        rows[7 + side] = fixed("head", numbers(offset, face) * size)
    torso = sum(moving.offsets[:, SOLVED_INDEX[name], 2] for name in ("spine", "chest", "upperChest", "leftShoulder"))
    rise = torch.zeros(batch, 3, device=face.device)
    rise[:, 2] = SHOULDER_RISE * (torso - moving.offsets[:, SOLVED_INDEX["leftUpperLeg"], 2])
    for number, side in enumerate(SIDES):
        reach = moving.offsets[:, SOLVED_INDEX[f"{side}UpperArm"]]
        rows[11 + number] = fixed(f"{side}Shoulder", reach + rise)
        plain = {13: "LowerArm", 15: "Hand", 23: "UpperLeg", 25: "LowerLeg", 27: "Foot"}
        for landmark, joint in plain.items():
            rows[landmark + number] = moving.placed[:, :, SOLVED_INDEX[side + joint]]
        # the ankle's mark is a little up the shin
        shin = moving.offsets[:, SOLVED_INDEX[f"{side}Foot"]]
        rows[27 + number] = fixed(f"{side}LowerLeg", shin * ANKLE_SHARE)
        for landmark, point in ((17, 17), (19, 5), (21, 2)):
            rows[landmark + number] = hands[number][:, :, point]
        heel = numbers(HEEL_MARK, face) * scale[:, None]
        toe = numbers(TOE_MARK, face) * scale[:, None]
        rows[29 + number] = fixed(f"{side}Foot", heel)
        rows[31 + number] = fixed(f"{side}Toes", toe)
    return torch.stack(rows, dim=2)


def body_points(chance: Chance, moving: Moving, face: Tensor, hands: tuple[Tensor, Tensor]) -> Tensor:
    """The 33 points of the body ``(B, T, 33, 3)`` in the world; each performer's marks lie a little elsewhere than the
    mean performer's, fixed to the nearest joint.
    """
    own = chance.normal(len(face), 33, 3) * numbers(_DEFINITION, face)[:, None]
    return body_marks(moving, face, hands) + apply(pick(moving.turned, _CARRIERS, 2), own[:, None])
