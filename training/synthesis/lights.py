# SPDX-License-Identifier: GPL-3.0-or-later
"""Light on performers: radiance maps turned about, and the colours of skin under them."""

from __future__ import annotations

from typing import Mapping

import numpy as np
import torch

from holirep_blender.inference.fusion.constants import numbers

from .chance import Chance

Tensor = torch.Tensor

_BANDS = (0, 1, 1, 1, 2, 2, 2, 2, 2)
_COSINE = (np.pi, 2.0 * np.pi / 3.0, np.pi / 4.0)
"""Lambert's cosine lobe in each band (Ramamoorthi & Hanrahan 2001)."""


class Lights:
    """Radiance maps as harmonics, resident on the device."""

    def __init__(self, pack: Mapping[str, np.ndarray], chosen: np.ndarray, device: torch.device) -> None:
        self.harmonics = torch.as_tensor(pack["light_harmonics"][chosen], device=device)
        self.directions = torch.as_tensor(pack["light_directions"][chosen], device=device)

    def sample(self, chance: Chance, batch: int) -> tuple[Tensor, Tensor]:
        """Harmonics ``(B, 9, 3)`` and main directions ``(B, 3)`` of maps at random headings, sometimes two mixed."""
        index = chance.integers(len(self.harmonics), batch)
        other = chance.integers(len(self.harmonics), batch)
        share = chance.uniform(0.0, 0.5, batch) * chance.happens(0.4, batch)
        first = _turned(self.harmonics[index], self.directions[index], chance.uniform(0.0, 6.2832, batch))
        second = _turned(self.harmonics[other], self.directions[other], chance.uniform(0.0, 6.2832, batch))
        harmonics = torch.lerp(first[0], second[0], share[:, None, None])
        gain = torch.exp(0.12 * chance.normal(batch, 1, 3))
        return harmonics * gain, first[1]


def _turned(harmonics: Tensor, direction: Tensor, angle: Tensor) -> tuple[Tensor, Tensor]:
    """Turned about the vertical by ``angle (B,)``."""
    c, s, c2, s2 = (value[:, None] for value in (angle.cos(), angle.sin(), (2 * angle).cos(), (2 * angle).sin()))
    h = harmonics.unbind(1)
    turned = torch.stack([
        h[0], s * h[3] + c * h[1], h[2], c * h[3] - s * h[1], s2 * h[8] + c2 * h[4], s * h[7] + c * h[5], h[6],
        c * h[7] - s * h[5], c2 * h[8] - s2 * h[4],
    ], dim=1)  # fmt: skip
    x, y, z = direction.unbind(-1)
    return turned, torch.stack([c[:, 0] * x - s[:, 0] * y, s[:, 0] * x + c[:, 0] * y, z], -1)


def irradiance(harmonics: Tensor, normals: Tensor) -> Tensor:
    """Irradiance over pi ``(B, T, N, 3)`` of surfaces with normals ``(B, T, N, 3)``."""
    x, y, z = normals.unbind(-1)
    basis = torch.stack([
        torch.full_like(x, 0.282095), 0.488603 * y, 0.488603 * z, 0.488603 * x, 1.092548 * x * y, 1.092548 * y * z,
        0.315392 * (3.0 * z * z - 1.0), 1.092548 * x * z, 0.546274 * (x * x - y * y),
    ], dim=-1)  # fmt: skip
    lobe = numbers([_COSINE[band] / np.pi for band in _BANDS], normals)
    return torch.einsum("btnk,bkc->btnc", basis * lobe, harmonics).clamp_min(0.0)
