# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import numpy as np
import pytest

from holirep_blender.motion import rotations
from holirep_blender.motion.biomechanics.balance import MARGIN, centre_of_mass, static_balance
from holirep_blender.motion.contacts.detect import detect_contacts
from holirep_blender.motion.contacts.floor import Floor, estimate_floor
from holirep_blender.motion.contacts.record import Contacts
from holirep_blender.motion.take import CONTACT_NAMES
from tests.motion.biomechanics.bodies import on_both_feet, standing, turned, without
from tests.motion.retargeting.clips import mocap_take


def leaning(degrees, frames=31, axis=(1.0, 0.0, 0.0)):
    """The whole body stiff like a board, leaning about its feet."""
    take = standing(frames)
    lean = rotations.from_axis_angle(list(axis), np.radians(degrees))
    turned(take, "hips", np.tile(lean, (frames, 1)))
    take.root_translation[:] = rotations.rotate(lean, take.rest_offsets[0])
    return take


def test_standing_is_standing():
    assert static_balance(standing(), on_both_feet(31), Floor()) == []


@pytest.mark.parametrize(
    ("degrees", "axis"), [(25.0, (1.0, 0.0, 0.0)), (-20.0, (1.0, 0.0, 0.0)), (25.0, (0.0, 1.0, 0.0))]
)
def test_nobody_stands_so(degrees, axis):
    take = leaning(degrees, axis=axis)
    (found,) = static_balance(take, on_both_feet(31), Floor())
    assert (found.kind, found.joint, found.first_frame, found.last_frame) == ("balance", "", 0, 30)
    assert found.value > found.bound == pytest.approx(MARGIN, rel=0.05)
    assert "limit" in found.sentence()


def test_a_slight_lean_is_within_the_feet():
    assert static_balance(leaning(4.0), on_both_feet(31), Floor()) == []


def test_the_distance_is_from_the_soles_edge():
    """Leaning back by a known angle: the centre of mass lies behind the heels by what trigonometry says."""
    take = leaning(-20.0)
    (found,) = static_balance(take, on_both_feet(31), Floor())
    behind = centre_of_mass(take)[0, 1]
    heels = take.world_positions()[0, take.joint_names.index("leftFoot"), 1]
    assert found.value == pytest.approx(behind - heels, abs=0.12)
    further = static_balance(leaning(-24.0), on_both_feet(31), Floor())[0]
    assert further.value > found.value + 0.03


def test_on_one_foot_the_body_must_be_over_it():
    one = Contacts(CONTACT_NAMES, np.tile([1.0, 1.0, 0.0, 0.0], (31, 1)))
    away = leaning(-4.0, axis=(0.0, 1.0, 0.0))
    (found,) = static_balance(away, one, Floor())
    foot = away.world_positions()[0, away.joint_names.index("leftFoot"), 0]
    assert found.value == pytest.approx(foot - centre_of_mass(away)[0, 0] - 0.028 * 1.65, abs=0.01)
    over = leaning(5.5, axis=(0.0, 1.0, 0.0))
    assert static_balance(over, one, Floor()) == []


def test_a_foot_that_may_touch_is_given_the_benefit_of_the_doubt():
    doubtful = Contacts(CONTACT_NAMES, np.tile([1.0, 1.0, 0.3, 0.3], (31, 1)))
    assert static_balance(leaning(-4.0, axis=(0.0, 1.0, 0.0)), doubtful, Floor()) == []


def test_a_hand_on_a_table_carries_too():
    take = leaning(25.0)
    names = (*CONTACT_NAMES, "leftHand", "rightHand")
    before = np.tile(rotations.from_axis_angle([0.0, 0.0, 1.0], np.radians(-80.0)), (31, 1))
    turned(take, "leftUpperArm", before)
    turned(take, "rightUpperArm", rotations.inverse(before))
    assert static_balance(take, Contacts(names, np.ones((31, 6))), Floor()) == []


def test_what_falls_is_not_judged():
    take = leaning(25.0)
    take.root_translation[:, 1] -= 1.2 * take.times
    assert static_balance(take, on_both_feet(31), Floor()) == []


def test_without_contacts_nothing_is_said():
    assert static_balance(leaning(40.0), Contacts.none(31), Floor()) == []


def test_a_single_pose_is_judged_and_rigs_without_legs_are_not_an_error():
    assert len(static_balance(leaning(30.0, frames=1), on_both_feet(1), Floor())) == 1
    assert static_balance(without(standing(), "Leg"), on_both_feet(31), Floor()) == []


def test_contacts_of_another_clip_are_told():
    with pytest.raises(ValueError, match="has 31"):
        static_balance(standing(), on_both_feet(3), Floor())


@pytest.mark.parametrize("name", ["cmu_002_01", "cmu_006_01", "cmu_salsa_01", "cmu_martial_03"])
def test_walking_dancing_and_kicking_do_not_fall(shared_data, name):
    take = mocap_take(shared_data, name)
    floor = estimate_floor(take)
    assert static_balance(take, detect_contacts(take, floor), floor) == []
