# SPDX-License-Identifier: GPL-3.0-or-later
"""Legs that the pose network exchanges for a frame are put right; legs that pass each other are left alone."""

from __future__ import annotations

import numpy as np

from holirep_blender.inference.tracking.legs import LEFT, RIGHT, with_legs_told_apart
from holirep_blender.motion.observations import Observations

FRAMES = 90


def walk() -> Observations:
    """Somebody walking past from the side, 100 pixels of torso, two steps a second at 30 frames a second."""
    rows = Observations.empty(FRAMES, (1920, 1080))
    rng = np.random.default_rng(4)
    time = np.arange(FRAMES) / 30.0
    rows.body_confidence[:] = 1.0
    rows.body_visibility[:] = 1.0
    rows.body_image[:] = 0.0
    rows.body_world[:] = 0.0
    rows.body_image[..., 0] = (300.0 * time)[:, None]
    rows.body_image[:, [11, 12], 1] = -100.0
    for side, sign in ((LEFT, 1.0), (RIGHT, -1.0)):
        swing = sign * np.sin(2.0 * np.pi * time)
        for depth, point in enumerate(side, start=1):
            rows.body_image[:, point, 0] += 35.0 * depth * swing
            rows.body_image[:, point, 1] = 50.0 * depth
            rows.body_world[:, point, 2] = 0.1 * sign
            rows.body_visibility[:, point] = 0.5 + 0.4 * sign
    rows.body_image += rng.normal(0.0, 1.5, rows.body_image.shape)
    return rows


def exchange(rows: Observations, frames: list) -> None:
    for points in (rows.body_image, rows.body_world, rows.body_visibility):
        points[np.ix_(frames, LEFT + RIGHT)] = points[np.ix_(frames, RIGHT + LEFT)]


def test_single_frames_are_put_right() -> None:
    right = walk()
    rows = walk()
    exchange(rows, [9, 40, 66, 67])
    with_legs_told_apart(rows)
    np.testing.assert_array_equal(rows.body_image, right.body_image)
    np.testing.assert_array_equal(rows.body_world, right.body_world)
    np.testing.assert_array_equal(rows.body_visibility, right.body_visibility)


def test_crossing_legs_are_left_alone() -> None:
    rows = walk()
    before = rows.body_image.copy()
    np.testing.assert_array_equal(with_legs_told_apart(rows).body_image, before)


def test_gaps_part_the_stretches() -> None:
    rows = walk()
    exchange(rows, [40])
    rows.body_confidence[30:36] = 0.0
    rows.body_image[30:36] = np.nan
    with_legs_told_apart(rows)
    np.testing.assert_array_equal(rows.body_image[36:], walk().body_image[36:])
    np.testing.assert_array_equal(with_legs_told_apart(Observations.empty(3, (10, 10))).body_confidence, 0.0)
