# SPDX-License-Identifier: GPL-3.0-or-later
"""Smooth corrections over a clip by least squares whose equations join neighbouring frames only."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def smooth_correction(
    steps: Array, step_weights: Array, places: Array, place_weights: Array, bend: Array, stay: float
) -> Array:
    """The correction ``d (T, C)`` that minimises, for each channel,

    ``sum step_weights (d[t + 1] - d[t] - steps)^2 + sum place_weights (d - places)^2 + sum bend d''^2 + stay sum d^2``.

    Parameters
    ----------
    steps : (T - 1, C) wanted changes from frame to frame, with ``step_weights (T - 1,)``.
    places : (T, C) wanted values, with ``place_weights (T,)``.
    bend : (T - 2,) weights of the second differences. stay : weight of the correction itself, above 0.
    """
    count = len(places)
    right = place_weights[:, None] * places
    weighted = step_weights[:, None] * steps
    right[1:] += weighted
    right[:-1] -= weighted
    main = place_weights + stay
    main[1:] += step_weights
    main[:-1] += step_weights
    first = np.zeros(count)
    first[: count - 1] = -step_weights
    second = np.zeros(count)
    if count > 2:
        for row, factor in enumerate((1.0, 4.0, 1.0)):
            main[row : count - 2 + row] += bend * factor
        first[: count - 2] -= 2.0 * bend
        first[1 : count - 1] -= 2.0 * bend
        second[: count - 2] = bend
    return _solved(main, first, second, right)


def _solved(main: Array, first: Array, second: Array, right: Array) -> Array:
    """Solution ``(T, C)`` of a symmetric positive definite system with five diagonals.

    The factorisation L D L' goes from frame to frame and so cannot be done for all at once; on plain floats it takes
    about a microsecond a frame.
    """
    count, channels = right.shape
    diagonal, below, far = [0.0] * count, [0.0] * (count + 2), [0.0] * (count + 2)
    a, b, c = main.tolist(), first.tolist(), second.tolist()
    before, last = 0.0, 0.0  # of D, two rows up and one row up
    for row in range(count):
        pivot = a[row] - last * below[row] ** 2 - before * far[row] ** 2
        diagonal[row] = pivot
        carried = b[row] - last * below[row] * far[row + 1]
        below[row + 1] = carried / pivot
        far[row + 2] = c[row] / pivot
        before, last = last, pivot
    result = np.empty_like(right)
    for channel in range(channels):
        values = right[:, channel].tolist()
        for row in range(1, count):
            values[row] -= below[row] * values[row - 1] + (far[row] * values[row - 2] if row > 1 else 0.0)
        values = [value / pivot for value, pivot in zip(values, diagonal)]
        for row in range(count - 2, -1, -1):
            values[row] -= below[row + 1] * values[row + 1] + (
                far[row + 2] * values[row + 2] if row + 2 < count else 0.0
            )
        result[:, channel] = values
    return result
