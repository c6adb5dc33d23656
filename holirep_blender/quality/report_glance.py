# SPDX-License-Identifier: GPL-3.0-or-later
"""At a glance: a band over the clip for each score, coloured by what can be trusted."""

from __future__ import annotations

from typing import Any, List, Mapping, Tuple

import numpy as np

from .report_html import colour_key
from .report_numbers import svg_number, text
from .report_plots import as_column

_WIDTH, _LEFT, _ROW, _GAP, _FOOT = 1032.0, 190.0, 15.0, 4.0, 18.0
_COLUMNS = 420
_WEAK = 0.6
"""A frame is weak below its gate, and poor below so much of it."""
_NO_GATE = 0.85
"""What stands in for the gate of a score that has none."""
_COLOURS: Tuple[str, ...] = ("#e3e5e8", "#b3261e", "#e2a33b", "#3c9a5f")
"""Not measured, poor, weak, good; they differ in lightness too."""


def glance_section(facts: Mapping[str, Any]) -> str:
    """The bands, the overall score first; empty where no score has frames."""
    names = [name for name in reversed(list(facts["scores"])) if name in facts["series"]["scores"]]
    if not names:
        return ""
    height = len(names) * (_ROW + _GAP) + _FOOT
    parts = [f'<svg class="plot glance" viewBox="0 0 {_WIDTH:g} {height:g}" role="img" aria-label="Scores by frame">']
    for number, name in enumerate(names):
        top = number * (_ROW + _GAP)
        title = text(facts["scores"][name]["title"])
        parts.append(f'<text x="{_LEFT - 10:g}" y="{top + 11.5:g}" text-anchor="end">{title}</text>')
        parts += _band(facts, name, top)
    width = _WIDTH - _LEFT
    for tick in facts["frame_ticks"]:
        x = _LEFT + (tick - facts["frame_start"] + 0.5) / max(facts["frame_count"], 1) * width
        if x < _WIDTH - 12:
            parts.append(svg_number(tick, round(x, 1), height - 3, "middle"))
    key = (("#3c9a5f", "good"), ("#e2a33b", "weak: below its gate"), ("#b3261e", "poor"), ("#e3e5e8", "not measured"))
    return f"<h2>At a glance</h2>{''.join(parts)}</svg>{colour_key(key)}"


def _band(facts: Mapping[str, Any], name: str, top: float) -> List[str]:
    column = as_column(facts["series"]["scores"][name])
    gate = facts["scores"][name]["gate"] or _NO_GATE
    count = len(column)
    edges = np.unique(np.linspace(0, count, min(count, _COLUMNS) + 1).astype(int))
    # the worst frame of a column of pixels is what it shows
    least = np.minimum.reduceat(np.where(np.isfinite(column), column, np.inf), edges[:-1])
    grades = np.select([~np.isfinite(least), least < _WEAK * gate, least < gate], [0, 1, 2], 3)
    starts = np.flatnonzero(np.diff(grades, prepend=-1))
    ends = np.append(starts[1:], len(grades))
    scale = (_WIDTH - _LEFT) / count
    return [
        f'<rect x="{_LEFT + edges[a] * scale:.1f}" y="{top:g}" width="{(edges[b] - edges[a]) * scale:.1f}" '
        f'height="{_ROW:g}" fill="{_COLOURS[int(grades[a])]}"/>'
        for a, b in zip(starts, ends)
    ]
