# SPDX-License-Identifier: GPL-3.0-or-later
"""What the refinement compares a pose with: points in the picture, bone directions, orientations, places in the
world.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from .articulation import Ints, logarithm
from .refinement import Normal, State

Array = npt.NDArray[np.float64]


def _flat(derivative: Array) -> Array:
    """``(T, N, C, P)`` as rows ``(T, N * C, P)``."""
    return derivative.reshape(len(derivative), -1, derivative.shape[-1])


def _add_directions(
    points: Array, derivative: Array, pairs: Ints, directions: Array, weights: Array, normal: Normal
) -> None:
    first, second = pairs[:, 0], pairs[:, 1]
    bone = points[:, second] - points[:, first]
    length = np.maximum(np.linalg.norm(bone, axis=-1), 1e-3)
    weight = (weights / length)[..., None]
    residual = (bone - directions * length[..., None]) * weight
    rows = (derivative[:, second] - derivative[:, first]) * weight[..., None]
    normal.add_rows(residual.reshape(len(residual), -1), _flat(rows))


@dataclass
class BoneDirections:
    """Wanted unit vectors ``(T, M, 3)`` between points ``pairs (M, 2)`` fixed to joints, with weights ``(T, M)``."""

    joints: Ints
    offsets: Array
    pairs: Ints
    directions: Array
    weights: Array

    def part(self, rows: slice) -> BoneDirections:
        """The same term for some of the frames."""
        return replace(self, directions=self.directions[rows], weights=self.weights[rows])

    def __call__(self, state: State, normal: Normal) -> None:
        """Adds the term's equations."""
        figure = state.figure
        points = figure.points(state.turned, state.placed, self.joints, self.offsets)
        derivative = figure.point_derivatives(state.axes, state.placed, points, self.joints)
        _add_directions(points, derivative, self.pairs, self.directions, self.weights, normal)


@dataclass
class ImagePoints:
    """Tracked points in the picture, and the directions between some of them, for points fixed to joints.

    ``joints (N,)``, ``offsets (N, 3)``; ``plane (T, N, 2)`` normalised image coordinates; ``weights (T, N)`` one over
    the
    standard deviation in metres at the body's depth; ``camera (3, 3)`` world from camera, the camera being at the
    origin;
    ``pairs (M, 2)`` rows of points, ``directions (T, M, 3)`` unit vectors in the world, ``direction_weights (T, M)``.
    Residuals beyond ``outlier`` metres lose their weight (Geman & McClure 1987).
    """

    joints: Ints
    offsets: Array
    plane: Array
    weights: Array
    camera: Array
    pairs: Ints
    directions: Array
    direction_weights: Array
    outlier: float = 0.12

    def part(self, rows: slice) -> ImagePoints:
        """The same term for some of the frames."""
        return replace(
            self,
            plane=self.plane[rows],
            weights=self.weights[rows],
            directions=self.directions[rows],
            direction_weights=self.direction_weights[rows],
        )

    def __call__(self, state: State, normal: Normal) -> None:
        """Adds both terms' equations; they share the points' derivatives."""
        figure = state.figure
        points = figure.points(state.turned, state.placed, self.joints, self.offsets)
        derivative = figure.point_derivatives(state.axes, state.placed, points, self.joints)
        self._picture(points, derivative, normal)
        _add_directions(points, derivative, self.pairs, self.directions, self.direction_weights, normal)

    def _picture(self, points: Array, derivative: Array, normal: Normal) -> None:
        local = points @ self.camera
        depth = np.maximum(local[..., 2:], 0.2)
        body_depth = np.median(depth, axis=1, keepdims=True)
        plane = local[..., :2] / depth
        residual = (plane - self.plane) * body_depth
        squared = np.sum(residual**2, axis=-1)
        robust = 1.0 / (1.0 + squared / self.outlier**2)
        weight = (self.weights * robust)[..., None]
        # d(x / z) = (dx − (x / z) dz) / z
        axes = np.swapaxes(self.camera, 0, 1)
        projector = (axes[:2] - plane[..., None] * axes[2]) * (body_depth / depth)[..., None]
        rows = (projector @ derivative) * weight[..., None]
        normal.add_rows((residual * weight).reshape(len(residual), -1), _flat(rows))


@dataclass
class Orientations:
    """Wanted world rotations ``(T, N, 3, 3)`` of joints ``(N,)`` with weights ``(T, N)`` per radian."""

    joints: Ints
    targets: Array
    weights: Array

    def part(self, rows: slice) -> Orientations:
        """The same term for some of the frames."""
        return replace(self, targets=self.targets[rows], weights=self.weights[rows])

    def __call__(self, state: State, normal: Normal) -> None:
        """Adds the term's equations."""
        current = state.turned[:, self.joints]
        residual = logarithm(current @ np.swapaxes(self.targets, -1, -2))
        # a target far away is more likely wrong: beyond 60 degrees the pull does not grow
        angle = np.linalg.norm(residual, axis=-1)
        weight = (self.weights / np.maximum(1.0, angle / np.radians(60.0)))[..., None]
        rows = state.figure.rotation_derivatives(state.axes, self.joints) * weight[..., None]
        normal.add_rows((residual * weight).reshape(len(residual), -1), _flat(rows))


@dataclass
class Places:
    """Wanted world places ``(T, N, 3)`` of points fixed to joints, weights ``(T, N, 3)`` per metre along the world's
    axes.
    """

    joints: Ints
    offsets: Array
    targets: Array
    weights: Array
    floor: float
    """Height of the floor: points below it are pushed up with weight 1 / 2 cm wherever they are."""

    def part(self, rows: slice) -> Places:
        """The same term for some of the frames."""
        return replace(self, targets=self.targets[rows], weights=self.weights[rows])

    def __call__(self, state: State, normal: Normal) -> None:
        """Adds the term's equations."""
        figure = state.figure
        points = figure.points(state.turned, state.placed, self.joints, self.offsets)
        derivative = figure.point_derivatives(state.axes, state.placed, points, self.joints)
        residual = (points - self.targets) * self.weights
        normal.add_rows(residual.reshape(len(residual), -1), _flat(derivative * self.weights[..., None]))
        below = points[..., 2] - self.floor
        weight = np.where(below < 0.0, 50.0, 0.0)
        normal.add_rows(below * weight, derivative[:, :, 2] * weight[..., None])
