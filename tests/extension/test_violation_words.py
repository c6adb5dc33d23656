# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of the list of violations: short enough for the sidebar, and none reads as another."""

from __future__ import annotations

from holirep_blender.motion.biomechanics.limit_table import LimitTable
from holirep_blender.motion.biomechanics.report import Violation
from holirep_blender.panels.violation_words import short_words


def row(kind: str, joint: str, motion: str, value: float, unit: str) -> tuple[str, str]:
    return short_words(Violation(kind, joint, motion, 1, 9, 4, value, 1.0, unit, False).sentence(), kind)


def test_rows_fit_and_differ():
    limits = [row("limit", each.joint, each.motion, -15.2, "deg") for each in LimitTable.load().rows]
    assert len(limits) > 100
    assert len(set(limits)) == len(limits)
    assert max(len(words) for words, _ in limits) <= 22
    assert {value for _, value in limits} == {"-15°"}
    assert ("L little 2 sideways", "-15°") in limits
    assert row("balance", "", "", 0.042, "m") == ("Body out of balance", "42 mm")
    assert row("speed", "rightUpperArm", "to-and-fro", 933.0, "deg/s") == ("R shoulder to-and-fro", "933 °/s")
    assert row("moment", "leftUpperLeg", "adduction", 279.0, "N m") == ("L hip adduction", "279 N m")
    assert row("slide", "leftFoot", "", 0.011, "m/frame") == ("L ankle sliding", "11.0 mm/fr.")
    assert row("floor", "leftToes", "", 0.022, "m") == ("L toes under the floor", "22 mm")
