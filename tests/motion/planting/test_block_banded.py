# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import numpy as np
import pytest

from holirep_blender.motion.planting.block_banded import solved


@pytest.mark.parametrize("count", [1, 2, 3, 6, 9])
def test_the_same_as_solving_the_whole_matrix(count):
    random, size = np.random.default_rng(count), 3
    whole = np.eye(count * size)
    for first in range(max(count - 2, 0)):
        rows = slice(first * size, (first + 3) * size)
        part = random.normal(size=(5, 3 * size))
        whole[rows, rows] += part.T @ part
    blocks = whole.reshape(count, size, count, size).swapaxes(1, 2)
    at = np.arange(count)
    right = random.normal(size=(count, size))
    found = solved(
        blocks[at, at], blocks[at[:-1], at[1:]], blocks[at[:-2], at[2:]], right, np.ones((count, size), dtype=bool)
    )
    assert found.ravel() == pytest.approx(np.linalg.solve(whole, right.ravel()), abs=1e-9)
