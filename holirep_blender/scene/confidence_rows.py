# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the applied take is weak, as rows of the shot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
import numpy.typing as npt

from ..motion.confidence import PARTS, never_seen, weak_spans
from ..motion.take import Take
from . import contact_display


@dataclass(frozen=True)
class Weak:
    """A row as plain values, which are quicker to look at than a property of Blender's."""

    part: str
    first: float
    last: float
    confidence: float


_read: tuple[Any, list[Weak]] = (None, [])
"""Scene and revision of the rows that were read last, and the rows."""


def write(shot: bpy.types.PropertyGroup, take: Take, frames: npt.ArrayLike) -> None:
    """Fills the rows from a take that was applied; ``frames (T,)`` are the scene's frames of the take's."""
    confidence, times = shot.confidence, np.asarray(frames, dtype=np.float64)
    confidence.spans.clear()
    for span in weak_spans(take):
        row = confidence.spans.add()
        row.part, row.confidence = span.part, span.confidence
        row.first, row.last = float(times[span.first]), float(times[span.last])
    confidence.never_seen = ", ".join(never_seen(take))
    confidence.revision = contact_display.new_revision()
    contact_display.redraw()


def read(scene: bpy.types.Scene) -> list[Weak]:
    """The rows as plain values, read anew only where they have changed."""
    global _read
    confidence = scene.holirep.confidence
    key = (scene.session_uid, confidence.revision)
    if _read[0] != key:
        _read = (key, [Weak(row.part, row.first, row.last, row.confidence) for row in confidence.spans])
    return _read[1]


def shown_parts(scene: bpy.types.Scene) -> list[str]:
    """The parts that have a row of bars in the timeline, from the top."""
    weak = {span.part for span in read(scene)} if scene.holirep.confidence.show_weak else set()
    return [part for part in PARTS if part in weak]
