# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands that move: fingers by synergies, limits and a few well-known shapes; no finger motion was captured."""

from __future__ import annotations

import torch

from holirep_blender.inference.fusion.constants import index, numbers
from holirep_blender.inference.fusion.joints import SOLVED_INDEX
from holirep_blender.inference.fusion.rotations import from_vector
from holirep_blender.motion.skeleton import FINGERS, finger_joints

from .chance import Chance, Clock

Tensor = torch.Tensor

# Curl (0 straight, 1 fist) of thumb, index, middle, ring, little, then the spread: flat, relaxed, fist, point, victory,
# thumb up, little finger, pinch, claw, spread, "L", "three", "horns"
_SHAPES = (
    (0.1, 0.0, 0.0, 0.0, 0.0, 0.0), (0.3, 0.25, 0.3, 0.35, 0.4, 0.0), (0.9, 1.0, 1.0, 1.0, 1.0, -0.2),
    (0.8, 0.0, 1.0, 1.0, 1.0, 0.0), (0.9, 0.0, 0.0, 1.0, 1.0, 0.6), (-0.3, 1.0, 1.0, 1.0, 1.0, 0.0),
    (0.8, 1.0, 1.0, 1.0, 0.0, 0.0), (0.6, 0.5, 0.1, 0.1, 0.1, 0.1), (0.4, 0.55, 0.55, 0.55, 0.55, 0.5),
    (-0.2, 0.0, 0.0, 0.0, 0.0, 1.0), (-0.3, 0.0, 1.0, 1.0, 1.0, 0.0), (0.9, 0.0, 0.0, 0.0, 1.0, 0.4),
    (0.8, 0.0, 1.0, 1.0, 0.0, 0.2),
)  # fmt: skip
_SIDEWAYS = (0.0, 0.22, 0.05, -0.14, -0.28)
_THUMB_AXIS = (0.35, 0.35, 0.87)


def finger_poses(chance: Chance, local: Tensor, clock: Clock) -> Tensor:
    """``local (B, T, 52, 3, 3)`` with the thirty finger joints posed, each hand by itself."""
    batch, count = local.shape[:2]
    shapes = numbers(_SHAPES, local)
    poses: list[Tensor] = []
    rows: list[int] = []
    for sign, side in ((1.0, "left"), (-1.0, "right")):
        # from one shape to another and back, at a moment and a pace of its own
        ends = shapes[chance.integers(len(shapes), batch, 2)]
        centre = chance.uniform(0.0, 1.0, batch, 1) * clock.seconds
        pace = chance.uniform(1.5, 12.0, batch, 1)
        share = torch.sigmoid((clock.times[None] - centre) * pace)[..., None]
        curl = ends[:, :1] * (1 - share) + ends[:, 1:] * share
        amount = chance.uniform(0.0, 1.0, batch, 1, 1)
        curl = curl + amount * (0.12 * chance.waves(batch, clock, 1, 2.0) + 0.10 * chance.waves(batch, clock, 6, 2.0))
        curl = curl + 0.10 * chance.normal(batch, 1, 6)
        middle_share = chance.uniform(0.85, 1.15, batch, 1)
        knuckle_share = chance.uniform(0.5, 1.1, batch, 1)
        for number, finger in enumerate(FINGERS):
            bend = curl[..., number]
            turns = torch.zeros(batch, count, 3, 3, device=local.device)
            if finger == "Thumb":
                axis = numbers((_THUMB_AXIS[0], sign * _THUMB_AXIS[1], sign * _THUMB_AXIS[2]), local)
                swing = chance.normal(batch, 1, 3) * 0.15
                turns[:, :, 0] = (bend.clamp(-0.5, 1.1) * 0.45)[..., None] * axis + swing
                turns[:, :, 1] = (bend.clamp(-0.3, 1.1) * 0.7)[..., None] * axis
                turns[:, :, 2] = (bend.clamp(-0.2, 1.1) * 0.9)[..., None] * axis
            else:
                knuckle = (bend * 1.5 * knuckle_share).clamp(-0.45, 1.65)
                middle = (bend * 1.8 * middle_share).clamp(-0.05, 1.95)
                turns[:, :, 0, 1] = sign * knuckle
                turns[:, :, 1, 1] = sign * middle
                turns[:, :, 2, 1] = sign * (0.62 * middle).clamp(-0.08, 1.35)
                # spreading fades as the finger bends
                sideways = curl[..., 5].clamp(-0.4, 1.2) * _SIDEWAYS[number] + 0.05 * chance.normal(batch, 1)
                turns[:, :, 0, 2] = -sign * sideways * (1.0 - knuckle.clamp(0.0, 1.57) / 1.57)
            poses.append(turns)
            rows += [SOLVED_INDEX[name] for name in finger_joints(side, finger)]
    result = local.clone()
    result[:, :, index(rows, local)] = from_vector(torch.cat(poses, dim=2))
    return result
