# SPDX-License-Identifier: GPL-3.0-or-later
"""From NV12, as video engines give pictures, to RGB, to the bit as FFmpeg's converter does on the processor."""

from __future__ import annotations

from typing import List

import torch

# Weights of red and blue in luma, by FFmpeg's number of the colour space: ITU-R BT.709, SMPTE 240M, ITU-R BT.2020.
_WEIGHTS = {1: (0.2126, 0.0722), 7: (0.212, 0.087), 9: (0.2627, 0.0593), 10: (0.2627, 0.0593)}
_BT601 = (0.299, 0.114)


def rgb_of(luma: List[torch.Tensor], chroma: List[torch.Tensor], matrix: int, full_range: bool) -> torch.Tensor:
    """RGB uint8 (N, H, W, 3) of N pictures: luma (H, W) and chroma (H/2, W/2, 2), uint8.

    `matrix`: FFmpeg's number of the colour space; where it is none of those above, BT.601.  Each chroma sample colours
    four pixels.
    """
    red, blue = _WEIGHTS.get(matrix, _BT601)
    green = 1.0 - red - blue
    black, gain, spread = (0.0, 1.0, 1.0) if full_range else (16.0, 255.0 / 219.0, 255.0 / 224.0)
    to_red, to_blue = 2.0 * spread * (1.0 - red), 2.0 * spread * (1.0 - blue)
    weights = (to_red, -to_red * red / green, -to_blue * blue / green, to_blue)
    found: torch.Tensor = _converted(luma, chroma, black, gain, *weights)
    return found


# A script: in threads that wait for Python's lock, each step by itself would have to get it again.
@torch.jit.script
def _converted(
    luma: List[torch.Tensor],
    chroma: List[torch.Tensor],
    black: float,
    gain: float,
    red_in_red: float,
    red_in_green: float,
    blue_in_green: float,
    blue_in_blue: float,
) -> torch.Tensor:
    bright = torch.stack(luma)
    count, height, width = bright.shape[0], bright.shape[1], bright.shape[2]
    colours = torch.stack(chroma).float().sub_(128.0)
    blueness, redness = colours[..., 0], colours[..., 1]
    # every product is rounded down by itself, as there
    colour = torch.stack(
        [
            (redness * red_in_red).floor_(),
            (blueness * blue_in_green).floor_().add_((redness * red_in_green).floor_()),
            (blueness * blue_in_blue).floor_(),
        ],
        -1,
    ).to(torch.int16)
    levels = bright.float().sub_(black).mul_(gain).floor_().to(torch.int16)
    rows, columns = height // 2, width // 2
    image = colour.view(count, rows, 1, columns, 1, 3) + levels.view(count, rows, 2, columns, 2, 1)
    return image.clamp_(0, 255).to(torch.uint8).view(count, height, width, 3)
