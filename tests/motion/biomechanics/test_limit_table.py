# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from holirep_blender.motion.biomechanics.limit_table import PRESETS, LimitTable, preset_label, preset_source
from holirep_blender.motion.skeleton import JOINT_NAMES

_ALONE = {"hips", "leftEye", "rightEye", "jaw"}


@pytest.mark.parametrize("preset", PRESETS)
def test_every_joint_has_sourced_limits_around_the_t_pose(preset: str) -> None:
    table = LimitTable.load(preset)
    assert preset_label(preset)
    assert preset_source(preset)
    for joint in JOINT_NAMES:
        expected = () if joint in _ALONE else ("flexion", "abduction", "rotation")
        assert table.motions(joint) == expected
        for motion in expected:
            (soft_low, soft_high), (low, high) = table.soft(joint, motion), table.hard(joint, motion)
            assert low < soft_low < 0.0 < soft_high < high, (joint, motion)
            assert len(table.row(joint, motion).source) > 10


def test_sides_share_rows() -> None:
    table = LimitTable.load()
    for row in table.rows:
        if row.joint.startswith("left"):
            other = table.row("right" + row.joint[4:], row.motion)
            assert (other.soft, other.hard, other.source) == (row.soft, row.hard, row.source)


def test_presets_differ_as_bodies_do() -> None:
    adult, athlete, child, elderly = (LimitTable.load(preset) for preset in PRESETS)
    for joint, motion in (("leftUpperLeg", "flexion"), ("neck", "rotation"), ("leftFoot", "flexion")):
        reach = [table.hard(joint, motion)[1] for table in (elderly, adult, child, athlete)]
        assert reach == sorted(reach)
        assert reach[0] < reach[-1]


def test_own_limits_replace_a_row_and_its_couplings() -> None:
    table = LimitTable.load("average_adult", {"leftUpperArm.rotation": (-30.0, 20.0)})
    assert table.hard("leftUpperArm", "rotation") == (-30.0, 20.0)
    low, high = table.soft("leftUpperArm", "rotation")
    assert -30.0 < low < high < 20.0
    assert table.hard("rightUpperArm", "rotation") == LimitTable.load().hard("rightUpperArm", "rotation")
    coupled = {(coupling.joint, coupling.motion) for coupling in table.couplings}
    assert ("leftUpperArm", "rotation") not in coupled
    assert ("rightUpperArm", "rotation") in coupled


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"leftKnee.flexion": (0.0, 90.0)}, "leftLowerLeg.flexion"),
        ({"leftLowerLeg.bend": (0.0, 90.0)}, "flexion, abduction, rotation"),
        ({"leftLowerLeg": (0.0, 90.0)}, "flexion, abduction, rotation"),
        ({"leftLowerLeg.flexion": (90.0, 0.0)}, "low limit 90"),
        ({"leftLowerLeg.flexion": (0.0, 200.0)}, "180"),
        ({"leftLowerLeg.flexion": (float("nan"), 20.0)}, "low"),
    ],
)
def test_wrong_own_limits_are_named(overrides: dict[str, tuple[float, float]], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        LimitTable.load("average_adult", overrides)


def test_an_unknown_preset_is_named_with_the_choices() -> None:
    with pytest.raises(ValueError, match=r"'giant'.*athlete"):
        LimitTable.load("giant")
