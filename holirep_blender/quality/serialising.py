# SPDX-License-Identifier: GPL-3.0-or-later
"""An assessment as plain values for JSON: frames as the plate counts them, None for what was not measured."""

from __future__ import annotations

import math
from typing import Any, Dict, List, Optional

import numpy as np
import numpy.typing as npt

from .results import Cause, Measure, Quality, Score

_FIGURE_DIGITS, _SERIES_DIGITS = 6, 4
_DUST = 1e-9
"""A figure below this share of the way from good to bad is 0: nobody is helped by 2e-16 degrees."""


def quality_to_dict(quality: Quality, series: bool = True) -> Dict[str, Any]:
    """What an assessment says, with nothing that JSON does not know.

    Figures have six significant digits, those of single frames four. ``first`` and ``last`` of causes are frames of
    the plate (``frame_start`` plus the row); ``gate`` is None where none is set. With ``series``, ``series`` holds a
    list of ``frame_count`` figures for each score and measure that has frames.
    """
    result: Dict[str, Any] = {
        "fps": figure(quality.fps),
        "frame_start": quality.frame_start,
        "frame_end": quality.frame_start + max(quality.frame_count - 1, 0),
        "frame_count": quality.frame_count,
        "seconds": figure(quality.frame_count / quality.fps),
        "passed": quality.passed,
        "scores": {name: _score(score, quality) for name, score in quality.scores.items()},
        "measures": {name: _measure(measure) for name, measure in quality.measures.items()},
    }
    if series:
        result["series"] = {
            "scores": _series({name: each.per_frame for name, each in quality.scores.items()}),
            "measures": _series({name: _without_dust(each) for name, each in quality.measures.items()}),
        }
    return result


def figure(value: Optional[float], digits: int = _FIGURE_DIGITS) -> Optional[float]:
    """A figure with so many significant digits; None for what is none, or not finite."""
    if value is None or not math.isfinite(value):
        return None
    return float(f"{float(value):.{digits}g}")


def figures(values: npt.NDArray[np.float64]) -> List[Optional[float]]:
    """Figures of single frames ``(T,)``, four significant digits, None where there is none."""
    # numpy's own rounding of a whole column: ten thousand frames of forty columns are no matter for a Python loop
    column = np.asarray(values, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        places = _SERIES_DIGITS - 1 - np.floor(np.log10(np.abs(column)))
        places = np.where(np.isfinite(places), np.clip(places, -15, 300), 0.0)
        power = 10.0 ** np.abs(places)  # a power of ten below one is not exact, so large figures are divided
        rounded = np.where(places >= 0, np.round(column * power) / power, np.round(column / power) * power)
    return [value if math.isfinite(value) else None for value in rounded.tolist()]


def _series(columns: Dict[str, Optional[npt.NDArray[np.float64]]]) -> Dict[str, List[Optional[float]]]:
    return {name: figures(values) for name, values in columns.items() if values is not None}


def _without_dust(measure: Measure) -> Optional[npt.NDArray[np.float64]]:
    """A measure's frames; what is left of a zero by rounding is 0."""
    if measure.per_frame is None:
        return None
    return np.where(np.abs(measure.per_frame) < _dust(measure), 0.0, measure.per_frame)


def _dust(measure: Measure) -> float:
    return _DUST * abs(measure.bad - measure.good)


def _measure(measure: Measure) -> Dict[str, Any]:
    value = measure.value
    if value is not None and abs(value) < _dust(measure):
        value = 0.0
    return {
        "title": measure.title,
        "group": measure.group,
        "unit": measure.unit,
        "value": figure(value),
        "statistic": measure.statistic,
        "good": figure(measure.good),
        "bad": figure(measure.bad),
        "score": figure(measure.score),
        "formula": measure.formula,
        "source": measure.source,
        "missing": measure.missing,
    }


def _score(score: Score, quality: Quality) -> Dict[str, Any]:
    return {
        "title": score.title,
        "value": figure(score.value),
        "gate": figure(score.gate) if score.gate > 0.0 else None,
        "passed": score.passed if score.gate > 0.0 else None,
        "stands_on": list(score.stands_on),
        "left_out": list(score.left_out),
        "missing": score.missing,
        "causes": [_cause(cause, quality) for cause in score.causes],
    }


def _cause(cause: Cause, quality: Quality) -> Dict[str, Any]:
    measure = quality.measures.get(cause.measure)
    return {
        "measure": cause.measure,
        "part": cause.part,
        "first": quality.frame_start + cause.first,
        "last": quality.frame_start + cause.last,
        "value": figure(cause.value),
        "unit": "" if measure is None else measure.unit,
        "loss": figure(cause.loss),
        "sentence": cause.sentence,
        "remedy": cause.remedy,
    }
