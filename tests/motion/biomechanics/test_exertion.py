# SPDX-License-Identifier: GPL-3.0-or-later
"""What no human could do is found where it is, slowed when asked, and what humans can do is left alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from holirep_blender.motion import rotations
from holirep_blender.motion.biomechanics.attenuation import REACH
from holirep_blender.motion.biomechanics.exertion import ExertionOptions, attenuated, check_exertion
from holirep_blender.motion.biomechanics.rates import TO_AND_FRO, turn_rates
from holirep_blender.motion.biomechanics.strength import StrengthTable
from holirep_blender.motion.contacts.record import Contacts
from tests.motion.biomechanics.bodies import on_both_feet, standing, turned, without
from tests.motion.retargeting.clips import lively_take, mocap_take

ON = ExertionOptions(attenuate=True)
POP, SWAP = 150, 150


@pytest.fixture(scope="module")
def dance(shared_data):
    """Ten seconds of a clean dance."""
    clip = mocap_take(shared_data, "cmu_salsa_12")
    return replace(
        clip,
        local_rotations=clip.local_rotations[250:550],
        root_translation=clip.root_translation[250:550],
        joint_confidence=np.zeros((0, 0)),
        blendshapes=np.zeros((0, 0)),
        blendshape_confidence=np.zeros((0, 0)),
        contacts=np.zeros((0, 0)),
    )


def popped(take, joint="leftLowerArm", frame=POP, degrees=60.0):
    local, column = take.local_rotations.copy(), take.joint_names.index(joint)
    turn = rotations.from_axis_angle([0.0, 0.0, 1.0], np.radians(degrees))
    local[frame, column] = rotations.multiply(local[frame, column], turn)
    return replace(take, local_rotations=local)


def swapped(take, first=SWAP, frames=2):
    """Left and right limbs exchanged, as trackers do."""
    local = take.local_rotations.copy()
    for part in ("UpperLeg", "LowerLeg", "Foot", "UpperArm", "LowerArm", "Hand"):
        left, right = take.joint_names.index(f"left{part}"), take.joint_names.index(f"right{part}")
        span = slice(first, first + frames)
        local[span, left], local[span, right] = take.local_rotations[span, right], take.local_rotations[span, left]
    return replace(take, local_rotations=local)


def peak(take, joint, span=slice(None)):
    """Fastest turn of a joint in deg/s."""
    rates = turn_rates(take.local_rotations[span, take.joint_names.index(joint)], take.fps)
    return float(np.linalg.norm(rates, axis=-1).max())


def untouched(before, after, first, last):
    """Whether all frames outside are exactly the same."""
    outside = np.r_[0:first, last + 1 : before.frame_count]
    return np.array_equal(before.local_rotations[outside], after.local_rotations[outside]) and np.array_equal(
        before.root_translation[outside], after.root_translation[outside]
    )


def test_a_clean_dance_has_nothing_to_report(dance):
    assert check_exertion(dance) == []
    assert attenuated(dance, None, ON)[0] is dance


def test_a_pop_is_reported_once_with_its_frame_and_joint(dance):
    (found,) = check_exertion(popped(dance))
    assert (found.kind, found.joint, found.motion) == ("speed", "leftLowerArm", TO_AND_FRO)
    assert (found.first_frame, found.last_frame, found.worst_frame) == (POP, POP, POP)
    assert found.value > 1_500.0 > found.bound
    assert not found.altered
    assert found.sentence().startswith("Left elbow to-and-fro speed")


def test_a_pop_is_taken_out_when_asked(dance):
    before = popped(dance)
    after, found = attenuated(before, None, ON)
    assert [v.altered for v in found] == [True]
    bound = StrengthTable.load().speed_bound("leftLowerArm", "swing")
    assert peak(after, "leftLowerArm", slice(POP - 3, POP + 4)) < 0.25 * bound
    column = dance.joint_names.index("leftLowerArm")
    truth = rotations.angle_between(after.local_rotations[:, column], dance.local_rotations[:, column])
    assert np.degrees(truth).max() < 6.0
    assert untouched(before, after, POP - 3, POP + 3)
    assert check_exertion(after) == []


def test_without_being_asked_the_take_comes_back(dance):
    before = popped(dance)
    after, found = attenuated(before)
    assert after is before
    assert [v.altered for v in found] == [False]


def test_a_swap_of_sides_is_reported_and_taken_out(dance):
    before = swapped(dance)
    found = check_exertion(before)
    assert {v.joint for v in found} >= {"leftUpperArm", "rightUpperArm", "leftLowerArm", "rightLowerArm"}
    assert all(SWAP <= v.worst_frame <= SWAP + 1 for v in found)
    after, entries = attenuated(before, None, ON)
    assert all(v.altered for v in entries)
    assert check_exertion(after) == []
    for joint in ("leftUpperArm", "rightUpperArm"):
        around = slice(SWAP - 4, SWAP + 6)
        assert peak(before, joint, around) > 3_000.0
        assert peak(after, joint, around) < 1.2 * peak(dance, joint)
    reach = int(REACH * dance.fps)
    assert untouched(before, after, SWAP - reach, SWAP + 1 + reach)


def test_many_joints_that_jerk_together_need_less_to_be_found():
    """Twenty degrees in one frame may be a fast hand; six limbs at once are a tracker that was wrong."""
    contacts = on_both_feet(60)
    single = popped(standing(60), "leftLowerArm", 30, 20.0)
    assert check_exertion(single, contacts) == []
    many = standing(60)
    parts = ("UpperArm", "LowerArm", "Hand")
    limbs = [f"{side}{part}" for side in ("left", "right") for part in parts]
    for joint in limbs:
        many = popped(many, joint, 30, 20.0)
    found = check_exertion(many, contacts)
    assert {"leftLowerArm", "rightLowerArm", "leftUpperArm", "rightUpperArm"} <= {v.joint for v in found}
    assert all(v.value > v.bound for v in found)
    after, _ = attenuated(many, contacts, ON)
    assert check_exertion(after, contacts) == []
    for joint in {v.joint for v in found}:
        assert peak(after, joint) < 1.0


@pytest.mark.parametrize("fps", [24.0, 30.0, 60.0, 120.0])
def test_a_turn_there_and_back_by_half_a_circle_is_one(fps):
    """Turns of nearly 180 degrees have no direction; they go there and back all the same."""
    take = popped(standing(60, fps), "rightLowerArm", 30, 178.0)
    found = check_exertion(take, on_both_feet(60))
    assert [v.joint for v in found if v.kind == "speed"] == ["rightLowerArm"]
    assert found[0].first_frame <= 30 <= found[0].last_frame


def throw(fps, speed=2_300.0, degrees=100.0):
    """An elbow that extends as in a pitch: smoothly, at ``speed`` degrees a second in the middle."""
    frames = int(1.5 * fps)
    take = standing(frames, fps)
    half = 1.875 * degrees / speed / 2.0
    phase = np.clip((take.times - 0.7 + half) / (2.0 * half), 0.0, 1.0)
    way = phase**3 * (10.0 - 15.0 * phase + 6.0 * phase**2)
    return turned(take, "rightLowerArm", rotations.from_axis_angle([0, 0, 1], np.radians(degrees * (way - 1.0))))


@pytest.mark.parametrize("fps", [24.0, 30.0, 60.0, 120.0, 240.0])
def test_a_throw_survives(fps):
    take = throw(fps)
    contacts = on_both_feet(take.frame_count)
    assert [v for v in check_exertion(take, contacts) if v.kind == "speed"] == []
    after, _ = attenuated(take, contacts)
    assert after is take


@pytest.mark.parametrize("fps", [60.0, 120.0, 240.0])
def test_a_pitchers_shoulder_survives(fps):
    """Internal rotation at 7,000 deg/s through 130 degrees."""
    frames = int(fps)
    take = standing(frames, fps)
    half = 1.875 * 130.0 / 7_000.0 / 2.0
    phase = np.clip((take.times - 0.5 + half) / (2.0 * half), 0.0, 1.0)
    way = phase**3 * (10.0 - 15.0 * phase + 6.0 * phase**2)
    take = turned(take, "leftUpperArm", rotations.from_axis_angle([1, 0, 0], np.radians(130.0 * way)))
    speeds = [v for v in check_exertion(take, on_both_feet(frames)) if v.kind == "speed"]
    assert speeds == []


def test_a_kick_of_the_clips_survives(shared_data):
    """Snap kicks extend and bend a knee at over 1,000 deg/s within a tenth of a second."""
    clip = mocap_take(shared_data, "cmu_martial_04")
    assert peak(clip, "leftLowerLeg") > 1_000.0
    assert [v for v in check_exertion(clip) if v.kind == "speed"] == []


def test_a_step_is_spread_over_as_little_time_as_it_takes():
    take = standing(90)
    angles = np.where(np.arange(90) < 45, 0.0, -130.0)
    before = turned(take, "leftLowerArm", rotations.from_axis_angle([0, 0, 1], np.radians(angles)))
    contacts = on_both_feet(90)
    (found,) = [v for v in check_exertion(before, contacts) if v.kind == "speed"]
    assert (found.motion, found.worst_frame) == ("flexion", 45)
    assert found.value == pytest.approx(3_900.0, rel=0.01)
    after, entries = attenuated(before, contacts, ON)
    assert found.joint in {v.joint for v in entries if v.altered}
    assert peak(after, "leftLowerArm") <= found.bound * 1.001
    assert [v for v in check_exertion(after, contacts) if v.kind == "speed"] == []
    reach = int(REACH * 30) + 1
    assert untouched(before, after, 45 - reach, 45 + reach)


def test_what_cannot_be_slowed_is_said():
    """An elbow that spins all through the clip is beyond any window."""
    take = standing(90)
    before = turned(take, "leftLowerArm", rotations.from_axis_angle([0, 0, 1], np.radians(120.0 * np.arange(90))))
    after, found = attenuated(before, on_both_feet(90), ON)
    column = take.joint_names.index("leftLowerArm")
    assert np.array_equal(after.local_rotations[:, column], before.local_rotations[:, column])
    assert any(v.joint == "leftLowerArm" and v.kind == "speed" and not v.altered for v in found)


def test_a_moment_beyond_strength_is_slowed():
    """A stiff leg that is thrown up and stopped within a fifth of a second, faster than hips can."""
    frames, take = 90, standing(90)
    phase = np.clip((np.arange(frames) - 42) / 6.0, 0.0, 1.0)
    way = phase**3 * (10.0 - 15.0 * phase + 6.0 * phase**2)
    before = turned(take, "rightUpperLeg", rotations.from_axis_angle([1, 0, 0], np.radians(-110.0 * way)))
    contacts = Contacts(("leftHeel", "leftToes"), np.ones((frames, 2)))
    found = check_exertion(before, contacts)
    worst = {v.joint for v in found if v.kind == "moment"}
    assert "rightUpperLeg" in worst
    after, entries = attenuated(before, contacts, ON)
    assert any(v.altered and v.joint == "rightUpperLeg" for v in entries)
    assert not any(v.joint == "rightUpperLeg" for v in check_exertion(after, contacts))
    first, last = min(v.first_frame for v in found), max(v.last_frame for v in found)
    reach = int(REACH * 30)
    assert untouched(before, after, first - reach, last + reach)


def test_the_strong_may_do_what_the_old_may_not():
    frames, take = 60, standing(60)
    phase = np.clip((np.arange(frames) - 26) / 8.0, 0.0, 1.0)
    way = phase**3 * (10.0 - 15.0 * phase + 6.0 * phase**2)
    take = turned(take, "rightUpperLeg", rotations.from_axis_angle([1, 0, 0], np.radians(-90.0 * way)))
    contacts = Contacts(("leftHeel", "leftToes"), np.ones((frames, 2)))
    counts = {
        preset: len(check_exertion(take, contacts, ExertionOptions(preset)))
        for preset in ("athlete", "average_adult", "elderly")
    }
    assert counts["athlete"] <= counts["average_adult"] <= counts["elderly"]
    assert counts["athlete"] < counts["elderly"]


def test_feet_that_touch_stay_when_a_leg_is_smoothed(dance):
    """A jerk of the pelvis is taken out without moving what stands."""
    take = standing(60)
    jerk = popped(take, "hips", 30, 40.0)
    after, found = attenuated(jerk, on_both_feet(60), ON)
    assert any(v.altered and v.joint == "hips" for v in found)
    assert np.abs(after.world_positions() - take.world_positions()).max() < 0.01


@pytest.mark.parametrize("frames", [1, 2, 3, 5])
def test_short_clips(frames):
    take = standing(frames)
    assert check_exertion(take, on_both_feet(frames)) == []
    assert attenuated(take, on_both_feet(frames), ON)[0] is take
    assert check_exertion(take) == []


@pytest.mark.parametrize("parts", [("Leg",), ("Arm", "Shoulder"), ("spine",), ("Toes", "Thumb")])
def test_rigs_that_lack_limbs(parts):
    take = without(lively_take(40), *parts)
    assert isinstance(check_exertion(take), list)
    after, _ = attenuated(take, None, ON)
    assert np.isfinite(after.local_rotations).all()


def test_values_that_are_not_numbers_are_told():
    take = standing()
    take.local_rotations[7, 3, 2] = np.nan
    with pytest.raises(ValueError, match="not numbers, first in frame 8"):
        check_exertion(take)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (ExertionOptions("superhero"), "no preset of strength"),
        (ExertionOptions(mass_kg=-1.0), "positive number of kilograms"),
    ],
)
def test_wrong_choices_are_told(options, words):
    with pytest.raises(ValueError, match=words):
        check_exertion(standing(), None, options)


@pytest.mark.slow
def test_clean_clips_are_seldom_reported(shared_data):
    """Every fourth clip; some of them hold joints that jump, which is what is reported."""
    reported = frames = 0
    for path in sorted((shared_data / "mocap").glob("*.bvh"))[::4]:
        clip = mocap_take(shared_data, path.stem)
        mask = np.zeros(clip.frame_count, dtype=bool)
        for violation in check_exertion(clip):
            mask[violation.first_frame : violation.last_frame + 1] = True
        reported, frames = reported + int(mask.sum()), frames + clip.frame_count
    print(f"reported: {reported} of {frames} frames ({100 * reported / frames:.2f} %)")
    assert frames > 5_000
    assert reported < 0.015 * frames
