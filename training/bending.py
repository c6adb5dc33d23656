# SPDX-License-Identifier: GPL-3.0-or-later
"""Real pairs bent a little: another motion near the drawn one, seen with the errors that the tracker made of that.

A clip that is seen often is learnt by heart. Bent anew each time, its truth is never the same twice, while the
tracker's errors, which change little over so small turns, stay real.
"""

from __future__ import annotations

from typing import Mapping

import torch

from holirep_blender.inference.fusion.constants import index, numbers, pick
from holirep_blender.inference.fusion.joints import SOLVED, SOLVED_INDEX
from holirep_blender.inference.fusion.kinematics import forward_kinematics
from holirep_blender.inference.fusion.rotations import compose, from_vector
from holirep_blender.motion.skeleton import SIDES

from .synthesis.cameras import Cameras
from .synthesis.chance import Chance, Clock
from .synthesis.landmarks import body_marks, hand_points, head_points
from .synthesis.motion import Moving

Tensor = torch.Tensor
Seen = Mapping[str, tuple[Tensor, Tensor]]

_TURNS = {"Shoulder": 0.03, "UpperArm": 0.14, "UpperLeg": 0.09, "Foot": 0.08, "neck": 0.05, "head": 0.07, "spine": 0.05,
          "chest": 0.03, "upperChest": 0.03}  # fmt: skip
"""Radians, each axis, by which joints are turned."""
_HINGES = {"LowerArm": (0.10, 0.0, 0.20), "LowerLeg": (0.20, 0.0, 0.0)}
"""The same about a hinge's own axes; hinges are only bent further, never beyond straight."""
_ABOUT_HINGE = {
    "leftLowerArm": (2, -1.0),
    "rightLowerArm": (2, 1.0),
    "leftLowerLeg": (0, 1.0),
    "rightLowerLeg": (0, 1.0),
}
_LEGS_TOO = 0.35
_DEEP = 0.76
"""Share of a motion along the view that the tracker's world landmarks tell."""
_HANDS = [SOLVED_INDEX[f"{side}Hand"] for side in SIDES]
_ABOVE = [SOLVED_INDEX[f"{side}LowerArm"] for side in SIDES]


def _plain(name: str) -> str:
    return name.replace("left", "").replace("right", "")


def bent(chance: Chance, moving: Moving, clock: Clock) -> Moving:
    """Performers ``(B, T)`` with their joints turned a little, steadily and slowly changing; hips stay, and hands keep
    their turn in the world. Of a third of them the legs too, who then say nothing of contacts.
    """
    batch = len(moving.placed)
    legs = chance.happens(_LEGS_TOO, batch).float()
    amount = chance.uniform(0.0, 1.5, batch, 1, 1, 1)
    shape = (len(SOLVED), 3)
    turn = chance.normal(batch, 1, *shape) + 0.5 * chance.waves(batch, clock, 3 * len(SOLVED), 1.0).unflatten(-1, shape)
    sizes, signs = torch.zeros(shape), torch.zeros(shape)
    for row, name in enumerate(SOLVED):
        sizes[row] = torch.tensor(_HINGES.get(_plain(name), (_TURNS.get(_plain(name), 0.0),) * 3))
        if name in _ABOUT_HINGE:
            axis, sign = _ABOUT_HINGE[name]
            signs[row, axis] = sign
    sign = numbers(signs.tolist(), turn)
    turn = torch.where(sign != 0, turn.abs() * sign, turn) * numbers(sizes.tolist(), turn) * amount
    of_legs = numbers([float("Leg" in name or "Foot" in name) for name in SOLVED], turn)[:, None]
    turn = turn * (1.0 - of_legs * (1.0 - legs)[:, None, None, None])
    local = compose(moving.local, from_vector(turn))
    turned, _ = forward_kinematics(local, moving.offsets)
    # a hand's picture depends on its turn most of all
    kept = compose(pick(turned, _ABOVE, 2).transpose(-1, -2), pick(moving.turned, _HANDS, 2))
    local = local.index_copy(2, index(_HANDS, local), kept)
    turned, placed = forward_kinematics(local, moving.offsets)
    placed = placed - placed[:, :, :1] + moving.placed[:, :, :1]
    flat = moving.flat * (1.0 - legs * (amount.flatten() > 0).float())
    return Moving(local, turned, placed, moving.build, moving.offsets, moving.contacts, flat)


def _marks(moving: Moving, face: Tensor) -> Tensor:
    hands = (hand_points(moving, "left"), hand_points(moving, "right"))
    return body_marks(moving, head_points(moving, face), hands)


def seen_bent(
    before: Moving, after: Moving, cameras: Cameras, parts: Seen, visibility: Tensor, face: Tensor
) -> dict[str, tuple[Tensor, Tensor]]:  # fmt: skip
    """What the tracker saw of ``before``, body and hands, moved as the marks moved to ``after``; ``face (478, 3)``.

    Points that it did not see, or that are out of the picture, are guesses and stay.
    """
    local = [cameras.local(_marks(moving, face[None, None])) for moving in (before, after)]
    picture = [cameras.picture(points) for points in local]
    inside = [((points > 0) & (points < cameras.size[:, None, None])).all(-1) for points in picture]
    trust = (visibility.clamp(0.0, 1.0) * inside[0] * inside[1])[..., None]
    result = dict(parts)
    shift = (picture[1] - picture[0]).clamp(-300.0, 300.0) * trust
    points, valid = parts["body_image"]
    result["body_image"] = torch.cat([points[..., :2] + shift, points[..., 2:]], -1), valid
    points, valid = parts["body_world"]
    deeper = (local[1] - local[0]) * trust * numbers((1.0, 1.0, _DEEP), trust)
    moved = points + deeper
    result["body_world"] = moved - moved[:, :, 23:25].mean(2, keepdim=True), valid
    for number, side in enumerate(SIDES):
        points, valid = parts[f"{side}_hand_image"]
        with_wrist = shift[:, :, 15 + number, None]
        result[f"{side}_hand_image"] = torch.cat([points[..., :2] + with_wrist, points[..., 2:]], -1), valid
    return result
