# SPDX-License-Identifier: GPL-3.0-or-later
"""Environment maps made in code, with lights of known direction, energy and size."""

from __future__ import annotations

import numpy as np

from holirep_blender.lighting.sphere import column_angles, directions, row_latitudes, row_solid_angles

LUMINANCE = np.array([0.2126390059, 0.7151686788, 0.0721923154])


def sky(height=256, seed=3):
    """A sky with soft clouds over a darker ground, no lamps, no plateau."""
    latitudes = row_latitudes(np.arange(height) + 0.5, height)[:, None]
    angles = column_angles(np.arange(2 * height) + 0.5, 2 * height)[None, :]
    generator = np.random.default_rng(seed)
    waves = sum(
        np.cos(k * angles + 6 * generator.random()) * np.cos(k * latitudes + 6 * generator.random()) / k
        for k in range(1, 6)
    )
    value = np.where(latitudes > 0, 1.2, 0.35) + 0.15 * waves + 0.01 * generator.random((height, 2 * height))
    return (value[..., None] * np.array([0.8, 0.95, 1.2])).astype(np.float32)


def direction(azimuth, elevation):
    """Unit vector of degrees."""
    return directions(np.radians(elevation), np.radians(azimuth))


def paint_disk(pixels, toward, angle, irradiance, finer=8):
    """Adds a disk of uniform radiance in place: full angle in degrees, irradiance (3,); its edge is smooth."""
    height, width = pixels.shape[:2]
    steps = np.arange(height * finer) + 0.5
    latitude = float(np.arcsin(toward[2]))
    rows = np.abs(row_latitudes(steps, height * finer) - latitude) < np.radians(angle / 2 + 1)
    near = np.flatnonzero(rows.reshape(height, finer).any(axis=1))
    fine = (near[:, None] * finer + np.arange(finer)).ravel() + 0.5
    covered = np.zeros((len(near), width))
    for part in range(finer):
        angles = column_angles(np.arange(width) + (part + 0.5) / finer, width)
        inside = directions(row_latitudes(fine, height * finer)[:, None], angles[None, :]) @ toward
        covered += (inside > np.cos(np.radians(angle / 2))).reshape(len(near), finer, width).sum(axis=1)
    covered /= finer**2
    solid = row_solid_angles(row_latitudes(np.arange(height + 1), height), width)[near, None]
    radiance = np.asarray(irradiance) / float((covered * solid).sum())
    pixels[near] += (covered[..., None] * radiance).astype(np.float32)
    return pixels


def paint_window(pixels, azimuths, elevations, radiance):
    """Adds a rectangle of uniform radiance in place: (first, last) degrees."""
    height, width = pixels.shape[:2]
    latitudes = np.degrees(row_latitudes(np.arange(height) + 0.5, height))
    angles = np.degrees(column_angles(np.arange(width) + 0.5, width))
    rows = (latitudes > elevations[0]) & (latitudes < elevations[1])
    columns = (angles > azimuths[0]) & (angles < azimuths[1])
    pixels[np.ix_(rows, columns)] += np.asarray(radiance, dtype=np.float32)
    return pixels


def flux(pixels):
    """Radiance times solid angle summed over the map, (3,)."""
    height, width = pixels.shape[:2]
    solid = row_solid_angles(row_latitudes(np.arange(height + 1), height), width)
    return np.einsum("hwc,h->c", pixels.astype(np.float64), solid)
