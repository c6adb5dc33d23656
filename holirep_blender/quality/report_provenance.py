# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a take comes from, as its header says, and under which licences what computed it stands."""

from __future__ import annotations

from typing import Any, Dict, Mapping

from .report_html import strong, table
from .report_numbers import figure, text

_TITLES: Dict[str, str] = {
    "method": "Method",
    "plate": "Plate",
    "created": "Made (UTC)",
    "holirep": "HoliRep",
    "python": "Python",
    "models": "Networks",
    "fusion": "Fusion",
    "solve_options": "Solved with",
    "packages": "Packages",
    "schema_version": "Take's schema",
}
_IN_JSON_ONLY = frozenset({"request"})
"""What the other sections say already, in other words."""


def provenance_section(facts: Mapping[str, Any]) -> str:
    """The take's header, section by section."""
    header = facts["provenance"]
    names = [name for name in _TITLES if name in header]
    names += [name for name in header if name not in _TITLES and name not in _IN_JSON_ONLY]
    rows = [f"<dt>Take</dt><dd>{text(facts['take'])}</dd>"]
    for name in names:
        title = _TITLES.get(name, name.replace("_", " ").capitalize())
        rows.append(f"<dt>{text(title)}</dt><dd>{_value(header[name])}</dd>")
    told = ""
    if not header.get("models"):
        older = "it is of an older version, or was not made by HoliRep"
        told = f"<p class='soft'>The take does not say with which networks it was made: {older}.</p>"
    return f"<h2>Provenance</h2>{told}<dl class='made fine'>{''.join(rows)}</dl>"


def licences_section(facts: Mapping[str, Any]) -> str:
    """Name, licence and source of what computed the take and this report."""
    rows = [(strong(text(each["name"])), text(each["licence"]), text(each["source"])) for each in facts["licences"]]
    if not rows:
        return ""
    words = "Of what computed the take and this report. Plate, character and environment are their owners'."
    return f"<h2>Licences</h2><p class='soft'>{words}</p>{table(('What', 'Licence', 'Source'), rows, 'fine licences')}"


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        known = [(str(name), each) for name, each in value.items() if each is not None and name != "name"]
        told = "; ".join(
            f"<span class='soft'>{text(name.replace('_', ' '))}</span> {_value(each)}" for name, each in known
        )
        return ": ".join(words for words in (text(value.get("name", "")), told) if words)
    if isinstance(value, (list, tuple)):
        between = "<br>" if all(isinstance(each, Mapping) for each in value) else ", "
        return between.join(_value(each) for each in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"<data value='{value}'>{value}</data>"
    if isinstance(value, float):
        return figure(value, digits=6)
    return text(value)
