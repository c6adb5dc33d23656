# SPDX-License-Identifier: GPL-3.0-or-later
"""The contacts that the motion was refined with, as rows of the shot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from ..motion.refining.report import RefineReport

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Span:
    """A row as plain values, which are quicker to look at than a property of Blender's."""

    point: str
    first: float
    last: float
    edited: bool
    planted: bool
    place: tuple[float, float, float]


_read: tuple[Any, list[Span]] = (None, [])
"""Scene and revision of the rows that were read last, and the rows."""


def read(refine: bpy.types.PropertyGroup) -> list[Span]:
    """The rows as plain values."""
    return [
        Span(row.point, row.first, row.last, row.edited, row.planted, tuple(row.place)) for row in refine.contact_spans
    ]


def read_once(scene: bpy.types.Scene) -> list[Span]:
    """The scene's rows as plain values, read anew only where they have changed."""
    global _read
    refine = scene.holirep.refine
    key = (scene.session_uid, refine.revision)
    if _read[0] != key:
        _read = (key, read(refine))
    return _read[1]


def write(shot: bpy.types.PropertyGroup, report: RefineReport, frames: Array) -> None:
    """Fills the rows from a report; ``frames (T,)`` are the scene's frames of those that it counts."""
    from . import refine_clock

    refine, scene = shot.refine, shot.id_data
    refine.contact_spans.clear()
    contacts = report.contacts
    if contacts is None:
        return
    rate, start = refine_clock.frame_rate(scene), refine_clock.take_start(scene)
    edits = [
        (row.point, start + row.begin * rate, start + row.end * rate) for row in refine.contact_edits if row.touching
    ]
    places = np.asarray(report.places, dtype=np.float64)
    for column, name in enumerate(contacts.names):
        for first, end in contacts.spans(name):
            row = refine.contact_spans.add()
            row.point, row.first, row.last = name, float(frames[first]), float(frames[end - 1])
            row.edited = any(
                point == name and begin <= row.last + 0.5 and row.first - 0.5 <= last for point, begin, last in edits
            )
            place = _place(places, column, first, end)
            row.planted = place is not None
            if place is not None:
                row.place = place


def _place(places: Array, column: int, first: int, end: int) -> tuple[float, float, float] | None:
    """Where a point is held in the middle of a span; None where it is not held."""
    if places.ndim != 3 or column >= places.shape[1] or len(places) < end:
        return None
    held = places[first:end, column]
    held = held[np.isfinite(held).all(axis=1)]
    if not len(held):
        return None
    x, y, z = held[len(held) // 2].tolist()
    return x, y, z
