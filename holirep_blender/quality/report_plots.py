# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures over time as SVG: small enough for ten thousand frames, and no peak is lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from .report_numbers import svg_number

Array = npt.NDArray[np.float64]

WIDTH, HEIGHT = 480.0, 100.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 44.0, 14.0, 8.0, 18.0
_COLUMNS = 420
_HIGHEST = 2.5
"""An axis ends at most at so many times the way from good to bad; what lies beyond is cut, and its peak is told."""


@dataclass(frozen=True)
class Axes:
    """What a plot spans: rows of the take from left to right, ``low`` to ``high`` from bottom to top."""

    count: int
    low: float
    high: float

    def x(self, row: float) -> float:
        """Pixels from the left of the middle of a row."""
        return _LEFT + (row + 0.5) / max(self.count, 1) * (WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        """Pixels from the top, within the plot."""
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return HEIGHT - _BOTTOM - min(max(share, 0.0), 1.0) * (HEIGHT - _BOTTOM - _TOP)


def plot_facts(values: Sequence[Optional[float]], good: float, bad: float) -> Dict[str, Any]:
    """Where a measure's axis ends, and the row of its worst frame, for the JSON file; ``{}`` without any frame."""
    column = as_column(values)
    known = column[np.isfinite(column)]
    if not len(known):
        return {}
    span = abs(bad - good) or 1.0
    lowest, highest = min(good, bad, float(known.min())), max(good, bad, float(known.max()))
    lowest = min(lowest, 0.0)  # a length or a share is seen against nothing
    low = max(lowest, min(good, bad) - _HIGHEST * span)
    high = min(highest, max(good, bad) + _HIGHEST * span)
    worst = int(np.nanargmax(column) if bad >= good else np.nanargmin(column))
    return {
        "low": float(f"{low:.3g}"),
        "high": float(f"{high:.3g}"),
        "cut": bool(lowest < low or highest > high),
        "worst_row": worst,
        "worst": float(column[worst]),
        "all_good": bool((column[worst] <= good) if bad >= good else (column[worst] >= good)),
    }


def as_column(values: Sequence[Optional[float]]) -> Array:
    """A list of the JSON file as a column, NaN for None."""
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def peaks_kept(column: Array, columns: int = _COLUMNS) -> List[Tuple[int, float]]:
    """Rows and values to be drawn: all of a short clip, else the least and the greatest of each column of pixels.

    Where frames are missing a row with NaN stands, so that no line runs across.
    """
    count = len(column)
    if count <= 2 * columns:
        return [(row, float(value)) for row, value in enumerate(column)]
    edges = np.linspace(0, count, columns + 1).astype(int)
    result: List[Tuple[int, float]] = []
    for first, end in zip(edges[:-1], edges[1:]):
        part = column[first:end]
        known = np.flatnonzero(np.isfinite(part))
        if not len(known):
            result.append((int(first), float("nan")))
            continue
        ends = {int(known[np.argmin(part[known])]), int(known[np.argmax(part[known])])}
        result += [(int(first) + row, float(part[row])) for row in sorted(ends)]
        if len(known) < len(part) and not np.isfinite(part[-1]):
            result.append((int(end) - 1, float("nan")))
    return result


def line(column: Array, axes: Axes, kind: str) -> str:
    """A curve with gaps where frames are missing; a frame alone is a dot."""
    runs: List[List[str]] = [[]]
    for row, value in peaks_kept(column):
        if np.isfinite(value):
            runs[-1].append(f"{axes.x(row):.1f} {axes.y(value):.1f}")
        elif runs[-1]:
            runs.append([])
    curves = "".join("M" + "L".join(run) for run in runs if len(run) > 1)
    alone = "".join(f"M{run[0]}h0" for run in runs if len(run) == 1)
    parts = ((kind, curves), (f"{kind} alone", alone))
    return "".join(f'<path class="{name}" d="{words}"/>' for name, words in parts if words)


def frame_ticks(first: int, count: int) -> List[int]:
    """Round frame numbers for the axis below, about six of them."""
    step = 1
    for candidate in (1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 2500, 5000, 10000, 20000, 50000, 100000):
        step = candidate
        if count / candidate <= 6:
            break
    start = -(-first // step) * step
    return list(range(start, first + count, step)) or [first]


def figure_plot(facts: Mapping[str, Any], name: str, other: Optional[Array] = None) -> str:
    """The plot of a measure: the bad zone, weak ranges shaded; ``other`` is another take's curve on its rows."""
    measure, span = facts["measures"][name], facts["plots"][name]
    axes = Axes(facts["frame_count"], span["low"], span["high"])
    good, bad = measure["good"], measure["bad"]
    parts = [_zone(axes, bad, axes.high if bad >= good else axes.low, "bad")]
    parts += [_shade(facts, axes, each) for each in facts["weak_ranges"] if each["measure"] == name]
    for value, kind in ((good, "good"), (bad, "limit")):
        parts.append(f'<path class="{kind}" d="M{_LEFT:g} {axes.y(value):.1f}H{WIDTH - _RIGHT:g}"/>')
    parts += _labels(axes, [span["low"], span["high"], good, bad])
    parts += _frames(facts, axes)
    if other is not None:
        parts.append(line(other, axes, "other"))
    parts.append(line(as_column(facts["series"]["measures"][name]), axes, "curve"))
    return _svg(parts, f"{measure['title']} over time")


def score_plot(facts: Mapping[str, Any], name: str, other: Optional[Array] = None) -> str:
    """The plot of a score in each frame, with its gate."""
    score = facts["scores"][name]
    axes = Axes(facts["frame_count"], 0.0, 1.0)
    parts = _labels(axes, [*facts["score_axis"], *([] if score["gate"] is None else [score["gate"]])])
    if score["gate"] is not None:
        parts.append(_zone(axes, score["gate"], 0.0, "bad"))
        parts.append(f'<path class="limit" d="M{_LEFT:g} {axes.y(score["gate"]):.1f}H{WIDTH - _RIGHT:g}"/>')
    parts += _frames(facts, axes)
    if other is not None:
        parts.append(line(other, axes, "other"))
    parts.append(line(as_column(facts["series"]["scores"][name]), axes, "curve"))
    return _svg(parts, f"{score['title']} over time")


def _zone(axes: Axes, start: float, end: float, kind: str) -> str:
    top, bottom = sorted((axes.y(start), axes.y(end)))
    size = f'width="{WIDTH - _LEFT - _RIGHT:g}" height="{bottom - top:.1f}"'
    return f'<rect class="{kind}" x="{_LEFT:g}" y="{top:.1f}" {size}/>'


def _shade(facts: Mapping[str, Any], axes: Axes, weak: Mapping[str, Any]) -> str:
    left = axes.x(weak["first"] - facts["frame_start"] - 0.5)
    right = axes.x(weak["last"] - facts["frame_start"] + 0.5)
    height = HEIGHT - _TOP - _BOTTOM
    return f'<rect class="weak" x="{left:.1f}" y="{_TOP:g}" width="{max(right - left, 1.0):.1f}" height="{height:g}"/>'


def _labels(axes: Axes, values: Sequence[float]) -> List[str]:
    """Numbers at the left; of two that would lie over each other the first stays."""
    taken: List[float] = []
    result = []
    for value in values:
        y = axes.y(value)
        if all(abs(y - each) >= 12.0 for each in taken):
            taken.append(y)
            result.append(svg_number(value, _LEFT - 5, y + 3.5, "end"))
    return result


def _frames(facts: Mapping[str, Any], axes: Axes) -> List[str]:
    base = HEIGHT - _BOTTOM
    result = [f'<path class="axis" d="M{_LEFT:g} {_TOP:g}V{base:g}H{WIDTH - _RIGHT:g}"/>']
    for tick in facts["frame_ticks"]:
        x = axes.x(tick - facts["frame_start"])
        result.append(
            f'<path class="axis" d="M{x:.1f} {base:g}v3"/>' + svg_number(tick, round(x, 1), HEIGHT - 2, "middle")
        )
    return result


def _svg(parts: Sequence[str], words: str) -> str:
    head = f'<svg class="plot" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-label="{words}">'
    return head + "".join(parts) + "</svg>"
