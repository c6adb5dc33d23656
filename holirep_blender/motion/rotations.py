# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotations of whole clips at once: unit quaternions ``wxyz`` (as Blender's ``mathutils``), matrices and vectors.

Every function takes any number of leading axes and broadcasts over them. Formulas: Shoemake (1985, 1987);
matrix to quaternion after Markley (2008); exponential map after Grassia (1998).
"""

from __future__ import annotations

from typing import Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
_TINY = 1e-12


def identity(shape: Sequence[int] = ()) -> Array:
    """Identity quaternions, ``shape + (4,)``."""
    result = np.zeros(tuple(shape) + (4,))
    result[..., 0] = 1.0
    return result


def normalized(vectors: npt.ArrayLike) -> Array:
    """Vectors or quaternions scaled to length 1; zero stays zero."""
    array = np.asarray(vectors, dtype=np.float64)
    length = _lengths(array)[..., None]
    return np.asarray(array / np.where(length < _TINY, 1.0, length))


def _lengths(vectors: Array) -> Array:
    """Lengths ``(...)`` of vectors ``(..., N)``; ``np.linalg.norm`` takes three times as long on short ones."""
    return np.asarray(np.sqrt(np.einsum("...i,...i->...", vectors, vectors)))


def multiply(a: npt.ArrayLike, b: npt.ArrayLike) -> Array:
    """Hamilton product ``a * b`` of quaternions ``(..., 4)``: first ``b``, then ``a``.

    Computed on pairs of complex numbers (Cayley-Dickson: ``w + x i`` and ``y + z i``), in a third of the steps. The
    second numbers are copied, because NumPy multiplies complex numbers with or without fused steps, one bit apart,
    depending on whether a view seems to reach into the result, which may lie right behind it in memory.
    """
    p = np.ascontiguousarray(a, dtype=np.float64).view(np.complex128)
    q = np.ascontiguousarray(b, dtype=np.float64).view(np.complex128)
    a1, b1, a2, b2 = p[..., 0], p[..., 1].copy(), q[..., 0], q[..., 1].copy()
    first = a1 * a2
    result = np.empty(np.shape(first) + (2,), dtype=np.complex128)
    result[..., 0] = first - b1 * np.conj(b2)
    result[..., 1] = a1 * b2 + b1 * np.conj(a2)
    return result.view(np.float64)


def inverse(q: npt.ArrayLike) -> Array:
    """Inverse of unit quaternions ``(..., 4)``: their conjugate."""
    return np.asarray(np.asarray(q, dtype=np.float64) * np.array([1.0, -1.0, -1.0, -1.0]))


def rotate(q: npt.ArrayLike, vectors: npt.ArrayLike) -> Array:
    """Rotates vectors ``(..., 3)`` by unit quaternions ``(..., 4)``."""
    quaternions, v = np.asarray(q, dtype=np.float64), np.asarray(vectors, dtype=np.float64)
    w, x, y, z = quaternions[..., 0], quaternions[..., 1], quaternions[..., 2], quaternions[..., 3]
    a, b, c = v[..., 0], v[..., 1], v[..., 2]
    # written out: np.cross takes several times as long
    t, s, r = 2.0 * (y * c - z * b), 2.0 * (z * a - x * c), 2.0 * (x * b - y * a)
    first = a + w * t + (y * r - z * s)
    result = np.empty(np.shape(first) + (3,))
    result[..., 0] = first
    result[..., 1] = b + w * s + (z * t - x * r)
    result[..., 2] = c + w * r + (x * s - y * t)
    return result


def cross(a: Array, b: Array) -> Array:
    """Cross products of vectors ``(..., 3)``; ``np.cross`` takes several times as long."""
    x, y, z = a[..., 0], a[..., 1], a[..., 2]
    u, v, w = b[..., 0], b[..., 1], b[..., 2]
    first = y * w - z * v
    result = np.empty(np.shape(first) + (3,))
    result[..., 0] = first
    result[..., 1] = z * u - x * w
    result[..., 2] = x * v - y * u
    return result


def to_matrix(q: npt.ArrayLike) -> Array:
    """Rotation matrices ``(..., 3, 3)`` of unit quaternions ``(..., 4)``; columns are the rotated axes."""
    unit = normalized(q)
    w, x, y, z = unit[..., 0], unit[..., 1], unit[..., 2], unit[..., 3]
    a, b, c = 2.0 * x, 2.0 * y, 2.0 * z
    wx, wy, wz, xx, xy, xz = w * a, w * b, w * c, x * a, x * b, x * c
    yy, yz, zz = y * b, y * c, z * c
    result = np.empty(np.shape(w) + (3, 3))
    result[..., 0, 0], result[..., 0, 1], result[..., 0, 2] = 1.0 - (yy + zz), xy - wz, xz + wy
    result[..., 1, 0], result[..., 1, 1], result[..., 1, 2] = xy + wz, 1.0 - (xx + zz), yz - wx
    result[..., 2, 0], result[..., 2, 1], result[..., 2, 2] = xz - wy, yz + wx, 1.0 - (xx + yy)
    return result


def from_matrix(matrices: npt.ArrayLike) -> Array:
    """Unit quaternions ``(..., 4)`` with ``w >= 0`` of rotation matrices ``(..., 3, 3)``.

    Of the four ways to write the quaternion the one with the largest norm is taken (Markley 2008), so no division by a
    small number happens.
    """
    m = np.asarray(matrices, dtype=np.float64)
    trace = m[..., 0, 0] + m[..., 1, 1] + m[..., 2, 2]
    antisymmetric = np.stack(
        [m[..., 2, 1] - m[..., 1, 2], m[..., 0, 2] - m[..., 2, 0], m[..., 1, 0] - m[..., 0, 1]], axis=-1
    )
    candidates = np.empty(m.shape[:-2] + (4, 4))
    candidates[..., 0, 0] = 1.0 + trace
    candidates[..., 0, 1:] = antisymmetric
    candidates[..., 1:, 0] = antisymmetric
    candidates[..., 1:, 1:] = m + np.swapaxes(m, -1, -2)
    for axis in range(3):
        candidates[..., axis + 1, axis + 1] = 1.0 + 2.0 * m[..., axis, axis] - trace
    best = np.argmax(np.linalg.norm(candidates, axis=-1), axis=-1)
    q = normalized(np.take_along_axis(candidates, best[..., None, None], axis=-2)[..., 0, :])
    return np.where(q[..., :1] < 0.0, -q, q)


def from_rotation_vector(vectors: npt.ArrayLike) -> Array:
    """Exponential map: quaternions ``(..., 4)`` of rotation vectors ``(..., 3)`` (axis times radians)."""
    v = np.asarray(vectors, dtype=np.float64)
    angle = _lengths(v)[..., None]
    # np.sinc(x) = sin(pi x) / (pi x) has no division by zero at rest
    return np.concatenate([np.cos(angle / 2.0), 0.5 * np.sinc(angle / (2.0 * np.pi)) * v], axis=-1)


def to_rotation_vector(q: npt.ArrayLike) -> Array:
    """Logarithm: rotation vectors ``(..., 3)``, at most pi long, of unit quaternions ``(..., 4)``."""
    quaternions = np.asarray(q, dtype=np.float64)
    quaternions = np.where(quaternions[..., :1] < 0.0, -quaternions, quaternions)
    sine = _lengths(quaternions[..., 1:])[..., None]
    angle = 2.0 * np.arctan2(sine, quaternions[..., :1])
    scale = np.where(sine < 1e-9, 2.0, angle / np.where(sine < 1e-9, 1.0, sine))
    return np.asarray(scale * quaternions[..., 1:])


def from_axis_angle(axis: npt.ArrayLike, angle: npt.ArrayLike) -> Array:
    """Quaternions ``(..., 4)`` of turns by ``angle`` radians ``(...)`` about ``axis`` ``(..., 3)`` (any length)."""
    half = np.asarray(angle, dtype=np.float64)[..., None] / 2.0
    unit = normalized(axis)
    sine = np.sin(half) * unit
    return np.concatenate([np.broadcast_to(np.cos(half), sine.shape[:-1] + (1,)), sine], axis=-1)


def between(a: npt.ArrayLike, b: npt.ArrayLike) -> Array:
    """The smallest rotation ``(..., 4)`` that takes direction ``a`` to direction ``b``, each ``(..., 3)``.

    Opposite directions turn by pi about an axis perpendicular to ``a``.
    """
    u, v = np.broadcast_arrays(normalized(a), normalized(b))
    dot = np.einsum("...i,...i->...", u, v)[..., None]
    q = np.concatenate([1.0 + dot, cross(u, v)], axis=-1)
    opposite = dot < -1.0 + 1e-9
    if opposite.any():
        least = np.argmin(np.abs(u), axis=-1)
        perpendicular = cross(u, np.eye(3)[least])
        half_turn = np.concatenate([np.zeros_like(dot), normalized(perpendicular)], axis=-1)
        q = np.where(opposite, half_turn, q)
    return normalized(q)


def angle_between(a: npt.ArrayLike, b: npt.ArrayLike) -> Array:
    """Geodesic angle in radians ``(...)`` between unit quaternions ``(..., 4)``, 0 to pi."""
    p, q = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    p, q = np.broadcast_arrays(p, np.where(np.einsum("...i,...i->...", p, q)[..., None] < 0.0, -q, q))
    # twice the angle between 4-vectors; arctan2 keeps small angles exact (Kahan)
    return np.asarray(4.0 * np.arctan2(_lengths(p - q), _lengths(p + q)))


def slerp(a: npt.ArrayLike, b: npt.ArrayLike, t: npt.ArrayLike) -> Array:
    """Spherical interpolation from ``a`` (t = 0) to ``b`` (t = 1) the short way; ``t`` has the leading axes' shape."""
    step = to_rotation_vector(multiply(inverse(a), b))
    return multiply(a, from_rotation_vector(step * np.asarray(t, dtype=np.float64)[..., None]))


def continuous(q: npt.ArrayLike) -> Array:
    """Flips signs along the first axis so that neighbouring quaternions ``(T, ..., 4)`` are on the same side."""
    quaternions = np.array(q, dtype=np.float64)
    if len(quaternions) < 2:
        return quaternions
    dots = np.einsum("...i,...i->...", quaternions[1:], quaternions[:-1])
    signs = np.cumprod(np.where(dots < 0.0, -1.0, 1.0), axis=0)
    quaternions[1:] *= signs[..., None]
    return quaternions


def swing_twist(q: npt.ArrayLike, axis: npt.ArrayLike) -> tuple[Array, Array]:
    """Splits ``q = swing * twist``: ``twist`` turns about ``axis`` ``(..., 3)``, ``swing`` about a perpendicular.

    Where the swing is a half turn the twist is undefined and taken as none.
    """
    quaternions, unit = np.broadcast_arrays(np.asarray(q, dtype=np.float64)[..., :], _padded(normalized(axis)))
    projection = np.sum(quaternions[..., 1:] * unit[..., 1:], axis=-1, keepdims=True) * unit[..., 1:]
    twist = np.concatenate([quaternions[..., :1], projection], axis=-1)
    degenerate = np.linalg.norm(twist, axis=-1, keepdims=True) < 1e-9
    twist = np.where(degenerate, identity(), normalized(twist))
    return multiply(quaternions, inverse(twist)), twist


def _padded(vectors: Array) -> Array:
    """Vectors ``(..., 3)`` as pure quaternions ``(..., 4)``."""
    return np.concatenate([np.zeros(vectors.shape[:-1] + (1,)), vectors], axis=-1)


def frame(primary: npt.ArrayLike, secondary: npt.ArrayLike) -> Array:
    """Right-handed orthonormal frames ``(..., 3, 3)``: column 0 along ``primary``, column 1 nearest to ``secondary``.

    Where both are parallel the second column is any perpendicular.
    """
    x, raw = np.broadcast_arrays(normalized(primary), np.asarray(secondary, dtype=np.float64))
    y = raw - np.sum(raw * x, axis=-1, keepdims=True) * x
    parallel = np.linalg.norm(y, axis=-1, keepdims=True) < 1e-9 * np.maximum(
        np.linalg.norm(raw, axis=-1, keepdims=True), 1
    )
    fallback = np.cross(x, np.eye(3)[np.argmin(np.abs(x), axis=-1)])
    y = normalized(np.where(parallel, fallback, y))
    return np.stack([x, y, np.cross(x, y)], axis=-1)
