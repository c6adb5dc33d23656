# SPDX-License-Identifier: GPL-3.0-or-later
"""What the refinement compares a pose with: points in the picture, bone directions, orientations, places in the
world.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from .articulation import Floats, Group, Ints, logarithm
from .camera import View
from .refinement import Normal, State

Array = npt.NDArray[np.float64]


_NO_PAIRS: Ints = np.zeros((0, 2), dtype=np.intp)


def _direction_residuals(points: Array, pairs: Ints, directions: Array, weights: Array) -> tuple[Array, Array]:
    """Residuals ``(T, M, 3)`` of the directions between pairs of points, and the factors ``(T, M)`` of the points'
    derivatives.
    """
    bone = points[:, pairs[:, 1]] - points[:, pairs[:, 0]]
    length = np.maximum(np.sqrt(np.einsum("tmi,tmi->tm", bone, bone)), 1e-3)
    factor = weights / length
    return (bone - directions * length[..., None]) * factor[..., None], factor


def _direction_rows(derivative: Floats, group: Group, factor: Array) -> Floats:
    """``(T, 3, M, C)`` from the points' derivatives ``(T, 3, N, C)``."""
    rows = derivative[:, :, group.ends[:, 1]] - derivative[:, :, group.ends[:, 0]]
    rows *= factor[:, None, group.pairs, None].astype(np.float32)
    return rows


def _add(normal: Normal, residual: Array, rows: Floats, columns: Ints) -> None:
    """Adds residuals ``(T, N, K)`` whose derivatives ``(T, K, N, C)`` are by the group's columns."""
    flat = np.swapaxes(residual, 1, 2).reshape(len(residual), -1)
    normal.add_rows(flat, rows.reshape(len(rows), -1, rows.shape[-1]), columns)


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
        residual, factor = _direction_residuals(points, self.pairs, self.directions, self.weights)
        normal.add_cost(residual)
        if not normal.complete:
            return
        for group in figure.groups(self.joints, self.pairs):
            if not len(group.pairs):
                continue
            at, joints = points[:, group.points], self.joints[group.points]
            derivative = figure.point_derivatives(state.axes, state.placed, at, joints, group.columns)
            _add(normal, residual[:, group.pairs], _direction_rows(derivative, group, factor), group.columns)


@dataclass
class ImagePoints:
    """Tracked points in the picture, and the directions between some of them, for points fixed to joints.

    ``joints (N,)``, ``offsets (N, 3)``; ``plane (T, N, 2)`` normalised image coordinates; ``weights (T, N)`` one over
    the standard deviation in metres at the body's depth; ``view`` of the camera;
    ``pairs (M, 2)`` rows of points, ``directions (T, M, 3)`` unit vectors in the world, ``direction_weights (T, M)``.
    Residuals beyond ``outlier`` metres lose their weight (Geman & McClure 1987).
    """

    joints: Ints
    offsets: Array
    plane: Array
    weights: Array
    view: View
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
            view=self.view.part(rows),
            directions=self.directions[rows],
            direction_weights=self.direction_weights[rows],
        )

    def __call__(self, state: State, normal: Normal) -> None:
        """Adds both terms' equations; they share the points' derivatives."""
        figure = state.figure
        points = figure.points(state.turned, state.placed, self.joints, self.offsets)
        residual, projector = self._picture(points)
        bent, factor = _direction_residuals(points, self.pairs, self.directions, self.direction_weights)
        normal.add_cost(residual)
        normal.add_cost(bent)
        if not normal.complete:
            return
        for group in figure.groups(self.joints, self.pairs):
            at, joints = points[:, group.points], self.joints[group.points]
            derivative = figure.point_derivatives(state.axes, state.placed, at, joints, group.columns)
            if len(group.pairs):
                _add(normal, bent[:, group.pairs], _direction_rows(derivative, group, factor), group.columns)
            if group.own:
                own = group.points[: group.own]
                rows = _projected(projector[:, own], derivative[:, :, : group.own])
                _add(normal, residual[:, own], rows, group.columns)

    def _picture(self, points: Array) -> tuple[Array, Array]:
        """Residuals ``(T, N, 2)`` in the picture and their derivatives ``(T, N, 2, 3)`` by the points."""
        local = self.view.local(points)
        depth = np.maximum(local[..., 2:], 0.2)
        body_depth = np.median(depth, axis=1, keepdims=True)
        plane = local[..., :2] / depth
        residual = (plane - self.plane) * body_depth
        squared = np.sum(residual**2, axis=-1)
        robust = 1.0 / (1.0 + squared / self.outlier**2)
        weight = (self.weights * robust)[..., None]
        # d(x / z) = (dx − (x / z) dz) / z
        axes = np.swapaxes(self.view.turn, -1, -2)[:, None]
        projector = (axes[..., :2, :] - plane[..., None] * axes[..., 2:, :]) * (weight * body_depth / depth)[..., None]
        return residual * weight, projector


def _projected(projector: Array, derivative: Floats) -> Floats:
    """``(T, K, N, C)``: matrices ``(T, N, K, 3)`` times derivatives ``(T, 3, N, C)``, by components: as thousands of
    tiny matrix products it would take several times as long.
    """
    factors = np.moveaxis(projector, 1, -1).astype(np.float32)[..., None]
    rows = factors[:, :, 0] * derivative[:, None, 0]
    rows += factors[:, :, 1] * derivative[:, None, 1]
    rows += factors[:, :, 2] * derivative[:, None, 2]
    return np.asarray(rows)


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
        residual *= weight
        normal.add_cost(residual)
        if not normal.complete:
            return
        for group in state.figure.groups(self.joints, _NO_PAIRS):
            rows = state.figure.rotation_derivatives(state.axes, self.joints[group.points], group.columns)
            rows *= weight[:, None, group.points].astype(np.float32)
            _add(normal, residual[:, group.points], rows, group.columns)


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
        residual = (points - self.targets) * self.weights
        below = points[..., 2] - self.floor
        lift = np.where(below < 0.0, 50.0, 0.0)
        normal.add_cost(residual)
        normal.add_cost(below * lift)
        if not normal.complete:
            return
        for group in figure.groups(self.joints, _NO_PAIRS):
            at, joints = points[:, group.points], self.joints[group.points]
            derivative = figure.point_derivatives(state.axes, state.placed, at, joints, group.columns)
            weights = np.swapaxes(self.weights[:, group.points], 1, 2)[..., None].astype(np.float32)
            _add(normal, residual[:, group.points], derivative * weights, group.columns)
            up = derivative[:, 2:] * lift[:, None, group.points, None].astype(np.float32)
            _add(normal, (below * lift)[:, group.points, None], up, group.columns)
