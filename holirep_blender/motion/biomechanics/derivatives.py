# SPDX-License-Identifier: GPL-3.0-or-later
"""Velocities and accelerations of sampled motion, low-passed as they are taken (Savitzky & Golay 1964)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

HALF_WINDOW = 0.1
"""Seconds to each side. With polynomials of degree 4 accelerations fall to half power at 7 Hz (at 24 frames a second,
where the window is rounded to five frames, at 10 Hz): above the 4 to 6 Hz that gait is filtered at (Winter 2009,
section 3.4), so that kicks and landings keep their peaks, and low enough for positions that are a few millimetres
wrong."""
_DEGREE, _END_DEGREE = 4, 2
"""Degree of the fitted polynomials inside, and in the half window at each end, where higher ones amplify noise."""


@lru_cache(maxsize=256)
def _weights(points: int, degree: int, order: int, at: float) -> Array:
    """Weights of ``points`` samples whose sum is the fitted polynomial's derivative at sample ``at`` (per frame)."""
    places = np.arange(points) - at
    powers = np.vander(places, degree + 1, increasing=True)
    factorial = (1.0, 1.0, 2.0)[order]
    if order > degree:
        return np.zeros(points)
    return np.asarray(np.linalg.pinv(powers)[order] * factorial)


def derivatives(samples: npt.ArrayLike, fps: float) -> tuple[Array, Array]:
    """First and second derivatives ``(T, ...)``, per second, of samples ``(T, ...)`` at ``fps``.

    Clips shorter than the window are fitted whole by a polynomial of lower degree: one frame is at rest, two move
    evenly.
    """
    values = np.asarray(samples, dtype=np.float64)
    count = len(values)
    half = max(2, round(HALF_WINDOW * fps))
    if count < 2 * half + 1:
        degree = max(0, min(_END_DEGREE, count - 1 if count < 3 else count - 2))
        matrices = [np.array([_weights(count, degree, order, float(at)) for at in range(count)]) for order in (1, 2)]
        shaped = values.reshape(count, -1)
        first, second = (np.reshape(np.dot(matrix, shaped), values.shape) for matrix in matrices)
        return first * fps, second * fps**2
    points = 2 * half + 1
    results = []
    for order in (1, 2):
        result = np.zeros_like(values)
        inside = result[half : count - half]
        for shift, weight in enumerate(_weights(points, _DEGREE, order, float(half))):
            inside += weight * values[shift : shift + len(inside)]
        for at in range(half):
            weights = _weights(points, _END_DEGREE, order, float(at))
            result[at] = np.tensordot(weights, values[:points], axes=1)
            # the end is the beginning of the reversed clip
            result[count - 1 - at] = (-1) ** order * np.tensordot(weights, values[: -points - 1 : -1], axes=1)
        results.append(result * fps**order)
    return results[0], results[1]
