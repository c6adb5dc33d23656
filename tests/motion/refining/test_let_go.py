# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import numpy as np
import pytest

from holirep_blender.motion.biomechanics.report import Violation
from holirep_blender.motion.contacts import Contacts
from holirep_blender.motion.planting import character_take
from holirep_blender.motion.refining.let_go import LetGo, contacts_let_go, frames_of
from holirep_blender.motion.refining.options import RefineOptions
from holirep_blender.motion.refining.report import RefineReport, let_go_words
from holirep_blender.motion.refining.verbs import planted_take
from holirep_blender.motion.retargeting import retarget
from tests.motion.planting.characters import character
from tests.motion.retargeting.clips import mocap_take

NAMES = ("leftHeel", "leftToes", "rightHeel")


def test_what_was_let_go_is_told_with_frames_and_cause():
    asked = np.zeros((20, 3))
    asked[2:12] = 1.0
    held = asked.copy()
    held[4:7, 0], held[10:12, 2] = 0.49, 0.0
    ankle = Violation("limit", "leftFoot", "flexion", 0, 5, 4, 70.0, 50.0, "deg", True)
    other = Violation("limit", "rightUpperArm", "flexion", 0, 19, 4, 170.0, 150.0, "deg", True)
    count, found = contacts_let_go(Contacts(NAMES, asked), Contacts(NAMES, held), [ankle, other], True)
    assert count == 30
    assert found == (
        LetGo("leftHeel", 4, 6, "limit of left ankle dorsiflexion"),
        LetGo("rightHeel", 10, 11, "human limits"),
    )
    assert frames_of(found) == 5
    report = RefineReport(asked=count, let_go=found)
    assert report.let_go_share == pytest.approx(5 / 30)
    assert let_go_words(report) == ["17 % of contact let go (limit of left ankle dorsiflexion)"]
    assert let_go_words(RefineReport(asked=30)) == []
    assert RefineReport().let_go_share == 0.0
    assert (
        contacts_let_go(Contacts(NAMES, asked), Contacts(NAMES, held), [], False)[1][0].cause
        == "out of the leg's reach"
    )


def test_a_lunge_beyond_a_hip_is_told(shared_data):
    take = mocap_take(shared_data, "cmu_martial_04")
    rig, rig_map = character("average")
    made = character_take(retarget(take, rig, rig_map), rig, rig_map, fps=take.fps).take
    _, free = planted_take(made, RefineOptions(limits=0.0, hands=0.0))
    assert free.let_go == ()
    assert free.asked > 500
    _, held = planted_take(made, RefineOptions(overrides={"leftUpperLeg.flexion": (-15.0, 40.0)}, hands=0.0))
    print(f"{100.0 * held.let_go_share:.1f} % let go; {held.sentences}")
    assert 0.0 < held.let_go_share < 0.5
    assert any("of contact let go" in sentence for sentence in held.sentences)
    assert all(0 <= one.first <= one.last < take.frame_count for one in held.let_go)
