# SPDX-License-Identifier: GPL-3.0-or-later
"""A shot as text at the end of a TOML list, so that the rest of the list stays as somebody wrote it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .whole_files import write_whole


def shot_text(values: Mapping[str, Any]) -> str:
    """The text of one ``[[shots]]``; tables among the values come last."""
    plain = {key: value for key, value in values.items() if not isinstance(value, Mapping)}
    lines = ["[[shots]]", *(f"{key} = {_value(value)}" for key, value in plain.items())]
    for key, table in values.items():
        if isinstance(table, Mapping) and table:
            lines += [f"[shots.{key}]", *(f"{name} = {_value(value)}" for name, value in table.items())]
    return "\n".join(lines) + "\n"


def add_shot(path: Path, values: Mapping[str, Any]) -> None:
    """Puts a shot at the end of a list, which is begun where there is none. Raises OSError."""
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    gap = "\n" if before and not before.endswith("\n\n") else ""
    if before and not before.endswith("\n"):
        gap = "\n\n"
    write_whole(path, f"{before}{gap}{shot_text(values)}")


def _value(value: Any) -> str:
    """A value in TOML. Its strings are JSON's but for one character, which JSON leaves as it is."""
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_value(one) for one in value)}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)
