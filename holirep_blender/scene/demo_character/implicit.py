# SPDX-License-Identifier: GPL-3.0-or-later
"""Signed distance fields: the clay of the demo character. Points are (N, 3) in metres; inside is negative."""

from __future__ import annotations

from typing import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Field = Callable[[Array], Array]


def smooth_min(a: Array, b: Array, radius: float) -> Array:
    """Union that rounds the seam within `radius` metres (the quadratic polynomial blend of I. Quilez)."""
    if radius <= 0.0:
        return np.minimum(a, b)
    h = np.clip(0.5 + 0.5 * (b - a) / radius, 0.0, 1.0)
    return b + (a - b) * h - radius * h * (1.0 - h)


def smooth_max(a: Array, b: Array, radius: float) -> Array:
    """Intersection that rounds the edge within `radius` metres."""
    return -smooth_min(-a, -b, radius)


def smoothstep(low: float, high: float, value: Array) -> Array:
    """0 below `low`, 1 above `high`, smooth between."""
    t = np.clip((value - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def unit(vector: Array) -> Array:
    """The vectors scaled to length one along the last axis."""
    return vector / np.maximum(np.linalg.norm(vector, axis=-1, keepdims=True), 1e-12)


def _ellipsoid_distance(local: Array, radii: Array) -> Array:
    scaled = local / radii
    k0 = np.sqrt(np.einsum("ij,ij->i", scaled, scaled))
    scaled /= radii
    k1 = np.sqrt(np.einsum("ij,ij->i", scaled, scaled))
    return k0 * (k0 - 1.0) / np.maximum(k1, 1e-9)


def ellipsoid(centre: Sequence[float], radii: Sequence[float], axes: Array | None = None) -> Field:
    """An ellipsoid; rows of `axes` (3, 3) are its own axes."""
    c, r = np.asarray(centre, dtype=float), np.asarray(radii, dtype=float)

    def field(p: Array) -> Array:
        local = p - c if axes is None else (p - c) @ axes.T
        return _ellipsoid_distance(local, r)

    return field


def cone(start: Sequence[float], end: Sequence[float], start_radius: float, end_radius: float) -> Field:
    """A capsule whose radius changes linearly from one end to the other."""
    a = np.asarray(start, dtype=float)
    axis = np.asarray(end, dtype=float) - a
    length_squared = float(axis @ axis)

    def field(p: Array) -> Array:
        relative = p - a
        t = np.clip(relative @ axis / length_squared, 0.0, 1.0)
        across = relative - t[:, None] * axis
        return np.sqrt(np.einsum("ij,ij->i", across, across)) - (start_radius + (end_radius - start_radius) * t)

    return field


def tube(
    start: Sequence[float],
    end: Sequence[float],
    front: Sequence[float],
    profile: Sequence[tuple[float, float, float, float]],
) -> Field:
    """A limb with an oval section that changes along it.

    `front` is the direction of the section's front; `profile` rows are (position 0..1 along the axis, half width,
    extent to the front, extent to the back) in metres. The ends are rounded.
    """
    a = np.asarray(start, dtype=float)
    axis = np.asarray(end, dtype=float) - a
    length = float(np.linalg.norm(axis))
    along = axis / length
    forward = np.asarray(front, dtype=float)
    forward = unit(forward - along * (forward @ along))
    side = np.cross(along, forward)
    knots = np.asarray(profile, dtype=float)
    fine = np.linspace(0.0, 1.0, 65)
    table = np.stack([_smooth_curve(knots[:, 0], knots[:, k], fine) for k in (1, 2, 3)], axis=1)

    def field(p: Array) -> Array:
        relative = p - a
        distance = relative @ along
        t = np.clip(distance / length, 0.0, 1.0)
        excess = distance - t * length
        width = np.interp(t, fine, table[:, 0])
        depth_local = relative @ forward
        depth = np.where(depth_local > 0, np.interp(t, fine, table[:, 1]), np.interp(t, fine, table[:, 2]))
        local = np.stack([relative @ side, depth_local, excess], axis=1)
        return _ellipsoid_distance(local, np.stack([width, depth, np.minimum(width, depth)], axis=1))

    return field


def _smooth_curve(knots: Array, values: Array, at: Array) -> Array:
    """Monotone-safe cubic Hermite interpolation (Catmull-Rom tangents limited as by Fritsch and Carlson)."""
    slopes = np.diff(values) / np.diff(knots)
    tangents = np.empty_like(values)
    tangents[1:-1] = np.where(slopes[1:] * slopes[:-1] > 0, 0.5 * (slopes[1:] + slopes[:-1]), 0.0)
    tangents[0], tangents[-1] = slopes[0], slopes[-1]
    index = np.clip(np.searchsorted(knots, at, side="right") - 1, 0, len(knots) - 2)
    width = knots[index + 1] - knots[index]
    t = np.clip((at - knots[index]) / width, 0.0, 1.0)
    h00, h10 = (1 + 2 * t) * (1 - t) ** 2, t * (1 - t) ** 2
    h01, h11 = t * t * (3 - 2 * t), t * t * (t - 1)
    return (
        h00 * values[index]
        + h10 * width * tangents[index]
        + h01 * values[index + 1]
        + h11 * width * tangents[index + 1]
    )


def blend(parts: Sequence[tuple[Field, float]]) -> Field:
    """Smooth union of (field, blend radius), in order; the radius is that of the seam with all before it."""

    def field(p: Array) -> Array:
        result = parts[0][0](p)
        for part, radius in parts[1:]:
            result = smooth_min(result, part(p), radius)
        return result

    return field


def carve(body: Field, hole: Field, radius: float) -> Field:
    """`body` without `hole`, the rim rounded by `radius`."""
    return lambda p: smooth_max(body(p), -hole(p), radius)


def mirrored(field: Field, soft: float = 0.0) -> Field:
    """The field of the left half, seen from both sides of x = 0; `soft` metres round the crease in the middle."""

    def both(p: Array) -> Array:
        folded = p.copy()
        folded[:, 0] = np.sqrt(folded[:, 0] ** 2 + soft * soft)
        return field(folded)

    return both


def gradient(field: Field, p: Array, step: float = 2e-4) -> Array:
    """Unit gradient by differences over the corners of a tetrahedron (four evaluations)."""
    corners = np.array([[1.0, -1, -1], [-1, -1, 1], [-1, 1, -1], [1, 1, 1]])
    total = np.zeros_like(p)
    for corner in corners:
        total += corner * field(p + corner * step)[:, None]
    return unit(total)


def project(field: Field, p: Array, steps: int = 3, limit: float = 0.01) -> Array:
    """Moves points onto the surface along the gradient, at most `limit` metres a step."""
    for _ in range(steps):
        distance = np.clip(field(p), -limit, limit)
        p = p - gradient(field, p) * distance[:, None]
    return p
