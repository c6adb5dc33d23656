# SPDX-License-Identifier: GPL-3.0-or-later
"""A figure with a shadow that walks through a picture, and its take: for clean plates of known truth. numpy alone."""

from __future__ import annotations

from typing import Optional

import numpy as np

from holirep_blender.motion.observations import BODY_POINTS, FACE_POINTS, HAND_POINTS, Observations
from holirep_blender.motion.skeleton import JOINT_NAMES
from holirep_blender.motion.take import Camera, Take

WIDTH, HEIGHT, FRAMES, FIRST, RATE = 320, 180, 24, 101, 24.0
LENS = np.array([[300.0, 0.0, WIDTH / 2], [0.0, 300.0, HEIGHT / 2], [0.0, 0.0, 1.0]])
STANDING = {
    0: (0, -62), 7: (-3, -64), 8: (3, -64), 11: (8, -48), 12: (-8, -48), 13: (12, -34), 14: (-12, -34), 15: (13, -20),
    16: (-13, -20), 19: (13, -15), 20: (-13, -15), 23: (5, -20), 24: (-5, -20), 25: (6, 0), 26: (-6, 0), 27: (6, 20),
    28: (-6, 20), 29: (5, 23), 30: (-5, 23), 31: (10, 24), 32: (-10, 24),
}  # fmt: skip
"""Body points about the hips, pixels."""


def hips(standing: bool = False) -> np.ndarray:
    """Where the hips are ``(T, 2)``: from left to right, or in one place."""
    across = np.full(FRAMES, 160.0) if standing else np.linspace(70, 250, FRAMES)
    return np.stack([across, np.full(FRAMES, 130.0)], axis=1)


def seen(middles: np.ndarray) -> Observations:
    """What a tracker sees of a figure whose hips are at ``middles (T, 2)``."""
    count = len(middles)
    body = np.zeros((count, BODY_POINTS, 3))
    for point in range(BODY_POINTS):
        body[:, point, :2] = middles + STANDING.get(point, (0, -60))
    hands = {f"{side}_hand_{kind}": np.full((count, HAND_POINTS, 3), np.nan)
             for side in ("left", "right") for kind in ("image", "world")}  # fmt: skip
    return Observations(
        image_size=np.array([WIDTH, HEIGHT]),
        times=np.arange(count) / RATE,
        frame_numbers=np.arange(count) + float(FIRST),
        body_image=body,
        body_world=np.zeros((count, BODY_POINTS, 3)),
        body_visibility=np.ones((count, BODY_POINTS)),
        body_confidence=np.ones(count),
        face_image=np.full((count, FACE_POINTS, 3), np.nan),
        face_confidence=np.zeros(count),
        left_hand_confidence=np.zeros(count),
        right_hand_confidence=np.zeros(count),
        person_box=np.concatenate([middles - (16, 72), middles + (16, 26)], axis=1),
        **hands,
    )


def with_figure(picture: np.ndarray, middle: np.ndarray) -> np.ndarray:
    """The picture ``(H, W, 3)`` with the figure, wider than its points, and its shadow on the ground beside it."""
    drawn = picture.copy()
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    shadow = ((columns - middle[0] - 26) / 28) ** 2 + ((rows - middle[1] - 26) / 5) ** 2 < 1.0
    drawn[shadow] = drawn[shadow] // 2
    for point, (x, y) in STANDING.items():
        near = np.hypot(columns - middle[0] - x, rows - middle[1] - y) < (9 if point < 11 else 5)
        drawn[near] = (210, 40, 160)
    return drawn


def take_of(middles: np.ndarray, ways: Optional[np.ndarray] = None) -> Take:
    """The figure's take; ``ways (T, 4, 4)`` are the camera's, which stands still without them."""
    count = len(middles)
    return Take(
        fps=RATE,
        frame_start=FIRST,
        local_rotations=np.tile([1.0, 0, 0, 0], (count, len(JOINT_NAMES), 1)),
        root_translation=np.tile([0.0, 0, 4.0], (count, 1)),
        rest_offsets=np.zeros((len(JOINT_NAMES), 3)),
        camera=Camera(LENS, np.tile(np.eye(4), (count, 1, 1)) if ways is None else ways, np.array([WIDTH, HEIGHT])),
        observations=seen(middles),
    )
