# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment as a picture with its lamps drawn on it, numbered."""

from __future__ import annotations

from typing import List, Tuple

import numpy as np
import numpy.typing as npt

from .environment_map import EnvironmentMap, Grid, reduced
from .lamps import Lamp
from .sphere import Array, directions

Encoded = npt.NDArray[np.float32]
_SUN, _FIRST, _OTHER = (1.0, 0.85, 0.1), (1.0, 0.35, 0.1), (0.25, 0.85, 1.0)
_ROWS = {
    "0": (7, 5, 5, 5, 7), "1": (2, 6, 2, 2, 7), "2": (7, 1, 7, 4, 7), "3": (7, 1, 7, 1, 7), "4": (5, 5, 7, 1, 1),
    "5": (7, 4, 7, 1, 7), "6": (7, 4, 7, 5, 7), "7": (7, 1, 2, 2, 2), "8": (7, 5, 7, 5, 7), "9": (7, 5, 7, 1, 7),
}  # fmt: skip
"""Digits of three by five dots, a row a number in binary."""


def marked_environment(grid: Grid, lamps: List[Lamp], width: int) -> Encoded:
    """A picture ``(H, W, 3)``, encoded, at least ``width`` wide: exposed for what is around the lamps, lamps ringed.

    Lamps are numbered from 1, in their order; the sun's ring is yellow, the strongest other one's orange.
    """
    small = reduced(EnvironmentMap(grid.radiance), width)
    factor = -(-width // small.shape[1])
    radiance = np.maximum(small.radiance, 0.0).repeat(factor, axis=0).repeat(factor, axis=1)
    exposed = radiance * (0.6 / max(float(np.percentile(radiance, 85)), 1e-6))
    colours = np.clip(exposed / (1 + 0.4 * exposed), 0.0, 1.0) ** (1 / 2.2)
    height, across = colours.shape[:2]
    latitudes = np.pi / 2 - (np.arange(height) + 0.5) / height * np.pi
    angles = -((np.arange(across) + 0.5) / across - 0.5) * 2 * np.pi
    places = directions(latitudes[:, None], angles[None, :])
    line = np.pi / height * max(1.0, height / 256)
    for number, lamp in reversed(list(enumerate(lamps, 1))):
        colour = _SUN if lamp.sun else _FIRST if number == 1 else _OTHER
        radius = max(lamp.angle / 2, np.radians(1.0)) + np.radians(1.2)
        apart = np.arccos(np.clip(places @ lamp.direction, -1.0, 1.0))
        colours[np.abs(apart - radius) < 1.6 * line] = 0.0
        colours[np.abs(apart - radius) < 0.8 * line] = colour
    taken: List[Tuple[int, int, int, int]] = []
    for number, lamp in enumerate(lamps, 1):
        colour = _SUN if lamp.sun else _FIRST if number == 1 else _OTHER
        dot = max(1, height // 170)
        box = _beside(lamp, height, across, (4 * len(str(number)) + 1) * dot, 7 * dot, taken)
        taken.append(box)
        _write(colours, str(number), box, colour, dot)
    return np.asarray(colours, dtype=np.float32)


def _beside(
    lamp: Lamp, height: int, width: int, wide: int, high: int, taken: List[Tuple[int, int, int, int]]
) -> Tuple[int, int, int, int]:
    """Left, top, right, bottom of a lamp's number: around its ring, at the nearest place that is free."""
    radius = (max(lamp.angle / 2, np.radians(1.0)) + np.radians(1.6)) / np.pi * height
    latitude = float(np.arcsin(np.clip(lamp.direction[2], -1.0, 1.0)))
    angle = float(np.arctan2(lamp.direction[1], lamp.direction[0]))
    row, column = (np.pi / 2 - latitude) / np.pi * height, (0.5 - angle / (2 * np.pi)) * width
    stretch = 1 / max(np.cos(latitude), 0.3)
    box = (0, 0, wide, high)
    for distance in np.arange(1.0, 8.0):
        for way in np.radians([0, 45, -45, 90, -90, 135, -135, 180]):
            away = radius + (distance - 1.0) * high
            x = column + np.cos(way) * (away * stretch + wide / 2) - wide / 2
            y = row - np.sin(way) * (away + high / 2) - high / 2
            left, top = int(np.clip(x, 0, width - wide)), int(np.clip(y, 0, height - high))
            box = (left, top, left + wide, top + high)
            if all(box[2] < other[0] or other[2] < box[0] or box[3] < other[1] or other[3] < box[1] for other in taken):
                return box
    return box


def _write(colours: Array, text: str, box: Tuple[int, int, int, int], colour: Tuple[float, ...], dot: int) -> None:
    column, row = box[:2]
    colours[row : box[3], column : box[2]] = 0.0
    for position, digit in enumerate(text):
        for down, bits in enumerate(_ROWS[digit]):
            for across in range(3):
                if bits & (4 >> across):
                    y, x = row + (down + 1) * dot, column + (4 * position + across + 1) * dot
                    colours[y : y + dot, x : x + dot] = colour
