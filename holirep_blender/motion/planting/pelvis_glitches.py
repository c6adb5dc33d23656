# SPDX-License-Identifier: GPL-3.0-or-later
"""Pelves that the capture itself jerks while a foot stands: the leg that holds could only make up for it by a pop.

Where nothing else helped, the pelvis turns smoothly from before the jerk to after it, and all that it carries with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from .. import gaps, rotations
from .blending import bridged
from .leg_moves import EACH_LEG
from .pose import turn_accelerations

if TYPE_CHECKING:
    from .calm_problem import Problem

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Frames = npt.NDArray[np.intp]

_NEAR, _LONGEST = 0.14, 0.7
"""Seconds from what is too fast in which a jerk of the pelvis may be its cause, and of the longest stretch mended."""
_WIDER = (2, 3, 5)
"""Frames before and after a jerk over which it is spread, tried in turn."""
_AROUND = 14
"""Frames around by which a try is judged."""


def steadied(problem: Problem, rounds: tuple[tuple[int, float], ...]) -> None:
    """Takes jerks out of the pelvis's turning where that makes legs calmer.

    Parameters
    ----------
    rounds : how legs are calmed after each try.
    """
    pose = problem.pose
    above = {pose.take.parents[row[0]] for row in problem.joints}
    hips = above.pop()
    if above or hips < 0 or pose.take.parents[hips] >= 0:
        return
    done = False
    for wider in _WIDER:
        for first, end in _jerks(problem, hips, wider):
            done |= _tried(problem, hips, first, end, rounds)
    if done and hips not in pose.turned_too:
        pose.turned_too.append(hips)


def _jerks(problem: Problem, hips: int, wider: int) -> list[tuple[int, int]]:
    """Stretches of frames in which the pelvis is jerked, near frames in which a leg is too fast."""
    count, fps = problem.pose.take.frame_count, problem.pose.take.fps
    wrong, jerked = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    wrong[1:-1] = problem.over().any(axis=1)
    jerked[1:-1] = _pace(problem, hips, np.arange(count)) > problem.fastest
    jerked &= gaps.distance_to_valid(wrong) <= _NEAR * fps
    wide = gaps.distance_to_valid(jerked) <= wider
    return [
        (first, end)
        for first, end in gaps.spans(wide)
        if first > 1 and end < count - 1 and end - first <= _LONGEST * fps and problem.inside[first:end].all()
    ]


def _pace(problem: Problem, hips: int, rows: Frames) -> Array:
    """Angular accelerations of the pelvis ``(N - 2,)`` in the frames ``rows``, a frame a frame."""
    return turn_accelerations(problem.pose.turned[rows, hips])


def _tried(problem: Problem, hips: int, first: int, end: int, rounds: tuple[tuple[int, float], ...]) -> bool:
    """Turns the pelvis smoothly in the frames ``first`` to ``end``; all is as it was where that does not help."""
    pose = problem.pose
    count = pose.take.frame_count
    around = np.arange(max(first - _AROUND, 0), min(end + _AROUND, count))
    kept = pose.turned.copy(), pose.placed.copy(), problem.shift.copy(), problem.inside
    before = _wrong(problem, hips, around, first, end)
    _turn(problem, hips, first, end)
    near = np.zeros(count, dtype=bool)
    near[around] = True
    problem.inside = problem.inside & near
    problem.rounds(rounds)
    problem.inside = kept[3]
    if _wrong(problem, hips, around, first, end) < before:
        return True
    pose.turned[:], pose.placed[:], problem.shift[:] = kept[:3]
    return False


def _wrong(problem: Problem, hips: int, around: Frames, first: int, end: int) -> float:
    """How much of legs and pelvis is too fast there, under the floor or off its place."""
    pelvis = np.maximum(_pace(problem, hips, around) / problem.fastest - 1.0, 0.0).sum()
    legs = problem.merit(around, [(int(around[0]) + 1, int(around[-1]))])[0]
    return float(np.minimum(pelvis, 1e6) * 1e-3 + legs)


def _bridge(values: Array, first: int, end: int) -> Array:
    """Vectors ``(end - first, C)`` from before to after, with the velocities that there are; ``values (T, C)``."""
    rows = np.arange(first - 2, end + 2)
    values = values[rows]
    before, after = np.concatenate([values[:1], values[:-1]]), np.concatenate([values[1:], values[-1:]])
    left, right = 1, len(rows) - 2
    after[left] = 2.0 * values[left] - values[left - 1]
    before[right] = 2.0 * values[right] - values[right + 1]
    return bridged(values, (rows < first) | (rows >= end), before, after, end - first)[2:-2]


def _turn(problem: Problem, hips: int, first: int, end: int) -> None:
    """Turns and moves the pelvis smoothly, and what it carries with it; legs go on from where hips are."""
    pose, rows = problem.pose, np.arange(first, end)
    base = pose.turned[first - 1, hips]
    vectors = rotations.to_rotation_vector(rotations.multiply(rotations.inverse(base), pose.turned[:, hips]))
    wanted = rotations.multiply(base, rotations.from_rotation_vector(_bridge(vectors, first, end)))
    turn = rotations.multiply(wanted, rotations.inverse(pose.turned[rows, hips]))
    centre = pose.placed[rows, hips]
    moves = _bridge(pose.placed[:, hips], first, end) - centre
    carried = np.array([joint for joint in problem.carried if _hangs(pose.take.parents, int(joint), hips)], dtype=int)
    at = np.ix_(rows, carried)
    pose.placed[at] = (centre + moves)[:, None] + rotations.rotate(turn[:, None], pose.placed[at] - centre[:, None])
    pose.turned[at] = rotations.normalized(rotations.multiply(turn[:, None], pose.turned[at]))
    pose.turned[rows, hips], pose.placed[rows, hips] = rotations.normalized(wanted), centre + moves
    problem.shift[rows] += moves
    away = pose.placed[rows, problem.legs.columns[:, :1]] - centre
    steps = rotations.rotate(turn, away) - away + moves
    still = np.zeros((len(rows), len(problem.holds), EACH_LEG))
    problem.legs.move(rows, still, steps, problem.spots[:, rows])
    problem.looked(rows)


def _hangs(parents: tuple[int, ...], joint: int, hips: int) -> bool:
    joint = parents[joint]
    while joint >= 0 and joint != hips:
        joint = parents[joint]
    return joint == hips
