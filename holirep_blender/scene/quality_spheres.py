# SPDX-License-Identifier: GPL-3.0-or-later
"""The report's spheres: a matt ball lit by the environment, by the rig, and as the performer's face is lit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

import bpy
import numpy as np
import numpy.typing as npt

from ..lighting.ball import ball_pictures
from ..lighting.environment_map import reduced
from ..lighting.measures import harmonics, irradiance_harmonics
from ..quality.evidence import LightingEvidence
from .lit_state import lights_of_rig, rig_now
from .pictures import jpeg_of, shown

if TYPE_CHECKING:
    from .light_matching import MatchedLight

Array = npt.NDArray[np.float64]

_SIZE = 220
_REST_WIDTH = 128
"""Columns of the residual's map that a ball is lit with: what it holds is soft."""
_REFLECTANCE = 0.8
_MEAN = 0.3
"""Linear mean of the first ball in the picture; all balls are shown at its exposure."""


def shot_spheres(scene: bpy.types.Scene, light: Optional[LightingEvidence]) -> Optional[tuple[str, bytes]]:
    """Caption and JPEG of a shot whose light was matched; None where it was not."""
    normals = _normals(_view(scene))
    balls: list[tuple[str, Array]] = []
    if light is not None and light.scene_harmonics is not None:
        balls.append(("the environment", _by_harmonics(light.scene_harmonics, normals)))
    rig = _rig_ball(scene, normals)
    if rig is not None:
        balls.append(("the light rig", rig))
    return _picture(balls, "the scene's camera" if scene.camera is not None else "the front")


def environment_spheres(matched: MatchedLight) -> Optional[tuple[str, bytes]]:
    """The same of an environment that was matched without a shot, seen from the front (from −Y)."""
    normals = _normals(np.eye(3))
    lamps = matched.analysis.lamps
    around = irradiance_harmonics(matched.analysis.grid)
    directions = np.array([lamp.direction for lamp in lamps]).reshape(-1, 3)
    strengths = np.array([lamp.irradiance for lamp in lamps]).reshape(-1, 3)
    angles = np.array([lamp.angle for lamp in lamps])
    rest = reduced(matched.analysis.residual, _REST_WIDTH)
    rig = ball_pictures(normals, directions, strengths, angles, rest, np.eye(3), _REFLECTANCE).sum(axis=0)
    return _picture([("the environment", _by_harmonics(around, normals)), ("its lamps and the rest", rig)], "the front")


def _rig_ball(scene: bpy.types.Scene, normals: Array) -> Optional[Array]:
    try:
        lights = lights_of_rig(scene)
    except ValueError:
        return None
    now = rig_now(scene, lights)
    lit = ball_pictures(normals, now.directions, now.irradiances, now.angles, now.residual, now.turn, _REFLECTANCE)
    return np.asarray(lit.sum(axis=0))


def _view(scene: bpy.types.Scene) -> Array:
    """Axes of the view in the world as columns: right, away from the camera, up; without a camera from −Y."""
    if scene.camera is None:
        return np.eye(3)
    world = np.array(scene.camera.matrix_world.to_3x3().normalized())
    return np.stack([world[:, 0], -world[:, 2], world[:, 1]], axis=1)


def _normals(view: Array) -> Array:
    """Normals ``(n, 3)`` of a ball's pixels in rows from the top, in the world."""
    across, up = _inside()
    local = np.stack([across, -np.sqrt(np.maximum(1.0 - across**2 - up**2, 0.0)), up], axis=1)
    return np.asarray(local @ view.T)


def _inside() -> tuple[Array, Array]:
    steps = (np.arange(_SIZE) + 0.5) / _SIZE * 2.0 - 1.0
    across, down = np.meshgrid(steps, steps)
    inside = across**2 + down**2 < 0.96
    return across[inside] / np.sqrt(0.96), -down[inside] / np.sqrt(0.96)


def _by_harmonics(coefficients: Array, normals: Array) -> Array:
    """Radiance ``(n, 3)`` of a Lambert ball; of light that changes, its mean over the frames."""
    held = np.asarray(coefficients, dtype=np.float64)
    if held.ndim == 3:
        held = np.nanmean(held, axis=0)
    return np.maximum(harmonics(normals) @ held, 0.0) * (_REFLECTANCE / np.pi)


def _picture(balls: list[tuple[str, Array]], view: str) -> Optional[tuple[str, bytes]]:
    balls = [(name, ball) for name, ball in balls if np.isfinite(ball).all() and ball.mean() > 0.0]
    if not balls:
        return None
    steps = (np.arange(_SIZE) + 0.5) / _SIZE * 2.0 - 1.0
    inside = steps[None, :] ** 2 + steps[:, None] ** 2 < 0.96
    exposure = _MEAN / float(balls[0][1].mean())
    tiles = []
    for _name, ball in balls:
        tile = np.zeros((_SIZE, _SIZE, 3))
        tile[inside] = ball
        tiles.append(tile)
    jpeg = jpeg_of(shown(np.concatenate(tiles, axis=1), exposure), quality=90)
    lights = ", by ".join(name for name, _ in balls)
    return f"A matt ball, seen from {view}, from the left lit by {lights}; one exposure for all.", jpeg
