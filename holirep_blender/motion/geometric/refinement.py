# SPDX-License-Identifier: GPL-3.0-or-later
"""Damped least squares over all frames of a clip at once (Levenberg 1944, Marquardt 1963), for an articulated figure.

Every frame is a small problem of its own; frames are tied together by pulling each towards the smoothed clip, whose
pull is renewed between rounds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from .articulation import Array, Articulation, Floats, Ints, Pose, logarithm

_SMALL_PRODUCT = 200_000
"""Multiplications in one matrix product. OpenBLAS starts threads for products of more than 4 * 65536, which for the
thousands of little ones here costs up to ten times what it saves on a busy machine."""


@dataclass
class Normal:
    """Normal equations of all frames: ``matrix (T, P, P)``, ``gradient (T, P)``, ``cost (T,)``.

    Where ``complete`` is false, only the cost is asked for: terms then leave out their derivatives.
    """

    matrix: Array
    gradient: Array
    cost: Array
    complete: bool

    @classmethod
    def zero(cls, count: int, size: int, complete: bool) -> Normal:
        """Equations of ``count`` frames and ``size`` columns without any term."""
        frames = count if complete else 0
        return cls(np.zeros((frames, size, size)), np.zeros((frames, size)), np.zeros(count), complete)

    def add_cost(self, residual: Array) -> None:
        """Adds the squares of residuals ``(T, ...)`` to the cost alone."""
        flat = residual.reshape(len(residual), -1)
        self.cost += np.einsum("ti,ti->t", flat, flat)

    def add_rows(self, residual: Array, derivative: Floats, columns: Ints) -> None:
        """Adds residuals ``(T, R)`` with derivatives ``(T, R, C)`` by the columns ``(C,)``, without their cost."""
        single = residual.astype(np.float32)[..., None]
        rows = max(1, _SMALL_PRODUCT // derivative.shape[2] ** 2)
        runs = _runs(columns)
        for first in range(0, derivative.shape[1], rows):
            part = derivative[:, first : first + rows]
            transposed = np.swapaxes(part, 1, 2)
            square = transposed @ part
            for there, here in runs:
                for beside, along in runs:
                    self.matrix[:, there, beside] += square[:, here, along]
            self.gradient[:, columns] += (transposed @ single[:, first : first + rows])[..., 0]

    def add_blocks(self, columns: Ints, residual: Array, weight: Array) -> None:
        """Adds residuals ``(T, B, 3)`` that are the values of columns ``(B, 3)``, with weights ``(T, B, 3, 3)``."""
        weighted = (weight @ residual[..., None])[..., 0]
        self.cost += np.einsum("tbi,tbi->t", residual, weighted)
        if self.complete:
            self.matrix[:, columns[:, :, None], columns[:, None, :]] += weight
            self.gradient[:, columns] += weighted

    def add_scalars(self, columns: Ints, residual: Array, weight: Array) -> None:
        """Adds residuals ``(T, C)`` that are the columns' own values, with squared weights ``(T, C)``."""
        self.cost += np.sum(weight * residual**2, axis=-1)
        if self.complete:
            self.matrix[:, columns, columns] += weight
            self.gradient[:, columns] += weight * residual


def _runs(columns: Ints) -> list[tuple[slice, slice]]:
    """Ascending columns as slices of all columns, each with its place among these: slices add up ten times faster."""
    edges = [0, *(np.flatnonzero(np.diff(columns) != 1) + 1).tolist(), len(columns)]
    return [
        (slice(int(columns[first]), int(columns[end - 1]) + 1), slice(first, end))
        for first, end in zip(edges[:-1], edges[1:])
    ]


@dataclass
class State:
    """A linearised pose: what the terms of a problem need."""

    figure: Articulation
    pose: Pose
    turned: Array
    placed: Array
    axes: Array


class Term(Protocol):
    """Something that a pose is compared with."""

    def __call__(self, state: State, normal: Normal) -> None:
        """Adds the term's equations."""

    def part(self, rows: slice) -> Term:
        """The same term for some of the frames."""


@dataclass
class Pull:
    """Pull of a pose towards another one, with weights (one over the standard deviation, squared).

    ``ball (J,)`` and ``hinge (H,)`` per square radian, ``root (3, 3)`` or ``(T, 3, 3)`` per square metre.
    """

    target: Pose
    ball: Array
    hinge: Array
    root: Array

    def part(self, rows: slice) -> Pull:
        """The same pull for some of the frames."""
        root = self.root[rows] if self.root.ndim == 3 else self.root
        return replace(self, target=self.target.part(rows), root=root)

    def __call__(self, state: State, normal: Normal) -> None:
        """Adds the pull's equations."""
        figure, pose = state.figure, state.pose
        balls = figure.balls
        turn = logarithm(pose.local[:, balls] @ np.swapaxes(self.target.local[:, balls], -1, -2))
        turn = (figure.ball_frames(state.turned) @ turn[..., None])[..., 0]
        weight = np.broadcast_to(self.ball[balls, None, None] * np.eye(3), turn.shape + (3,))
        normal.add_blocks(figure.ball_table, turn, weight)
        if figure.hinge_columns:
            columns = np.array(figure.hinge_columns, dtype=np.intp)
            difference = pose.angles - self.target.angles
            normal.add_scalars(columns, difference, np.broadcast_to(self.hinge, difference.shape))
        away = (pose.root - self.target.root)[:, None]
        normal.add_blocks(
            np.arange(3)[None],
            away,
            np.broadcast_to(self.root if self.root.ndim == 2 else self.root[:, None], away.shape + (3,)),
        )


@dataclass
class Posture:
    """Preference for a posture: balls near a reference rotation, hinges near an angle and inside limits.

    ``reference (J, 3, 3)``; ``ball (J, 3)`` weights about the axes of the parent's frame; ``hinge_rest``,
    ``hinge_weight``, ``hinge_low``, ``hinge_high (H,)``; ``limit_weight`` per square radian beyond a limit.
    """

    reference: Array
    ball: Array
    hinge_rest: Array
    hinge_weight: Array
    hinge_low: Array
    hinge_high: Array
    limit_weight: float = 400.0

    def part(self, rows: slice) -> Posture:
        """Itself: a preference does not change over time."""
        return self

    def __call__(self, state: State, normal: Normal) -> None:
        """Adds the preference's equations."""
        figure, pose = state.figure, state.pose
        held = np.any(self.ball[figure.balls] > 0.0, axis=1)
        if held.any():
            balls = figure.balls[held]
            frames = figure.ball_frames(state.turned)[:, held]
            turn = logarithm(pose.local[:, balls] @ np.swapaxes(self.reference[balls], -1, -2))
            weight = np.asarray((frames * self.ball[balls, None, :]) @ np.swapaxes(frames, -1, -2), dtype=np.float64)
            normal.add_blocks(figure.ball_table[held], (frames @ turn[..., None])[..., 0], weight)
        if figure.hinge_columns:
            columns = np.array(figure.hinge_columns, dtype=np.intp)
            away = pose.angles - self.hinge_rest
            normal.add_scalars(columns, away, np.broadcast_to(self.hinge_weight, away.shape))
            beyond = pose.angles - np.clip(pose.angles, self.hinge_low, self.hinge_high)
            normal.add_scalars(columns, beyond, np.where(beyond != 0.0, self.limit_weight, 0.0))


@dataclass
class HingeAngles:
    """Measured angles ``(T, H)`` of hinges in radians with squared weights ``(T, H)``."""

    angles: Array
    weights: Array

    def part(self, rows: slice) -> HingeAngles:
        """The same angles for some of the frames."""
        return HingeAngles(self.angles[rows], self.weights[rows])

    def __call__(self, state: State, normal: Normal) -> None:
        """Adds the angles' equations."""
        columns = np.array(state.figure.hinge_columns, dtype=np.intp)
        normal.add_scalars(columns, state.pose.angles - self.angles, self.weights)


def solved_definite(matrices: Array, vectors: Array) -> Array:
    """Solutions ``(T, P)`` of symmetric positive definite systems ``(T, P, P)``, ``(T, P)`` by Cholesky's method.

    It runs over the columns for all frames at once; LAPACK, called for each frame, would start threads for each.
    """
    size = vectors.shape[1]
    lower = np.zeros_like(matrices)
    forward = np.empty_like(vectors)
    for column in range(size):
        done = lower[:, column, :column]
        below = matrices[:, column:, column] - (lower[:, column:, :column] @ done[..., None])[..., 0]
        pivot = np.sqrt(np.maximum(below[:, :1], 1e-12))
        lower[:, column:, column] = below / pivot
        forward[:, column] = (vectors[:, column] - np.sum(done * forward[:, :column], axis=1)) / pivot[:, 0]
    result = np.empty_like(vectors)
    for column in range(size - 1, -1, -1):
        known = np.sum(lower[:, column + 1 :, column] * result[:, column + 1 :], axis=1)
        result[:, column] = (forward[:, column] - known) / lower[:, column, column]
    return result


_BLOCK = 256
"""Frames that are worked on together: memory does not grow with the clip, and a block's arrays stay in the cache."""


def minimise(figure: Articulation, start: Pose, terms: list[Term], iterations: int) -> tuple[Pose, Array]:
    """Lowers the sum of the terms' squares in every frame; a step that does not lower a frame's cost is not taken
    there.

    Returns the pose and each frame's cost ``(T,)``.
    """
    poses, costs = [], []
    for first in range(0, len(start.root), _BLOCK):
        rows = slice(first, first + _BLOCK)
        pose, cost = _minimised_block(figure, start.part(rows), [term.part(rows) for term in terms], iterations)
        poses.append(pose)
        costs.append(cost)
    joined = Pose(
        np.concatenate([pose.local for pose in poses]),
        np.concatenate([pose.angles for pose in poses]),
        np.concatenate([pose.root for pose in poses]),
    )
    return joined, np.concatenate(costs)


def _linearised(figure: Articulation, pose: Pose, terms: list[Term], complete: bool) -> tuple[State, Normal]:
    turned, placed = figure.forward(pose)
    axes = figure.freedom_axes(pose, turned) if complete else np.empty((len(pose.root), 0, 3))
    state = State(figure, pose, turned, placed, axes)
    normal = Normal.zero(len(pose.root), figure.columns, complete)
    for term in terms:
        term(state, normal)
    return state, normal


def _minimised_block(figure: Articulation, start: Pose, terms: list[Term], iterations: int) -> tuple[Pose, Array]:
    state, normal = _linearised(figure, start, terms, True)
    factor = np.full(len(start.root), 1e-3)
    diagonal = np.arange(figure.columns)
    for left in range(iterations - 1, -1, -1):
        damped = normal.matrix.copy()
        # the constant keeps freedoms that nothing observes where they are
        damped[:, diagonal, diagonal] += factor[:, None] * damped[:, diagonal, diagonal] + 1e-6
        step = -solved_definite(damped, normal.gradient)
        step[:, 3:] = np.clip(step[:, 3:], -0.7, 0.7)
        # of the last pose nothing but the cost is asked
        moved = figure.moved(state.pose, state.turned, step)
        next_state, next_normal = _linearised(figure, moved, terms, left > 0)
        better = next_normal.cost < normal.cost
        if left == 0:
            return moved.chosen(state.pose, better), np.where(better, next_normal.cost, normal.cost)
        factor = np.clip(np.where(better, factor * 0.3, factor * 8.0), 1e-6, 1e4)
        state = _chosen_state(next_state, state, better)
        normal = _chosen_normal(next_normal, normal, better)
    return state.pose, normal.cost


def _chosen_state(new: State, old: State, mask: npt.NDArray[np.bool_]) -> State:
    if mask.all():
        return new
    wide = mask[:, None, None]
    return State(
        new.figure,
        new.pose.chosen(old.pose, mask),
        np.where(wide[..., None], new.turned, old.turned),
        np.where(wide, new.placed, old.placed),
        np.where(wide, new.axes, old.axes),
    )


def _chosen_normal(new: Normal, old: Normal, mask: npt.NDArray[np.bool_]) -> Normal:
    if mask.all():
        return new
    return Normal(
        np.where(mask[:, None, None], new.matrix, old.matrix),
        np.where(mask[:, None], new.gradient, old.gradient),
        np.where(mask, new.cost, old.cost),
        True,
    )
