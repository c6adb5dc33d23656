# SPDX-License-Identifier: GPL-3.0-or-later
"""The mirror plane of a rig, found from its hierarchy and rest positions alone."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from .rig import FloatArray, IntArray, Rig

MATCH_TOLERANCE = 0.02
"""How far from its mirror image a bone's head may be, as a share of the rig's size."""
CANDIDATES = 24
MOST_COMPARED = 400
"""Of larger rigs about so many bones are compared with their mirror images; it keeps thousands of bones affordable."""
MOST_SIBLINGS = 48
"""Bones with more grown children than these carry a fur or a crowd, not limbs."""


@dataclass(frozen=True)
class Symmetry:
    """A mirror plane.

    Attributes
    ----------
    axis : (3,) unit normal; which of the two sides it points to is arbitrary.
    offset : position of the plane along the axis, armature units.
    share : share of the bones whose head has a mirror image among the bones, 0..1.
    size : the rig's extent, armature units.
    """

    axis: FloatArray
    offset: float
    share: float
    size: float

    def distance(self, points: FloatArray) -> FloatArray:
        """Signed distances (...,) of points (..., 3) from the plane."""
        result: FloatArray = points @ self.axis - self.offset
        return result

    def image(self, points: FloatArray) -> FloatArray:
        """Mirror images (n, 3) of points (n, 3)."""
        result: FloatArray = points - 2 * self.distance(points)[:, None] * self.axis
        return result

    def twins(self, points: FloatArray, others: FloatArray) -> IntArray:
        """For each point (n, 3) the index of its mirror image among others (m, 3), the first of those that coincide.

        -1 where none is near.
        """
        gaps = np.linalg.norm(self.image(points)[:, None, :] - others[None, :, :], axis=2)
        nearest: IntArray = np.round(gaps / (1e-3 * self.size)).argmin(1)
        return np.where(gaps.min(1) < MATCH_TOLERANCE * self.size, nearest, -1)

    def mirrored(self, first: FloatArray, second: FloatArray) -> bool:
        """Whether two sets of points (n, 3), (m, 3) are mirror images of each other, but for what one has alone."""
        if len(first) > len(second):
            first, second = second, first
        apart = bool((self.distance(first) * self.distance(second).mean() < 0).mean() > 0.5)
        return apart and bool((self.twins(first, second) >= 0).mean() > 0.6)


def sibling_pairs(rig: Rig, least: int = 2) -> list[tuple[int, int]]:
    """Pairs of bones with the same parent, each with at least some number of bones, itself included, below it."""
    pairs: list[tuple[int, int]] = []
    for children in rig.children:
        grown = [child for child in children if len(rig.subtree(child)) >= least]
        if len(grown) <= MOST_SIBLINGS:
            pairs.extend(combinations(grown, 2))
    return pairs


def reach(rig: Rig, index: int) -> float:
    """Greatest distance from a bone's head to a head below it, armature units."""
    heads = rig.heads[rig.subtree(index)]
    return float(np.linalg.norm(heads - rig.heads[index], axis=1).max())


def find_symmetry(rig: Rig) -> Symmetry | None:
    """The plane about which most bones mirror each other; None where no two branches of the rig are alike."""
    heads = rig.heads
    size = float(np.linalg.norm(heads.max(0) - heads.min(0))) if len(heads) else 0.0
    if size <= 0:
        return None
    alike = []
    for first, second in sibling_pairs(rig):
        one, other = reach(rig, first), reach(rig, second)
        if min(one, other) > 0.85 * max(one, other) > 0:
            alike.append((one, first, second))
    pairs = [(first, second) for _, first, second in sorted(alike, reverse=True)[:CANDIDATES]]
    best: Symmetry | None = None
    for first, second in pairs:
        # Whole limbs fix the plane more sharply; their roots stay put where the two sides are posed differently.
        for one, other in ((heads[rig.subtree(first)].mean(0), heads[rig.subtree(second)].mean(0)),
                           (heads[first], heads[second])):  # fmt: skip
            apart = one - other
            length = float(np.linalg.norm(apart))
            if length < 1e-3 * size:
                continue
            axis = apart / length
            offset = float((one + other) @ axis) / 2
            share = _mirrored_share(heads, axis, offset, MATCH_TOLERANCE * size)
            if best is None or share > best.share + 1e-9:
                best = Symmetry(axis, offset, share, size)
    return best


def _mirrored_share(heads: FloatArray, axis: FloatArray, offset: float, tolerance: float) -> float:
    """The share of off-centre heads with another head at their mirror image."""
    every = max(1, len(heads) // MOST_COMPARED)
    asked = heads[::every]
    distance = asked @ axis - offset
    images = asked - 2 * distance[:, None] * axis
    middle = heads.mean(0)
    images, others = images - middle, heads - middle
    squares = (images**2).sum(1)[:, None] + (others**2).sum(1)[None, :] - 2 * images @ others.T
    gaps = np.sqrt(np.maximum(squares.min(1), 0.0))
    off_centre = np.abs(distance) > tolerance
    if off_centre.sum() < 4:
        return 0.0
    return float((gaps[off_centre] < tolerance).sum() / len(asked))
