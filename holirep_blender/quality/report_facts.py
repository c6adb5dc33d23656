# SPDX-License-Identifier: GPL-3.0-or-later
"""All that a quality report says, as plain values: the JSON file, from which the page is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional, Tuple

import numpy as np

from .report_plots import frame_ticks, plot_facts
from .results import OVERALL, Quality, Score
from .serialising import figure, quality_to_dict

SCHEMA = 1
STRIP_FRAMES = 8
_APART_SECONDS = 0.3
_RANGES = 40


@dataclass(frozen=True)
class About:
    """What a report says beside the assessment itself.

    Attributes
    ----------
    name, path : of the take.
    judged : whose motion the figures of the body are about, such as "the character Hero".
    header : the take's own, with its provenance.
    notes : sentences for the top of the page, such as that the plate's file is missing.
    licences : name, licence and source of what computed the take and the report.
    remedies : title and sentence by a remedy's name.
    """

    name: str
    path: str
    judged: str
    header: Mapping[str, Any] = field(default_factory=dict)
    notes: Tuple[str, ...] = ()
    licences: Tuple[Tuple[str, str, str], ...] = ()
    remedies: Mapping[str, Tuple[str, str]] = field(default_factory=dict)


def report_facts(quality: Quality, about: About) -> Dict[str, Any]:
    """The report's JSON object: the assessment with its series, and what the page shows beside it."""
    facts: Dict[str, Any] = {
        "schema": SCHEMA,
        "name": about.name,
        "take": about.path,
        "judged": about.judged,
        "verdict": verdict(quality),
        "standing": standing(quality),
        "notes": [*about.notes, *quality.notes],
        **quality_to_dict(quality),
    }
    facts["weak_ranges"], facts["weak_ranges_left_out"] = weak_ranges(quality, facts, about.remedies)
    facts["film_strip"] = film_strip(quality, facts)
    series = facts["series"]["measures"]
    spans = {
        name: plot_facts(series[name], measure["good"], measure["bad"])
        for name, measure in facts["measures"].items()
        if name in series
    }
    facts["plots"] = {name: span for name, span in spans.items() if span}
    for span in facts["plots"].values():
        span["worst_frame"] = quality.frame_start + span.pop("worst_row")
    facts["frame_ticks"] = frame_ticks(quality.frame_start, quality.frame_count)
    facts["score_axis"] = [0.0, 1.0]
    facts["provenance"] = dict(about.header)
    facts["licences"] = [dict(zip(("name", "licence", "source"), row)) for row in about.licences]
    return facts


def verdict(quality: Quality) -> str:
    """One sentence: whether the take passes its gates, and if not, which it fails."""
    failed = [score for score in quality.scores.values() if score.passed is False]
    if failed:
        return f"Does not pass: {', '.join(_short_of_gate(each) for each in failed)}"
    overall = quality.scores[OVERALL]
    if overall.value is None:
        return f"Cannot be judged: {overall.missing or 'nothing could be measured'}"
    open_ones = [score.title for score in quality.scores.values() if score.value is None]
    return "Passes every gate" + (f" that could be judged; not judged: {', '.join(open_ones)}" if open_ones else "")


def _short_of_gate(score: Score) -> str:
    value = score.value or 0.0
    shown = next((f"{value:.{digits}f}" for digits in (2, 3, 4) if round(value, digits) < score.gate), f"{value:.6f}")
    return f"{score.title} ({shown} of {score.gate:g})"


def standing(quality: Quality) -> str:
    """What the overall score stands on, and why the rest could not be measured."""
    absent = [each for each in quality.measures.values() if each.value is None]
    words = f"It stands on {len(quality.measures) - len(absent)} of {len(quality.measures)} measures."
    reasons = dict.fromkeys(f"{each.missing.rstrip('.')}." for each in absent if each.missing)
    return f"{words} The rest could not be measured: {' '.join(reasons)}" if reasons else words


def weak_ranges(
    quality: Quality, facts: Mapping[str, Any], remedies: Mapping[str, Tuple[str, str]]
) -> Tuple[List[Dict[str, Any]], int]:
    """The causes of all scores, each stretch once with the scores that it lowers, the costliest first; and how many
    more there are than are listed.
    """
    found: Dict[Tuple[str, str, int, int], Dict[str, Any]] = {}
    for name, score in facts["scores"].items():
        for cause in score["causes"]:
            key = (cause["measure"], cause["part"], cause["first"], cause["last"])
            row = found.setdefault(key, {**cause, "scores": []})
            row["scores"].append(name)
            row["loss"] = max(row["loss"] or 0.0, cause["loss"] or 0.0)
    rows = sorted(found.values(), key=lambda row: (-row["loss"], row["first"]))
    for row in rows:
        measure = facts["measures"].get(row["measure"])
        row["measure_title"] = measure["title"] if measure else row["measure"]
        row["start_seconds"] = figure((row["first"] - quality.frame_start) / quality.fps, 4)
        row["end_seconds"] = figure((row["last"] + 1 - quality.frame_start) / quality.fps, 4)
        row["remedy_title"], row["remedy_text"] = remedies.get(row["remedy"], ("", ""))
    return rows[:_RANGES], max(len(rows) - _RANGES, 0)


def film_strip(quality: Quality, facts: Mapping[str, Any]) -> List[Dict[str, Any]]:
    """The frames of the strip in the order of the clip: the worst one of each of the costliest ranges."""
    apart = _APART_SECONDS * quality.fps
    chosen: List[Dict[str, Any]] = []
    for row in facts["weak_ranges"]:
        frame = _worst_frame(quality, row)
        if all(abs(frame - each["frame"]) >= apart for each in chosen):
            chosen.append(_strip_row(quality, frame, row))
        if len(chosen) == STRIP_FRAMES:
            break
    if not chosen and quality.frame_count:
        overall = quality.scores[OVERALL].per_frame
        row = int(np.nanargmin(overall)) if overall is not None and np.isfinite(overall).any() else 0
        chosen.append(_strip_row(quality, quality.frame_start + row, {}))
    return sorted(chosen, key=lambda each: int(each["frame"]))


def _worst_frame(quality: Quality, row: Mapping[str, Any]) -> int:
    first, last = row["first"] - quality.frame_start, row["last"] - quality.frame_start
    measure = quality.measures.get(row["measure"])
    if measure is None or measure.per_frame is None:
        return int(row["first"] + row["last"]) // 2
    part = measure.per_frame[first : last + 1]
    if not np.isfinite(part).any():
        return int(row["first"] + row["last"]) // 2
    worst = np.nanargmax(part) if measure.bad >= measure.good else np.nanargmin(part)
    return int(row["first"]) + int(worst)


def _strip_row(quality: Quality, frame: int, row: Mapping[str, Any]) -> Dict[str, Any]:
    overall = quality.scores[OVERALL].per_frame
    at: Optional[float] = None if overall is None else float(overall[frame - quality.frame_start])
    return {
        "frame": frame,
        "seconds": figure((frame - quality.frame_start) / quality.fps, 4),
        "overall": figure(at, 4),
        "measure": row.get("measure", ""),
        "title": row.get("measure_title", ""),
        "value": row.get("value"),
        "unit": row.get("unit", ""),
        "sentence": row.get("sentence", ""),
        "no_picture": "",
    }
