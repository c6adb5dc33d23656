# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import numpy as np
import pytest

from holirep_blender.motion.biomechanics.report import Violation, joined, spans, violations_over


def _violation(**changes: object) -> Violation:
    given_ones = {
        "kind": "limit", "joint": "leftLowerLeg", "motion": "flexion", "first_frame": 0, "last_frame": 3,
        "worst_frame": 1, "value": 163.2, "bound": 160.0, "unit": "deg", "altered": True,
    }  # fmt: skip
    return Violation(**{**given_ones, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "Left knee flexion 163° (limit 160°)"),
        ({"value": 160.4}, "Left knee flexion 160.40° (limit 160.00°)"),
        ({"joint": "rightIndexProximal", "motion": "abduction"}, "Right index finger spread 163° (limit 160°)"),
        ({"joint": "upperChest", "value": -30.0, "bound": -20.0}, "Upper back flexion -30° (limit -20°)"),
        (
            {"kind": "speed", "joint": "leftHand", "motion": "", "value": 2500.0, "bound": 1500.0, "unit": "deg/s"},
            "Left wrist speed 2500 °/s (limit 1500 °/s)",
        ),
        (
            {"kind": "floor", "joint": "leftToes", "motion": "", "value": 0.0312, "bound": 0.0, "unit": "m"},
            "Left toes 31 mm under the floor (limit 0 mm)",
        ),
        (
            {"kind": "balance", "joint": "", "motion": "", "value": 0.061, "bound": 0.04, "unit": "m"},
            "Whole body 61 mm out of balance (limit 40 mm)",
        ),
        (
            {"kind": "slide", "joint": "leftToes", "motion": "", "value": 0.0069, "bound": 0.002, "unit": "m/frame"},
            "Left toes sliding 6.9 mm a frame (limit 2.0 mm a frame)",
        ),
        (
            {"kind": "reach", "joint": "leftFoot", "motion": "", "value": 0.026, "bound": 0.002, "unit": "m"},
            "Left ankle 26 mm off its place (limit 2 mm)",
        ),
        ({"joint": "leftLowerArm", "motion": "rotation"}, "Left forearm pronation 163° (limit 160°)"),
    ],
)
def test_sentences_are_for_artists(changes: dict[str, object], words: str) -> None:
    assert _violation(**changes).sentence() == words


def test_stretches_are_found_and_joined() -> None:
    found = spans([1, 1, 0, 0, 1, 0, 0, 0, 0, 1])
    assert found == [(0, 1), (4, 4), (9, 9)]
    assert joined(found, gap=2) == [(0, 4), (9, 9)]
    assert spans([]) == []


def test_each_stretch_has_its_own_worst_frame() -> None:
    values = np.array([0.0, 2.0, 5.0, 0.0, 3.0] + [0.0] * 10 + [-4.0, 7.0])
    given_ones = {"kind": "limit", "joint": "head", "motion": "flexion", "unit": "deg", "altered": False, "gap": 5}
    high = violations_over(values, np.ones_like(values), 0.0, **given_ones)
    assert [(row.first_frame, row.last_frame, row.worst_frame, row.value) for row in high] == [
        (1, 4, 2, 5.0),
        (16, 16, 16, 7.0),
    ]
    low = violations_over(values, -np.ones_like(values), 0.0, lower=True, **given_ones)
    assert [(row.first_frame, row.value, row.bound) for row in low] == [(15, -4.0, -1.0)]
