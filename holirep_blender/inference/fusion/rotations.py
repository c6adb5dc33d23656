# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotations in torch: matrices, the continuous 6D form, and the frame of gravity and view."""

from __future__ import annotations

import torch
import torch.nn.functional as functional

from .constants import numbers

Tensor = torch.Tensor


def normalized(vectors: Tensor) -> Tensor:
    """Vectors ``(..., 3)`` of length 1; shorter than 1e-6 stay short instead of becoming infinite."""
    return vectors / vectors.norm(dim=-1, keepdim=True).clamp_min(1e-6)


def compose(a: Tensor, b: Tensor) -> Tensor:
    """Products ``(..., 3, 3)`` of rotation matrices; for millions of them faster than a matrix product."""
    return (a[..., :, :, None] * b[..., None, :, :]).sum(-2)


def apply(rotation: Tensor, vectors: Tensor) -> Tensor:
    """Vectors ``(..., 3)`` turned by matrices ``(..., 3, 3)``."""
    return (rotation * vectors[..., None, :]).sum(-1)


def unapply(rotation: Tensor, vectors: Tensor) -> Tensor:
    """Vectors ``(..., 3)`` turned back by matrices ``(..., 3, 3)``."""
    return (rotation * vectors[..., :, None]).sum(-2)


def from_six(six: Tensor) -> Tensor:
    """Rotation matrices ``(..., 3, 3)`` of 6D rotations ``(..., 6)``: the first two columns (Zhou et al. 2019)."""
    first = normalized(six[..., :3])
    second = normalized(six[..., 3:] - (first * six[..., 3:]).sum(-1, keepdim=True) * first)
    return torch.stack([first, second, torch.linalg.cross(first, second)], dim=-1)


def to_six(matrices: Tensor) -> Tensor:
    """The first two columns ``(..., 6)`` of rotation matrices."""
    return torch.cat([matrices[..., :, 0], matrices[..., :, 1]], dim=-1)


def from_quaternion(q: Tensor) -> Tensor:
    """Matrices ``(..., 3, 3)`` of unit quaternions wxyz ``(..., 4)``."""
    w, x, y, z = q.unbind(-1)
    rows = [
        1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
        2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
        2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
    ]  # fmt: skip
    return torch.stack(rows, dim=-1).reshape(q.shape[:-1] + (3, 3))


def from_vector(vectors: Tensor) -> Tensor:
    """Matrices of rotation vectors ``(..., 3)`` (axis times radians), by half-angle quaternions."""
    angle = vectors.norm(dim=-1, keepdim=True)
    scale = torch.where(angle > 1e-5, torch.sin(angle / 2) / angle.clamp_min(1e-5), torch.full_like(angle, 0.5))
    return from_quaternion(torch.cat([torch.cos(angle / 2), vectors * scale], dim=-1))


def angle_between(a: Tensor, b: Tensor) -> Tensor:
    """Geodesic angle in radians ``(...)`` between rotation matrices."""
    chord = (a - b).square().sum((-1, -2)).clamp_min(0.0).sqrt() / (2.0 * 2.0**0.5)
    return 2.0 * torch.asin(chord.clamp(0.0, 1.0))


def gravity_view(up: Tensor) -> Tensor:
    """Rotation ``(..., 3, 3)`` to camera axes from the frame of gravity and view.

    That frame has Z against gravity and Y along the camera's horizontal heading, so a performer who looks at a level
    camera faces −Y as at rest. ``up (..., 3)`` is the vertical in the camera's axes (OpenCV's). After Shen et al. 2024.
    """
    z = normalized(up)
    forward = numbers((0.0, 0.0, 1.0), z).expand_as(z)
    y = normalized(forward - (forward * z).sum(-1, keepdim=True) * z)
    return torch.stack([torch.linalg.cross(y, z), y, z], dim=-1)


def smooth_l1(difference: Tensor, knee: float) -> Tensor:
    """Huber's function of differences: quadratic below ``knee``, linear above, in the unit of ``difference``."""
    return functional.smooth_l1_loss(difference, torch.zeros_like(difference), beta=knee, reduction="none")
