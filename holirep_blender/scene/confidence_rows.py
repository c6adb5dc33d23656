# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the applied take is weak, as rows of the shot."""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np
import numpy.typing as npt

from ..motion.confidence import never_seen, weak_spans
from ..motion.take import Take
from . import contact_display


@dataclass(frozen=True)
class Weak:
    """A row as plain values, which are quicker to look at than a property of Blender's."""

    part: str
    first: float
    last: float
    confidence: float


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


def read(confidence: bpy.types.PropertyGroup) -> list[Weak]:
    """The rows as plain values."""
    return [Weak(row.part, row.first, row.last, row.confidence) for row in confidence.spans]
