# SPDX-License-Identifier: GPL-3.0-or-later
"""Random numbers that training draws on the GPU: one seeded source, smooth signals, runs of frames."""

from __future__ import annotations

from dataclasses import dataclass

import torch

Tensor = torch.Tensor


@dataclass(frozen=True)
class Clock:
    """Frame times ``(T,)`` in seconds from 0 at a constant rate."""

    times: Tensor
    fps: float

    @property
    def seconds(self) -> float:
        """From the first frame to the last."""
        return (len(self.times) - 1) / self.fps

    def __len__(self) -> int:
        return len(self.times)


class Chance:
    """A seeded source of random tensors on one device."""

    def __init__(self, seed: int, device: torch.device) -> None:
        self.device = device
        self.generator = torch.Generator(device=device).manual_seed(seed)
        self._factors: dict[tuple[int, float, bool], Tensor] = {}

    def normal(self, *shape: int) -> Tensor:
        """Standard normal numbers."""
        return torch.randn(shape, generator=self.generator, device=self.device)

    def uniform(self, low: float, high: float, *shape: int) -> Tensor:
        """Uniform numbers."""
        return low + (high - low) * torch.rand(shape, generator=self.generator, device=self.device)

    def integers(self, count: int, *shape: int) -> Tensor:
        """Integers from 0 to ``count - 1``."""
        return torch.randint(count, shape, generator=self.generator, device=self.device)

    def happens(self, probability: float, *shape: int) -> Tensor:
        """True with the given probability."""
        return torch.rand(shape, generator=self.generator, device=self.device) < probability

    def choice(self, weights: Tensor, count: int) -> Tensor:
        """``count`` indices drawn by weights ``(N,)``."""
        edges = weights.double().cumsum(0)
        place = torch.rand(count, generator=self.generator, device=self.device, dtype=torch.float64) * edges[-1]
        return torch.searchsorted(edges, place).clamp_max(len(weights) - 1)

    def waves(self, batch: int, clock: Clock, channels: int, fastest: float = 1.2) -> Tensor:
        """Smooth signals ``(B, T, channels)`` of about unit variance over a clock."""
        rate = 2.0 * torch.pi * self.uniform(0.05, fastest, batch, 3, channels)
        phase = self.uniform(0.0, 2.0 * torch.pi, batch, 3, channels)
        size = self.normal(batch, 3, channels) * 0.8
        angle = clock.times[None, :, None, None] * rate[:, None] + phase[:, None]
        return (angle.sin() * size[:, None]).sum(2)

    def drifting(self, batch: int, count: int, channels: int, memory: float) -> Tensor:
        """First-order autoregressive noise ``(B, T, channels)`` of unit variance; ``memory`` in frames."""
        return self._correlated(batch, count, channels, memory, smooth=False)

    def wandering(self, batch: int, count: int, channels: int, memory: float) -> Tensor:
        """Smooth noise ``(B, T, channels)`` of unit variance, with a Gaussian autocorrelation of ``memory`` frames."""
        return self._correlated(batch, count, channels, memory, smooth=True)

    def _correlated(self, batch: int, count: int, channels: int, memory: float, *, smooth: bool) -> Tensor:
        key = (count, memory, smooth)
        if key not in self._factors:
            lag = torch.arange(count, dtype=torch.float64)
            apart = (lag[:, None] - lag[None]).abs() / memory
            covariance = torch.exp(-0.5 * apart.square() if smooth else -apart) + 1e-6 * torch.eye(count).double()
            self._factors[key] = torch.linalg.cholesky(covariance).float().to(self.device)
        return torch.matmul(self._factors[key], self.normal(batch, count, channels))

    def runs(self, batch: int, count: int, probability: float, longest: int) -> Tensor:
        """Masks ``(B, T)``: with the given probability one run of 1 to ``longest`` frames, short ones more often."""
        start = self.uniform(-0.1, 1.0, batch, 1) * count
        length = 1.0 + (longest - 1) * self.uniform(0.0, 1.0, batch, 1) ** 2
        frame = torch.arange(count, device=self.device)[None]
        return (frame >= start) & (frame < start + length) & self.happens(probability, batch, 1)
