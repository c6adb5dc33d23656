# SPDX-License-Identifier: GPL-3.0-or-later
"""A plate's pictures on a device, and squares cut out of many of them at a time.

A square is cut as `regions.Region.cut` does it with OpenCV, to the bit: out of the picture reduced by a whole number,
by bilinear sampling.  A network that is in doubt moves its points by 1 % and more for a grey level here and there.  So
every picture is held with its reductions, one after the other in one row of pixels.

What consists of many small steps is TorchScript: Python would take its lock after each of them, for which twenty
threads wait here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Sequence, Tuple

import numpy as np
import torch

from ..regions import REDUCTIONS, Region, reduction

Tensor = torch.Tensor


@torch.jit.script
def _put(here: Tensor, picture: Tensor, factors: List[int]) -> None:
    """A picture (H, W, 3) and its reductions, one after the other, into pixels (P, 3)."""
    plain = picture.permute(2, 0, 1).unsqueeze(0).float()
    begin = 0
    for factor in factors:
        rows, columns = picture.size(0) // factor, picture.size(1) // factor
        part = here[begin : begin + rows * columns].view(rows, columns, 3)
        begin += rows * columns
        if factor == 1:
            part.copy_(picture)
        else:
            mean = torch.nn.functional.avg_pool2d(plain, [factor, factor])[0].permute(1, 2, 0)
            # OpenCV rounds halves up when it halves a picture, else to even numbers
            part.copy_((mean + 0.5).floor() if factor == 2 else mean.round())


@torch.jit.script
def _cut(pixels: Tensor, numbers: Tensor, bordered: bool, squares: Tensor) -> None:
    """`numbers` (B, 8) float64 of the host: where a reduced picture begins, its columns and rows, the square's middle,
    side and rotation in it, whether mirrored.

    Places are rounded as by OpenCV's warpAffine: to 1/1024 of a pixel along each axis, and their sum to 1/32.
    """
    begin, columns, rows, x, y, side, rotation, mirrored = numbers.unbind(1)
    size = squares.size(1)
    c, s = torch.cos(rotation) * side / size, torch.sin(rotation) * side / size
    # the middle of the first pixel, in a picture whose first pixel's middle is the origin
    left, top = x + (s - c) * (size - 1) / 2.0 - 0.5, y - (s + c) * (size - 1) / 2.0 - 0.5
    line = torch.arange(size, dtype=torch.float64)
    forth = torch.where(mirrored[:, None] > 0.0, line.flip(0), line)
    across = torch.stack([c[:, None] * forth, s[:, None] * forth], 1) * 1024.0
    down = torch.stack([left[:, None] - s[:, None] * line, top[:, None] + c[:, None] * line], 1) * 1024.0
    steps = torch.cat([across.round(), down.round() + 16.0], 2).to(torch.int32).to(pixels.device)
    whole = torch.stack([begin, columns, columns - 1.0, rows - 1.0], 1).long().to(pixels.device)
    # (B, x and y, rows, columns) in 1/32 of a pixel
    places = (steps[:, :, None, :size] + steps[:, :, size:, None]).bitwise_right_shift(5)
    low, share = places.bitwise_right_shift(5), places.bitwise_and(31).float() / 32.0
    # the pixels around each place: (B, x and y, before and after, rows, columns)
    around = torch.stack([low, low + 1], 2).long()
    inside = torch.minimum(around.clamp_min(0), whole[:, 2:, None, None, None])
    weights = torch.stack([1.0 - share, share], 2)
    if bordered:
        weights = weights * (inside == around)
    rows_of, columns_of = inside[:, 1, :, None], inside[:, 0, None, :]
    index = whole[:, 0, None, None, None, None] + rows_of * whole[:, 1, None, None, None, None] + columns_of
    shares = weights[:, 1, :, None] * weights[:, 0, None, :]
    mean = (pixels.view(-1, 3)[index] * shares.unsqueeze(-1)).sum([1, 2])
    squares.copy_((mean + 0.5).floor())


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

    def put(self, row: int, picture: Tensor) -> None:
        """Keep a picture (H, W, 3) uint8 of the device, on the current stream."""
        _put(self._pixels[row], picture, list(self._levels))

    def forget(self) -> None:
        """Free the memory."""
        self._pixels = self._pixels[:0].clone()

    def fetch(self, row: int, into: np.ndarray) -> None:
        """Copy a picture into an array (H, W, 3) of the host."""
        height, width, _ = self.shape
        torch.from_numpy(into).copy_(self._pixels[row, : height * width].view(self.shape))

    def cut(self, places: Sequence[Place], size: int, squares: Tensor) -> None:
        """Put what is in the places into `squares` `(B, size, size, 3)` uint8 of the device, on its current stream."""
        numbers: List[Tuple[float, ...]] = []
        for place in places:
            region, factor = place.region, min(reduction(place.region.side / size), max(self._levels))
            level = self._levels[factor]
            begin = place.row * self._pixels.shape[1] + level.begin
            where = (region.x / factor, region.y / factor, region.side / factor, region.rotation)
            numbers.append((begin, level.columns, level.rows, *where, place.mirrored))
        rows = torch.tensor(numbers, dtype=torch.float64)
        _cut(self._pixels, rows, places[0].bordered, squares)
