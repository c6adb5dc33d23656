# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes YAML that people can read: Blender's Python has no YAML, and a farm's templates need few of its forms."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any


def yaml_text(value: Any) -> str:
    """Dictionaries, lists, strings, numbers and booleans as YAML 1.2, in their order; strings are in double quotes.

    A string in JSON's quotes is the same string in YAML's. A list of plain values that fits a line is written in one.
    """
    return "\n".join(_lines(value)) + "\n"


def _lines(value: Any) -> Iterator[str]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _entry(f"{key}:", item)
    elif isinstance(value, list) and value:
        for item in value:
            first, *rest = _lines(item)
            yield f"- {first}"
            yield from (f"  {line}" for line in rest)
    else:
        yield _scalar(value)


def _entry(head: str, item: Any) -> Iterator[str]:
    if not isinstance(item, (dict, list)) or not item:
        yield f"{head} {_scalar(item)}"
        return
    if isinstance(item, list) and not any(isinstance(one, (dict, list)) for one in item):
        line = f"{head} [{', '.join(map(_scalar, item))}]"
        if len(line) <= 100:
            yield line
            return
    yield head
    yield from (f"  {line}" for line in _lines(item))


def _scalar(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
