# SPDX-License-Identifier: GPL-3.0-or-later
"""How much stronger or weaker each light must be for a rendered region to look like the plate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, List

import numpy as np
import numpy.typing as npt

from .sphere import Array

_COMMON = 1e-4
"""How firmly lights that the region cannot tell apart are held to one common gain."""
_TOLD_APART = 0.03
"""A light of whose picture less than this part is its own cannot be told from the others."""


@dataclass(frozen=True)
class Gains:
    """``values`` ``(k, 3)`` factors, red, green, blue; all three alike where colours were to stay.

    ``before`` and ``after``: root mean square of the difference over the plate's mean, as it is rendered now and with
    the gains. ``own`` ``(k,)``: the part of each light's picture that no sum of the others is, 0..1.
    """

    values: Array
    before: float
    after: float
    own: Array

    @property
    def uncertain(self) -> List[int]:
        """Numbers of the lights that the region does not tell from the others, or does not see."""
        return [int(number) for number in np.flatnonzero(self.own < _TOLD_APART)]


def solve_gains(lights: npt.ArrayLike, plate: npt.ArrayLike, fixed: npt.ArrayLike = 0.0, tint: bool = False) -> Gains:
    """Gains that bring the sum of the lights' pictures nearest to the plate's, none below 0.

    Parameters
    ----------
    lights : ``(k, n, 3)`` the region lit by one light at a time, linear.
    plate : ``(n, 3)`` the same pixels of the plate, linear.
    fixed : ``(n, 3)`` what is in the picture with all of the lights off: other lamps, things that glow.
    tint : a gain for each channel; otherwise one for all three.

    Raises ValueError where there is nothing to compare, or no light in the region.

    Least squares with gains of 0 and more (``nonnegative_least_squares``). Lights whose pictures are alike share what
    there is to correct: each is held, weakly, to the gain that would be best for all together.
    """
    pictures, wanted = np.asarray(lights, dtype=np.float64), np.asarray(plate, dtype=np.float64)
    rest = np.broadcast_to(np.asarray(fixed, dtype=np.float64), wanted.shape)
    if not len(pictures) or not wanted.size:
        raise ValueError("There is nothing to compare: the region holds no pixel that is neither black nor clipped.")
    if not np.any(pictures > 0):
        raise ValueError("None of the lights reaches the region: choose another one.")
    goal = wanted - rest
    values = np.empty((len(pictures), 3))
    for channels in [[0], [1], [2]] if tint else [[0, 1, 2]]:
        columns = pictures[:, :, channels].reshape(len(pictures), -1).T
        values[:, channels] = _held(columns, goal[:, channels].ravel())[:, None]
    matched = rest + np.einsum("kc,knc->nc", values, pictures)
    mean = max(float(wanted.mean()), 1e-30)
    before, after = (
        float(np.sqrt(np.mean((each - wanted) ** 2)) / mean) for each in (rest + pictures.sum(axis=0), matched)
    )
    return Gains(values, before, after, _own_parts(pictures.reshape(len(pictures), -1).T))


def _held(columns: Array, goal: Array) -> Array:
    """Non-negative gains, weakly held to the one that is best for all."""
    together = columns.sum(axis=1)
    power = float(together @ together)
    common = max(float(together @ goal) / power, 0.0) if power > 0 else 1.0
    weights = np.sqrt(_COMMON) * np.linalg.norm(columns, axis=0)
    dark = weights <= 1e-12 * max(float(weights.max()), 1e-300)
    weights[dark] = float(weights.max()) or 1.0  # a light that does not reach the region follows the others
    matrix = np.concatenate([columns, np.diag(weights)])
    return nonnegative_least_squares(matrix, np.concatenate([goal, weights * common]))


def _own_parts(columns: Array) -> Array:
    """For each column the part of its length that is not in the span of the others."""
    lengths = np.linalg.norm(columns, axis=0)
    parts = np.zeros(columns.shape[1])
    for number in np.flatnonzero(lengths > 1e-9 * max(float(lengths.max()), 1e-300)):
        others = np.delete(columns, number, axis=1)
        own = columns[:, number]
        if others.shape[1]:
            own = own - others @ np.linalg.lstsq(others, own, rcond=None)[0]
        parts[number] = float(np.linalg.norm(own) / lengths[number])
    return parts


def nonnegative_least_squares(matrix: npt.NDArray[Any], goal: npt.NDArray[Any]) -> Array:
    """The ``x (k,)`` with no value below 0 that makes ``|matrix @ x - goal|`` smallest; ``matrix`` ``(n, k)``.

    Lawson and Hanson, Solving Least Squares Problems (1974), chapter 23: columns enter the free set one at a time, the
    one along which the error falls fastest first, and leave it where the free solution would cross 0.
    """
    count = matrix.shape[1]
    solution = np.zeros(count)
    free = np.zeros(count, dtype=bool)
    gradient = matrix.T @ goal
    least = 1e-10 * max(float(np.abs(gradient).max(initial=0.0)), 1e-300)
    for _ in range(3 * count + 10):
        waiting = ~free & (gradient > least)
        if not waiting.any():
            break
        free[int(np.argmax(np.where(waiting, gradient, -np.inf)))] = True
        while True:
            trial = np.zeros(count)
            trial[free] = np.linalg.lstsq(matrix[:, free], goal, rcond=None)[0]
            crossing = free & (trial <= 0.0)
            if not crossing.any():
                break
            steps = solution[crossing] / (solution[crossing] - trial[crossing])
            solution = solution + float(steps.min()) * (trial - solution)
            free &= solution > 1e-14 * max(float(solution.max()), 1e-300)
            solution[~free] = 0.0
        solution = trial
        gradient = matrix.T @ (goal - matrix @ solution)
    return solution
