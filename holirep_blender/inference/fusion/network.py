# SPDX-License-Identifier: GPL-3.0-or-later
"""The fusion network as a whole."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch
from torch import nn

from .attention import MultiModalCrossAttention
from .decoder import Performance, UnifiedDecoder
from .encoders import BodyMotionEncoder, EnvironmentEncoder, FacialExpressionEncoder
from .features import Features, features
from .layers import phases
from .observed import Observed

Tensor = torch.Tensor

REACH = 64.0
"""A frame attends to others at most this many thirtieths of a second away."""


@dataclass(frozen=True)
class NetworkSize:
    """Widths (divisible by 16) and numbers of layers."""

    body: int = 384
    face: int = 256
    environment: int = 128
    body_layers: int = 4
    face_layers: int = 3
    environment_layers: int = 1
    body_decoder_layers: int = 2
    face_decoder_layers: int = 1

    def to_dict(self) -> dict[str, int]:
        """Names and numbers, for a file."""
        return asdict(self)


class HolisticReplicationNetwork(nn.Module):
    """Observations of a span of frames in, one consistent performance out.

    Missing modalities and frames are normal input. Clips may have any length and rate; attention is local in time.
    """

    template: Tensor

    def __init__(self, size: NetworkSize | None = None, *, cross_attention: bool = True) -> None:
        super().__init__()
        size = size or NetworkSize()
        self.size = size
        self.body_encoder = BodyMotionEncoder(size.body, size.body_layers)
        self.face_encoder = FacialExpressionEncoder(size.face, size.face_layers)
        self.environment_encoder = EnvironmentEncoder(size.environment, size.environment_layers)
        self.crossing = MultiModalCrossAttention(size.body, size.face, size.environment) if cross_attention else None
        self.decoder = UnifiedDecoder(
            size.body, size.face, size.environment, size.body_decoder_layers, size.face_decoder_layers
        )
        self.register_buffer("template", torch.zeros(478, 3))

    def forward(self, observed: Observed) -> tuple[Performance, Features]:
        """The performance, and the framing in which its picture quantities are told."""
        with torch.autocast(observed.times.device.type, enabled=False), torch.no_grad():
            read = features(observed, self.template)
        return self.perform(read), read

    def perform(self, read: Features) -> Performance:
        """The performance from features."""
        times = read.times
        apart = (times[:, :, None] - times[:, None, :]).abs()
        near = (apart <= REACH)[:, None] if times.shape[1] > REACH else None
        turns = [phases(times, width // 8) for width in (self.size.body, self.size.face, self.size.environment)]
        body = self.body_encoder(read.body, turns[0], near)
        face = self.face_encoder(read.face, read.neutral, turns[1], near)
        environment = self.environment_encoder(read.environment, turns[2], near)
        if self.crossing is not None:
            body, face = self.crossing(body, face, environment, times, near)
        performance: Performance = self.decoder(body, face, environment, turns[0], turns[1], near)
        return performance
