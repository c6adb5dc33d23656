# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from holirep_blender.motion import rotations

vectors = arrays(np.float64, (5, 3), elements=st.floats(-3.0, 3.0, allow_nan=False))


def quaternions_of(v):
    return rotations.from_rotation_vector(v)


@given(vectors)
def test_exponential_and_logarithm_are_inverse(v):
    length = np.linalg.norm(v, axis=-1, keepdims=True)
    v = np.where(length > 3.1, v / np.maximum(length, 1e-9) * 3.1, v)
    np.testing.assert_allclose(rotations.to_rotation_vector(quaternions_of(v)), v, atol=1e-7)


@given(vectors)
def test_matrix_round_trip_is_the_same_rotation(v):
    q = quaternions_of(v)
    assert np.all(rotations.angle_between(rotations.from_matrix(rotations.to_matrix(q)), q) < 1e-6)


@given(vectors, vectors)
def test_rotate_agrees_with_the_matrix(v, points):
    q = quaternions_of(v)
    expected = np.einsum("nij,nj->ni", rotations.to_matrix(q), points)
    np.testing.assert_allclose(rotations.rotate(q, points), expected, atol=1e-9)


@given(vectors, vectors)
def test_between_takes_one_direction_to_the_other(a, b):
    a, b = a + 1e-3, b + 1e-3
    turned = rotations.rotate(rotations.between(a, b), rotations.normalized(a))
    np.testing.assert_allclose(turned, rotations.normalized(b), atol=1e-5)


def test_between_opposite_directions_is_a_half_turn():
    q = rotations.between([0.0, 0.0, 1.0], [0.0, 0.0, -1.0])
    np.testing.assert_allclose(rotations.rotate(q, [0.0, 0.0, 1.0]), [0.0, 0.0, -1.0], atol=1e-12)


@given(vectors, vectors)
def test_swing_and_twist_multiply_to_the_whole(v, axis):
    axis = axis + 1e-2
    q = quaternions_of(v)
    swing, twist = rotations.swing_twist(q, axis)
    assert np.all(rotations.angle_between(rotations.multiply(swing, twist), q) < 1e-6)
    unit = rotations.normalized(axis)
    np.testing.assert_allclose(np.sum(swing[..., 1:] * unit, axis=-1), 0.0, atol=1e-7)


@pytest.mark.parametrize("t", [0.0, 0.25, 1.0])
def test_slerp_turns_evenly(t):
    a = rotations.from_axis_angle([0.0, 0.0, 1.0], 0.3)
    b = rotations.from_axis_angle([0.0, 0.0, 1.0], 2.3)
    expected = rotations.from_axis_angle([0.0, 0.0, 1.0], 0.3 + 2.0 * t)
    assert rotations.angle_between(rotations.slerp(a, b, np.asarray(t)), expected) < 1e-9


def test_continuous_keeps_neighbours_on_one_side():
    q = rotations.from_axis_angle([1.0, 0.0, 0.0], np.linspace(0.0, 12.0, 100))
    signs = np.where(np.arange(100) % 3 == 0, -1.0, 1.0)[:, None]
    smooth = rotations.continuous(q * signs)
    assert np.all(np.sum(smooth[1:] * smooth[:-1], axis=-1) > 0.9)
    assert np.all(rotations.angle_between(smooth, q) < 1e-6)


@given(vectors, vectors)
def test_frames_are_right_handed_and_follow_the_primary_axis(primary, secondary):
    primary = np.where(np.linalg.norm(primary, axis=-1, keepdims=True) < 1e-6, 1e-2, primary)
    f = rotations.frame(primary, secondary)
    np.testing.assert_allclose(np.swapaxes(f, -1, -2) @ f, np.broadcast_to(np.eye(3), f.shape), atol=1e-6)
    np.testing.assert_allclose(np.linalg.det(f), 1.0, atol=1e-6)
    np.testing.assert_allclose(f[..., 0], rotations.normalized(primary), atol=1e-9)


def test_a_product_is_the_same_bit_by_bit_wherever_it_lies_in_memory():
    chance = np.random.default_rng(5)
    a, b = chance.normal(size=(2, 9, 15, 4))
    held, found = [], set()
    for size in chance.integers(1, 9000, 1500):
        held.append(np.empty(size, np.uint8))
        held = held[-60:] if size % 2 else held[::2]
        found.add(rotations.multiply(a.copy(), b.copy()).tobytes())
    assert len(found) == 1
