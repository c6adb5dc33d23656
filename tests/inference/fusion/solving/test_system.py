# SPDX-License-Identifier: GPL-3.0-or-later
"""The banded equations give what the dense ones give."""

from __future__ import annotations

import numpy as np

from holirep_blender.inference.fusion.solving.system import System, steps_of

COUNT, COLUMNS, BORDER = 7, 5, 2


def _filled(random):
    """A system from random terms, and the same as one dense Jacobian with its residuals."""
    system = System.zero(COUNT, COLUMNS, BORDER, True)
    rows, residuals = [], []

    def dense(parts, border=None):
        row = np.zeros(COUNT * COLUMNS + BORDER)
        for frame, columns, values in parts:
            row[frame * COLUMNS + np.asarray(columns)] += values
        if border is not None:
            row[-BORDER:] = border
        return row

    columns = np.array([0, 2, 3])
    r, by, side = random.normal(size=(COUNT, 4)), random.normal(size=(COUNT, 4, 3)), random.normal(size=(COUNT, 4, 2))
    system.add_rows(r, by, columns, side)
    for t in range(COUNT):
        for k in range(4):
            rows.append(dense([(t, columns, by[t, k])], side[t, k]))
            residuals.append(r[t, k])
    r = random.normal(size=(COUNT - 1, 2))
    before, after = random.normal(size=(COUNT - 1, 2, 3)), random.normal(size=(COUNT - 1, 2, 3))
    system.add_steps(r, before, after, columns)
    for t in range(COUNT - 1):
        for k in range(2):
            rows.append(dense([(t, columns, before[t, k]), (t + 1, columns, after[t, k])]))
            residuals.append(r[t, k])
    every = np.arange(COLUMNS)
    r, w = random.normal(size=(COUNT, COLUMNS)), random.uniform(0.5, 2.0, (COUNT, COLUMNS))
    system.add_scalars(r, w)
    for t in range(COUNT):
        for c in every:
            rows.append(dense([(t, [c], [np.sqrt(w[t, c])])]))
            residuals.append(np.sqrt(w[t, c]) * r[t, c])
    r, w = random.normal(size=(COUNT - 2, COLUMNS)), random.uniform(0.5, 2.0, (COUNT - 2, COLUMNS))
    system.add_bends(r, w)
    for t in range(COUNT - 2):
        for c in every:
            s = np.sqrt(w[t, c])
            rows.append(dense([(t, [c], [s]), (t + 1, [c], [-2 * s]), (t + 2, [c], [s])]))
            residuals.append(s * r[t, c])
    return system, np.array(rows), np.array(residuals)


def test_the_banded_step_is_the_dense_one():
    system, jacobian, residual = _filled(np.random.default_rng(0))
    steps, shared = steps_of([system], 0.0)
    wanted = np.linalg.solve(
        jacobian.T @ jacobian + 1e-6 * np.diag([1.0] * (COUNT * COLUMNS) + [1e-3] * BORDER), -jacobian.T @ residual
    )
    np.testing.assert_allclose(np.concatenate([steps[0].ravel(), shared]), wanted, atol=1e-8)


def test_stretches_that_share_a_border_are_solved_as_one():
    random = np.random.default_rng(1)
    first, a, p = _filled(random)
    second, b, q = _filled(random)
    steps, shared = steps_of([first, second], 0.0)
    size = COUNT * COLUMNS
    jacobian = np.zeros((len(a) + len(b), 2 * size + BORDER))
    jacobian[: len(a), :size], jacobian[: len(a), -BORDER:] = a[:, :size], a[:, size:]
    jacobian[len(a) :, size:-BORDER], jacobian[len(a) :, -BORDER:] = b[:, :size], b[:, size:]
    damped = jacobian.T @ jacobian + 1e-6 * np.diag([1.0] * (2 * size) + [1e-3] * BORDER)
    wanted = np.linalg.solve(damped, -jacobian.T @ np.concatenate([p, q]))
    np.testing.assert_allclose(np.concatenate([step.ravel() for step in steps] + [shared]), wanted, atol=1e-8)
