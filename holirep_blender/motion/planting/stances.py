# SPDX-License-Identifier: GPL-3.0-or-later
"""Stances: where a foot's heel and ball stay while they touch, so that rolling from one to the other never slides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .. import gaps, rotations

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_Z = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True)
class Phases:
    """When a foot's heel and ball touch, ``(T,)`` each; between one and the other there is always a frame of both."""

    heel: Mask
    ball: Mask

    @classmethod
    def of(cls, heel: Mask, ball: Mask) -> Phases:
        """The phases of contacts. Where one point takes over from the other at once, both touch in both frames."""
        handed = (heel[:-1] & ~ball[:-1] & ball[1:] & ~heel[1:]) | (ball[:-1] & ~heel[:-1] & heel[1:] & ~ball[1:])
        heel, ball = heel.copy(), ball.copy()
        for mask in (heel, ball):
            mask[:-1] |= handed
            mask[1:] |= handed
        return cls(heel, ball)

    @property
    def flat(self) -> Mask:
        """Both touch: the foot is at rest."""
        return np.asarray(self.heel & self.ball)

    @property
    def touching(self) -> Mask:
        """Either touches."""
        return np.asarray(self.heel | self.ball)


def flattened(turned: Array, up: Array) -> Array:
    """Rotations ``(T, 4)`` swung the shortest way until the sole is level; only the direction of the foot is left.

    ``up (3,)`` is what points up then, in the rest pose.
    """
    return rotations.normalized(rotations.multiply(rotations.between(rotations.rotate(turned, up), _Z), turned))


def resting_rotations(turned: Array, flat: Mask, up: Array) -> Array:
    """Rotation ``(T, 4)`` of a foot that rests flat on the floor: one for each span of ``flat``, its mean direction."""
    level = flattened(turned, up)
    result = level.copy()
    for first, end in gaps.spans(flat):
        part = level[first:end]
        aligned = np.where(np.sum(part * part[:1], axis=-1, keepdims=True) < 0.0, -part, part)
        result[first:end] = rotations.normalized(aligned.sum(axis=0))
    return result


def places(phases: Phases, heel: Array, ball: Array, apart: Array) -> tuple[Array, Array]:
    """Where heel and ball stay, ``(T, 2)`` each along the floor; one place for each span of contact.

    Spans of heel and ball that share frames belong together: the foot at rest fixes their distance. Each such group is
    put where it moves its points least.

    Parameters
    ----------
    heel, ball : (T, 2) where the points are.
    apart : (T, 2) from heel to ball, where the foot rests flat.
    """
    runs = [(first, end, 0) for first, end in gaps.spans(phases.heel)]
    runs += [(first, end, 1) for first, end in gaps.spans(phases.ball)]
    runs.sort()
    observed, result = (heel, ball), (np.zeros_like(heel), np.zeros_like(ball))
    group: list[tuple[int, int, int, Array]] = []

    def settle() -> None:
        total = sum(
            (np.sum(observed[kind][first:end] - offset, axis=0) for first, end, kind, offset in group), np.zeros(2)
        )
        base = total / max(sum(end - first for first, end, _, _ in group), 1)
        for first, end, kind, offset in group:
            result[kind][first:end] = base + offset

    for first, end, kind in runs:
        linked = next(((e, k, o) for f, e, k, o in reversed(group) if k != kind and e > first), None)
        if linked is None:
            settle()
            group = [(first, end, kind, np.zeros(2))]
        else:
            # runs are in order of their beginnings: this one begins while the linked one lasts
            step = apart[first] if kind == 1 else -apart[first]
            group.append((first, end, kind, linked[2] + step))
    settle()
    return result
