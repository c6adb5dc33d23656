# SPDX-License-Identifier: GPL-3.0-or-later
"""The JSON Schema of a shot list, made from the same table that the list is checked by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .settings import LIST, SHOT, Setting

NAME_PATTERN = r"^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,98}[A-Za-z0-9_-])?$"


def json_schema() -> dict[str, Any]:
    """The schema, draft 2020-12."""
    shot = _table(SHOT)
    for setting in SHOT:
        if setting.removable:
            value = shot["properties"][setting.key]
            text = value.pop("description")
            shot["properties"][setting.key] = {"description": text, "anyOf": [{"const": ""}, value]}
    shot["required"] = ["name"]
    shot["properties"]["name"]["pattern"] = NAME_PATTERN
    whole = _table(LIST)
    whole["properties"]["shots"] = {
        "description": "The shots, one table each",
        "type": "array",
        "minItems": 1,
        "items": shot,
    }
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "HoliRep shot list"}
    return {**head, **whole, "required": ["shots"]}


def _table(settings: tuple[Setting, ...]) -> dict[str, Any]:
    properties = {setting.key: _setting(setting) for setting in settings}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _setting(setting: Setting) -> dict[str, Any]:
    text = {"description": setting.text}
    if setting.kind == "table":
        return {**text, **_table(setting.table)}
    if setting.default is not None:
        text |= {"default": setting.default}
    return {**text, **_KINDS[setting.kind](setting)}


def _word(setting: Setting) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "string", "minLength": 1}
    if setting.pattern:
        found["pattern"] = f"^({setting.pattern})$"
    elif setting.ends:
        endings = "|".join("".join(_either_case(letter) for letter in end) for end in setting.ends)
        found["pattern"] = f"({endings})$"
    return found


def _either_case(letter: str) -> str:
    return f"[{letter.lower()}{letter.upper()}]" if letter.isalpha() else f"\\{letter}"


def _bounded(setting: Setting, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = {"type": kind}
    if setting.low is not None:
        found["minimum"] = setting.low
    if setting.high is not None:
        found["maximum"] = setting.high
    return found


def _pair(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item, "minItems": 2, "maxItems": 2}


def _frames(_setting: Setting) -> dict[str, Any]:
    return {"anyOf": [_pair({"type": "integer", "minimum": 0}), {"type": "string", "pattern": r"^\d+-\d+$"}]}


def _choices(setting: Setting) -> dict[str, Any]:
    return {"type": "array", "items": {"enum": list(setting.choices)}, "minItems": 1, "uniqueItems": True}


_KINDS: dict[str, Callable[[Setting], dict[str, Any]]] = {
    "word": _word,
    "path": _word,
    "number": lambda setting: _bounded(setting, "number"),
    "whole": lambda setting: _bounded(setting, "integer"),
    "switch": lambda _setting: {"type": "boolean"},
    "choice": lambda setting: {"enum": list(setting.choices)},
    "choices": _choices,
    "frames": _frames,
    "size": lambda setting: _pair(_bounded(setting, "integer")),
}
