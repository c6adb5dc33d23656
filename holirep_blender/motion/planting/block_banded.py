# SPDX-License-Identifier: GPL-3.0-or-later
"""Least squares over frames in which each frame is tied to its two next ones: banded in blocks, solved directly."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def solved(diagonal: Array, next_one: Array, next_two: Array, right: Array) -> Array:
    """The solution ``(N, C)`` of a symmetric positive definite system with blocks of ``C x C``.

    Parameters
    ----------
    diagonal : (N, C, C). next_one : (N - 1, C, C) blocks (t, t + 1). next_two : (N - 2, C, C) blocks (t, t + 2).
    right : (N, C).
    """
    count, size = right.shape
    pairs = (count + 1) // 2
    whole = np.tile(np.eye(2 * size), (pairs, 1, 1))
    after = np.zeros((max(pairs - 1, 0), 2 * size, 2 * size))
    low, high = slice(0, size), slice(size, 2 * size)
    whole[:, low, low] = diagonal[0::2]
    whole[: count // 2, high, high] = diagonal[1::2]
    inside, between = next_one[0::2], next_one[1::2]
    whole[: len(inside), low, high] = inside
    whole[: len(inside), high, low] = np.swapaxes(inside, 1, 2)
    after[: len(between), high, low] = between
    even, odd = next_two[0::2], next_two[1::2]
    after[: len(even), low, low] = even
    after[: len(odd), high, high] = odd
    values = np.zeros((pairs, 2 * size))
    values.reshape(-1, size)[:count] = right
    # elimination from the first pair of frames to the last, and back
    factors = np.empty_like(after)
    for row in range(pairs):
        if row:
            whole[row] -= after[row - 1].T @ factors[row - 1]
            values[row] -= after[row - 1].T @ values[row - 1]
        if row < pairs - 1:
            both = np.linalg.solve(whole[row], np.concatenate([after[row], values[row][:, None]], axis=1))
            factors[row], values[row] = both[:, :-1], both[:, -1]
        else:
            values[row] = np.linalg.solve(whole[row], values[row])
    for row in range(pairs - 2, -1, -1):
        values[row] -= factors[row] @ values[row + 1]
    return values.reshape(-1, size)[:count]
