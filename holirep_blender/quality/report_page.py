# SPDX-License-Identifier: GPL-3.0-or-later
"""A quality report as one HTML page with its pictures inside; every number in it is one of the JSON object's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, List, Mapping, Optional, Tuple

import numpy as np
import numpy.typing as npt

from .report_comparison import comparison_section
from .report_glance import glance_section
from .report_html import colour_key, figures, jpeg_source, strong, table
from .report_measures import measures_section, methods_section, missing_section
from .report_numbers import figure, gate, score, text, whole
from .report_plots import score_plot
from .report_provenance import licences_section, provenance_section
from .report_strip import StripFrame, strip_picture
from .report_style import STYLE

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Pictures:
    """What the page shows that is no figure.

    Attributes
    ----------
    strip : for each row of ``film_strip`` what is drawn, and the JPEG below it or None.
    spheres : caption and JPEG.
    other_measures, other_scores : another take's curves on this take's rows, by name, for a comparison.
    """

    strip: Tuple[Tuple[StripFrame, Optional[bytes]], ...] = ()
    spheres: Optional[Tuple[str, bytes]] = None
    other_measures: Mapping[str, Array] = field(default_factory=dict)
    other_scores: Mapping[str, Array] = field(default_factory=dict)


def page(facts: Mapping[str, Any], pictures: Pictures) -> str:
    """The page of a report; ``facts`` is what the JSON file holds."""
    parts = [
        _head(facts),
        *(f"<p class='note'>{text(note)}</p>" for note in facts["notes"]),
        glance_section(facts),
        _scores(facts),
        comparison_section(facts),
        _ranges(facts),
        _strip(facts, pictures),
        _over_time(facts, pictures),
        measures_section(facts, pictures.other_measures, {"lighting": _spheres(pictures)}),
        missing_section(facts),
        provenance_section(facts),
        licences_section(facts),
        methods_section(facts),
    ]
    title = f"{text(facts['name'])}: quality"
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width,initial-scale=1'>"
        f"<title>{title}</title><style>{STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def _head(facts: Mapping[str, Any]) -> str:
    overall = facts["scores"]["overall"]
    kind = "none" if overall["value"] is None else "pass" if facts["passed"] else "fail"
    big = score(overall["value"], overall["gate"]) or "–"
    clip = f"{whole(facts['frame_count'])} frames, {figure(facts['seconds'], 's')}"
    return (
        f"<h1>Quality of {text(facts['name'])}</h1>"
        f"<p class='soft'>Frames {whole(facts['frame_start'])} to {whole(facts['frame_end'])} of the plate ({clip} at "
        f"{figure(facts['fps'], 'fps', digits=6)}). Figures of the body are those of {text(facts['judged'])}.</p>"
        f"<div class='verdict {kind}'><div class='big'>{big}</div><div><p><strong>{text(facts['verdict'])}</strong></p>"
        f"<p class='soft'>{text(facts['standing'])}</p></div></div>"
    )


def _scores(facts: Mapping[str, Any]) -> str:
    rows = []
    for name in reversed(list(facts["scores"])):  # the overall score first
        each = facts["scores"][name]
        value = score(each["value"], each["gate"]) or "–"
        rows.append(
            (strong(text(each["title"])), value, gate(each["gate"]), _bar(each) + _word(each), _stands_on(facts, each))
        )
    return f"<h2>Scores</h2>{table(('Score', '#Value', '#Gate', '', 'Stands on'), rows)}"


def _word(each: Mapping[str, Any]) -> str:
    if each["value"] is None:
        return "<span class='none-word'>not measured</span>"
    if each["gate"] is None:
        return "<span class='none-word'>no gate</span>"
    return "<span class='pass-word'>✓ passes</span>" if each["passed"] else "<span class='fail-word'>✗ fails</span>"


def _bar(each: Mapping[str, Any]) -> str:
    if each["value"] is None:
        return ""
    colour = {True: "#1f7a3d", False: "#b3261e", None: "#5c6066"}[each["passed"]]
    level = ""
    if each["gate"] is not None:
        level = f"<path d='M{110 * each['gate']:.1f} 0v14' stroke='#1d1f22' stroke-width='2'/>"
    return (
        "<svg class='bar' viewBox='0 0 110 14' aria-hidden='true'><rect y='3' width='110' height='8' fill='#e6e8eb'/>"
        f"<rect y='3' width='{110 * each['value']:.1f}' height='8' fill='{colour}'/>{level}</svg>"
    )


def _stands_on(facts: Mapping[str, Any], each: Mapping[str, Any]) -> str:
    items: List[str] = []
    for name in each["stands_on"]:
        if name in facts["measures"]:
            measure = facts["measures"][name]
            told = f"{figure(measure['value'], measure['unit'])} → {score(measure['score'])}"
            items.append(f"<li>{text(measure['title'])}: {told}</li>")
        elif name in facts["scores"]:
            other = facts["scores"][name]
            items.append(f"<li>{text(other['title'])}: {score(other['value'])}</li>")
    words = f"<ul class='figures'>{''.join(items)}</ul>" if items else ""
    if each["missing"]:
        words += f"<p class='soft fine'>{text(each['missing'])}</p>"
    elif each["left_out"]:
        left = ", ".join(text(_title(facts, name)) for name in each["left_out"])
        words += f"<p class='soft fine'>Without {left}.</p>"
    return words


def _title(facts: Mapping[str, Any], name: str) -> str:
    row = facts["measures"].get(name) or facts["scores"].get(name)
    return str(row["title"]) if row else name


def _ranges(facts: Mapping[str, Any]) -> str:
    if not facts["weak_ranges"]:
        return "<h2>Weak ranges</h2><p>No range of frames lowers a score.</p>"
    rows = []
    for each in facts["weak_ranges"]:
        frames = whole(each["first"])
        if each["last"] != each["first"]:
            frames += f"–{whole(each['last'])}"
        wrong = f"{text(each['sentence'])}<br><span class='soft fine'>{text(each['measure_title'])}</span>"
        helps = ""
        if each["remedy_title"]:
            helps = f"<b>{text(each['remedy_title'])}</b><br><span class='soft fine'>{text(each['remedy_text'])}</span>"
        since = figure(each["start_seconds"], "s")
        rows.append((frames, since, wrong, figure(each["value"], each["unit"]), score(each["loss"]), helps))
    columns = ("#Frames", "#From", "What is wrong", "#Worst", "#Costs", "What helps")
    more = facts["weak_ranges_left_out"]
    rest = f"<p class='soft'>{whole(more)} lesser ranges are in the JSON file.</p>" if more else ""
    return f"<h2>Weak ranges</h2>{table(columns, rows)}{rest}"


def _strip(facts: Mapping[str, Any], pictures: Pictures) -> str:
    if not facts["film_strip"]:
        return ""
    stills = []
    for number, row in enumerate(facts["film_strip"]):
        told = f"<b>Frame {whole(row['frame'])}</b>"
        if row["overall"] is not None:
            told += f", overall {score(row['overall'])}"
        if row["title"]:
            told += f"<br>{text(row['title'])} {figure(row['value'], row['unit'])}"
        if row["no_picture"]:
            told += f"<br><span class='soft'>{text(row['no_picture'])}</span>"
        drawn = ""
        if number < len(pictures.strip):
            drawn = strip_picture(*pictures.strip[number], f"Frame {row['frame']}")
        stills.append((drawn, told))
    key = colour_key((("#ffd400", "tracked points"), ("#29c7ff", "skeleton through the take's camera")))
    return f"<h2>Worst frames</h2>{key if pictures.strip else ''}{figures(stills, 'strip')}"


def _over_time(facts: Mapping[str, Any], pictures: Pictures) -> str:
    plots = []
    for name, each in facts["scores"].items():
        values = facts["series"]["scores"].get(name)
        if values is None or all(value is None for value in values):
            continue
        level = "" if each["gate"] is None else f", gate {gate(each['gate'])}"
        caption = f"<b>{text(each['title'])}</b> {score(each['value'], each['gate'])}{level}"
        plots.append((score_plot(facts, name, pictures.other_scores.get(name)), caption))
    if not plots:
        return ""
    items = [("#1b5fa8", "this take"), ("#e3bd7c", "weak range"), ("#f6dedd", "fails, or is scored lowest")]
    if facts.get("comparison"):
        items.insert(1, ("#c2760c", f"compared: {text(facts['comparison']['name'])}"))
    return f"<h2>Scores over time</h2>{colour_key(items)}{figures(plots, 'plots')}"


def _spheres(pictures: Pictures) -> str:
    if pictures.spheres is None:
        return ""
    caption, jpeg = pictures.spheres
    words = text(caption)
    drawn = f"<img alt='{words}' src='{jpeg_source(jpeg)}'>"
    return figures([(drawn, words)], "spheres")
