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
_STILL = 1e-6
"""Radians and metres by which a held pose may differ from frame to frame by rounding."""


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


def ends_held(before: Take, after: Take, confidence: Array) -> Take:
    """``after``, still at those ends at which ``before`` only holds a pose because the performer is not seen.

    Changes of the frames that are seen die down smoothly beyond, which would move a pose that nobody performed.

    Parameters
    ----------
    confidence : (T, J) of the performer's joints, 0 where nothing was seen.
    """
    seen = np.flatnonzero((confidence > 0.0).any(axis=1))
    if len(seen) in (0, before.frame_count):
        return after
    rows = np.clip(np.arange(before.frame_count), seen[0], seen[-1])
    still = np.abs(before.local_rotations - before.local_rotations[rows]).max(axis=(1, 2)) < _STILL
    still &= np.abs(before.root_translation - before.root_translation[rows]).max(axis=1) < _STILL
    rows = np.where(still, rows, np.arange(before.frame_count))
    return replace(after, local_rotations=after.local_rotations[rows], root_translation=after.root_translation[rows])


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
