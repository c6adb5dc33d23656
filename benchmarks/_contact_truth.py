# SPDX-License-Identifier: GPL-3.0-or-later
"""When feet stand in clean clips, by speed and height of points that are found apart from the engine's own.

Heel and ball are built here from a clip's joints alone; nothing of ``motion.contacts`` is used.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from holirep_blender.motion import rotations
from holirep_blender.motion.skeleton import SIDES
from holirep_blender.motion.take import Take

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Truth:
    """One definition of "stands".

    ``points``: ``"joints"`` takes the ankle for the heel and the toe joint for the ball; ``"soles"`` takes points on
    the sole. ``speed`` in m/s, ``height`` in metres over where the point is when it is lowest.
    """

    name: str
    points: str
    speed: float
    height: float
    cleaned: bool = False

    def contacts(self, take: Take) -> Mask:
        """Whether left heel, left ball, right heel, right ball stand, ``(T, 4)``."""
        places = foot_points(take, self.points)
        speed = np.linalg.norm(np.gradient(places, axis=0), axis=-1) * take.fps
        level = np.percentile(places[..., 2], 5.0, axis=0)
        stands = (speed < self.speed) & (places[..., 2] - level < self.height)
        if self.cleaned:
            for column in range(stands.shape[1]):
                stands[:, column] = _cleaned(stands[:, column])
        return np.asarray(stands)


TRUTHS: tuple[Truth, ...] = (
    Truth("10 mm/frame, 5 cm, joints", "joints", 0.30, 0.05),
    Truth("10 mm/frame, 5 cm, soles", "soles", 0.30, 0.05),
    Truth("0.5 m/s, 4 cm, soles", "soles", 0.50, 0.04),
    Truth("0.4 m/s, 5 cm, joints, cleaned", "joints", 0.40, 0.05, True),
    Truth("0.15 m/s, 5 cm, joints", "joints", 0.15, 0.05),
)


def foot_points(take: Take, kind: str) -> Array:
    """Left heel, left ball, right heel, right ball ``(T, 4, 3)``."""
    placed, turned = take.world_positions(), take.world_rotations()
    index = {name: number for number, name in enumerate(take.joint_names)}
    result = []
    for side in SIDES:
        ankle, turn = placed[:, index[f"{side}Foot"]], turned[:, index[f"{side}Foot"]]
        if f"{side}Toes" in index:
            ball = placed[:, index[f"{side}Toes"]]
        else:
            ball = ankle + rotations.rotate(turn, np.array([0.0, -0.13, -0.06]))
        heel = ankle
        if kind == "soles":
            # the ankle is over the hinder third of a sole that lies level when the foot moves least
            still = np.linalg.norm(np.gradient(ankle, axis=0), axis=-1) * take.fps < 0.2
            low = ankle[:, 2] < np.percentile(ankle[:, 2], 30.0)
            use = still & low if (still & low).any() else low
            up = rotations.rotate(rotations.inverse(turn[use]), np.array([0.0, 0.0, 1.0]))
            down = -rotations.normalized(np.median(up, axis=0))
            bone = np.median(rotations.rotate(rotations.inverse(turn), ball - ankle), axis=0)
            forward = rotations.normalized(bone - np.dot(bone, down) * down)
            heel = ankle + rotations.rotate(turn, 0.06 * down - 0.05 * forward)
        result += [heel, ball]
    return np.stack(result, axis=1)


def _cleaned(mask: Mask) -> Mask:
    """Without gaps and then without contacts of one or two frames."""
    result = mask.copy()
    for value in (False, True):
        edges = np.flatnonzero(np.diff(np.concatenate([[not value], result, [not value]]).astype(int)))
        for first, end in zip(edges[:-1], edges[1:]):
            if result[first] == value and end - first < 3 and first > 0 and end < len(result):
                result[first:end] = not value
    return result


def scores(found: Mask, truth: Mask, tolerance: int = 1) -> tuple[int, int, int, int]:
    """Frames found that are true, frames found, true frames that are found, true frames; within the tolerance."""

    def widened(mask: Mask) -> Mask:
        wide = mask.copy()
        for shift in range(1, tolerance + 1):
            wide[shift:] |= mask[:-shift]
            wide[:-shift] |= mask[shift:]
        return wide

    return (
        int((found & widened(truth)).sum()), int(found.sum()), int((truth & widened(found)).sum()), int(truth.sum())
    )  # fmt: skip


def f1(counts: npt.ArrayLike) -> float:
    """Harmonic mean of precision and recall of summed :func:`scores`."""
    hit, found, met, true = np.asarray(counts, dtype=np.float64)
    precision, recall = hit / max(found, 1.0), met / max(true, 1.0)
    return float(2.0 * precision * recall / max(precision + recall, 1e-9))
