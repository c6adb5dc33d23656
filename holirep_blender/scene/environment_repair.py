# SPDX-License-Identifier: GPL-3.0-or-later
"""How a clipped environment is given back what was cut off: what is wished, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Sequence

import numpy as np
import numpy.typing as npt

from ..lighting.clipping import Clipping, find_clipping
from ..lighting.environment_map import EnvironmentMap
from ..lighting.errors import EnvironmentMapError
from ..lighting.repair import Repair, repair_by_reading, repair_by_sky
from ..lighting.repair_ball import repair_by_ball
from .environments import load_pixels
from .light_steps import Step, Steps


@dataclass(frozen=True)
class RepairWish:
    """How a clipped map is to be repaired: ``method`` ball, reading or sky.

    ``picture`` of a ball that fills ``box`` (left, top, right, bottom in pixels; else all of it), seen along ``view``
    in the environment's axes; ``reflectance`` of the ball, None where the picture's exposure is not the map's.
    ``sun`` and ``shade``: readings of a light meter. ``turbidity`` of the sky.
    """

    method: str
    picture: Optional[Path] = None
    box: Optional[Sequence[float]] = None
    view: Sequence[float] = (0.0, 1.0, 0.0)
    reflectance: Optional[float] = None
    sun: float = 0.0
    shade: float = 0.0
    turbidity: float = 3.0


@dataclass(frozen=True)
class Repaired:
    """The map with what was cut off given back, ``repair`` None where nothing was; ``sentences`` for the user."""

    environment: EnvironmentMap
    repair: Optional[Repair]
    sentences: list[str]


def repairing(environment: EnvironmentMap, wish: Optional[RepairWish]) -> Steps[Repaired]:
    """Gives back what was clipped, where that is wished, in steps. Raises EnvironmentMapError."""
    if wish is None:
        return Repaired(environment, None, [])
    clipping = yield Step("Looking for what was clipped", 0.25, 0.3, lambda _tell: find_clipping(environment))
    if clipping is None:
        return Repaired(environment, None, ["Nothing is clipped, so nothing was repaired."])
    ball = _ball_pixels(wish)
    made, repair = yield Step(
        "Giving back what was clipped", 0.3, 0.35, lambda _tell: _mended(environment, clipping, wish, ball)
    )
    return Repaired(made, repair, [repair.sentence])


def _ball_pixels(wish: RepairWish) -> Optional[npt.NDArray[np.float32]]:
    """The picture of the ball, None where none is needed. Raises EnvironmentMapError."""
    if wish.method != "ball":
        return None
    if wish.picture is None:
        raise EnvironmentMapError("Choose the picture of the grey or white ball.")
    return load_pixels(wish.picture)[0]


def _mended(
    environment: EnvironmentMap, clipping: Clipping, wish: RepairWish, ball: Optional[npt.NDArray[np.float32]]
) -> tuple[EnvironmentMap, Repair]:
    """The clipped map with what was cut off given back; nothing of Blender is asked for. Raises EnvironmentMapError."""
    if wish.method == "sky":
        return repair_by_sky(environment, clipping, wish.turbidity)
    if wish.method == "reading":
        return repair_by_reading(environment, clipping, wish.sun, wish.shade)
    assert ball is not None  # without one it was refused
    normals, values = _ball(ball, wish)
    return repair_by_ball(
        environment, clipping, normals, values, wish.reflectance or 0.18, wish.reflectance is not None
    )


def _ball(pixels: np.ndarray, wish: RepairWish) -> tuple[np.ndarray, np.ndarray]:
    """Normals in the environment's axes and values of a ball's pixels, seen from afar."""
    height, width = pixels.shape[:2]
    left, top, right, bottom = wish.box or (0, 0, width, height)
    if right - left < 8 or abs((right - left) / max(bottom - top, 1e-9) - 1) > 0.1:
        raise EnvironmentMapError(
            f"{wish.picture.name if wish.picture else 'The picture'}: the box must be a square close around the ball."
        )
    view = np.asarray(wish.view, dtype=np.float64)
    aside = np.cross(view, [0.0, 0.0, 1.0])
    if not np.linalg.norm(aside) > 1e-3 * np.linalg.norm(view):
        raise EnvironmentMapError("The ball cannot be seen from right above or below: give the direction of the view.")
    view, aside = view / np.linalg.norm(view), aside / np.linalg.norm(aside)
    rows, columns = np.mgrid[0:height, 0:width]
    x = (2 * columns + 1 - left - right) / (right - left)
    y = -(2 * rows + 1 - top - bottom) / (bottom - top)
    seen = x * x + y * y < 0.95**2
    x, y = x[seen], y[seen]
    depth = np.sqrt(1 - x * x - y * y)
    normals = x[:, None] * aside + y[:, None] * np.cross(aside, view) - depth[:, None] * view
    return normals, pixels[seen].astype(np.float64)
