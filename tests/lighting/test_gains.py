# SPDX-License-Identifier: GPL-3.0-or-later
"""Gains of lights by known truth, and non-negative least squares by its own conditions."""

from __future__ import annotations

import numpy as np
import pytest

from holirep_blender.lighting.gains import nonnegative_least_squares, solve_gains


def pictures(count=4, pixels=500, seed=1):
    """A ball's worth of Lambert shading by each of some distant lights, in its own colour."""
    generator = np.random.default_rng(seed)
    normals = generator.normal(size=(pixels, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    toward = generator.normal(size=(count, 3))
    toward /= np.linalg.norm(toward, axis=1, keepdims=True)
    shading = np.maximum(normals @ toward.T, 0.0)
    return shading.T[:, :, None] * generator.uniform(0.2, 1.0, (count, 1, 3))


@pytest.mark.parametrize("seed", range(20))
def test_least_squares_without_negative_values_meets_its_conditions(seed):
    """Karush, Kuhn and Tucker: no value below 0, no gradient where it is above, none upwards where it is 0."""
    generator = np.random.default_rng(seed)
    matrix, goal = generator.normal(size=(30, 8)), generator.normal(size=30)
    found = nonnegative_least_squares(matrix, goal)
    gradient = matrix.T @ (goal - matrix @ found)
    assert (found >= 0).all()
    np.testing.assert_allclose(gradient[found > 0], 0.0, atol=1e-9)
    assert (gradient[found == 0] <= 1e-9).all()


def test_gains_come_back_from_a_noisy_plate():
    lights = pictures()
    truth = np.array([0.5, 2.0, 0.0, 1.3])
    generator = np.random.default_rng(2)
    plate = np.einsum("k,knc->nc", truth, lights)
    plate *= 1 + 0.02 * generator.normal(size=plate.shape)
    found = solve_gains(lights, plate)
    np.testing.assert_allclose(found.values, np.repeat(truth[:, None], 3, axis=1), atol=0.02)
    assert found.after < 0.03 < 0.3 < found.before
    assert not found.uncertain


def test_gains_for_each_channel():
    lights = pictures()
    truth = np.random.default_rng(3).uniform(0.3, 2.0, (4, 3))
    found = solve_gains(lights, np.einsum("kc,knc->nc", truth, lights), tint=True)
    np.testing.assert_allclose(found.values, truth, rtol=0.01)


def test_what_is_there_without_the_lights_is_taken_into_account():
    lights = pictures()
    plate = 0.3 + 1.5 * lights.sum(axis=0)
    np.testing.assert_allclose(solve_gains(lights, plate, fixed=0.3).values, 1.5, rtol=1e-3)


def test_lights_that_look_alike_share_the_correction_and_are_named():
    lights = pictures()
    both = np.concatenate([lights, lights[:1] * 1.001, np.zeros_like(lights[:1])])
    found = solve_gains(both, 2.0 * both.sum(axis=0))
    np.testing.assert_allclose(found.values, 2.0, rtol=0.01)
    assert found.uncertain == [0, 4, 5]


def test_a_region_that_no_light_reaches():
    with pytest.raises(ValueError, match="choose another"):
        solve_gains(np.zeros((2, 5, 3)), np.ones((5, 3)))
    with pytest.raises(ValueError, match="nothing to compare"):
        solve_gains(np.zeros((2, 0, 3)), np.ones((0, 3)))
