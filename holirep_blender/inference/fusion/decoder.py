# SPDX-License-Identifier: GPL-3.0-or-later
"""The unified decoder: one performance out of body, face and environment."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Callable

import torch
from torch import nn

from ...motion.arkit import ARKIT_NAMES
from .joints import BUILD_SIZE, SOLVED
from .layers import Block
from .observed import HARMONICS
from .rotations import from_six, normalized

Tensor = torch.Tensor

CONTACTS = 6
"""Left heel, left toes, right heel, right toes, left hand, right hand."""
IDENTITIES = 40


@dataclass
class Performance:
    """What the network says of ``B`` clips of ``T`` frames.

    ``rotations (B, T, 52, 3, 3)`` local, the hips' in the frame of gravity and view; ``spread (B, T, 52)`` the expected
    error in radians; ``up (B, T, 3)`` the vertical in camera axes; ``hips (B, T, 2)`` middle of the hip joints in the
    picture over the framing; ``depth (B, T)`` log of the hips' depth times framing over focal length, metres;
    ``velocity (B, T, 3)`` of the hips in the hips' heading frame, metres a second; ``contacts (B, T, 6)`` logits;
    ``build (B, 12)``; ``focal (B,)`` log of focal length over the assumed; ``coefficients``, ``coefficient_spread
    (B, T, 52)``; ``gaze (B, T, 4)`` yaw and pitch of the left and the right eye in radians; ``identity (B, 40)``;
    ``light (B, 9, 3)``, ``light_direction (B, 3)``.
    """

    rotations: Tensor
    spread: Tensor
    up: Tensor
    hips: Tensor
    depth: Tensor
    velocity: Tensor
    contacts: Tensor
    build: Tensor
    focal: Tensor
    coefficients: Tensor
    coefficient_spread: Tensor
    gaze: Tensor
    identity: Tensor
    light: Tensor
    light_direction: Tensor

    def map(self, change: Callable[[Tensor], Tensor]) -> Performance:
        """The same with every tensor changed."""
        return Performance(**{field.name: change(getattr(self, field.name)) for field in fields(self)})


class _Pooled(nn.Module):
    """What holds for the whole clip: frames weighted by how much each of them tells."""

    def __init__(self, width: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Linear(width, 1)
        self.out = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, outputs))

    def forward(self, tokens: Tensor) -> Tensor:
        share = torch.softmax(self.weight(tokens).float(), dim=1).to(tokens.dtype)
        return torch.as_tensor(self.out((share * tokens).sum(1)))


class UnifiedDecoder(nn.Module):
    """Body and face streams with the environment in both, and the heads."""

    def __init__(self, body: int, face: int, environment: int, body_depth: int, face_depth: int) -> None:
        super().__init__()
        self.body_blocks = nn.ModuleList(Block(body) for _ in range(body_depth))
        self.face_blocks = nn.ModuleList(Block(face) for _ in range(face_depth))
        self.body_norm, self.face_norm = nn.LayerNorm(body), nn.LayerNorm(face)
        joints, coefficients = len(SOLVED), len(ARKIT_NAMES)
        self.body_sizes = (6 * joints, joints, 3, 2, 1, 3, CONTACTS)
        self.body_head = nn.Linear(body, sum(self.body_sizes))
        self.face_sizes = (coefficients, coefficients, 4)
        self.face_head = nn.Linear(face, sum(self.face_sizes))
        self.clip_sizes = (BUILD_SIZE, 1, IDENTITIES, HARMONICS * 3, 3)
        self.clip_head = _Pooled(body + face + environment, sum(self.clip_sizes))
        nn.init.normal_(self.body_head.weight, std=0.01)
        nn.init.zeros_(self.body_head.bias)
        with torch.no_grad():
            self.body_head.bias[: 6 * joints] = torch.tensor([1.0, 0, 0, 0, 1.0, 0]).repeat(joints)
            start = 7 * joints
            self.body_head.bias[start : start + 3] = torch.tensor([0.0, -1.0, 0.0])
            self.body_head.bias[6 * joints : 7 * joints] = -1.5
            self.face_head.bias[:coefficients] = -2.0
            self.face_head.bias[coefficients : 2 * coefficients] = -2.5
            nn.init.normal_(self.face_head.weight, std=0.01)

    def forward(
        self, body: Tensor, face: Tensor, environment: Tensor, body_turn: tuple[Tensor, Tensor],
        face_turn: tuple[Tensor, Tensor], near: Tensor | None,
    ) -> Performance:  # fmt: skip
        """Tokens ``(B, T, ·)`` to a performance, in single precision."""
        for block in self.body_blocks:
            body = block(body, body_turn, near)
        for block in self.face_blocks:
            face = block(face, face_turn, near)
        body, face = self.body_norm(body), self.face_norm(face)
        clip = self.clip_head(torch.cat([body, face, environment.to(body.dtype)], dim=-1)).float()
        six, spread, up, hips, depth, velocity, contacts = self.body_head(body).float().split(self.body_sizes, dim=-1)
        raw, face_spread, gaze = self.face_head(face).float().split(self.face_sizes, dim=-1)
        build, focal, identity, light, direction = clip.split(self.clip_sizes, dim=-1)
        return Performance(
            rotations=from_six(six.unflatten(-1, (len(SOLVED), 6))), spread=spread.clamp(-6, 2).exp(),
            up=normalized(up), hips=hips, depth=depth[..., 0], velocity=velocity, contacts=contacts,
            build=build * 0.1, focal=focal[..., 0] * 0.3,
            coefficients=torch.sigmoid(raw), coefficient_spread=face_spread.clamp(-7, 1).exp(), gaze=gaze,
            identity=identity, light=light.unflatten(-1, (HARMONICS, 3)), light_direction=normalized(direction),
        )  # fmt: skip
