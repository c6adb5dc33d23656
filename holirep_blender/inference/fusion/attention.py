# SPDX-License-Identifier: GPL-3.0-or-later
"""How the modalities ask each other: body asks face and environment, face asks body and environment."""

from __future__ import annotations

import torch
from torch import nn

from .layers import Attention, phases

Tensor = torch.Tensor


class _Asking(nn.Module):
    """Queries of one modality over the tokens of two others, and a feed-forward layer."""

    def __init__(self, width: int, first: int, second: int) -> None:
        super().__init__()
        self.before = nn.LayerNorm(width)
        self.first, self.second = nn.Linear(first, width), nn.Linear(second, width)
        self.attention = Attention(width)
        self.between = nn.LayerNorm(width)
        self.feed = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        self.width = width

    def forward(self, tokens: Tensor, first: Tensor, second: Tensor, times: Tensor, near: Tensor | None) -> Tensor:
        source = torch.cat([self.first(first), self.second(second)], dim=1)
        turn = phases(times, self.width // 8)
        doubled = tuple(torch.cat([phase, phase], dim=2) for phase in turn)
        near = torch.cat([near, near], dim=-1) if near is not None else None
        tokens = tokens + self.attention(self.before(tokens), source, turn, (doubled[0], doubled[1]), near)
        return torch.as_tensor(tokens + self.feed(self.between(tokens)))


class CrossAttentionFacialAnimator(_Asking):
    """The face's tokens ask body and environment: where the head is turned, how far away, how it is lit."""


class MultiModalCrossAttention(nn.Module):
    """One round of questions in both directions, eight heads; each side asks what the encoders said."""

    def __init__(self, body: int, face: int, environment: int) -> None:
        super().__init__()
        self.body = _Asking(body, face, environment)
        self.face = CrossAttentionFacialAnimator(face, body, environment)

    def forward(
        self, body: Tensor, face: Tensor, environment: Tensor, times: Tensor, near: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Tokens ``(B, T, ·)`` of body and face after asking."""
        asked_body = self.body(body, face, environment, times, near)
        return asked_body, self.face(face, body, environment, times, near)
