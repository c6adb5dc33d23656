# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from benchmarks._contact_truth import TRUTHS, f1, scores
from benchmarks._tracker_noise import shaken, smoothed, tracked
from benchmarks.contacts import clip_names, soles
from holirep_blender.motion.contacts import (
    ContactOptions,
    Contacts,
    Floor,
    check_floor,
    contact_points,
    detect_contacts,
    estimate_floor,
)
from holirep_blender.motion.contacts.names import SOLE_POINTS
from holirep_blender.motion.contacts.stance import held, running_median, without_flicker
from holirep_blender.motion.skeleton import JOINT_INDEX, SIDES
from holirep_blender.motion.take import CONTACT_NAMES
from tests.motion.contacts.postures import (
    hopping,
    kneeling,
    legs,
    posed,
    sitting,
    sitting_down,
    squatting,
    standing,
    turn,
    without,
)
from tests.motion.retargeting.clips import mocap_take


def test_who_stands_touches_with_heels_and_toes_and_nothing_else():
    found = detect_contacts(standing(), Floor())
    assert found.names[:4] == CONTACT_NAMES
    for name in found.names:
        assert found.touching(name).all() == (name in SOLE_POINTS)
        assert found.touching(name).any() == (name in SOLE_POINTS)
    assert found.confidence.min() >= 0.0
    assert found.confidence.max() <= 1.0


@pytest.mark.parametrize("fps", [24.0, 30.0, 60.0, 120.0])
def test_jumps_are_found_to_the_frame_at_any_rate(fps):
    take, ground = hopping(frames=int(3 * fps), period=int(fps))
    found = soles(detect_contacts(replace(take, fps=fps), Floor()))
    # within 1/30 s of landing and leaving
    reach = max(1, round(fps / 30.0))
    counts = np.array(scores(found, np.repeat(ground[:, None], 4, axis=1), reach))
    assert f1(counts) > 0.98


def test_heel_and_toes_are_told_apart():
    take = standing(90)
    lift = np.clip((np.arange(90) - 40) / 8.0, 0.0, 1.0) * 40.0
    local = take.local_rotations.copy()
    # the foot rolls over the ball: it pitches, the toes stay level, the root rises by what the ankle rises
    foot, toes = JOINT_INDEX["leftFoot"], JOINT_INDEX["leftToes"]
    local[:, foot], local[:, toes] = turn([1, 0, 0], lift), turn([1, 0, 0], -lift)
    rolled = replace(take, local_rotations=local)
    ball = rolled.world_positions()[:, toes] - take.world_positions()[:, toes]
    rolled = replace(rolled, root_translation=take.root_translation - ball)
    found = detect_contacts(rolled, Floor())
    assert found.touching("leftToes").all()
    assert found.touching("leftHeel")[:38].all()
    assert not found.touching("leftHeel")[46:].any()
    # the other leg goes up with the pelvis
    assert not found.touching("rightToes")[50:].any()


def test_confidence_is_lower_where_the_tracker_was_not_sure_and_the_contact_stays():
    take = standing()
    take.joint_confidence[20:40, JOINT_INDEX["leftFoot"]] = 0.1
    found = detect_contacts(take, Floor())
    assert found.touching("leftHeel").all()
    assert found.column("leftHeel")[30] < found.column("leftHeel")[5] - 0.2


def test_who_sits_down_sits_while_it_does_and_who_stands_does_not_at_all():
    take, truth = sitting_down()
    hips = detect_contacts(take, Floor()).column("hips")
    frames = np.flatnonzero(hips >= 0.5)
    seated = np.flatnonzero(truth)
    print(f"sits in frames {seated[0]} to {seated[-1]}, found {frames[0]} to {frames[-1]}")
    assert abs(frames[0] - seated[0]) <= 6
    assert abs(frames[-1] - seated[-1]) <= 6
    assert (hips[frames[0] : frames[-1] + 1] >= 0.5).all()
    assert hips[:45].max() == 0.0
    assert hips[-40:].max() == 0.0
    assert detect_contacts(standing(), Floor()).column("hips").max() == 0.0
    assert detect_contacts(kneeling(), Floor()).column("hips").max() == 0.0


def test_a_lunge_is_no_seat(shared_data):
    take = mocap_take(shared_data, "cmu_martial_08")
    assert not detect_contacts(take, estimate_floor(take)).touching("hips").any()


def test_the_seat_rests_on_a_chair_and_not_in_a_squat():
    sat = detect_contacts(sitting(), Floor())
    assert sat.touching("hips").all()
    assert sat.touching("leftHeel").all()
    assert not detect_contacts(squatting(), Floor()).touching("hips").any()
    assert not detect_contacts(standing(), Floor()).touching("hips").any()


def test_who_sits_and_moves_the_seat_does_not_rest():
    take = sitting()
    slide = np.outer(np.arange(60) * 0.02, [1.0, 0.0, 0.0])
    assert (
        not detect_contacts(replace(take, root_translation=take.root_translation + slide), Floor())
        .touching("hips")
        .any()
    )


def test_knees_on_the_floor():
    found = detect_contacts(kneeling(), Floor())
    assert found.touching("leftKnee").all()
    assert found.touching("rightKnee").all()
    assert not detect_contacts(kneeling(), Floor(), ContactOptions(body=False)).names[4:]


def test_hands_only_when_asked_and_only_those_that_hold_something():
    # the left hand lies on a table, the right one hangs
    take = standing(90)
    take.local_rotations[:, JOINT_INDEX["spine"]] = [1.0, 0.0, 0.0, 0.0]
    take.local_rotations[:, JOINT_INDEX["leftUpperArm"]] = turn([0, 1, 0], 60.0)
    take.local_rotations[:, JOINT_INDEX["leftLowerArm"]] = turn([0, 0, 1], -80.0)
    assert "leftHand" not in detect_contacts(take, Floor()).names
    found = detect_contacts(take, Floor(), ContactOptions(hands=True))
    assert found.touching("leftHand").all()
    assert not found.touching("rightHand").any()
    wave = turn([0, 0, 1], -80.0 + 30.0 * np.sin(np.arange(90) / 3.0))
    take.local_rotations[:, JOINT_INDEX["leftLowerArm"]] = wave
    assert not detect_contacts(take, Floor(), ContactOptions(hands=True)).touching("leftHand").any()


def test_sensitivity_finds_more_or_less():
    take = standing()
    slow = replace(
        take, root_translation=take.root_translation + np.outer(np.arange(60) / 30.0 * 0.45, [1.0, 0.0, 0.0])
    )
    assert not detect_contacts(slow, Floor()).any()
    assert soles(detect_contacts(slow, Floor(), ContactOptions(sensitivity=2.0))).any()
    with pytest.raises(ValueError, match="sensitivity"):
        ContactOptions(sensitivity=0.0)


def test_one_frame_and_none():
    one = standing(1)
    found = detect_contacts(one, estimate_floor(one))
    assert soles(found).all()
    two = detect_contacts(standing(2), Floor())
    assert soles(two).all()


def test_a_rig_without_legs_or_toes():
    legless = without(standing(), "Leg", "Foot", "Toes")
    found = detect_contacts(legless, estimate_floor(legless))
    assert not set(found.names) & set(SOLE_POINTS)
    assert not found.any()
    toeless = without(standing(), "Toes")
    points = contact_points(toeless)
    assert points.joints[points.index("leftToes")] == points.joints[points.index("leftHeel")]
    assert soles(detect_contacts(toeless, Floor())).all()


def test_bad_floors_and_numbers_are_said_in_words():
    take = standing()
    with pytest.raises(ValueError, match=r"floor lies .* above the head"):
        detect_contacts(take, Floor((0.0, 0.0, 3.0)))
    with pytest.raises(ValueError, match="head"):
        check_floor(take, Floor((0.0, 0.0, 0.0), (0.0, 0.0, -1.0)))
    with pytest.raises(ValueError, match="normal must not be zero"):
        Floor((0.0, 0.0, 0.0), (0.0, 0.0, 0.0))
    with pytest.raises(ValueError, match="numbers"):
        Floor((float("nan"), 0.0, 0.0))
    take.root_translation[7, 1] = np.nan
    with pytest.raises(ValueError, match="not numbers, first in frame 8"):
        detect_contacts(take, Floor())
    with pytest.raises(ValueError, match="not numbers"):
        estimate_floor(take)


def test_a_slope_is_a_floor_too():
    take = standing()
    tilt = turn([1, 0, 0], 20.0)
    take.local_rotations[:, 0] = tilt
    up = np.array([0.0, -np.sin(np.radians(20.0)), np.cos(np.radians(20.0))])
    sloped = replace(take, root_translation=np.tile(up * take.rest_offsets[0, 2], (60, 1)))
    assert soles(detect_contacts(sloped, Floor((0.0, 0.0, 0.0), tuple(up)))).all()


def test_hysteresis_and_flicker_of_masks():
    begins = np.array([[0, 0, 1, 0, 0, 0, 0, 0, 1, 0]], bool).T
    stays = np.array([[1, 1, 1, 1, 0, 1, 1, 0, 1, 1]], bool).T
    assert held(begins, stays)[:, 0].tolist() == [True] * 4 + [False] * 4 + [True] * 2
    both = np.concatenate([stays, begins], axis=1)
    assert held(both & False, both).sum() == 0
    mask = np.array([[1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 1]], bool).T
    clean = without_flicker(mask, 3)[:, 0]
    assert clean.tolist() == [True] * 7 + [False] * 8 + [True]
    assert running_median(np.array([0.0, 0.0, 9.0, 0.0, 0.0]), 1).tolist() == [0.0] * 5


def test_contacts_go_into_a_take_and_back(tmp_path):
    take = standing()
    found = detect_contacts(take, Floor())
    path = tmp_path / "take.npz"
    found.to_take(take).save(path)
    back = Contacts.from_take(type(take).load(path))
    assert back.names == found.names
    np.testing.assert_allclose(back.confidence, found.confidence, atol=1e-6)
    with pytest.raises(ValueError, match="60 frames, but the take has 10"):
        found.to_take(standing(10))


def test_legs_that_swing_are_not_taken_for_standing():
    swing = 30.0 * np.sin(2 * np.pi * np.arange(90) / 30.0)
    pose = legs(0.0, 0.0, 0.0)
    for sign, side in ((1.0, "left"), (-1.0, "right")):
        pose[f"{side}UpperLeg"] = turn([1, 0, 0], sign * swing)
    found = soles(detect_contacts(posed(90, pose, (0.0, 0.0, 1.4)), Floor()))
    assert not found.any()


@pytest.fixture(scope="module")
def clips(shared_data):
    """Short clips of every kind: run, walk, jump, ballet, basketball, Indian dance, martial arts, salsa."""
    names = [
        "cmu_002_01", "cmu_001_01", "cmu_002_04", "cmu_005_02", "cmu_005_12", "cmu_006_10",
        "cmu_indian_08", "cmu_martial_04", "cmu_salsa_03",
    ]  # fmt: skip
    assert set(names) <= set(clip_names(shared_data))
    return [mocap_take(shared_data, name) for name in names]


@pytest.fixture(scope="module")
def truths(clips):
    return [[truth.contacts(take) for truth in TRUTHS] for take in clips]


def _counts(takes, truths):
    found = [soles(detect_contacts(take, estimate_floor(take))) for take in takes]
    return found, [sum(np.array(scores(f, t[n])) for f, t in zip(found, truths)) for n in range(len(TRUTHS))]


def test_clean_clips_agree_with_truths_by_speed_and_height(clips, truths):
    found, counts = _counts(clips, truths)
    values = [f1(count) for count in counts]
    print("clean: F1", [round(value, 3) for value in values])
    assert values[0] >= 0.95
    assert values[1] >= 0.95
    assert min(values) >= 0.88
    for row in range(4):
        each = f1(sum(np.array(scores(f[:, [row]], t[0][:, [row]])) for f, t in zip(found, truths)))
        assert each >= 0.93, SOLE_POINTS[row]


@pytest.mark.parametrize("kind", ["positions", "smoothed", "rotations", "gross"])
def test_noisy_clips_agree_with_the_truth_of_the_clean_ones(clips, truths, kind):
    noisy = {
        "positions": lambda take, seed: tracked(take, seed),
        "smoothed": lambda take, seed: smoothed(tracked(take, seed)),
        "rotations": lambda take, seed: smoothed(shaken(take, seed)),
        "gross": lambda take, seed: tracked(take, seed, 0.04),
    }[kind]
    _, counts = _counts([noisy(take, seed) for seed, take in enumerate(clips)], truths)
    print(f"{kind}: F1", [round(f1(count), 3) for count in counts])
    assert f1(counts[0]) >= 0.88
    assert min(f1(count) for count in counts[1:4]) >= 0.85


def test_a_thousand_frames_take_well_under_a_second():
    take, _ = hopping(1000)
    floor = estimate_floor(take)
    started = time.process_time()
    detect_contacts(take, floor)
    assert time.process_time() - started < 0.4


def test_sides_are_mirrored():
    pose = legs(0.0, 0.0, 0.0)
    bend = np.clip(np.arange(60) - 30, 0, 10) * 9.0
    left, right = dict(pose), dict(pose)
    for flexed, side in ((left, "left"), (right, "right")):
        flexed[f"{side}LowerLeg"] = turn([1, 0, 0], bend)
    a, b = (detect_contacts(posed(60, flexed), Floor()) for flexed in (left, right))
    for part in ("Heel", "Toes"):
        for side, other in (SIDES, SIDES[::-1]):
            np.testing.assert_array_equal(a.touching(f"{side}{part}"), b.touching(f"{other}{part}"))
    assert not a.touching("leftHeel")[40:].any()
    assert a.touching("rightHeel").all()
