# SPDX-License-Identifier: GPL-3.0-or-later
"""The three encoders: body and hands, face, environment."""

from __future__ import annotations

import torch
from torch import nn

from .features import BODY_SIZE, ENVIRONMENT_SIZE, FACE_SIZE
from .layers import Block, perceptron

Tensor = torch.Tensor
Turn = tuple[Tensor, Tensor]


class BodyMotionEncoder(nn.Module):
    """Reads body and hand points, in the picture and in metres, with their visibility."""

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        self.embed = perceptron(BODY_SIZE, width)
        self.blocks = nn.ModuleList(Block(width) for _ in range(depth))

    def forward(self, body: Tensor, turn: Turn, near: Tensor | None) -> Tensor:
        """``(B, T, BODY_SIZE)`` to tokens ``(B, T, width)``."""
        tokens = self.embed(body)
        for block in self.blocks:
            tokens = block(tokens, turn, near)
        return torch.as_tensor(tokens)


class FacialExpressionEncoder(nn.Module):
    """Reads the face's points freed from the head's pose, that pose, and the performer's neutral face if known."""

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        self.embed = perceptron(FACE_SIZE, width)
        self.rest = perceptron(478 * 3 + 1, width)
        self.blocks = nn.ModuleList(Block(width) for _ in range(depth))

    def forward(self, face: Tensor, neutral: Tensor, turn: Turn, near: Tensor | None) -> Tensor:
        """``(B, T, FACE_SIZE)`` and ``(B, 478 * 3 + 1)`` to tokens ``(B, T, width)``."""
        tokens = self.embed(face) + self.rest(neutral)[:, None]
        for block in self.blocks:
            tokens = block(tokens, turn, near)
        return torch.as_tensor(tokens)


class EnvironmentEncoder(nn.Module):
    """Reads lens, gravity, floor, depth cues, the performer's height if known, and light."""

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        self.embed = perceptron(ENVIRONMENT_SIZE, width)
        self.blocks = nn.ModuleList(Block(width) for _ in range(depth))

    def forward(self, environment: Tensor, turn: Turn, near: Tensor | None) -> Tensor:
        """``(B, T, ENVIRONMENT_SIZE)`` to tokens ``(B, T, width)``."""
        tokens = self.embed(environment)
        for block in self.blocks:
            tokens = block(tokens, turn, near)
        return torch.as_tensor(tokens)
