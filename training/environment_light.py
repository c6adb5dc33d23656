# SPDX-License-Identifier: GPL-3.0-or-later
"""Radiance maps as nine spherical harmonics and a dominant direction."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def harmonics(directions: Array) -> Array:
    """Real spherical harmonics ``(..., 9)`` of unit directions ``(..., 3)``, Z up, bands 0 to 2."""
    x, y, z = np.moveaxis(directions, -1, 0)
    return np.stack([
        np.full_like(x, 0.282095), 0.488603 * y, 0.488603 * z, 0.488603 * x, 1.092548 * x * y, 1.092548 * y * z,
        0.315392 * (3.0 * z * z - 1.0), 1.092548 * x * z, 0.546274 * (x * x - y * y),
    ], axis=-1)  # fmt: skip


def light_of(path: Path) -> tuple[Array, Array]:
    """Radiance coefficients ``(9, 3)``, RGB, the mean luminance over the sphere being 1, and the direction ``(3,)``
    from which most light comes: the luminance-weighted mean over the brightest 2 % of the sphere.
    """
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)[..., ::-1].astype(np.float64)
    rows, columns = image.shape[:2]
    polar = (np.arange(rows) + 0.5) / rows * np.pi
    around = (np.arange(columns) + 0.5) / columns * 2.0 * np.pi
    directions = np.stack([
        np.sin(polar)[:, None] * np.cos(around), np.sin(polar)[:, None] * np.sin(around),
        np.repeat(np.cos(polar)[:, None], columns, 1),
    ], axis=-1)  # fmt: skip
    solid = np.repeat(np.sin(polar)[:, None], columns, 1) * (np.pi / rows) * (2.0 * np.pi / columns)
    luminance = image @ np.array([0.2126, 0.7152, 0.0722])
    image /= (luminance * solid).sum() / (4.0 * np.pi)
    coefficients = np.einsum("hwk,hwc,hw->kc", harmonics(directions), image, solid)
    order = np.argsort(-luminance, axis=None)
    brightest = order[: np.searchsorted(np.cumsum(solid.ravel()[order]), 0.02 * 4.0 * np.pi)]
    mean = (directions.reshape(-1, 3)[brightest] * (luminance * solid).ravel()[brightest, None]).sum(0)
    return coefficients, mean / np.linalg.norm(mean)
