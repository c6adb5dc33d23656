# SPDX-License-Identifier: GPL-3.0-or-later
"""Cameras that look at performers: lenses, framings, heights, tilts; on sticks, panning or in a hand."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from holirep_blender.inference.fusion.constants import numbers
from holirep_blender.inference.fusion.rotations import apply, compose, from_vector, unapply

from .chance import Chance, Clock

Tensor = torch.Tensor

_PLATES = ((1920, 1080), (1920, 1080), (1080, 1920), (640, 480), (720, 1280), (1024, 1024), (768, 432), (384, 512))
# extent of the view over the clip's own, how often: whole body, knees up, upper body, head and shoulders, anything
_FRAMINGS = ((1.0, 0.50), (0.72, 0.10), (0.50, 0.22), (0.26, 0.08), (0.62, 0.10))


@dataclass
class Cameras:
    """``rotation (B, T, 3, 3)`` to world, ``origin (B, T, 3)`` metres, ``focal (B,)``, ``size (B, 2)`` pixels."""

    rotation: Tensor
    origin: Tensor
    focal: Tensor
    size: Tensor

    def local(self, points: Tensor) -> Tensor:
        """World points ``(B, T, N, 3)`` in the camera's axes."""
        return unapply(self.rotation[:, :, None], points - self.origin[:, :, None])

    def picture(self, local: Tensor) -> Tensor:
        """Pixels ``(B, T, N, 2)`` of points in camera axes."""
        flat = local[..., :2] / local[..., 2:].clamp_min(0.05)
        return flat * self.focal[:, None, None, None] + self.size[:, None, None] / 2


def place(chance: Chance, joints: Tensor, head: Tensor, clock: Clock) -> Cameras:
    """Cameras for performers whose joints are ``(B, T, J, 3)`` and heads ``(B, T, 3)``; they look along +Y."""
    batch, count, device = len(joints), joints.shape[1], joints.device
    size = numbers(_PLATES, joints)[chance.integers(len(_PLATES), batch)]
    narrow = torch.deg2rad(chance.uniform(16.0, 68.0, batch))
    focal = size.amin(-1) / 2 / torch.tan(narrow / 2)
    low, high = joints.amin((1, 2)), joints.amax((1, 2))
    extent = ((high - low) / 2).amax(-1) + 0.12
    kind = chance.choice(numbers([row[1] for row in _FRAMINGS], joints), batch)
    share = numbers([row[0] for row in _FRAMINGS], joints)[kind]
    middle = (low + high) / 2
    crown = head.mean(1)
    target = torch.where((share < 0.99)[:, None], crown - numbers((0.0, 0.0, 1.0), joints)
                         * (extent * share * chance.uniform(0.3, 0.9, batch))[:, None], middle)  # fmt: skip
    view = torch.where(share < 0.99, 0.85 * share + 0.05, extent)
    fill = chance.uniform(0.40, 1.0, batch)
    distance = (view / (torch.tan(narrow / 2) * fill)).clamp(0.7, 14.0)
    pitch = torch.deg2rad(torch.where(
        chance.happens(0.3, batch), chance.uniform(-35.0, 60.0, batch), 6.0 + 12.0 * chance.normal(batch)
    )).clamp(-0.7, 1.15)  # fmt: skip
    lowest = torch.asin(((0.1 - target[:, 2]) / distance).clamp(-0.95, 0.95))
    pitch = torch.maximum(pitch, lowest)
    roll = torch.deg2rad(
        torch.where(chance.happens(0.3, batch), 20.0 * chance.normal(batch), 2.5 * chance.normal(batch))
    )
    roll = roll.clamp(-0.75, 0.75)
    zero, one = torch.zeros(batch, device=device), torch.ones(batch, device=device)
    forward = torch.stack([zero, pitch.cos(), -pitch.sin()], -1)
    down = torch.stack([zero, -pitch.sin(), -pitch.cos()], -1)
    axes = torch.stack([torch.stack([one, zero, zero], -1), down, forward], dim=-1)
    axes = compose(axes, from_vector(torch.stack([zero, zero, roll], -1)))
    # the aim is off the middle by a share of the room that is left
    off = chance.uniform(-0.45, 0.45, batch, 2) * (1.1 - 0.8 * fill)[:, None] * size / focal[:, None] / 2
    aim = torch.cat([off, one[:, None]], -1)
    origin = target - distance[:, None] * apply(axes, aim / aim.norm(dim=-1, keepdim=True))

    moves = chance.happens(0.3, batch)[:, None, None]
    swing = torch.deg2rad(numbers((2.0, 4.0, 1.5), joints)) * chance.uniform(0.0, 2.0, batch, 1, 1)
    shake = 0.0015 * chance.drifting(batch, count, 3, 3.0) * chance.uniform(0.0, 1.0, batch, 1, 1)
    turn = (chance.waves(batch, clock, 3, 0.5) * swing + shake) * moves
    drift = chance.waves(batch, clock, 3, 0.5) * 0.08 * chance.uniform(0.0, 1.0, batch, 1, 1) * moves
    origin, axes = origin[:, None] + drift, compose(axes[:, None], from_vector(turn))
    cameras = Cameras(axes, origin, focal, size)
    # nobody stands behind the lens
    nearest = cameras.local(joints)[..., 2].amin((1, 2))
    back = (0.35 - nearest).clamp_min(0.0)
    cameras.origin = origin - back[:, None, None] * axes[..., 2]
    return cameras
