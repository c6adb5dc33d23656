# SPDX-License-Identifier: GPL-3.0-or-later
"""A plate's pictures on a device, and squares cut out of many of them at a time.

A square is cut as `regions.Region.cut` does it: out of the picture reduced by a whole number, by bilinear sampling.  So
every picture is held with its reductions, one after the other in one row of pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Sequence, Tuple

import numpy as np
import torch

from ..regions import REDUCTIONS, Region, reduction

Tensor = torch.Tensor


@dataclass(frozen=True)
class Place:
    """A square of a picture in a store; `bordered`: what is outside of the picture is black, else as at its edge."""

    pictures: PictureStore
    row: int
    region: Region
    mirrored: bool
    bordered: bool


@dataclass(frozen=True)
class _Level:
    begin: int
    columns: int
    rows: int


def _levels(size: Tuple[int, int]) -> Dict[int, _Level]:
    """Where each reduction of a picture of (width, height) begins in its row of pixels."""
    levels, begin = {}, 0
    for factor in REDUCTIONS:
        columns, rows = size[0] // factor, size[1] // factor
        if columns and rows:
            levels[factor] = _Level(begin, columns, rows)
            begin += columns * rows
    return levels


def bytes_a_picture(size: Tuple[int, int]) -> int:
    """What a picture of (width, height) takes in a store."""
    return 3 * sum(level.columns * level.rows for level in _levels(size).values())


class PictureStore:
    """Room for `count` pictures of (width, height); raises torch.cuda.OutOfMemoryError where there is none."""

    def __init__(self, device: torch.device, size: Tuple[int, int], count: int) -> None:
        self._levels = _levels(size)
        self.shape = (size[1], size[0], 3)
        self._pixels = torch.empty((count, bytes_a_picture(size) // 3, 3), dtype=torch.uint8, device=device)
        self._spots: Dict[int, Tensor] = {}

    def put(self, row: int, picture: Tensor) -> None:
        """Keep a picture (H, W, 3) uint8 of the device, on the current stream."""
        here = self._pixels[row]
        smooth = picture.permute(2, 0, 1)[None].float() + 0.5  # what follows cuts fractions off
        for factor, level in self._levels.items():
            part = here[level.begin : level.begin + level.columns * level.rows].view(level.rows, level.columns, 3)
            if factor == 1:
                part.copy_(picture)
            else:
                part.copy_(torch.nn.functional.avg_pool2d(smooth, factor)[0].permute(1, 2, 0))

    def forget(self) -> None:
        """Free the memory."""
        self._pixels = self._pixels[:0].clone()
        self._spots.clear()

    def fetch(self, row: int, into: np.ndarray) -> None:
        """Copy a picture into an array (H, W, 3) of the host."""
        height, width, _ = self.shape
        torch.from_numpy(into).copy_(self._pixels[row, : height * width].view(self.shape))

    def cut(self, places: Sequence[Place], size: int) -> Tensor:
        """The squares `(B, size, size, 3)` uint8, on the device and its current stream."""
        device = self._pixels.device
        matrices, integers = [], []
        for place in places:
            factor = min(reduction(place.region.side / size), max(self._levels))
            level = self._levels[factor]
            matrix = place.region.matrix(size) / factor
            if place.mirrored:
                matrix[:, 2] += size * matrix[:, 0]
                matrix[:, 0] *= -1.0
            matrix[:, 2] -= 0.5  # to pixels' middles
            matrices.append(matrix)
            begin = place.row * self._pixels.shape[1] + level.begin
            integers.append((begin, level.columns, level.columns - 1, level.rows - 1))
        plane = torch.from_numpy(np.array(matrices, np.float32)).to(device, non_blocking=True)
        whole = torch.from_numpy(np.array(integers, np.int64)).to(device, non_blocking=True)
        spots = self._places_in(size) @ plane.transpose(1, 2)
        low = spots.floor()
        share = (spots - low)[..., None]
        # the pixels around each spot: (B, size * size, x and y, before and after)
        around = torch.stack([low, low + 1.0], -1).long()
        inside = around.clamp_min(0).minimum(whole[:, None, 2:, None])
        weights = torch.cat([1.0 - share, share], -1)
        if places[0].bordered:
            weights = weights * (inside == around)
        down, across = inside[:, :, 1, :, None], inside[:, :, 0, None, :]
        found = self._pixels.view(-1, 3)[whole[:, :1, None, None] + down * whole[:, 1:2, None, None] + across]
        shares = weights[:, :, 1, :, None] * weights[:, :, 0, None, :]
        mean = (found * shares[..., None]).sum((2, 3))
        return (mean + 0.5).to(torch.uint8).view(len(places), size, size, 3)

    def _places_in(self, size: int) -> Tensor:
        """(size * size, 3) the middles of a square's pixels, x, y, 1."""
        if size not in self._spots:
            line = torch.arange(size) + 0.5
            down, across = torch.meshgrid(line, line, indexing="ij")
            spots = torch.stack([across, down, torch.ones_like(down)], -1).view(-1, 3)
            self._spots[size] = spots.to(self._pixels.device)
        return self._spots[size]
