# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a take is weak, by part of the body."""

from __future__ import annotations

import numpy as np
import pytest

from holirep_blender.motion.arkit import ARKIT_INDEX, ARKIT_NAMES
from holirep_blender.motion.confidence import PARTS, never_seen, part_confidence, part_of, weak_spans
from holirep_blender.motion.skeleton import JOINT_INDEX, JOINT_NAMES, t_pose_offsets
from holirep_blender.motion.take import Take


@pytest.fixture
def take():
    count = 60
    made = Take(
        fps=30.0, frame_start=1, local_rotations=np.tile([1.0, 0.0, 0.0, 0.0], (count, len(JOINT_NAMES), 1)),
        root_translation=np.zeros((count, 3)), rest_offsets=t_pose_offsets(1.7),
    )  # fmt: skip
    made.blendshape_confidence = np.ones((count, len(ARKIT_NAMES)))
    made.blendshape_confidence[:, ARKIT_INDEX["tongueOut"]] = 0.0
    return made


def test_every_joint_belongs_to_a_part():
    assert {part_of(name) for name in JOINT_NAMES} == set(PARTS)
    assert part_of("leftThumbMetacarpal") == "leftHand"
    assert part_of("rightFoot") == "rightLeg"
    assert part_of("head") == "body"


def test_a_take_that_was_seen_well_has_no_weak_range(take):
    assert weak_spans(take) == []
    assert never_seen(take) == ("tongueOut",)
    assert set(part_confidence(take)) == set(PARTS)


def test_ranges_are_found_joined_and_moments_left_out(take):
    fingers = [JOINT_INDEX[name] for name in JOINT_NAMES if part_of(name) == "leftHand"]
    for rows in (slice(10, 20), slice(23, 30), slice(50, 51)):
        take.joint_confidence[rows, fingers] = 0.1
    (span,) = weak_spans(take)
    assert (span.part, span.first, span.last) == ("leftHand", 10, 29)
    assert span.confidence == pytest.approx(0.1 * 17 / 20 + 3 / 20)


def test_a_channel_that_is_never_seen_does_not_make_the_face_weak_but_a_hidden_face_does(take):
    take.blendshape_confidence[30:] = 0.0
    (span,) = weak_spans(take)
    assert (span.part, span.first, span.last, span.confidence) == ("face", 30, 59, 0.0)
    take.blendshape_confidence[:] = 0.0
    assert [(each.first, each.last) for each in weak_spans(take)] == [(0, 59)]
    assert never_seen(take) == ()
