# SPDX-License-Identifier: GPL-3.0-or-later
"""What a clip is compared with: the picture, the network's word, the ground, and how people move."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Optional

import numpy as np

from ....motion.geometric.articulation import Articulation, Floats, Pose, logarithm
from .evidence import Evidence
from .marks import MARK_JOINTS, SOLE_JOINTS, Shape
from .system import Array, System

_NO_PAIRS = np.zeros((0, 2), dtype=np.intp)
NEAREST = 0.2
"""Metres before the camera; nothing is nearer."""


@dataclass
class Clip:
    """Frames as they are solved: ``local (T, 22, 3, 3)``, ``root (T, 3)`` metres, ``build (12,)``, ``focal`` the
    logarithm of the focal length in pixels; the camera's ``turn (T, 3, 3)`` to the world and ``place (T, 3)``.
    """

    local: Array
    root: Array
    build: Array
    focal: float
    turn: Array
    place: Array

    def part(self, rows: slice) -> Clip:
        """Some of the frames."""
        return replace(self, local=self.local[rows], root=self.root[rows], turn=self.turn[rows], place=self.place[rows])


@dataclass
class State:
    """A linearised clip: world rotations ``turned``, places ``placed``, the freedoms' world ``axes (T, 66, 3)``."""

    figure: Articulation
    clip: Clip
    shape: Shape
    turned: Array
    placed: Array
    axes: Array

    @property
    def border(self) -> int:
        """Columns of the border: the build and the focal length."""
        return len(self.clip.build) + 1


def state_of(figure: Articulation, clip: Clip, shape: Shape) -> State:
    """The clip's places; a joint's freedoms are small turns about its parent's axes."""
    figure.offsets = shape.rest
    turned, placed = figure.forward(Pose(clip.local, np.zeros((len(clip.root), 0)), clip.root))
    frames = figure.ball_frames(turned)
    axes = np.swapaxes(frames, -1, -2).reshape(len(frames), -1, 3)
    return State(figure, clip, shape, turned, placed, axes)


def image(state: State, evidence: Evidence, depth: Array, weight: float, outlier: float, system: System) -> None:
    """Points over their pictures, in units of their spread; beyond ``outlier`` spreads they lose their pull (Geman and
    McClure 1987). ``depth (T,)`` metres at which a pixel counts.
    """
    figure, clip = state.figure, state.clip
    points = figure.points(state.turned, state.placed, MARK_JOINTS, state.shape.marks)
    local = np.einsum("tni,tij->tnj", points - clip.place[:, None], clip.turn)
    away = np.maximum(local[..., 2:], NEAREST)
    plane = local[..., :2] / away
    seen = evidence.pixels / np.exp(clip.focal)
    unit = np.where(np.isfinite(evidence.spread), 1.0 / evidence.spread, 0.0) * depth[:, None]
    residual = (plane - seen) * unit[..., None]
    share = 1.0 + np.sum(residual**2, axis=-1) / outlier**2
    system.cost += weight * float(np.sum(np.sum(residual**2, axis=-1) / share))
    if not system.complete:
        return
    factor = np.sqrt(weight) * unit / share
    axes = np.swapaxes(clip.turn, -1, -2)[:, None]
    projector = (axes[..., :2, :] - plane[..., None] * axes[..., 2:, :]) * (factor[..., None] / away)[..., None]
    residual = residual * (np.sqrt(weight) / share)[..., None]
    shared = None
    if len(system.edge):
        by_build = np.einsum("tnkc,tncb->tnkb", projector, _points_by_build(state))
        shared = np.concatenate([by_build, (seen * factor[..., None])[..., None]], -1).astype(np.float32)
    for group in figure.groups(MARK_JOINTS, _NO_PAIRS):
        some = group.points
        by = figure.point_derivatives(state.axes, state.placed, points[:, some], MARK_JOINTS[some], group.columns)
        rows = _projected(projector[:, some], by)
        count = len(rows)
        system.add_rows(
            residual[:, some].reshape(count, -1),
            np.moveaxis(rows, 1, 2).reshape(count, -1, len(group.columns)),
            group.columns,
            None if shared is None else shared[:, some].reshape(count, -1, shared.shape[-1]),
        )


def _projected(projector: Array, by: Floats) -> Floats:
    """``(T, 2, N, C)``: matrices ``(T, N, 2, 3)`` times derivatives ``(T, 3, N, C)``, by components."""
    factors = np.moveaxis(projector, 1, -1).astype(np.float32)[..., None]
    return np.asarray(sum(factors[:, :, axis] * by[:, None, axis] for axis in range(3)))


def _points_by_build(state: State) -> Array:
    """Derivatives ``(T, M, 3, 12)`` of the marks' places by the build."""
    figure, shape = state.figure, state.shape
    rest = np.moveaxis(shape.rest_by, 0, -1)
    placed = np.zeros(state.placed.shape + (rest.shape[-1],))
    for joint, parent in enumerate(figure.parents):
        if parent >= 0:
            placed[:, joint] = placed[:, parent] + state.turned[:, parent] @ rest[joint]
    return np.asarray(placed[:, MARK_JOINTS] + state.turned[:, MARK_JOINTS] @ np.moveaxis(shape.marks_by, 0, -1))


@dataclass(frozen=True)
class Word:
    """What the network said: rotations ``local (T, 22, 3, 3)`` with squared weights ``pull (T, 22)`` per square radian,
    ``depth (T,)`` the logarithm of the hips' distance along the optical axis over the focal length with the squared
    weight ``depth_pull``, ``build (12,)`` and ``focal`` with squared weights ``build_pull (12,)``, ``focal_pull``.
    """

    local: Array
    pull: Array
    depth: Array
    depth_pull: float
    build: Array
    build_pull: Array
    focal: float
    focal_pull: float

    def part(self, rows: slice) -> Word:
        """The word on some frames."""
        return replace(self, local=self.local[rows], pull=self.pull[rows], depth=self.depth[rows])

    def turned(self, turn: Array) -> Word:
        """The word in a world turned by ``turn (3, 3)``."""
        local = self.local.copy()
        local[:, 0] = turn @ local[:, 0]
        return replace(self, local=local)


def word(state: State, said: Word, stiff: Array, system: System) -> None:
    """Nearness to the network's word. ``stiff (22,)``: squared weights of the bends of what differs from it."""
    clip = state.clip
    turn = logarithm(clip.local @ np.swapaxes(said.local, -1, -2))
    count = len(turn)
    none = np.zeros((count, 3))
    system.add_scalars(
        np.concatenate([none, turn.reshape(count, -1)], 1), np.concatenate([none, np.repeat(said.pull, 3, axis=1)], 1)
    )
    if count > 2:
        bend = np.diff(turn, 2, axis=0).reshape(count - 2, -1)
        weights = np.concatenate([np.zeros(3), np.repeat(stiff, 3)])
        system.add_bends(np.concatenate([none[2:], bend], 1), np.broadcast_to(weights, (count - 2, len(weights))))
    away = np.maximum(np.einsum("ti,ti->t", clip.root - clip.place, clip.turn[:, :, 2]), NEAREST)
    pull = np.sqrt(said.depth_pull)
    residual = (np.log(away) - clip.focal - said.depth) * pull
    system.cost += float(np.sum(residual**2))
    if system.complete:
        border = np.zeros((count, 1, len(system.edge)))
        border[..., -1:] = -pull
        by = (clip.turn[:, :, 2] * (pull / away)[:, None])[:, None]
        system.add_rows(residual[:, None], by, np.arange(3), border)


def shared_word(clip: Clip, said: Word, system: System) -> None:
    """Nearness of build and focal length to the network's word; counts once for the clip."""
    off = np.concatenate([clip.build - said.build, [clip.focal - said.focal]])
    pull = np.concatenate([said.build_pull, [said.focal_pull]])
    system.cost += float(np.sum(pull * off**2))
    if system.complete:
        system.corner[np.diag_indices(len(off))] += pull
        system.edge += pull * off


def bends(clip: Clip) -> Array:
    """Second differences ``(T - 2, 69)`` of the root, metres, and of the joints' turning, radians in parents' axes."""
    rate = logarithm(clip.local[1:] @ np.swapaxes(clip.local[:-1], -1, -2))
    turning = np.diff(rate, axis=0).reshape(len(rate) - 1, -1)
    return np.concatenate([np.diff(clip.root, 2, axis=0), turning], axis=1)


def motion(state: State, expected: Array, joints: Array, root: Array, system: System) -> None:
    """How little people's accelerations differ from the ``expected (T - 2, 69)``: squared weights of second
    differences, ``joints (T - 2, 22)`` per square radian and ``root (T - 2,)`` per square metre.
    """
    if len(state.clip.root) < 3:
        return
    weights = np.concatenate([np.repeat(root[:, None], 3, axis=1), np.repeat(joints, 3, axis=1)], axis=1)
    system.add_bends(bends(state.clip) - expected, weights)


@dataclass(frozen=True)
class Ground:
    """When soles stand: squared weights ``rest (T - 1, 4)`` per square metre of their moves between frames, ``level
    (T, 4)`` of their heights over ``height`` metres; ``under`` of their depths below it, standing or not.
    """

    rest: Array
    level: Array
    height: float
    under: float

    def part(self, rows: slice) -> Ground:
        """The ground under some frames."""
        stop = rows.stop - 1 if rows.stop is not None else None
        return replace(self, rest=self.rest[rows.start : stop], level=self.level[rows])


def ground(state: State, known: Ground, system: System) -> None:
    """Soles that stand do not move, and stand on the ground; none is in it."""
    figure = state.figure
    points = figure.points(state.turned, state.placed, SOLE_JOINTS, state.shape.soles)
    moved = np.diff(points, axis=0) * np.sqrt(known.rest)[..., None]
    high = points[..., 2] - known.height
    pull = np.sqrt(known.level + np.where(high < 0.0, known.under, 0.0))
    high = high * pull
    system.cost += float(np.sum(moved**2) + np.sum(high**2))
    if not system.complete:
        return
    for group in figure.groups(SOLE_JOINTS, _NO_PAIRS):
        some = group.points
        by = figure.point_derivatives(state.axes, state.placed, points[:, some], SOLE_JOINTS[some], group.columns)
        rows = np.moveaxis(by, 1, 2)
        level = rows[:, :, 2] * pull[:, some, None].astype(np.float32)
        system.add_rows(high[:, some], level, group.columns)
        if len(points) > 1:
            weight = np.sqrt(known.rest[:, some])[..., None, None].astype(np.float32)
            shape = (len(points) - 1, -1, len(group.columns))
            before, after = (-rows[:-1] * weight).reshape(shape), (rows[1:] * weight).reshape(shape)
            system.add_steps(moved[:, some].reshape(len(points) - 1, -1), before, after, group.columns)


@dataclass(frozen=True)
class Bounds:
    """Where joints should turn back to: rotations ``local (T, 22, 3, 3)`` with squared weights ``pull (T, 22)``, zero
    within the limits.
    """

    local: Array
    pull: Array

    def part(self, rows: slice) -> Bounds:
        """The bounds of some frames."""
        return Bounds(self.local[rows], self.pull[rows])


def bounds(state: State, held: Optional[Bounds], system: System) -> None:
    """Joints beyond human limits are drawn back to them."""
    if held is None or not held.pull.any():
        return
    turn = logarithm(state.clip.local @ np.swapaxes(held.local, -1, -2))
    count = len(turn)
    none = np.zeros((count, 3))
    system.add_scalars(
        np.concatenate([none, turn.reshape(count, -1)], 1), np.concatenate([none, np.repeat(held.pull, 3, axis=1)], 1)
    )
