# SPDX-License-Identifier: GPL-3.0-or-later
"""The equations of a whole stretch of frames at once: banded in time, bordered by what holds for the whole clip.

Frames are tied to the next one by anything, to the one after that column by column only; so ``T`` frames of ``P``
columns make a matrix of bandwidth ``2 P``, and its Cholesky factorisation costs time in proportion to ``T``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Sequence

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_solve_banded, cholesky_banded

from ....motion.geometric.articulation import Floats, Ints

Array = npt.NDArray[np.float64]


@dataclass
class System:
    """``own (T, P, P)``, ``next (T, P, P)`` of a frame's columns with the frame's before, ``after (T, P)`` of a column
    with itself two frames before, ``gradient (T, P)``; the border ``side (T, P, G)``, ``corner (G, G)``, ``edge (G,)``;
    ``cost`` of all. Where ``complete`` is false only the cost is asked for.
    """

    own: Array
    next: Array
    after: Array
    gradient: Array
    side: Array
    corner: Array
    edge: Array
    cost: float
    complete: bool

    @classmethod
    def zero(cls, count: int, columns: int, border: int, complete: bool) -> System:
        """Equations without any term."""
        frames = count if complete else 0
        return cls(
            np.zeros((frames, columns, columns)), np.zeros((frames, columns, columns)), np.zeros((frames, columns)),
            np.zeros((frames, columns)), np.zeros((frames, columns, border)), np.zeros((border, border)),
            np.zeros(border), 0.0, complete,
        )  # fmt: skip

    def add_rows(self, residual: Array, by: Floats, columns: Ints, by_border: Optional[Floats] = None) -> None:
        """Adds residuals ``(T, R)`` with derivatives ``(T, R, C)`` by columns ``(C,)`` and ``(T, R, G)`` by the border;
        without their cost.
        """
        across = np.swapaxes(by, 1, 2)
        single = residual.astype(by.dtype)[..., None]
        where = np.ix_(np.arange(len(by)), columns, columns)
        self.own[where] += across @ by
        self.gradient[:, columns] += (across @ single)[..., 0]
        if by_border is not None and len(self.edge):
            self.side[:, columns] += across @ by_border
            flat = by_border.reshape(-1, by_border.shape[-1])
            self.corner += flat.T @ flat
            self.edge += flat.T @ single.reshape(-1)

    def add_steps(self, residual: Array, before: Floats, after: Floats, columns: Ints) -> None:
        """Adds residuals ``(T - 1, R)`` between neighbours, with derivatives ``(T - 1, R, C)`` by the columns of the
        earlier and of the later frame; without their cost.
        """
        single = residual.astype(before.dtype)[..., None]
        first, second = np.swapaxes(before, 1, 2), np.swapaxes(after, 1, 2)
        early, late = np.arange(len(before)), np.arange(1, len(before) + 1)
        self.own[np.ix_(early, columns, columns)] += first @ before
        self.own[np.ix_(late, columns, columns)] += second @ after
        self.next[np.ix_(late, columns, columns)] += second @ before
        self.gradient[: len(before), columns] += (first @ single)[..., 0]
        self.gradient[1 : len(before) + 1, columns] += (second @ single)[..., 0]

    def add_scalars(self, residual: Array, weight: Array) -> None:
        """Adds residuals ``(T, P)`` that are the columns' own values, with squared weights ``(T, P)``, and the cost."""
        self.cost += float(np.sum(weight * residual**2))
        if self.complete:
            diagonal = np.arange(residual.shape[1])
            self.own[:, diagonal, diagonal] += weight
            self.gradient += weight * residual

    def add_bends(self, residual: Array, weight: Array) -> None:
        """Adds residuals ``(T - 2, P)`` that are the columns' second differences, with squared weights, and the
        cost.
        """
        self.cost += float(np.sum(weight * residual**2))
        if not self.complete or not len(residual):
            return
        diagonal = np.arange(residual.shape[1])
        for shift, factor in ((0, 1.0), (1, -2.0), (2, 1.0)):
            rows = slice(shift, shift + len(residual))
            self.own[rows, diagonal, diagonal] += factor**2 * weight
            self.gradient[rows] += factor * weight * residual
        self.next[1:-1, diagonal, diagonal] -= 2.0 * weight
        self.next[2:, diagonal, diagonal] -= 2.0 * weight
        self.after[2:] += weight

    def factored(self, damping: float) -> Factored:
        """The equations with their frames' columns eliminated; ``damping`` times the diagonal is added to it.

        Raises numpy.linalg.LinAlgError where the equations are not definite.
        """
        count, columns = self.gradient.shape
        border = len(self.edge)
        band = np.zeros((2 * columns + 1, count, columns))
        a, b = np.indices((columns, columns))
        lower = a >= b
        band[(a - b)[lower], :, b[lower]] = self.own[:, a[lower], b[lower]].T
        band[0] *= 1.0 + damping
        # keeps freedoms that nothing observes where they are
        band[0] += 1e-6
        if count > 1:
            band[columns + a - b, :-1, b] = np.moveaxis(self.next[1:], 0, -1)
        if count > 2:
            band[2 * columns, :-2] = self.after[2:]
        wanted = np.concatenate([self.gradient[..., None], self.side], axis=-1).reshape(count * columns, 1 + border)
        factor = cholesky_banded(band.reshape(2 * columns + 1, -1), overwrite_ab=True, lower=True, check_finite=False)
        answer = cho_solve_banded((factor, True), wanted, overwrite_b=False, check_finite=False)
        flat = self.side.reshape(count * columns, border)
        corner = self.corner + damping * np.diag(np.diag(self.corner)) - flat.T @ answer[:, 1:]
        return Factored(answer.reshape(count, columns, 1 + border), corner, self.edge - flat.T @ answer[:, 0])


@dataclass
class Factored:
    """A stretch without its frames' columns: ``answer (T, P, 1 + G)``, and what is left for the border: ``corner (G,
    G)``, ``edge (G,)``.
    """

    answer: Array
    corner: Array
    edge: Array


def steps_of(systems: Sequence[System], damping: float) -> tuple[list[Array], Array]:
    """The steps ``(T, P)`` of stretches that share one border, and the border's ``(G,)``.

    Raises numpy.linalg.LinAlgError where the equations are not definite.
    """
    parts = [system.factored(damping) for system in systems]
    corner = np.sum([part.corner for part in parts], axis=0)
    shared = -np.linalg.solve(corner + 1e-9 * np.eye(len(corner)), np.sum([part.edge for part in parts], axis=0))
    return [-part.answer[..., 0] - part.answer[..., 1:] @ shared for part in parts], shared
