# SPDX-License-Identifier: GPL-3.0-or-later
"""The least-squares problem of calming: the smallest change of a pose with which its legs are not jerked too hard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

import numpy as np
import numpy.typing as npt

from .. import rotations
from .block_banded import solved
from .leg_moves import EACH_LEG, PELVIS, Effects, LegHold, effects

if TYPE_CHECKING:
    from .calm_problem import Problem

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Frames = npt.NDArray[np.intp]

_AIM, _ACTIVE = 0.90, 0.97
"""Shares of the bound that is aimed at, and from which an acceleration is brought down."""
_OTHERS = 0.03
"""What it counts that accelerations within their bounds change."""
_SMOOTHLY, _PULL = 0.1, 300.0
"""What accelerations count where legs are pulled, and what the pull does."""
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
    width = PELVIS + EACH_LEG * len(problem.holds)
    parts = [
        effects(problem.pose, hold, rows, PELVIS + EACH_LEG * number, width, problem.unit)
        for number, hold in enumerate(problem.holds)
    ]
    root = np.zeros((len(rows), 3, width))
    root[:, :, :PELVIS] = np.eye(3)
    moves = np.concatenate([part.turns for part in parts] + [root], axis=1)
    moves[~free] = 0.0
    if not problem.movable:
        moves[:, :, :PELVIS] = 0.0
    now, steps = problem.accelerations(rows)
    whole = (rows[2:] - rows[:-2]) == 2
    samples = moves.shape[1] // 3
    split = moves.reshape(len(rows), samples, 3, width)
    back = np.zeros((len(rows) - 1, samples, 3, 3))
    back[:, :-1] = rotations.to_matrix(rotations.inverse(steps))
    back[:, -1] = np.eye(3)
    before = (back[:-1] @ split[:-2]).reshape(-1, 3 * samples, width)
    here = -(back[1:] @ split[1:-1] + split[1:-1]).reshape(-1, 3 * samples, width)
    after = moves[2:]
    bounds = problem.bounds[rows[1:-1] - 1]
    speed = np.linalg.norm(now, axis=-1)
    active = (speed > _ACTIVE * bounds) | problem.hot[rows[1:-1] - 1]
    excess = np.where(active, np.maximum(1.0 - _AIM * bounds / np.maximum(speed, 1e-12), 0.0), 0.0)
    weight = np.where(active, 1.0, _OTHERS if pull is None else _SMOOTHLY) * whole[:, None]
    wanted = (-now * excess[..., None]).reshape(-1, 3 * samples)
    weight = np.repeat(weight, 3, axis=1)
    diagonal = np.tile(stiff * np.eye(width), (len(rows), 1, 1))
    right = np.zeros((len(rows), width))
    weighted = [np.swapaxes(each * weight[..., None], 1, 2) for each in (before, here, after)]
    for offset, (each, plain) in enumerate(zip(weighted, (before, here, after))):
        inside = slice(offset, offset + len(plain))
        diagonal[inside] += each @ plain
        right[inside] += np.einsum("tck,tk->tc", each, wanted)
    next_one = np.zeros((len(rows) - 1, width, width))
    next_one[:-1] += weighted[0] @ here
    next_one[1:] += weighted[1] @ after
    next_two = weighted[0] @ after
    for hold, part, low, spot in zip(problem.holds, parts, problem.low, problem.spots):
        if hold.softly is None:
            _above_floor(problem, hold, part, low, rows, free, diagonal, right)
        else:
            held = free & hold.softly[rows]
            palm = part.spot[held] / problem.unit
            off = (spot[rows[held]] - problem.spot(hold, rows[held])) / problem.unit
            diagonal[held] += _PALM * np.swapaxes(palm, 1, 2) @ palm
            right[held] += _PALM * np.einsum("tic,ti->tc", palm, off)
    if pull is not None:
        turns = moves[:, :-3] * problem.hard[rows, None, None]
        diagonal += _PULL * np.swapaxes(turns, 1, 2) @ turns
        right += _PULL * np.einsum("tkc,tk->tc", turns, pull[rows].reshape(len(rows), -1))
    # numbers that do nothing in a frame are left out
    live = np.abs(moves).sum(axis=1) > 0.0
    some = np.argsort(~live, axis=1, kind="stable")[:, : int(live.sum(axis=1).max())]
    across, down = some[:, None, :], some[:, :, None]
    each = np.arange(len(rows))[:, None, None]
    change = np.zeros((len(rows), width))
    change[each[:, 0], some] = solved(
        diagonal[each, down, across],
        next_one[each[:-1], down[:-1], across[1:]],
        next_two[each[:-2], down[:-2], across[2:]],
        right[each[:, 0], some],
    )
    return change


def _above_floor(
    problem: Problem,
    hold: LegHold,
    part: Effects,
    low: Mask,
    rows: Frames,
    free: Mask,
    diagonal: Array,
    right: Array,
) -> None:
    """Adds what lifts points that are free and under the floor, and keeps those from sinking that were."""
    for column, held in enumerate((hold.phases.heel, hold.phases.ball)):
        near = free & ~held[rows] & low[rows, column] & (part.height[:, column] < 2.0 * _CLEAR * problem.unit)
        if near.any():
            moves = part.heights[near, column] / problem.unit
            rise = _CLEAR - part.height[near, column] / problem.unit
            diagonal[near] += _FLOOR * moves[:, :, None] * moves[:, None, :]
            right[near] += _FLOOR * moves * rise[:, None]
