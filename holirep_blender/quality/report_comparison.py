# SPDX-License-Identifier: GPL-3.0-or-later
"""Two takes side by side: what each score and measure says of both, which is better, and how they were made."""

from __future__ import annotations

from functools import partial
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple

import numpy as np
import numpy.typing as npt

from .report_html import strong, table
from .report_numbers import figure, score, text
from .results import Quality
from .serialising import figure as rounded
from .serialising import quality_to_dict

Array = npt.NDArray[np.float64]

_ALIKE_SCORE, _ALIKE_SHARE = 0.005, 0.01
"""Differences up to these are told as alike: of scores, and of figures as a share of the way from good to bad."""
THIS, OTHER, ALIKE = "this", "other", "alike"


def comparison(
    facts: Mapping[str, Any], other: Quality, name: str, path: str, header: Mapping[str, Any]
) -> Dict[str, Any]:
    """The JSON object ``comparison`` of a report: this take's facts against another's assessment.

    ``difference`` is the other's figure minus this take's; ``better`` is ``this``, ``other``, ``alike``, or ``""``
    where one of them has no figure.
    """
    told = quality_to_dict(other, series=False)
    scores = {key: _score_row(facts["scores"].get(key), row) for key, row in told["scores"].items()}
    measures = {key: _measure_row(facts["measures"].get(key), row) for key, row in told["measures"].items()}
    made, only = _made(facts["provenance"], header)
    return {
        "name": name,
        "take": path,
        "passed": told["passed"],
        "sentence": _sentence(scores, measures, name),
        "notes": _notes(facts, told, header),
        "scores": scores,
        "measures": measures,
        "made": made,
        "told_by_one": only,
        "provenance": dict(header),
    }


def aligned(column: Optional[Array], other_start: int, start: int, count: int) -> Optional[Array]:
    """Another take's figures ``(T,)`` on the rows of this one, by the plate's frames; NaN where it has none."""
    if column is None:
        return None
    result = np.full(count, np.nan)
    first, end = max(start, other_start), min(start + count, other_start + len(column))
    if first < end:
        result[first - start : end - start] = column[first - other_start : end - other_start]
    return result


def comparison_section(facts: Mapping[str, Any]) -> str:
    """The comparison on the page; empty where there is none."""
    told = facts.get("comparison")
    if not told:
        return ""
    notes = "".join(f"<p class='note'>{text(note)}</p>" for note in told["notes"])
    names = {THIS: facts["name"], OTHER: told["name"], ALIKE: "alike", "": "cannot be told"}
    rows = [
        _line(strong(text(facts["scores"][key]["title"])), row, names, lambda value, sign: score(value, sign=sign))
        for key, row in told["scores"].items()
    ]
    for key, row in told["measures"].items():
        measure = facts["measures"][key]
        if row["this"] is not None or row["other"] is not None:
            shown = partial(_figure, measure["unit"])
            rows.append(_line(text(measure["title"]), row, names, shown))
    columns = ("", f"#{text(facts['name'])}", f"#{text(told['name'])}", "#Difference", "Better")
    return (
        f"<h2>Compared with {text(told['name'])}</h2><p>{text(told['sentence'])}</p>{notes}"
        f"{table(columns, rows)}{_differences(facts, told)}"
    )


def _line(
    title: str, row: Mapping[str, Any], names: Mapping[str, str], shown: Callable[[Optional[float], bool], str]
) -> Tuple[str, ...]:
    figures = [shown(row["this"], False), shown(row["other"], False), shown(row["difference"], True)]
    word = text(names[row["better"]])
    better = strong(word) if row["better"] in (THIS, OTHER) else f"<span class='soft'>{word}</span>"
    return (title, *(each or "–" for each in figures), better)


def _figure(unit: str, value: Optional[float], sign: bool) -> str:
    return figure(value, unit, sign)


def _differences(facts: Mapping[str, Any], told: Mapping[str, Any]) -> str:
    only = ""
    if told["told_by_one"]:
        only = f"<p class='soft fine'>Only one of them tells: {text(', '.join(told['told_by_one']))}.</p>"
    if not told["made"]:
        return f"<p class='soft'>What both takes tell of how they were made is the same.</p>{only}"
    rows = [(strong(text(row["what"])), text(row["this"]), text(row["other"])) for row in told["made"]]
    return table(("Made differently", text(facts["name"]), text(told["name"])), rows, "fine") + only


def _score_row(this: Optional[Mapping[str, Any]], other: Mapping[str, Any]) -> Dict[str, Any]:
    ours, theirs = None if this is None else this["value"], other["value"]
    return _row(ours, theirs, 1.0, _ALIKE_SCORE)


def _measure_row(this: Optional[Mapping[str, Any]], other: Mapping[str, Any]) -> Dict[str, Any]:
    ours, theirs = None if this is None else this["value"], other["value"]
    way = (other["good"] or 0.0) - (other["bad"] or 0.0)
    return _row(ours, theirs, way, _ALIKE_SHARE * abs(way))


def _row(ours: Optional[float], theirs: Optional[float], way: float, alike: float) -> Dict[str, Any]:
    """``way`` is positive where more is better."""
    difference = None if ours is None or theirs is None else rounded(theirs - ours)
    better = ""
    if difference is not None:
        better = ALIKE if abs(difference) <= alike else OTHER if (difference > 0) == (way > 0) else THIS
    return {"this": ours, "other": theirs, "difference": difference, "better": better}


def _sentence(scores: Mapping[str, Mapping[str, Any]], measures: Mapping[str, Mapping[str, Any]], name: str) -> str:
    count = {word: sum(row["better"] == word for row in measures.values()) for word in (THIS, OTHER, ALIKE)}
    told = f"Of the measures that both have, this take is better in {count[THIS]}, {name} in {count[OTHER]}; "
    told += f"{count[ALIKE]} are alike"
    overall = scores.get("overall", {}).get("better", "")
    words = {THIS: "overall this take is better", OTHER: f"overall {name} is better", ALIKE: "overall they are alike"}
    return told + (f". By the score, {words[overall]}." if overall else ". There is no overall score to compare.")


def _notes(facts: Mapping[str, Any], other: Mapping[str, Any], header: Mapping[str, Any]) -> List[str]:
    notes = []
    if _other_plate(facts["provenance"], header):
        notes.append("The takes are of different plates: figures of the clips can be compared, frames cannot.")
    if abs(facts["fps"] - other["fps"]) > 1e-3:
        rates = f"{facts['fps']:g} and {other['fps']:g} frames a second"
        notes.append(f"The takes have different rates, {rates}: curves are not laid over each other.")
    ranges = [(each["frame_start"], each["frame_end"]) for each in (facts, other)]
    if ranges[0] != ranges[1]:
        notes.append(f"The takes have different frames, {_span(ranges[0])} and {_span(ranges[1])}.")
    stands = [set(each["scores"]["overall"]["stands_on"]) for each in (facts, other)]
    if stands[0] != stands[1]:
        notes.append("The overall scores do not stand on the same: look at the scores that both have.")
    return notes


def _other_plate(this: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether takes are of different plates, by the files' hashes where both tell them, else by their paths."""
    plates = [_plate(header) for header in (this, other)]
    for name in ("sha256", "path"):
        if all(plate.get(name) for plate in plates):
            return bool(plates[0][name] != plates[1][name])
    return False


def _plate(header: Mapping[str, Any]) -> Mapping[str, Any]:
    plate = header.get("plate")
    return plate if isinstance(plate, Mapping) else {"path": plate}


def _span(frames: Tuple[int, int]) -> str:
    return f"{frames[0]} to {frames[1]}"


def _made(this: Mapping[str, Any], other: Mapping[str, Any]) -> Tuple[List[Dict[str, str]], List[str]]:
    """What both headers tell and tell differently; and what only one of them tells."""
    ours, theirs = _flat({**this, "plate": _plate(this)}), _flat({**other, "plate": _plate(other)})
    differ = [name for name in ours if name in theirs and ours[name] != theirs[name]]
    only = [name for name in [*ours, *theirs] if (name in ours) != (name in theirs)]
    return [{"what": name, "this": ours[name], "other": theirs[name]} for name in differ], only


def _flat(header: Mapping[str, Any], before: str = "") -> Dict[str, str]:
    result: Dict[str, str] = {}
    for name, value in header.items():
        if not before and name in ("request", "created"):
            continue  # the request is told by what came of it, and no two takes are made at one time
        words = f"{before}{name.replace('_', ' ')}"
        if isinstance(value, Mapping):
            result.update(_flat(value, f"{words}: "))
        elif isinstance(value, list) and value and all(isinstance(each, Mapping) for each in value):
            result[words] = ", ".join(str(each.get("name", each)) for each in value)
        elif value is not None:
            result[words] = str(value)
    return result
