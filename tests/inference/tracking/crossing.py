# SPDX-License-Identifier: GPL-3.0-or-later
"""A plate with known truth: two real people, cut out of a static shot, walk across it in opposite directions."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Tuple

import cv2
import numpy as np

from holirep_blender.inference.plate import open_plate

FPS = 25.0
# Frames of the source shot with one visitor each, standing still, and one without anybody.
FRONT, BACK, EMPTY = 320, 1300, 30
TRAVEL = 280


def cut_out(source: Path, number: int, background: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """A visitor's picture and soft mask (H, W, 1)."""
    _, _, image = next(open_plate(source).frames(number, number))
    change = np.abs(image.astype(int) - background).max(-1) > 28
    # The visitors stand at the table; what differs elsewhere is light on the floor.
    change[:, :360] = change[:, 560:] = False
    change = cv2.morphologyEx(change.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((25, 25), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(change)
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    mask = cv2.GaussianBlur((labels == largest).astype(np.float32), (3, 3), 0)
    return image, mask[..., None]


def write_crossing(source: Path, to: Path, frames: int = 75) -> Dict[str, np.ndarray]:
    """Writes the movie; returns each person's middle in x, (frames,) pixels: `front` passes before `back`."""
    _, _, empty = next(open_plate(source).frames(EMPTY, EMPTY))
    background = empty.astype(int)
    people = {name: cut_out(source, number, background) for name, number in (("back", BACK), ("front", FRONT))}
    height, width = empty.shape[:2]
    writer = cv2.VideoWriter(str(to), cv2.VideoWriter_fourcc(*"mp4v"), FPS, (width, height))
    truth: Dict[str, np.ndarray] = {name: np.zeros(frames) for name in people}
    for frame in range(frames):
        picture = empty.astype(np.float32)
        along = TRAVEL * (2.0 * frame / (frames - 1) - 1.0)
        for name, (image, mask) in people.items():
            middle = float(np.average(np.arange(width), weights=mask[..., 0].sum(0)))
            goal = width / 2.0 + (along if name == "front" else -along)
            shift = np.float32([[1, 0, goal - middle], [0, 1, 0]])
            moved = cv2.warpAffine(image, shift, (width, height))
            cover = cv2.warpAffine(mask, shift, (width, height))[..., None]
            picture = picture * (1.0 - cover) + moved * cover
            truth[name][frame] = goal
        writer.write(cv2.cvtColor(picture.astype(np.uint8), cv2.COLOR_RGB2BGR))
    writer.release()
    return truth
