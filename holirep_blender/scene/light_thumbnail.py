# SPDX-License-Identifier: GPL-3.0-or-later
"""A small picture of an environment with its lamps marked, for the panel."""

from __future__ import annotations

import bpy
import numpy as np

from ..lighting.environment_map import EnvironmentMap, Grid, reduced
from ..lighting.lamps import Lamp
from ..lighting.sphere import directions
from .actions import MARK

_WIDTH = 512
_RING = np.radians(2.5)


def thumbnail(grid: Grid, lamps: list[Lamp], name: str) -> bpy.types.Image:
    """A square image (the environment in its middle) whose preview a panel can draw; marked as HoliRep's."""
    small = reduced(EnvironmentMap(grid.radiance), _WIDTH // 2)
    radiance = np.maximum(small.radiance, 0.0)
    exposed = radiance * (0.6 / max(float(np.percentile(radiance, 85)), 1e-6))
    colours = np.clip(exposed / (1 + 0.4 * exposed), 0.0, 1.0) ** (1 / 2.2)
    places = directions(small.latitudes[:, None], small.angles[None, :])
    for number, lamp in enumerate(lamps):
        apart = np.arccos(np.clip(places @ lamp.direction, -1.0, 1.0))
        ring = np.abs(apart - lamp.angle / 2 - _RING) < np.radians(0.8)
        colours[ring] = (1.0, 0.85, 0.1) if lamp.sun else (1.0, 0.25 + 0.5 * (number > 0), 0.1)
    height, width = colours.shape[:2]
    square = np.zeros((width, width, 4), dtype=np.float32)
    first = (width - height) // 2
    square[first : first + height, :, :3] = colours
    square[first : first + height, :, 3] = 1.0
    image = bpy.data.images.new(f"{name} Lamps", width, width, alpha=True)
    image[MARK] = "light_thumbnail"
    image.pixels.foreach_set(square[::-1].ravel())
    image.update()
    image.pack()
    preview = image.preview_ensure()
    if preview is not None:
        preview.image_size = (width, width)
        preview.image_pixels_float.foreach_set(square[::-1].ravel())
    return image
