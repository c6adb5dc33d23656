# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of a performer under a radiance map, on a floor, as a camera gives them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from ..environment_light import harmonics, light_of
from .raster import draw, normals

Array = npt.NDArray[np.float64]

_LOBE = np.array([1.0, *[2.0 / 3.0] * 3, *[0.25] * 5])
"""Lambert's cosine lobe over pi in each band (Ramamoorthi & Hanrahan 2001)."""
_FINE = 2
"""Samples of a pixel along each axis."""


class Set:
    """Where the performer is: a radiance map for light and background, turned by ``yaw`` radians, and a floor."""

    def __init__(self, path: Path, yaw: float, brightness: float, floor: Array, radius: float) -> None:
        coefficients, direction = light_of(path)
        image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)[..., ::-1].astype(np.float32)
        image = cv2.resize(image, (1024, 512), interpolation=cv2.INTER_AREA)
        rows = np.sin((np.arange(512) + 0.5) / 512 * np.pi)
        luminance = float((image.mean(-1) * rows[:, None]).mean() / rows.mean())
        self.map = np.ascontiguousarray(image / luminance)
        self.coefficients, self.direction, self.yaw = coefficients, direction, yaw
        self.brightness, self.floor, self.radius = brightness, floor, radius

    def _turned(self, directions: Array) -> Array:
        c, s = np.cos(self.yaw), np.sin(self.yaw)
        x, y, z = np.moveaxis(directions, -1, 0)
        return np.stack([c * x + s * y, -s * x + c * y, z], axis=-1)

    def light(self, surface: Array) -> Array:
        """Light ``(V, 3)`` that surfaces with normals ``(V, 3)`` send back, were they white."""
        return np.asarray((harmonics(self._turned(surface)) * _LOBE) @ self.coefficients).clip(0.02, None)

    def background(self, turn: Array, origin: Array, focal: float, size: tuple[int, int]) -> npt.NDArray[np.float32]:
        """Linear colours ``(H, W, 3)`` of surroundings and floor without the performer."""
        columns, rows = size
        x, y = np.meshgrid(np.arange(columns) + 0.5 - columns / 2, np.arange(rows) + 0.5 - rows / 2)
        rays = np.stack([x / focal, y / focal, np.ones_like(x)], -1) @ turn.T
        seen = self._turned(rays / np.linalg.norm(rays, axis=-1, keepdims=True))
        across = (np.arctan2(seen[..., 1], seen[..., 0]) / (2 * np.pi) % 1.0) * 1024 - 0.5
        down = np.arccos(seen[..., 2].clip(-1, 1)) / np.pi * 512 - 0.5
        sky = cv2.remap(
            self.map, across.astype(np.float32), down.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP
        )
        far = -origin[2] / np.minimum(rays[..., 2], -1e-6)
        meets = origin[:2] + rays[..., :2] * far[..., None]
        grain = 1.0 + 0.12 * np.sin(meets[..., 0] * 9.0) * np.sin(meets[..., 1] * 11.0)
        tile = np.where((np.floor(meets[..., 0] * 1.7) + np.floor(meets[..., 1] * 1.7)) % 2 > 0, 1.0, 0.88)
        lit = self.floor * self.light(np.array([[0.0, 0.0, 1.0]]))[0]
        ground = lit * (grain * tile)[..., None]
        on = (rays[..., 2] < -1e-6) & (np.linalg.norm(meets, axis=-1) < self.radius)
        return np.where(on[..., None], ground, sky).astype(np.float32)


def picture(
    stage: Set, vertices: Array, colours: npt.NDArray[np.float32], triangles: npt.NDArray[np.int32], turn: Array,
    origin: Array, focal: float, size: tuple[int, int], behind: npt.NDArray[np.float32],
) -> npt.NDArray[np.uint8]:  # fmt: skip
    """RGB ``(H, W, 3)`` of vertices ``(V, 3)`` in the world before a background ``behind`` in linear colours.

    ``turn (3, 3)`` to world and ``origin (3,)`` are the camera's; ``size`` columns and rows.
    """
    columns, rows = size
    shade = stage.light(normals(vertices.astype(np.float32), triangles)) * colours

    def projected(points: Array) -> npt.NDArray[np.float32]:
        local = (points - origin) @ turn
        flat = local[:, :2] / np.maximum(local[:, 2:], 0.02) * focal + np.array([columns, rows]) / 2
        return np.concatenate([flat * _FINE, local[:, 2:]], axis=1).astype(np.float32)

    # a shadow on the floor, softened
    towards = stage.direction * [1.0, 1.0, 0.0] + [0.0, 0.0, max(0.7, stage.direction[2])]
    fallen = vertices - towards * (vertices[:, 2:] / towards[2])
    depth = np.full((rows * _FINE // 2, columns * _FINE // 2), np.inf, np.float32)
    dark = np.zeros(depth.shape + (3,), np.float32)
    half = projected(fallen) * np.array([0.5, 0.5, 1.0], np.float32)
    draw(half, np.ones((len(half), 3), np.float32), triangles, depth, dark)
    dark = cv2.GaussianBlur(dark[..., 0], (0, 0), max(1.0, 0.012 * columns))
    dark = cv2.resize(dark, (columns, rows))
    canvas = behind * (1.0 - 0.45 * dark[..., None])
    depth = np.full((rows * _FINE, columns * _FINE), np.inf, np.float32)
    fine = cv2.resize(canvas, (columns * _FINE, rows * _FINE), interpolation=cv2.INTER_LINEAR)
    draw(projected(vertices), shade.astype(np.float32), triangles, depth, fine)
    linear = cv2.resize(fine, (columns, rows), interpolation=cv2.INTER_AREA) * stage.brightness
    tone = linear.clip(0.0, None)
    tone = tone * (1.0 + tone / 6.0) / (1.0 + tone)
    return np.asarray((255.0 * tone.clip(0, 1) ** (1 / 2.2)).round().astype(np.uint8))
