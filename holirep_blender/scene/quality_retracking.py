# SPDX-License-Identifier: GPL-3.0-or-later
"""From a weak range to the plate's frames, and what was tracked there anew into the take."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import bpy
import numpy as np

from ..motion.take import Take, TakeError
from .quality_evidence import take_of

_AROUND = 0.2
"""Seconds before and after a range that are tracked with it, so that who is followed does not change within a move."""


def plate_frames(scene: bpy.types.Scene, cause: bpy.types.PropertyGroup) -> tuple[int, int, int]:
    """First, worst and last frame of the plate of a cause's range, and a little around it.

    Raises ValueError, in the user's words, where the take cannot be read or does not say what was tracked.
    """
    rows = scene.holirep.quality
    take = take_of(scene.holirep)
    seen = take.observations
    if seen is None or not len(seen):
        raise TakeError(f"{scene.holirep.take} holds no observations, so no range of it can be tracked again")
    worst = (cause.frame - rows.start) / max(rows.step, 1e-9)
    times = np.array([cause.row_first, worst, cause.row_last]) / take.fps + np.array([-_AROUND, 0.0, _AROUND])
    clock = seen.times - seen.times[0]
    found = [int(np.argmin(np.abs(clock - time))) for time in times]
    first, middle, last = (int(seen.frame_numbers[row]) for row in found)
    return first, middle, last


def write_spliced(take: Path, tracked: Path, target: Path) -> None:
    """Writes a take whose observations in the frames of another one are that one's; it is to be solved again.

    Raises ValueError or OSError where one of them cannot be read, or they have no frame of the plate in common.
    """
    whole, part = Take.load(take), Take.load(tracked)
    if whole.observations is None or part.observations is None:
        raise TakeError(f"{take.name} holds no observations, so no range of it can be tracked again")
    numbers = part.observations.frame_numbers
    person = part.header.get("request", {}).get("person")
    noted = {"frames": [int(numbers[0]), int(numbers[-1])], "person": person}
    header = {**whole.header, "retracked": [*whole.header.get("retracked", []), noted]}
    replace(whole, observations=whole.observations.replaced(part.observations), header=header).save(target)
