# SPDX-License-Identifier: GPL-3.0-or-later
"""Least squares over frames in which each frame is tied to its two next ones: banded in blocks, solved directly."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def solved(diagonal: Array, next_one: Array, next_two: Array, right: Array, live: Mask) -> Array:
    """The solution ``(N, C)`` of a symmetric positive definite system with blocks of ``C x C``.

    Parameters
    ----------
    diagonal : (N, C, C). next_one : (N - 1, C, C) blocks (t, t + 1). next_two : (N - 2, C, C) blocks (t, t + 2).
    right : (N, C). live : (N, C) the numbers that are asked for; the others come to 0.
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
    # what is asked for of each pair of frames comes first, and is all that is solved
    asked = np.zeros((pairs, 2 * size), dtype=bool)
    asked.reshape(-1, size)[:count] = live
    order = np.argsort(~asked, axis=1, kind="stable")
    number = asked.sum(axis=1)
    each, most = np.arange(pairs)[:, None, None], int(number.max(initial=0))
    down, across = order[:, :most, None], order[:, None, :most]
    whole, after = whole[each, down, across], after[each[:-1], down[:-1], across[1:]]
    values = values[each[:, 0], order[:, :most]]
    # elimination from the first pair of frames to the last, and back
    factors: list[Array] = []
    for row, own in enumerate(number):
        block, side = whole[row, :own, :own], values[row, :own]
        if row:
            before = after[row - 1, : number[row - 1], :own].T
            block = block - before @ factors[-1]
            side = side - before @ values[row - 1, : number[row - 1]]
        sides = side[:, None]
        if row < pairs - 1:
            sides = np.concatenate([after[row, :own, : number[row + 1]], sides], axis=1)
        both = np.linalg.solve(block, sides)
        factors.append(both[:, :-1])
        values[row, :own] = both[:, -1]
    for row in range(pairs - 2, -1, -1):
        own, further = number[row], number[row + 1]
        values[row, :own] -= factors[row] @ values[row + 1, :further]
    result = np.zeros((pairs, 2 * size))
    result[each[:, 0], order[:, :most]] = np.where(np.arange(most) < number[:, None], values, 0.0)
    return result.reshape(-1, size)[:count]
