# SPDX-License-Identifier: GPL-3.0-or-later
"""Left and right legs told apart over time.

Seen from the side, the pose network takes one leg for the other now and then, mostly for a single frame.
"""

from __future__ import annotations

from typing import Iterator, Tuple

import numpy as np

from ...motion.observations import Observations

# Knees, ankles, heels, toes.
LEFT = [25, 27, 29, 31]
RIGHT = [26, 28, 30, 32]
# What each frame of exchanged legs costs, in torso lengths of unexplained motion.  So high that only glitches of a
# frame or two are undone: legs that pass each other move as smoothly as legs that are exchanged there for good.
DOUBT = 0.4


def with_legs_told_apart(rows: Observations) -> Observations:
    """The observations with the legs exchanged in those frames where that makes their motion smooth.

    Over each stretch of frames the labelling with the least sum of second differences is found exactly (Viterbi over
    the labels of two consecutive frames).  Image and world points and visibilities are exchanged together.
    """
    for first, last in _stretches(rows):
        exchanged = np.flatnonzero(_labels(rows.body_image[first:last], rows.body_world[first:last])) + first
        for points in (rows.body_image, rows.body_world, rows.body_visibility):
            points[np.ix_(exchanged, LEFT + RIGHT)] = points[np.ix_(exchanged, RIGHT + LEFT)]
    return rows


def _stretches(rows: Observations) -> Iterator[Tuple[int, int]]:
    """(first row, row after the last) of each unbroken stretch with a body."""
    seen = np.concatenate([[False], rows.body_confidence > 0, [False]])
    edges = np.flatnonzero(seen[1:] != seen[:-1])
    return zip(edges[::2].tolist(), edges[1::2].tolist())


def _labels(image: np.ndarray, world: np.ndarray) -> np.ndarray:
    """(T,) 1 where the legs of a stretch are to be exchanged, else 0."""
    count = len(image)
    if count < 4:
        return np.zeros(count, int)
    torso = np.median(np.hypot(*(image[:, [11, 12], :2].mean(1) - image[:, [23, 24], :2].mean(1)).T))
    # Image points carry the motion across the picture, the world's depth tells near leg from far leg.
    points = np.concatenate([image[:, :, :2] / max(float(torso), 1.0), world[:, :, 2:]], axis=2)
    both = np.stack([points[:, LEFT + RIGHT], points[:, RIGHT + LEFT]], axis=1)
    best = np.zeros((2, 2))
    best[1, :] += DOUBT
    best[:, 1] += DOUBT
    came_from = np.zeros((count, 2, 2), int)
    for row in range(2, count):
        # cost[a, b, c]: labels a, b, c of the three frames up to this one.
        bend = both[row][None, None, :] - 2.0 * both[row - 1][None, :, None] + both[row - 2][:, None, None]
        cost = best[:, :, None] + 2.0 * np.linalg.norm(bend, axis=-1).mean(-1)
        came_from[row] = cost.argmin(axis=0)
        best = cost.min(axis=0)
        best[:, 1] += DOUBT
    labels = np.zeros(count, int)
    labels[-2], labels[-1] = np.unravel_index(int(best.argmin()), (2, 2))
    for row in range(count - 1, 1, -1):
        labels[row - 2] = came_from[row, labels[row - 1], labels[row]]
    return labels
