# SPDX-License-Identifier: GPL-3.0-or-later
"""How strong and how fast human joints are: the tables of ``strength.json``, scaled to a body."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Optional

from ..skeleton import FINGERS
from .ground_reaction import GRAVITY
from .limit_table import PRESETS

_FILE = Path(__file__).with_name("strength.json")


@lru_cache(maxsize=1)
def _stored() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return loaded


@dataclass(frozen=True)
class MomentRow:
    """Greatest moments of a joint about one axis, as shares of weight times stature (both positive)."""

    joint: str
    motion: str
    to_negative: float
    to_positive: float
    source: str


@dataclass(frozen=True)
class SpeedRow:
    """Greatest angular speed of a joint in deg/s; ``motion``: "swing" of its length, "rotation" about it, "" either."""

    joint: str
    motion: str
    peak: float
    source: str


def row_name(joint: str) -> str:
    """The name under which a VRM joint is in the tables: without its side; all finger joints are ``Fingers``."""
    name = joint[4:] if joint.startswith("left") else joint[5:] if joint.startswith("right") else joint
    return "Fingers" if name.startswith(FINGERS) else name


@dataclass(frozen=True)
class StrengthTable:
    """The bounds of a preset. What true athletes reach lies below them.

    Attributes
    ----------
    moments : rows already scaled by the preset, the spread of people and the strength of lengthening muscles.
    speeds, returns : rows scaled by the preset; ``returns`` bound the speed of going out and back within
        ``return_time`` seconds.
    """

    preset: str
    moments: tuple[MomentRow, ...]
    speeds: tuple[SpeedRow, ...]
    returns: tuple[SpeedRow, ...]
    return_time: float

    @classmethod
    def load(cls, preset: str = "average_adult") -> StrengthTable:
        """The table of one of ``limit_table.PRESETS``. Raises ValueError for another."""
        if preset not in PRESETS:
            raise ValueError(f"There is no preset of strength called {preset!r}. Choose one of {', '.join(PRESETS)}.")
        return _loaded(preset)

    def moment_bounds(self, joint: str, motion: str, mass_kg: float, stature: float) -> Optional[tuple[float, float]]:
        """Lowest (negative) and highest moment in N m of a VRM joint's motion; None where the table has no row."""
        name = row_name(joint)
        scale = mass_kg * abs(float(GRAVITY[2])) * stature
        for row in self.moments:
            if row.joint == name and row.motion == motion:
                return -row.to_negative * scale, row.to_positive * scale
        return None

    def speed_bound(self, joint: str, motion: str) -> Optional[float]:
        """Peak speed in deg/s of a VRM joint: ``motion`` is "swing", "rotation", or "return"; None without a row."""
        name = row_name(joint)
        rows = self.returns if motion == "return" else self.speeds
        for row in rows:
            if row.joint == name and (row.motion in ("", motion)):
                return row.peak
        return None


@lru_cache(maxsize=len(PRESETS))
def _loaded(preset: str) -> StrengthTable:
    stored = _stored()
    scales, reference = stored["presets"][preset], stored["reference"]
    weight = reference["mass_kg"] * abs(float(GRAVITY[2])) * reference["stature_m"]
    factor = scales["moment"] * stored["spread"]["factor"] * stored["lengthening"]["factor"] / weight
    moments = tuple(
        MomentRow(
            str(row["joint"]),
            str(row["motion"]),
            row["to_negative"] * factor,
            row["to_positive"] * factor,
            str(row["source"]),
        )
        for row in stored["moments"]
    )
    speeds = tuple(
        SpeedRow(str(row["joint"]), str(row["motion"]), row["peak"] * scales["speed"], str(row["source"]))
        for row in stored["speeds"]
    )
    returns = tuple(
        SpeedRow(str(row["joint"]), "", row["peak"] * scales["speed"], str(row["source"])) for row in stored["returns"]
    )
    return StrengthTable(preset, moments, speeds, returns, float(stored["return_time"]["seconds"]))
