# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holirep_blender.motion.contacts import (
    CONTACT_POINTS,
    ContactEdit,
    Contacts,
    Floor,
    contact_points,
    edited,
    estimate_floor,
)
from holirep_blender.motion.skeleton import JOINT_INDEX, t_pose_offsets
from tests.motion.contacts.postures import hopping, posed, standing, turn
from tests.motion.retargeting.clips import mocap_take

numbers = st.floats(-5.0, 5.0)


@pytest.mark.parametrize("height", [1.0, 1.7, 2.1])
def test_soles_of_the_rest_pose_lie_on_its_floor(height):
    offsets = t_pose_offsets(height)
    take = replace(standing(3), rest_offsets=offsets, root_translation=np.tile([0.0, 0.0, offsets[0, 2]], (3, 1)))
    points = contact_points(take)
    assert points.names == CONTACT_POINTS
    places = points.world(take)[0]
    np.testing.assert_allclose(places[:4, 2], 0.0, atol=1e-9)
    row = points.index
    ankle = take.world_positions()[0, JOINT_INDEX["leftFoot"]]
    # the performer faces -Y: the heel is behind its ankle, the ball before it
    assert places[row("leftHeel"), 1] > ankle[1] + 0.02 * height
    assert places[row("leftToes"), 1] < ankle[1] - 0.05 * height
    assert places[row("leftHeel"), 0] > 0.0 > places[row("rightHeel"), 0]
    assert places[row("hips"), 2] < take.world_positions()[0, JOINT_INDEX["leftUpperLeg"], 2]
    assert places[row("leftKnee"), 1] < take.world_positions()[0, JOINT_INDEX["leftLowerLeg"], 1]


def test_a_rest_pose_in_which_nobody_stands_takes_the_soles_from_the_motion(shared_data):
    # the rest pose of these clips is their first frame, a stride
    take = mocap_take(shared_data, "cmu_002_01")
    points, floor = contact_points(take), estimate_floor(take)
    heights = floor.height_of(points.world(take)[:, :4])
    for row in range(4):
        lowest = np.percentile(heights[:, row], 10.0)
        assert abs(lowest) < 0.03, points.names[row]
    # where the root is does not matter
    moved = replace(
        take, root_translation=take.root_translation + np.random.default_rng(1).normal(size=(take.frame_count, 1))
    )
    np.testing.assert_allclose(contact_points(moved).offsets, points.offsets, atol=1e-9)


@given(st.tuples(numbers, numbers, numbers), st.tuples(numbers, numbers, numbers))
@settings(max_examples=50, deadline=None)
def test_heights_over_any_plane(point, normal):
    if np.linalg.norm(normal) < 1e-3:
        return
    floor = Floor(point, normal)
    axes = floor.axes()
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-9)
    np.testing.assert_allclose(axes[2], floor.up, atol=1e-12)
    assert np.linalg.det(axes) == pytest.approx(1.0)
    assert floor.height_of(np.array(point) + 0.7 * floor.up + 3.0 * axes[0]) == pytest.approx(0.7, abs=1e-9)


def test_a_level_floor_has_the_worlds_axes():
    np.testing.assert_array_equal(Floor().axes(), np.eye(3))


@pytest.mark.parametrize("height", [-0.4, 0.0, 0.25])
def test_the_floor_is_where_feet_stand_most(height):
    take, _ = hopping()
    raised = replace(take, root_translation=take.root_translation + [0.0, 0.0, height])
    assert estimate_floor(raised).point[2] == pytest.approx(height, abs=0.01)
    # a third of the time on a box
    root = raised.root_translation.copy()
    root[:30, 2] += 0.4
    assert estimate_floor(replace(raised, root_translation=root)).point[2] == pytest.approx(height, abs=0.01)


def test_a_handstand_is_on_the_floor_under_the_hands():
    take = posed(30, {"hips": turn([1, 0, 0], 180.0), "leftUpperArm": turn([0, 1, 0], -90.0)})
    lowest = take.world_positions()[..., 2].min()
    assert estimate_floor(take).point[2] == pytest.approx(lowest, abs=1e-6)


def test_floors_of_clips_differ_and_are_found(shared_data):
    for name in ("cmu_salsa_03", "cmu_martial_04", "cmu_002_08"):
        take = mocap_take(shared_data, name)
        lowest = contact_points(take).world(take)[:, :4, 2].min(axis=1)
        # mostly on it, seldom far under it
        found = estimate_floor(take).point[2]
        assert np.percentile(lowest, 1.0) - 0.01 < found < np.percentile(lowest, 75.0)


def test_edits_win_in_their_order_and_make_columns():
    contacts = Contacts(("leftHeel",), np.full((10, 1), 0.8))
    changed = edited(
        contacts,
        [
            ContactEdit("leftHeel", 2, 5, False),
            ContactEdit("leftHeel", 5, 5, True),
            ContactEdit("rightHand", 8, 40, True),
            ContactEdit("leftHeel", -5, 0, False),
        ],
    )
    assert changed.names == ("leftHeel", "rightHand")
    assert changed.touching("leftHeel").tolist() == [False, True, False, False, False, True, True, True, True, True]
    assert changed.spans("rightHand") == [(8, 10)]
    assert contacts.touching("leftHeel").all()
    with pytest.raises(ValueError, match="no contact point 'nose'"):
        ContactEdit("nose", 0, 1, True)
    with pytest.raises(ValueError, match="ends before it begins"):
        ContactEdit("hips", 3, 1, True)


def test_contacts_check_themselves():
    with pytest.raises(ValueError, match="shape"):
        Contacts(("leftHeel",), np.zeros((3, 2)))
    with pytest.raises(ValueError, match="not numbers"):
        Contacts(("leftHeel",), np.full((3, 1), np.nan))
    assert Contacts.none(4).spans("leftHeel") == []
    assert not Contacts.none(4, ("leftHeel",)).any()


def test_extra_joints_are_only_carried():
    take = posed(3, {})
    more = replace(
        take,
        joint_names=(*take.joint_names, "tail.001"),
        parents=(*take.parents, 0),
        local_rotations=np.concatenate([take.local_rotations, take.local_rotations[:, :1]], axis=1),
        rest_offsets=np.concatenate([take.rest_offsets, [[0.0, 0.2, -0.5]]]),
        joint_confidence=np.ones((3, 56)),
    )
    np.testing.assert_array_equal(contact_points(more).offsets, contact_points(take).offsets)
