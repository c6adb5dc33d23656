# SPDX-License-Identifier: GPL-3.0-or-later
"""How far human joints turn: the table of ``limits.json``, its presets, and the user's own numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Optional

from ..skeleton import JOINT_INDEX, JOINT_NAMES

Range = tuple[float, float]

PRESETS: tuple[str, ...] = ("average_adult", "athlete", "child", "elderly")
"""Names of the presets; ``preset_label`` says how they are called."""
_FILE = Path(__file__).with_name("limits.json")


@lru_cache(maxsize=1)
def _stored() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return loaded


def motion_words(joint: str, motion: str) -> Optional[str]:
    """What the table calls a joint's motion, without its side: "knee flexion"; None where there is no such row."""
    return _motion_words().get((joint, motion))


@lru_cache(maxsize=1)
def _motion_words() -> dict[tuple[str, str], str]:
    return {(joint, row["motion"]): row["label"] for row in _stored()["rows"] for joint in sided(row["joint"])}


@dataclass(frozen=True)
class LimitRow:
    """How far one joint turns in one motion, degrees in the sense of ``joint_angles``.

    Within ``soft`` nothing is ever changed; what peaks beyond ``hard`` is brought back to it between the two.
    """

    joint: str
    motion: str
    label: str
    soft: Range
    hard: Range
    source: str


@dataclass(frozen=True)
class Coupling:
    """A bound that depends on another angle of the same frame.

    ``ends`` names the bounds it acts on: "low", "high" or "both". As the driver goes from ``start`` to ``end`` degrees
    they are smoothly multiplied by up to ``factor`` and then moved by up to ``shift`` degrees.
    """

    joint: str
    motion: str
    ends: str
    driver_joint: str
    driver_motion: str
    start: float
    end: float
    factor: float
    shift: float
    source: str


def preset_label(preset: str) -> str:
    """How a preset is called in the interface."""
    return str(_stored()["presets"][_known(preset)]["label"])


def preset_source(preset: str) -> str:
    """Where a preset's numbers come from."""
    return str(_stored()["presets"][_known(preset)]["source"])


def _known(preset: str) -> str:
    if preset not in PRESETS:
        raise ValueError(f"There is no preset of human limits called {preset!r}. Choose one of {', '.join(PRESETS)}.")
    return preset


def sided(name: str) -> tuple[str, ...]:
    """The VRM joints that a row of the table stands for: both sides of a limb, or the joint itself."""
    return (name,) if name in JOINT_INDEX else (f"left{name}", f"right{name}")


@dataclass(frozen=True)
class LimitTable:
    """The limits in force: a row for each VRM joint and motion, and the couplings between them."""

    preset: str
    rows: tuple[LimitRow, ...]
    couplings: tuple[Coupling, ...]
    overridden: frozenset[tuple[str, str]] = frozenset()
    _index: Mapping[tuple[str, str], LimitRow] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_index", {(row.joint, row.motion): row for row in self.rows})

    @classmethod
    def load(cls, preset: str = "average_adult", overrides: Optional[Mapping[str, Range]] = None) -> LimitTable:
        """The table of a preset with the user's own limits in it.

        Parameters
        ----------
        preset : one of ``PRESETS``.
        overrides : ``"leftLowerLeg.flexion"`` to hard (low, high) in degrees; the soft limits follow.

        Raises ValueError, in the user's words, where the preset or a joint's motion is unknown or low is above high.
        """
        stored = _stored()
        _known(preset)
        rows = {}
        for entry in stored["rows"]:
            numbers = dict(entry, **entry.get("presets", {}).get(preset, {}))
            soft, hard = _range(numbers["soft"]), _range(numbers["hard"])
            for joint in sided(entry["joint"]):
                row = LimitRow(joint, entry["motion"], entry["label"], soft, hard, numbers["source"])
                rows[joint, row.motion] = row
        for key, given in (overrides or {}).items():
            joint, _, motion = key.partition(".")
            if (joint, motion) not in rows:
                raise ValueError(_unknown(key, joint, rows))
            rows[joint, motion] = _overridden(rows[joint, motion], given)
        own = frozenset((key.partition(".")[0], key.partition(".")[2]) for key in overrides or {})
        # what the user writes holds as it is written
        couplings = [row for row in _couplings(stored, preset) if (row.joint, row.motion) not in own]
        return cls(preset, tuple(sorted(rows.values(), key=_order)), tuple(couplings), own)

    def row(self, joint: str, motion: str) -> LimitRow:
        """The row of a joint's motion. Raises KeyError where there is none."""
        return self._index[joint, motion]

    def hard(self, joint: str, motion: str) -> Range:
        """Hard limits (low, high) in degrees. Raises KeyError where the joint has no such motion."""
        return self.row(joint, motion).hard

    def soft(self, joint: str, motion: str) -> Range:
        """Soft limits (low, high) in degrees. Raises KeyError where the joint has no such motion."""
        return self.row(joint, motion).soft

    def motions(self, joint: str) -> tuple[str, ...]:
        """The motions of a joint that have limits; empty for joints that are left alone (hips, eyes, jaw)."""
        return tuple(row.motion for row in self.rows if row.joint == joint)


def _order(row: LimitRow) -> tuple[int, int]:
    return JOINT_NAMES.index(row.joint), ("flexion", "abduction", "rotation").index(row.motion)


def _range(numbers: Any) -> Range:
    low, high = numbers
    return float(low), float(high)


def _unknown(key: str, joint: str, rows: Mapping[tuple[str, str], LimitRow]) -> str:
    motions = [motion for name, motion in rows if name == joint]
    if motions:
        return f"Human limits: {joint} has no motion {key.partition('.')[2]!r}. Its motions are {', '.join(motions)}."
    return (
        f"Human limits: there is no limit called {key!r}. "
        "Write a VRM joint name and a motion, such as leftLowerLeg.flexion."
    )


def _overridden(row: LimitRow, given: Range) -> LimitRow:
    try:
        low, high = _range(given)
    except (TypeError, ValueError):
        raise ValueError(f"Human limits: {row.joint}.{row.motion} needs two numbers, low and high.") from None
    name = f"{row.joint}.{row.motion}"
    if not low <= high:
        raise ValueError(f"Human limits: {name} has the low limit {low:g}° above the high limit {high:g}°. Swap them.")
    if not (low >= -180.0 and high <= 180.0):
        raise ValueError(f"Human limits: {name} must lie within -180° and 180°, not {low:g}° and {high:g}°.")
    width = row.hard[1] - row.hard[0]
    shares = (row.soft[0] - row.hard[0]) / width, (row.hard[1] - row.soft[1]) / width
    soft = (low + shares[0] * (high - low), high - shares[1] * (high - low))
    return LimitRow(row.joint, row.motion, row.label, soft, (low, high), "the user's own limit")


def _couplings(stored: Mapping[str, Any], preset: str) -> list[Coupling]:
    found = []
    for entry in stored["couplings"]:
        if preset not in entry.get("presets", PRESETS):
            continue
        for joint, driver in zip(sided(entry["joint"]), sided(entry["driver"][0])):
            start, end = _range(entry["over"])
            found.append(
                Coupling(
                    joint, entry["motion"], entry["ends"], driver, entry["driver"][1], start, end,
                    float(entry["factor"]), float(entry["shift"]), entry["source"],
                )
            )  # fmt: skip
    return found
