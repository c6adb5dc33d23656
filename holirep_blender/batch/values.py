# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a value of a shot list is what its setting asks for; each check says in one sentence what is wrong."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, Optional

from .settings import Setting

Checked = tuple[Any, Optional[str]]
"""The value as the rest of the package has it, and what is wrong with it."""


def check(setting: Setting, value: Any) -> Checked:
    """The value of any setting but a table."""
    return _CHECKS[setting.kind](setting, value)


def _word(setting: Setting, value: Any) -> Checked:
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        return value, f"must be a text that is not empty, not {_shown(value)}"
    if setting.ends and not value.lower().endswith(setting.ends):
        return value, f"must end in {' or '.join(setting.ends)}, not {_shown(value)}"
    if setting.pattern and re.fullmatch(setting.pattern, value) is None:
        return value, f"must be {setting.text}, not {_shown(value)}"
    return value, None


def _number(setting: Setting, value: Any) -> Checked:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return value, f"must be a number, not {_shown(value)}"
    return float(value), _bounds(setting, value)


def _whole(setting: Setting, value: Any) -> Checked:
    if isinstance(value, bool) or not isinstance(value, int):
        return value, f"must be a whole number, not {_shown(value)}"
    return value, _bounds(setting, value)


def _switch(_setting: Setting, value: Any) -> Checked:
    return value, None if isinstance(value, bool) else f"must be true or false, not {_shown(value)}"


def _choice(setting: Setting, value: Any) -> Checked:
    if isinstance(value, str) and value in setting.choices:
        return value, None
    return value, f"must be one of {', '.join(setting.choices)}, not {_shown(value)}"


def _choices(setting: Setting, value: Any) -> Checked:
    if not isinstance(value, list) or not value:
        return value, f"must be a list of some of {', '.join(setting.choices)}, not {_shown(value)}"
    for item in value:
        if item not in setting.choices:
            return value, f"{_shown(item)} is none of {', '.join(setting.choices)}"
    if len(set(value)) < len(value):
        return value, "names something twice"
    return [item for item in setting.choices if item in value], None


def _frames(_setting: Setting, value: Any) -> Checked:
    numbers: Any = value
    if isinstance(value, str):
        found = re.fullmatch(r"(\d+)-(\d+)", value)
        numbers = [int(found[1]), int(found[2])] if found is not None else None
    whole = isinstance(numbers, list) and len(numbers) == 2 and all(type(one) is int for one in numbers)
    if not whole:
        return value, f'must be two frames, such as [101, 250] or "101-250", not {_shown(value)}'
    if numbers[0] < 0:
        return value, f"must not begin before frame 0: {_shown(value)}"
    if numbers[1] < numbers[0]:
        return value, f"ends before it begins: {_shown(value)}"
    return (numbers[0], numbers[1]), None


def _size(setting: Setting, value: Any) -> Checked:
    if not isinstance(value, list) or len(value) != 2 or any(type(one) is not int for one in value):
        return value, f"must be width and height in pixels, such as [960, 540], not {_shown(value)}"
    wrong = next((text for text in (_bounds(setting, one) for one in value) if text), None)
    return (value[0], value[1]), wrong


def _bounds(setting: Setting, value: float) -> Optional[str]:
    if setting.low is not None and value < setting.low:
        return f"must be {setting.low:g} or more, not {value:g}"
    if setting.high is not None and value > setting.high:
        return f"must be {setting.high:g} or less, not {value:g}"
    return None


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


_CHECKS: dict[str, Callable[[Setting, Any], Checked]] = {
    "word": _word,
    "path": _word,
    "number": _number,
    "whole": _whole,
    "switch": _switch,
    "choice": _choice,
    "choices": _choices,
    "frames": _frames,
    "size": _size,
}
