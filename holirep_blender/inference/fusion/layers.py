# SPDX-License-Identifier: GPL-3.0-or-later
"""Transformer layers whose positions are times: any frame rate, any clip length."""

from __future__ import annotations

import torch
import torch.nn.functional as functional
from torch import nn

Tensor = torch.Tensor
HEADS = 8
_SLOWEST = 1000.0


def phases(times: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """Cosines and sines ``(B, 1, T, width / 2)`` of the rotary embedding (Su et al. 2021) of times ``(B, T)`` in
    thirtieths of a second.
    """
    half = width // 2
    rates = _SLOWEST ** (-torch.arange(half, device=times.device, dtype=torch.float32) / half)
    angles = times.float()[:, None, :, None] * rates
    return angles.cos(), angles.sin()


def rotated(values: Tensor, turn: tuple[Tensor, Tensor]) -> Tensor:
    """Queries or keys ``(B, H, T, D)`` turned by the phases of their times."""
    cos, sin = turn[0].to(values.dtype), turn[1].to(values.dtype)
    first, second = values.chunk(2, dim=-1)
    return torch.cat([first * cos - second * sin, first * sin + second * cos], dim=-1)


class Attention(nn.Module):
    """Multi-head attention of ``width`` with keys and values from tokens of ``source`` width."""

    def __init__(self, width: int, source: int | None = None) -> None:
        super().__init__()
        self.width = width
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(source or width, 2 * width)
        self.out = nn.Linear(width, width)

    def forward(
        self, tokens: Tensor, source: Tensor, turn: tuple[Tensor, Tensor], source_turn: tuple[Tensor, Tensor],
        near: Tensor | None,
    ) -> Tensor:  # fmt: skip
        """``tokens (B, T, width)``, ``source (B, S, ·)``; ``near (B, 1, T, S)``: what may be attended to, or all."""

        def split(values: Tensor) -> Tensor:
            return values.unflatten(-1, (HEADS, self.width // HEADS)).transpose(1, 2)

        key, value = self.key_value(source).chunk(2, dim=-1)
        mixed = functional.scaled_dot_product_attention(
            rotated(split(self.query(tokens)), turn), rotated(split(key), source_turn), split(value), attn_mask=near
        )
        return torch.as_tensor(self.out(mixed.transpose(1, 2).flatten(-2)))


class Block(nn.Module):
    """Pre-norm self-attention and a feed-forward layer."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.before = nn.LayerNorm(width)
        self.attention = Attention(width)
        self.between = nn.LayerNorm(width)
        self.feed = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, tokens: Tensor, turn: tuple[Tensor, Tensor], near: Tensor | None) -> Tensor:
        """Tokens ``(B, T, width)`` after attending to each other."""
        normed = self.before(tokens)
        tokens = tokens + self.attention(normed, normed, turn, turn, near)
        return torch.as_tensor(tokens + self.feed(self.between(tokens)))


def perceptron(inputs: int, width: int) -> nn.Sequential:
    """Two layers that bring features to a token's width."""
    return nn.Sequential(nn.Linear(inputs, width), nn.GELU(), nn.Linear(width, width))
