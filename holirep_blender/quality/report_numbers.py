# SPDX-License-Identifier: GPL-3.0-or-later
"""How the report's page shows numbers: each stands in a ``data`` element with the JSON's own value, rounded for people.

So whoever reads the page by a program has the exact figure, and a test can hold every number against the JSON file.
"""

from __future__ import annotations

import html
import json
from typing import Optional

_SCORE_DECIMALS, _FIGURE_DIGITS = 3, 3


def text(words: object) -> str:
    """Words of the JSON as they are, safe in HTML."""
    return html.escape(str(words))


def whole(value: Optional[float]) -> str:
    """A count or a frame."""
    return "" if value is None else _data(value, f"{value:.0f}")


def figure(value: Optional[float], unit: str = "", sign: bool = False, digits: int = _FIGURE_DIGITS) -> str:
    """A physical figure with its unit; nothing where it is missing."""
    if value is None:
        return ""
    shown = plain(value, digits)
    if sign and value > 0:
        shown = f"+{shown}"
    return _data(value, shown) + _unit(unit)


def score(value: Optional[float], gate: Optional[float] = None, sign: bool = False) -> str:
    """A score with three decimals; with more where three would show a failed one as equal to its gate."""
    if value is None:
        return ""
    decimals = _SCORE_DECIMALS
    while gate is not None and value < gate and round(value, decimals) >= gate and decimals < 6:
        decimals += 1
    return _data(value, f"{value:{'+' if sign else ''}.{decimals}f}")


def gate(value: Optional[float]) -> str:
    """The least value that passes, as it was given."""
    return "" if value is None else _data(value, f"{value:g}")


def plain(value: float, digits: int = _FIGURE_DIGITS) -> str:
    """Three significant digits without an exponent where that is readable: 0.00312, 31.2, 3120."""
    if value == 0.0:
        return "0"
    if not 1e-5 <= abs(value) < 1e7:
        return f"{value:.{digits - 1}e}"
    rounded = float(f"{value:.{digits}g}")
    return f"{rounded:.8f}".rstrip("0").rstrip(".")


def svg_number(value: float, x: float, y: float, anchor: str) -> str:
    """The same in a picture: text at a place, with the JSON's value beside it; whole numbers as they are."""
    shown = str(value) if isinstance(value, int) else plain(value).replace("-", "−")
    told = f'<tspan data-value="{json.dumps(value)}">{shown}</tspan>'
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}">{told}</text>'


def _unit(unit: str) -> str:
    """Degrees and per cent stand close, all others after a space."""
    return "" if not unit else html.escape(unit) if unit == "°" else f"&nbsp;{html.escape(unit)}"


def _data(value: float, shown: str) -> str:
    return f'<data value="{json.dumps(value)}">{shown.replace("-", "−")}</data>'
