# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from importlib import resources

import pytest

from holirep_blender.motion.biomechanics.limit_table import PRESETS
from holirep_blender.motion.biomechanics.strength import StrengthTable, row_name
from holirep_blender.motion.skeleton import JOINT_NAMES


@pytest.fixture(scope="module")
def stored():
    return json.loads((resources.files("holirep_blender.motion.biomechanics") / "strength.json").read_text("utf-8"))


def test_every_row_says_where_it_comes_from(stored):
    for part in ("moments", "speeds", "returns"):
        assert stored[part]
        for row in stored[part]:
            assert len(row["source"]) > 5, row
    for name in ("reference", "spread", "lengthening", "return_time"):
        assert stored[name]["source"]
    assert all(preset["source"] for preset in stored["presets"].values())


def test_every_row_is_of_a_joint(stored):
    known = {row_name(name) for name in JOINT_NAMES}
    assert {row["joint"] for part in ("moments", "speeds", "returns") for row in stored[part]} <= known
    assert set(stored["presets"]) == set(PRESETS)


def test_what_athletes_reach_lies_below_the_bounds():
    """Peaks of the studies in the research of throws, serves and kicks; deg/s."""
    table = StrengthTable.load()
    for joint, motion, reached in (
        ("rightUpperArm", "rotation", 7_240),
        ("rightLowerArm", "swing", 2_320),
        ("rightHand", "swing", 1_950),
        ("leftLowerLeg", "swing", 1_720),
        ("rightIndexProximal", "swing", 7_800),
    ):
        assert table.speed_bound(joint, motion) >= reached


def test_moments_grow_with_the_body():
    table = StrengthTable.load()
    low, high = table.moment_bounds("leftLowerLeg", "flexion", 75.0, 1.75)
    assert (-low, high) == pytest.approx((210 * 1.5 * 1.4, 112 * 1.5 * 1.4))
    twice = table.moment_bounds("rightLowerLeg", "flexion", 150.0, 1.75)
    assert twice == pytest.approx((2 * low, 2 * high))
    assert table.moment_bounds("leftEye", "flexion", 75.0, 1.75) is None
    assert table.speed_bound("leftEye", "swing") is None


def test_presets_differ_as_people_do():
    knee = {p: -StrengthTable.load(p).moment_bounds("leftLowerLeg", "flexion", 75.0, 1.75)[0] for p in PRESETS}
    assert knee["elderly"] < knee["child"] < knee["average_adult"] < knee["athlete"]


def test_an_unknown_preset_is_told():
    with pytest.raises(ValueError, match="average_adult, athlete, child, elderly"):
        StrengthTable.load("superhero")
