# SPDX-License-Identifier: GPL-3.0-or-later
"""Forward kinematics in torch, for batches of whole clips."""

from __future__ import annotations

import torch

from .constants import pick
from .joints import SOLVED, levels
from .rotations import apply, compose

_LEVELS = levels()


def forward_kinematics(local: torch.Tensor, offsets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """World rotations ``(B, T, 52, 3, 3)`` and positions ``(B, T, 52, 3)`` about the hips.

    ``local (B, T, 52, 3, 3)`` with the hips' world rotation first; ``offsets (B, 52, 3)`` metres, in the rest
    convention of the take.
    """
    turned = list(local.unbind(-3))
    placed = [torch.zeros_like(turned[0][..., 0])] * len(SOLVED)
    for rows, parents in _LEVELS:
        above = torch.stack([turned[parent] for parent in parents], dim=-3)
        below = compose(above, torch.stack([turned[row] for row in rows], dim=-3)).unbind(-3)
        step = apply(above, pick(offsets, rows, 1)[:, None]).unbind(-2)
        for number, (row, parent) in enumerate(zip(rows, parents)):
            turned[row] = below[number]
            placed[row] = placed[parent] + step[number]
    return torch.stack(turned, dim=-3), torch.stack(placed, dim=-2)
