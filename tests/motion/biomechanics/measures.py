# SPDX-License-Identifier: GPL-3.0-or-later
"""What limits do to motion capture, in figures; the benchmark prints them and a test holds them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from holirep_blender.motion import rotations
from holirep_blender.motion.biomechanics.engine import LimitOptions, check_limits, limited
from holirep_blender.motion.take import Take
from tests.motion.biomechanics.figures import angular_accelerations

UPSIDE_DOWN = ("cmu_salsa_06",)
"""The clip whose head bone is upside down against the neck from beginning to end (150 degrees of flexion)."""
_JUMP, _AROUND = 45.0, 5
_ENDS = ("leftHand", "rightHand", "leftFoot", "rightFoot")


@dataclass(frozen=True)
class Figures:
    """Of one clip. Degrees; ``speeds`` maps wrists and ankles to the ratio of their peak speeds after and before.

    ``raw_change`` is the mean change over all frames, those that the capture broke too; ``joints`` their count.
    """

    frames: int
    joints: int
    broken_frames: int
    mean_change: float
    mean_change_of_moving: float
    raw_change: float
    samples: int
    moving_samples: int
    speeds: dict[str, float]
    acceleration: float
    beyond_hard: int
    second_change: float


def broken(take: Take) -> np.ndarray:
    """Frames ``(T,)`` around a jump of the capture: some joint turns by more than 45 degrees (1,350 degrees a second)
    from one frame to the next. These clips hold such jumps: legs that flip over, a hand that turns by half a turn."""
    steps = rotations.angle_between(take.local_rotations[1:], take.local_rotations[:-1])
    jumps = (np.degrees(steps) > _JUMP).any(axis=1)
    marked = np.concatenate([[False], jumps]) | np.concatenate([jumps, [False]])
    return np.asarray(np.convolve(marked, np.ones(2 * _AROUND + 1), mode="same") > 0.0)


def measured(take: Take, options: LimitOptions) -> Figures:
    """What the engine does to a take. Change and speeds are of frames that the capture did not break."""
    after, _ = limited(take, options)
    again, _ = limited(after, options)
    change = np.degrees(rotations.angle_between(take.local_rotations, after.local_rotations))
    second = np.degrees(rotations.angle_between(again.local_rotations, after.local_rotations)).max()
    steps = rotations.angle_between(take.local_rotations[1:], take.local_rotations[:-1])
    moving = np.degrees(steps).max(axis=0, initial=0.0) > 0.01
    whole = ~broken(take)
    pairs = whole[1:] & whole[:-1]
    speeds = {}
    places, moved = take.world_positions(), after.world_positions()
    for name in _ENDS if pairs.sum() > 10 else ():
        column = take.joint_names.index(name)
        peaks = [np.linalg.norm(np.diff(one[:, column], axis=0), axis=-1)[pairs].max() for one in (places, moved)]
        speeds[name] = float(peaks[1] / peaks[0])
    accelerations = [np.percentile(angular_accelerations(one), 99.9) for one in (take, after)]
    kept = change[whole]
    return Figures(
        take.frame_count,
        len(take.joint_names),
        int(np.count_nonzero(~whole)),
        float(kept.mean()) if len(kept) else 0.0,
        float(kept[:, moving].mean()) if len(kept) else 0.0,
        float(change.mean()),
        kept.size,
        kept[:, moving].size,
        speeds,
        float(accelerations[1] / accelerations[0]),
        len(check_limits(after, options)),
        float(second),
    )


def mean_change(rows: list[Figures]) -> tuple[float, float]:
    """Mean change over all clips, joints and frames: of all joints, and of those that move at all."""
    return (
        sum(row.mean_change * row.samples for row in rows) / sum(row.samples for row in rows),
        sum(row.mean_change_of_moving * row.moving_samples for row in rows) / sum(row.moving_samples for row in rows),
    )


def raw_change(rows: list[Figures]) -> float:
    """Mean change over all clips, joints and frames, those that the capture broke among them."""
    sizes = np.array([row.frames * row.joints for row in rows])
    return float(np.array([row.raw_change for row in rows]) @ sizes / sizes.sum())
