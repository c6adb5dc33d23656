# SPDX-License-Identifier: GPL-3.0-or-later
"""Light from a window: a polygon of uniform radiance near by."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .sphere import Array


def polygon_irradiance(corners: npt.ArrayLike, place: npt.ArrayLike) -> Array:
    """The irradiance vector ``(3,)`` at a place from a flat polygon of radiance 1: toward the light, as long as the
    irradiance on what faces it.

    ``corners`` ``(n, 3)`` in order. Lambert's formula, as in Arvo, Applications of irradiance tensors to the simulation
    of non-Lambertian phenomena (1995): half the sum over edges of the angle under which an edge is seen times the
    normal of the plane through it and the place.
    """
    seen = np.asarray(corners, dtype=np.float64) - np.asarray(place, dtype=np.float64)
    seen = seen / np.maximum(np.linalg.norm(seen, axis=1, keepdims=True), 1e-12)
    following = np.roll(seen, -1, axis=0)
    normals = np.cross(seen, following)
    lengths = np.linalg.norm(normals, axis=1)
    angles = np.arctan2(lengths, np.einsum("nc,nc->n", seen, following))
    vector = 0.5 * ((angles / np.maximum(lengths, 1e-12))[:, None] * normals).sum(axis=0)
    return np.asarray(vector if vector @ seen.mean(axis=0) > 0 else -vector)
