# SPDX-License-Identifier: GPL-3.0-or-later
"""The page's figures by what they are about: tables, plots, what was not measured, and how each is computed."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping

import numpy as np
import numpy.typing as npt

from .report_html import figures, strong, table
from .report_numbers import figure, score, text, whole
from .report_plots import figure_plot
from .results import GROUPS

Array = npt.NDArray[np.float64]

_TITLES: Dict[str, str] = {"body": "Body", "face": "Face", "lighting": "Lighting", "integration": "Integration"}


def measures_section(facts: Mapping[str, Any], others: Mapping[str, Array], pictures: Mapping[str, str]) -> str:
    """A table, the pictures and the plots of each group that has any; ``pictures``: HTML by group."""
    parts: List[str] = []
    for group in GROUPS:
        known = {
            name: each
            for name, each in facts["measures"].items()
            if each["group"] == group and each["value"] is not None
        }
        shown = pictures.get(group, "")
        if known or shown:
            parts.append(f"<h2>{_TITLES[group]}</h2>{_table(known) if known else ''}{shown}")
        drawn = [name for name in known if name in facts["plots"]]
        plots = [(figure_plot(facts, name, others.get(name)), _caption(facts, name)) for name in drawn]
        if plots:
            parts.append(figures(plots, "plots"))
    return "".join(parts)


def missing_section(facts: Mapping[str, Any]) -> str:
    """What could not be measured, and why."""
    reasons: Dict[str, List[str]] = {}
    for each in facts["measures"].values():
        if each["value"] is None:
            reasons.setdefault(text(each["missing"]), []).append(text(each["title"]))
    rows = [(", ".join(titles), reason) for reason, titles in reasons.items()]
    return "" if not rows else f"<h2>What could not be measured</h2>{table(('Measures', 'Why'), rows)}"


def methods_section(facts: Mapping[str, Any]) -> str:
    """How each measure is computed and where that comes from."""
    rows = [
        (strong(text(each["title"])), text(each["formula"]), text(each["source"]))
        for each in facts["measures"].values()
    ]
    words = "A figure scores one up to its good value, nothing from its bad one on, and falls evenly between."
    return (
        f"<h2>How it is measured</h2><p class='soft'>{words}</p>{table(('Measure', 'Formula', 'Source'), rows, 'fine')}"
    )


def _table(known: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [
        (
            strong(text(each["title"])),
            figure(each["value"], each["unit"]),
            f"<span class='soft'>{text(each['statistic'])}</span>",
            figure(each["good"], each["unit"]),
            figure(each["bad"], each["unit"]),
            strong(score(each["score"])),
        )
        for each in known.values()
    ]
    return table(("Measure", "#Figure", "Of the clip", "#Good", "#Bad", "#Score"), rows)


def _caption(facts: Mapping[str, Any], name: str) -> str:
    measure, span = facts["measures"][name], facts["plots"][name]
    unit = f", {text(measure['unit'])}" if measure["unit"] else ""
    words = f"{strong(text(measure['title']))}{unit}; worst {figure(span['worst'])}"
    if not span["all_good"]:
        words += f" in frame {whole(span['worst_frame'])}"
    return words + (", beyond the axis" if span["cut"] else "")
