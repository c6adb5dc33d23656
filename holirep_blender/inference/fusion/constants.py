# SPDX-License-Identifier: GPL-3.0-or-later
"""Constant tensors, made once for each device: copying small lists to a GPU again and again would stall it."""

from __future__ import annotations

from functools import cache
from typing import Any, Sequence

import torch


@cache
def _constant(values: tuple[Any, ...], device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    return torch.tensor(values, device=device, dtype=dtype)


def _hashable(values: Any) -> Any:
    return tuple(_hashable(value) for value in values) if isinstance(values, (list, tuple)) else values


def numbers(values: Sequence[Any], like: torch.Tensor) -> torch.Tensor:
    """Nested sequences of numbers as a tensor of single precision on the device of ``like``; not to be changed."""
    return _constant(_hashable(values), like.device, torch.float32)


def pick(values: torch.Tensor, rows: Sequence[int], dim: int) -> torch.Tensor:
    """The given rows of a dimension."""
    return values.index_select(dim, _constant(tuple(rows), values.device, torch.long))


def index(rows: Sequence[int], like: torch.Tensor) -> torch.Tensor:
    """Row numbers as a tensor on the device of ``like``, for indexing."""
    return _constant(tuple(rows), like.device, torch.long)
