# SPDX-License-Identifier: GPL-3.0-or-later
"""An assessment as rows of the shot, for panel and timeline, and showing one of its causes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import bpy
import numpy as np
import numpy.typing as npt

from ..motion.confidence import PARTS, part_of
from ..quality.evidence import Evidence
from ..quality.results import Cause, Measure, Quality, Score
from . import contact_display, refine_clock
from .confidence_properties import PART_NAMES
from .quality_properties import SHORT, gate_of
from .violation_rows import driven_bones, go_to, select_bones

LISTED = 200
"""So many causes are kept in the file."""
_NOTHING = 255
"""In a stored curve: a frame without a score."""


@dataclass(frozen=True)
class Curve:
    """What the timeline shows of a score: ``values (T,)`` 0..1, NaN where there is none, and the ranges of its causes.

    ``start`` and ``step`` are the scene's frame of the first value and the frames between two.
    """

    values: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    start: float = 0.0
    step: float = 1.0
    ranges: tuple[tuple[float, float, float], ...] = ()
    """First and last frame, and loss."""


_read: tuple[Any, Curve] = (None, Curve())
"""Scene, revision and score that were read last, and what was found."""


def write(scene: bpy.types.Scene, quality: Quality, evidence: Evidence) -> None:
    """Keeps an assessment in the shot."""
    rows = scene.holirep.quality
    rows.start = refine_clock.take_start(scene, evidence.take.header)
    rows.step = refine_clock.frame_rate(scene) / evidence.take.fps
    _write_scores(rows, quality)
    _write_measures(rows, quality)
    _write_causes(rows, quality)
    rows.cause_index = -1  # no row: nothing takes the artist to another frame
    rows.judged = _judged(scene, quality, evidence)
    rows.summary, rows.has_result = _summary(quality, rows.gates), True
    rows.revision = contact_display.new_revision()
    contact_display.redraw()


def read_curve(scene: bpy.types.Scene) -> Curve:
    """What the timeline shows of the chosen score, read anew only where it has changed."""
    global _read
    rows = scene.holirep.quality
    key = (scene.session_uid, rows.revision, rows.shown)
    if _read[0] != key:
        score = rows.scores.get(rows.shown)
        codes = np.frombuffer(bytes.fromhex(score.curve), dtype=np.uint8) if score is not None else np.zeros(0)
        values = np.where(codes == _NOTHING, np.nan, codes / 254.0)
        ranges = tuple(
            (row.first, row.last, row.loss) for row in rows.causes if rows.shown in row.scores.split() and row.loss > 0
        )
        _read = (key, Curve(values, rows.start, rows.step, ranges))
    return _read[1]


def listed(rows: bpy.types.PropertyGroup) -> list[int]:
    """Rows of the causes of the chosen score."""
    return [index for index, row in enumerate(rows.causes) if rows.shown in row.scores.split()]


def show_cause(context: bpy.types.Context, scene: bpy.types.Scene, row: bpy.types.PropertyGroup) -> list[str]:
    """Goes to the frame at which a cause is worst and selects its bones; returns their names.

    Nothing but selection, mode and frame is changed.
    """
    go_to(scene, float(row.frame))
    names = bones_of(scene.holirep, row.part)
    return names if names and select_bones(context, scene, names) else []


def bones_of(shot: bpy.types.PropertyGroup, part: str) -> list[str]:
    """The character's bones that a part of the body or a joint drives."""
    joints = [row.joint for row in shot.rig_map if part_of(row.joint) == part] if part in PARTS else [part]
    return list(driven_bones(shot, joints).values())


def _write_scores(rows: bpy.types.PropertyGroup, quality: Quality) -> None:
    rows.scores.clear()
    for name, score in quality.scores.items():
        row = rows.scores.add()
        row.name, row.title, row.measured = name, score.title, score.value is not None
        row.value, row.missing = float(score.value or 0.0), score.missing
        row.stands_on = "\n".join(SHORT.get(each) or quality.measures[each].title for each in score.stands_on)
        row.left_out, row.parts_left_out = _left_out(quality, score), len(score.left_out)
        values = score.per_frame
        if values is not None:
            codes = np.where(np.isfinite(values), np.round(254.0 * np.nan_to_num(values).clip(0.0, 1.0)), _NOTHING)
            row.curve = codes.astype(np.uint8).tobytes().hex()


def _left_out(quality: Quality, score: Score) -> str:
    """What a score does not stand on, a line for each reason."""
    reasons: dict[str, list[str]] = {}
    for name in score.left_out:
        found = quality.measures.get(name) or quality.scores[name]
        reasons.setdefault(found.missing, []).append(found.title)
    lines = (f"{', '.join(titles)}: {reason}" if reason else ", ".join(titles) for reason, titles in reasons.items())
    return "\n".join(lines)


def _write_measures(rows: bpy.types.PropertyGroup, quality: Quality) -> None:
    rows.measures.clear()
    for name, measure in quality.measures.items():
        row = rows.measures.add()
        row.name, row.title, row.group, row.unit = name, measure.title, measure.group, measure.unit
        row.measured, row.value = measure.value is not None, float(measure.value or 0.0)
        row.statistic, row.missing = measure.statistic, measure.missing
        row.score = -1.0 if measure.score is None else float(measure.score)


def _write_causes(rows: bpy.types.PropertyGroup, quality: Quality) -> None:
    rows.causes.clear()
    found: dict[tuple[object, ...], tuple[Cause, list[str], float]] = {}
    for name, score in quality.scores.items():
        for cause in score.causes:
            key = (cause.measure, cause.part, cause.first, cause.last)
            _, names, loss = found.get(key, (cause, [], 0.0))
            found[key] = (cause, [*names, name], max(loss, cause.loss))
    worst = sorted(found.values(), key=lambda each: -each[2])
    for cause, names, loss in worst[:LISTED]:
        row = rows.causes.add()
        row.name, row.scores, row.measure, row.part = cause.sentence, " ".join(names), cause.measure, cause.part
        at = _worst_row(quality.measures.get(cause.measure), cause)
        row.first, row.last, row.frame = (rows.start + each * rows.step for each in (cause.first, cause.last, at))
        row.row_first, row.row_last = cause.first, cause.last
        row.value, row.loss, row.remedy = float(cause.value), float(loss), cause.remedy


def _worst_row(measure: Measure | None, cause: Cause) -> int:
    """The row within a cause's range at which its measure is worst."""
    if measure is None or measure.per_frame is None:
        return cause.first
    values = np.asarray(measure.per_frame, dtype=np.float64)[cause.first : cause.last + 1]
    if not np.isfinite(values).any():
        return cause.first
    return cause.first + int(np.nanargmax(values) if measure.bad >= measure.good else np.nanargmin(values))


def _judged(scene: bpy.types.Scene, quality: Quality, evidence: Evidence) -> str:
    """Whose motion was judged, and what was taken in the stead of what is not there, a line each."""
    own = [] if evidence.character is None else [f"{scene.holirep.character.name}, as it is keyed"]
    return "\n".join([*own, *quality.notes])


def _summary(quality: Quality, gates: bpy.types.PropertyGroup) -> str:
    known = {name: score.value for name, score in quality.scores.items() if score.value is not None}
    failed = [quality.scores[name].title for name, value in known.items() if value < gate_of(gates, name)]
    if not known:
        return "Nothing could be measured"
    if failed:
        return f"Below the gate: {', '.join(failed)}"
    return "All that could be measured passes its gate"


def exclude(scene: bpy.types.Scene, part: str, cause: bpy.types.PropertyGroup) -> str:
    """Leaves a part of the body out of a cause's range from now on; says so. The keys are not made again here."""
    rows = scene.holirep.quality
    row = rows.exclusions.add()
    row.part = part
    row.begin, row.end = (refine_clock.seconds_of(scene, frame) for frame in (cause.first, cause.last))
    return f"The {PART_NAMES[part].lower()} is left out of frames {cause.first:.0f} to {cause.last:.0f}"
