# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of a take kept to a range of frames, with joins that have no kink."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

import numpy as np
import numpy.typing as npt

from .. import rotations
from ..take import Take

Array = npt.NDArray[np.float64]

JOIN = 0.2
"""Seconds at an end of the range in which the change grows from nothing, where the take goes on beyond."""


def within(before: Take, after: Take, frames: Optional[tuple[int, int]]) -> Take:
    """``after`` in the frames first to last, both included, and exactly ``before`` outside; smooth joins inside.

    At an end of the take there is nothing to join, so the change holds there in full.
    """
    if frames is None:
        return after
    weight = range_weight(before.frame_count, frames, before.fps)
    if (weight >= 1.0).all():
        return after
    share = weight[:, None]
    turned = rotations.slerp(
        before.local_rotations, after.local_rotations, np.broadcast_to(share, before.local_rotations.shape[:2])
    )
    outside = (weight <= 0.0)[:, None, None]
    return replace(
        after,
        local_rotations=np.where(outside, before.local_rotations, turned),
        root_translation=before.root_translation + share * (after.root_translation - before.root_translation),
    )


def range_weight(count: int, frames: tuple[int, int], fps: float) -> Array:
    """How much of a change holds in each frame ``(count,)``: 0 outside of the range, 1 inside, C2 ramps between."""
    first, last = max(frames[0], 0), min(frames[1], count - 1)
    clock = np.arange(count, dtype=np.float64)
    length = max(min(JOIN * fps, (last - first + 1) / 2.0), 1.0)
    rising = np.ones(count) if first <= 0 else (clock - first + 1.0) / length
    falling = np.ones(count) if last >= count - 1 else (last - clock + 1.0) / length
    share = np.clip(np.minimum(rising, falling), 0.0, 1.0)
    share[:first], share[last + 1 :] = 0.0, 0.0
    return np.asarray(share**3 * (10.0 + share * (6.0 * share - 15.0)))  # the quintic smoothstep
