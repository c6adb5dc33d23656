# SPDX-License-Identifier: GPL-3.0-or-later
"""The least-squares problem of calming: the smallest change of a pose with which its legs are not jerked too hard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

import numpy as np
import numpy.typing as npt

from .. import rotations
from .block_banded import solved
from .leg_moves import EACH_LEG, PELVIS

if TYPE_CHECKING:
    from .calm_problem import Problem

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Frames = npt.NDArray[np.intp]

_AIM, _ACTIVE = 0.90, 0.97
"""Shares of the bound that is aimed at, and from which an acceleration is brought down."""
_OTHERS = 0.03
"""What it counts that accelerations within their bounds change."""
_SMOOTHLY, _PULL, _BESIDE = 10.0, 300.0, 1.0
"""What accelerations count where legs are pulled, what the pull does, and what turns count that are not asked for."""
_REACH, _SHORT, _FURTHER = 1e4, 1e-6, 1.5
"""What it counts that a standing leg is too short, from how much on, in legs, and how much more the pelvis comes near:
a straight leg hardly shortens."""
_FLOOR, _CLEAR = 100.0, 0.002
"""What the height of a point counts that would be under the floor, and the height that it is brought to, in legs."""
_PALM = 3.0
"""What it counts that a palm leaves its place."""


def solution(problem: Problem, rows: Frames, free: Mask, stiff: float, pull: Optional[Array] = None) -> Array:
    """One step of Gauss and Newton: the change ``(N, C)`` of the frames ``rows``; only those ``free`` may change.

    Parameters
    ----------
    stiff : what changes of the pose count.
    pull : (T, S, 3) turns of the legs' joints, in their own frames, that are asked for.
    """
    count, legs = len(rows), len(problem.holds)
    width = PELVIS + EACH_LEG * legs
    found = problem.legs.effects(rows, problem.unit)
    moves = found.turns
    moves[:, ~free] = 0.0
    if not problem.movable:
        moves[..., :PELVIS] = 0.0
    now, steps = problem.accelerations(rows)
    whole = (rows[2:] - rows[:-2]) == 2
    bounds = problem.bounds[rows[1:-1] - 1]
    speed = np.linalg.norm(now, axis=-1)
    active = (speed > _ACTIVE * bounds) | problem.hot[rows[1:-1] - 1]
    excess = np.where(active, np.maximum(1.0 - _AIM * bounds / np.maximum(speed, 1e-12), 0.0), 0.0)
    weight = np.where(active, 1.0, _OTHERS if pull is None else _SMOOTHLY) * whole[:, None]
    wanted = -now * excess[..., None]
    system = _System(count, width, stiff)
    back = rotations.to_matrix(rotations.inverse(steps)).reshape(count - 1, legs, 4, 3, 3)
    for leg in range(legs):
        own = slice(4 * leg, 4 * leg + 4)
        each = moves[leg].reshape(count, 4, 3, -1)
        before = back[:-1, leg] @ each[:-2]
        here = -(back[1:, leg] @ each[1:-1] + each[1:-1])
        joined = np.concatenate([before, here, each[2:]], axis=-1).reshape(count - 2, 12, -1)
        weighted = np.swapaxes(joined * np.repeat(weight[:, own], 3, axis=1)[..., None], 1, 2)
        right = (weighted @ wanted[:, own].reshape(-1, 12, 1))[..., 0]
        system.add_stretch(leg, weighted @ joined, right)
    if problem.movable:
        system.add_root(weight[:, -1], wanted[:, -1], free)
    for leg, (hold, spot) in enumerate(zip(problem.holds, problem.spots)):
        if hold.softly is None:
            _above_floor(problem, leg, found.heights[leg], found.height[leg], rows, free, system)
        else:
            held = np.flatnonzero(free & hold.softly[rows])
            palm = found.spot[leg, held] / problem.unit
            off = (spot[rows[held]] - problem.legs.spot(rows[held])[leg]) / problem.unit
            system.add(leg, held, _PALM * np.swapaxes(palm, 1, 2) @ palm, _PALM * np.einsum("tic,ti->tc", palm, off))
        if pull is not None:
            asked = np.flatnonzero(problem.hard[rows])
            turns, goal = moves[leg, asked], pull[rows[asked], 4 * leg : 4 * leg + 4]
            length = np.linalg.norm(goal, axis=-1)
            along = goal / np.maximum(length, 1e-12)[..., None]
            pulled = np.einsum("tjk,tjkc->tjc", along, turns.reshape(len(asked), 4, 3, -1))
            squares = _PULL * np.swapaxes(pulled, 1, 2) @ pulled + _BESIDE * np.swapaxes(turns, 1, 2) @ turns
            right = _PULL * np.einsum("tjc,tj->tc", pulled, length)
            right += _BESIDE * np.einsum("tkc,tk->tc", turns, goal.reshape(-1, 12))
            system.add(leg, asked, squares, right)
        if pull is None:
            # a leg that a step tried before made too short becomes no longer by the next one
            short = np.flatnonzero(free & problem.short[leg, rows])
            further = found.stretch[leg, short] / problem.unit
            system.add(leg, short, _REACH * further[:, :, None] * further[:, None, :], np.zeros_like(further))
        else:
            away = np.linalg.norm(problem.legs.spot(rows)[leg] - spot[rows], axis=-1) / problem.unit
            short = np.flatnonzero(free & problem.legs.touching[leg, rows] & (away > _SHORT))
            nearer, lack = found.stretch[leg, short] / problem.unit, _REACH * (_FURTHER * away[short] + _SHORT)
            system.add(leg, short, _REACH * nearer[:, :, None] * nearer[:, None, :], -nearer * lack[:, None])
    # numbers that do nothing in a frame are left out
    live = np.zeros((count, width), dtype=bool)
    if problem.movable:
        live[free, :PELVIS] = True
    for leg, does in enumerate((moves != 0.0).any(axis=2)):
        live[:, _own(leg)] = does[:, PELVIS:]
    return solved(system.diagonal, system.next_one, system.next_two, system.right, live)


def _own(leg: int) -> slice:
    """The columns of a leg's own numbers."""
    return slice(PELVIS + EACH_LEG * leg, PELVIS + EACH_LEG * (leg + 1))


_PELVIS = slice(0, PELVIS)
_LEGS_OWN = slice(PELVIS, PELVIS + EACH_LEG)


class _System:
    """Normal equations ``(N, C, C)`` of changes of frames, each tied to its two next ones."""

    def __init__(self, count: int, width: int, stiff: float) -> None:
        self.diagonal = np.zeros((count, width, width))
        self.diagonal[:, np.arange(width), np.arange(width)] = stiff
        self.next_one = np.zeros((count - 1, width, width))
        self.next_two = np.zeros((count - 2, width, width))
        self.right = np.zeros((count, width))

    def add_stretch(self, leg: int, squares: Array, right: Array) -> None:
        """Adds ``squares (N - 2, 3 E, 3 E)``, ``right (N - 2, 3 E)`` of a leg's numbers in frames and the two next."""
        size, middle = PELVIS + EACH_LEG, slice(1, len(squares) + 1)
        blocks = squares.reshape(-1, 3, size, 3, size)
        both = ((_PELVIS, _PELVIS), (_own(leg), _LEGS_OWN))
        for down, from_down in both:
            for across, from_across in both:
                block = blocks[:, :, from_down, :, from_across]
                for offset in range(3):
                    self.diagonal[offset : offset + len(squares), down, across] += block[:, offset, :, offset]
                self.next_one[: len(squares), down, across] += block[:, 0, :, 1]
                self.next_one[middle, down, across] += block[:, 1, :, 2]
                self.next_two[:, down, across] += block[:, 0, :, 2]
            for offset in range(3):
                first = offset * size
                part = right[:, first + from_down.start : first + from_down.stop]
                self.right[offset : offset + len(squares), down] += part

    def add_root(self, weight: Array, wanted: Array, free: Mask) -> None:
        """Adds the root's acceleration, which weighs ``(N - 2,)`` and is to change by ``(N - 2, 3)``."""
        count = len(weight)
        factors = [sign * free[offset : offset + count] for offset, sign in enumerate((1.0, -2.0, 1.0))]
        one = np.eye(PELVIS)
        for offset, factor in enumerate(factors):
            inside = slice(offset, offset + count)
            self.diagonal[inside, _PELVIS, _PELVIS] += (weight * factor * factor)[:, None, None] * one
            self.right[inside, _PELVIS] += (weight * factor)[:, None] * wanted
        self.next_one[:count, _PELVIS, _PELVIS] += (weight * factors[0] * factors[1])[:, None, None] * one
        self.next_one[1:, _PELVIS, _PELVIS] += (weight * factors[1] * factors[2])[:, None, None] * one
        self.next_two[:, _PELVIS, _PELVIS] += (weight * factors[0] * factors[2])[:, None, None] * one

    def add(self, leg: int, frames: Frames, squares: Array, right: Array) -> None:
        """Adds ``squares (M, E, E)`` and ``right (M, E)`` of a leg's numbers in some frames ``(M,)``."""
        both = ((_PELVIS, _PELVIS), (_own(leg), _LEGS_OWN))
        for down, from_down in both:
            for across, from_across in both:
                self.diagonal[frames, down, across] += squares[:, from_down, from_across]
            self.right[frames, down] += right[:, from_down]


def _above_floor(
    problem: Problem, leg: int, heights: Array, height: Array, rows: Frames, free: Mask, system: _System
) -> None:
    """Adds what lifts points that are free and under the floor, and keeps those from sinking that were, or that the
    step tried before would have pushed under it.
    """
    phases = problem.holds[leg].phases
    for column, held in enumerate((phases.heel, phases.ball)):
        low = problem.low[leg, rows, column] & (height[:, column] < 2.0 * _CLEAR * problem.unit)
        near = free & ~held[rows] & (low | problem.sinking[leg, rows, column])
        if near.any():
            moves = heights[near, column] / problem.unit
            rise = _CLEAR - height[near, column] / problem.unit
            squares = _FLOOR * moves[:, :, None] * moves[:, None, :]
            system.add(leg, np.flatnonzero(near), squares, _FLOOR * moves * rise[:, None])
