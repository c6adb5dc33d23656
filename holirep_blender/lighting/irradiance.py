# SPDX-License-Identifier: GPL-3.0-or-later
"""What a surface receives: from a map, from lamps, and as spherical harmonics."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .environment_map import Grid
from .sphere import Array, directions

_BAND = 16


def map_irradiance(grid: Grid, normals: Array) -> Array:
    """Irradiance ``(n, 3)`` from a map on surfaces with normals ``(n, 3)``, in W/m²; black pixels cost no time."""
    total = np.zeros((len(normals), 3))
    turned = normals.T.astype(np.float32)
    for first in range(0, grid.shape[0], _BAND):
        band = grid.radiance[first : first + _BAND]
        down, across = np.nonzero(band.any(axis=2))
        if not len(down):
            continue
        places = directions(grid.latitudes[first + down], grid.angles[across]).astype(np.float32)
        light = band[down, across] * grid.solid_angles[first + down, across].astype(np.float32)[:, None]
        total += np.maximum(places @ turned, 0.0).T @ light
    return total


def lamp_irradiance(directions: Array, irradiances: Array, normals: Array, angles: npt.ArrayLike = 0.0) -> Array:
    """Irradiance ``(n, 3)`` from distant lamps on surfaces with normals ``(n, 3)``.

    ``directions`` ``(k, 3)`` toward them, ``irradiances`` ``(k, 3)`` on a surface facing them, ``angles`` ``(k,)`` the
    full angles in radians; a lamp of an angle is a disk of uniform radiance, as Blender's Sun is.
    """
    shares = disk_cosine(normals @ directions.T, np.broadcast_to(np.asarray(angles) / 2, len(directions)))
    return np.asarray(shares @ irradiances)


def disk_cosine(cosines: Array, radii: npt.ArrayLike) -> Array:
    """Irradiance from a disk of uniform radiance that gives 1 to a surface facing it, at cosines to its middle.

    ``radii`` are half angles (radians), broadcast against ``cosines``; 0 is a point. The part of the disk below the
    surface's horizon is left out: Snyder, Area light sources for real-time graphics (1996), as given by Lagarde and de
    Rousiers, Moving Frostbite to physically based rendering (2014).
    """
    cosines, radii = np.broadcast_arrays(np.asarray(cosines, dtype=np.float64), np.asarray(radii, dtype=np.float64))
    result = np.maximum(cosines, 0.0)
    height = np.arcsin(np.clip(cosines, -1.0, 1.0))
    cut = np.abs(height) < radii
    if cut.any():
        cosine, size = cosines[cut], np.sin(radii[cut]) ** 2
        sine = np.sqrt(1 - cosine**2)
        slope = np.sqrt(1 / size - 1)
        edge = np.clip(-slope * cosine / sine, -1.0, 1.0)
        chord = sine * np.sqrt(1 - edge**2)
        result[cut] = ((cosine * np.arccos(edge) - slope * chord) * size + np.arctan(chord / slope)) / (np.pi * size)
    result[height <= -radii] = 0.0
    return np.asarray(result)
