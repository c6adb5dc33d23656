# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of known rig families, read from the JSON files beside this module.

A table names, for each joint, the bones that may carry it, the best first. ``{side}`` in a joint and ``{s}`` in a bone
stand for the two sides. ``extends`` takes over another table but for what it refuses. ``requires`` lists bones without
which a rig is not of the family, ``refuses`` bones with which it is not, ``marks`` bones that speak for it (all three
with ``=`` in front: exactly so written). ``prefixes`` are regular expressions for what may stand before every name,
``follows`` joints that follow another joint by constraints, ``settings`` custom properties to set when a take is
applied.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Mapping

from ..skeleton import FINGERS, SIDES, finger_joints

FOLDER = Path(__file__).with_name("families")


@dataclass(frozen=True)
class Setting:
    """A custom property to set when applying: the first of `properties` that the bone has."""

    bone: str
    properties: tuple[str, ...]
    value: float


@dataclass(frozen=True)
class FamilyTable:
    """One rig family; see the module's text for the meaning of the fields."""

    key: str
    family: str
    joints: Mapping[str, tuple[str, ...]]
    prefix: re.Pattern[str] | None
    requires: tuple[str, ...]
    refuses: tuple[str, ...]
    marks: tuple[str, ...]
    follows: Mapping[str, str]
    settings: tuple[Setting, ...]

    def without_prefix(self, name: str) -> str:
        """A bone's name without the family's own prefix."""
        match = self.prefix.match(name) if self.prefix else None
        return name[match.end() :] if match and match.end() < len(name) else name


@lru_cache(maxsize=1)
def family_tables() -> tuple[FamilyTable, ...]:
    """All tables, in the order of their file names."""
    return tuple(_read(path.stem) for path in sorted(FOLDER.glob("*.json")))


def _load(key: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((FOLDER / f"{key}.json").read_text(encoding="utf-8"))
    if "extends" not in data:
        return data
    merged = _load(data["extends"])
    joints = {**merged.get("joints", {}), **data.get("joints", {})}
    required = [*merged.get("requires", ()), *data.get("requires", ())]
    marks = [*merged.get("marks", ()), *data.get("marks", ())]
    return {**merged, "refuses": [], **data, "joints": joints, "requires": required, "marks": marks}


def _read(key: str) -> FamilyTable:
    data = _load(key)
    joints: dict[str, list[str]] = {}
    follows: dict[str, str] = {}
    settings: list[Setting] = []
    for side, mark in zip(SIDES, data["sides"]):
        for joint, bones in data["joints"].items():
            joints.setdefault(_sided(joint, side, mark), []).extend(
                bone for bone in (_sided(bone, side, mark) for bone in bones)
                if bone not in joints.get(_sided(joint, side, mark), ())
            )  # fmt: skip
        for fingers in data.get("fingers", ()):
            _add_fingers(joints, fingers, side, mark)
        for joint, parent in data.get("follows", {}).items():
            follows[_sided(joint, side, mark)] = _sided(parent, side, mark)
        for row in data.get("settings", ()):
            setting = Setting(_sided(row["bone"], side, mark), tuple(row["properties"]), float(row["value"]))
            if setting not in settings:
                settings.append(setting)
    prefixes = data.get("prefixes")
    return FamilyTable(
        key=key,
        family=data["family"],
        joints={joint: tuple(bones) for joint, bones in joints.items()},
        prefix=re.compile("|".join(prefixes), re.IGNORECASE) if prefixes else None,
        requires=tuple(data.get("requires", ())),
        refuses=tuple(data.get("refuses", ())),
        marks=tuple(data.get("marks", ())),
        follows=follows,
        settings=tuple(settings),
    )


def _sided(text: str, side: str, mark: str) -> str:
    return text.replace("{side}", side).replace("{s}", mark)


def _add_fingers(joints: dict[str, list[str]], fingers: Mapping[str, Any], side: str, mark: str) -> None:
    for finger, name in zip(FINGERS, fingers["names"]):
        numbers = fingers["numbers"]
        if finger == "Thumb":
            numbers = fingers.get("thumb_numbers", numbers)
        for joint, number in zip(finger_joints(side, finger), numbers):
            bone = fingers["pattern"].replace("{finger}", name).replace("{n}", number)
            joints.setdefault(joint, []).append(_sided(bone, side, mark))
