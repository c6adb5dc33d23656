# SPDX-License-Identifier: GPL-3.0-or-later
"""Refining as a whole: what it leaves alone, where it acts, what it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from holirep_blender.motion import rotations
from holirep_blender.motion.biomechanics.joint_angles import joint_angles
from holirep_blender.motion.biomechanics.limit_table import LimitTable
from holirep_blender.motion.biomechanics.report import Violation
from holirep_blender.motion.contacts import ContactEdit, Floor, contact_points, estimate_floor
from holirep_blender.motion.planting import again, character_take
from holirep_blender.motion.planting.solving import solve
from holirep_blender.motion.refining.frames import range_weight, within
from holirep_blender.motion.refining.options import RefineOptions
from holirep_blender.motion.refining.performer import own_floor, refined_take, smoothed
from holirep_blender.motion.refining.refine import RefineCache, refined_motion
from holirep_blender.motion.refining.report import corrected, left, merged
from holirep_blender.motion.refining.verbs import checked, clamped, planted_performer, planted_take
from holirep_blender.motion.retargeting import retarget, take_rest_positions
from holirep_blender.motion.retargeting.anatomy import rest_rotations
from holirep_blender.motion.retargeting.timing import at_times
from holirep_blender.motion.take import Take
from tests.motion.planting.characters import character
from tests.motion.planting.measures import foot_measures
from tests.motion.retargeting.clips import lively_take, mocap_take

OFF = RefineOptions(limits=0.0, feet=0.0, hands=0.0)


@pytest.fixture(scope="module")
def walk(shared_data):
    return mocap_take(shared_data, "cmu_002_01")


def bent(take, degrees=175.0, first=30, last=45):
    """The take with the left knee bent about its own hinge, further than a knee bends."""
    frames = rest_rotations(take_rest_positions(take), np.eye(3))
    joint = take.joint_names.index("leftLowerLeg")
    clock = np.clip((np.arange(take.frame_count) - first) / (last - first), 0.0, 1.0)
    angle = np.radians(20.0 + (degrees - 20.0) * np.sin(np.pi * clock) ** 2)
    local = take.local_rotations.copy()
    hinge = rotations.from_axis_angle([1.0, 0.0, 0.0], angle)
    turned = rotations.multiply(frames["leftUpperLeg"], hinge)
    local[:, joint] = rotations.multiply(turned, rotations.inverse(frames["leftLowerLeg"]))
    return replace(take, local_rotations=local)


def knee_angle(take):
    angles = joint_angles(take)
    return np.degrees(angles.values[:, angles.names.index("leftLowerLeg.flexion")])


def apply_to(name, take, options, cache=None, at_once=False):
    rig, rig_map = character(name)
    refined = refined_take(take, options, cache)
    motion = retarget(refined.take, rig, rig_map)
    return motion, *refined_motion(refined, motion, rig, rig_map, None, options, cache, at_once)


def test_switched_off_nothing_changes(walk):
    motion, result, report = apply_to("short-legged", walk, OFF)
    assert np.array_equal(refined_take(walk, OFF).take.local_rotations, walk.local_rotations)
    assert np.array_equal(result.rotations, motion.rotations)
    assert np.array_equal(result.locations, motion.locations)
    assert report.sentences == ()


def test_feet_hold_on_short_legs_and_the_report_says_so(walk):
    _, _, report = apply_to("short-legged", walk, RefineOptions())
    print(f"slide on short legs {report.slide_before_mm:.2f} -> {report.slide_after_mm:.3f} mm a frame")
    assert "feet held" in report.sentences
    assert report.slide_before_mm > 1.0
    assert report.slide_after_mm < 0.3
    assert report.places.shape[:2] == (walk.frame_count, len(report.contacts.names))


def test_limits_are_corrected_and_told(walk):
    take = bent(walk)
    result, report = clamped(take, RefineOptions(feet=0.0, hands=0.0))
    hard = LimitTable.load().hard("leftLowerLeg", "flexion")[1]
    assert knee_angle(take).max() > hard + 5.0
    assert knee_angle(result).max() < hard + 0.05
    knees = [one for one in report.violations if one.joint == "leftLowerLeg" and one.motion == "flexion"]
    assert len(knees) == 1
    assert knees[0].altered
    assert 30 <= knees[0].worst_frame <= 45
    assert "corrected" in report.sentences[0]
    again, second = clamped(result, RefineOptions(feet=0.0, hands=0.0))
    assert np.degrees(rotations.angle_between(again.local_rotations, result.local_rotations)).max() < 1e-4
    assert not [one for one in second.violations if one.joint == "leftLowerLeg" and one.motion == "flexion"]


def test_only_the_range_changes_and_it_joins_smoothly(walk):
    take = bent(walk, first=10, last=80)
    result, _ = clamped(take, RefineOptions(frames=(30, 60)))
    moved = rotations.angle_between(take.local_rotations, result.local_rotations).max(axis=1)
    assert moved[:30].max() == 0.0
    assert moved[61:].max() == 0.0
    assert moved[40:50].max() > np.radians(1.0)
    assert np.abs(np.diff(np.degrees(moved))).max() < 8.0
    whole, _ = clamped(take, RefineOptions())
    middle = slice(40, 50)
    assert np.allclose(result.local_rotations[middle], whole.local_rotations[middle])


def test_a_range_that_ends_with_the_take_has_no_join_there():
    weight = range_weight(50, (0, 20), 30.0)
    assert (weight[:15] == 1.0).all()
    assert weight[21:].max() == 0.0
    assert (range_weight(50, (0, 49), 30.0) == 1.0).all()
    assert range_weight(50, (10, 10), 30.0)[10] == 1.0
    take = lively_take(5)
    assert within(take, take, None) is take


def test_only_the_joints_that_are_asked_for_change(walk):
    take = bent(walk)
    result, _ = clamped(take, RefineOptions(joints=frozenset({"rightLowerLeg"})))
    assert np.array_equal(result.local_rotations[:, 0], take.local_rotations[:, 0])
    assert knee_angle(result).max() == pytest.approx(knee_angle(take).max())


def test_an_edit_of_a_contact_is_followed_and_the_cache_changes_nothing(walk):
    cache = RefineCache()
    plain = RefineOptions()
    apply_to("short-legged", walk, plain, cache)
    body = cache.result
    options = replace(plain, contact_edits=(ContactEdit("leftHeel", 20, 30, True),))
    _, quick, told = apply_to("short-legged", walk, options, cache)
    assert cache.result is body
    _, slow, _ = apply_to("short-legged", walk, options)
    assert told.contacts.touching("leftHeel")[20:31].all()
    assert np.degrees(rotations.angle_between(quick.rotations, slow.rotations)).max() < 1e-6
    assert np.abs(quick.locations - slow.locations).max() < 1e-9
    _, other, _ = apply_to("short-legged", walk, replace(options, preset="athlete"), cache)
    assert cache.result is not body
    assert other.rotations.shape == slow.rotations.shape


@pytest.mark.parametrize("limits", [0.0, 1.0])
def test_edits_one_after_the_other_are_solved_around_them_only_and_come_to_the_same(shared_data, monkeypatch, limits):
    take = at_times(mocap_take(shared_data, "cmu_salsa_01"), np.arange(800) / 30.0, 30.0)
    solved = []

    def counting(whole, *rest):
        result = solve(whole, *rest)
        part = rest[-1].part
        solved.append(whole.frame_count if part is None else part.end - part.first)
        return result

    monkeypatch.setattr(again, "solve", counting)
    cache, options = RefineCache(), RefineOptions(limits=limits)
    _, before, report = apply_to("short-legged", take, options, cache)
    edits, answers = [], []
    for name, span in (("leftHeel", 4), ("rightToes", 9)):
        end = report.contacts.spans(name)[span][1]
        edits.append(ContactEdit(name, end - 3, end - 1, False))
    for number in range(len(edits)):
        options = replace(options, contact_edits=tuple(edits[: number + 1]))
        begun = len(solved)
        _, first, said = apply_to("short-legged", take, options, cache, at_once=True)
        answers.append(said.unfinished)
        # one attempt on a few seconds
        assert len(solved) - begun == 1
        assert solved[-1] < 0.4 * take.frame_count
        assert foot_measures(character("short-legged")[0], first, said.contacts, Floor()).slide_max < 1.0
        _, quick, told = apply_to("short-legged", take, options, cache)
        assert not told.unfinished
        assert said.unfinished or np.array_equal(first.rotations, quick.rotations)
    assert answers[-1]
    assert solved[0] == take.frame_count
    assert max(solved[1:]) < 0.75 * take.frame_count
    _, slow, expected = apply_to("short-legged", take, options)
    apart = np.degrees(rotations.angle_between(quick.rotations, slow.rotations))
    print(f"solved {solved} frames; other than without the cache by {apart.max():.1e} degrees")
    assert apart.max() < (0.05 if limits else 0.001)
    assert np.abs(quick.locations - slow.locations).max() < 1e-5
    assert np.abs(told.contacts.confidence - expected.contacts.confidence).max() < 1e-9
    missed, wanted = (
        [one.sentence() for one in each.violations if one.kind == "reach" and not one.joint.endswith("Hand")]
        for each in (told, expected)
    )
    assert missed == wanted
    assert told.slide_after_mm == pytest.approx(expected.slide_after_mm, abs=1e-3)
    changed = np.flatnonzero(rotations.angle_between(quick.rotations, before.rotations).max(axis=1) > 1e-6)
    assert 0 < len(changed) < 0.6 * take.frame_count


def test_nothing_is_kept_of_a_first_answer(shared_data):
    take = at_times(mocap_take(shared_data, "cmu_salsa_01"), np.arange(800) / 30.0, 30.0)
    cache, options = RefineCache(), RefineOptions()
    _, before, _ = apply_to("short-legged", take, options, cache)
    # one attempt does for the first, but not for the second
    edits = (ContactEdit("leftHeel", 183, 185, False), ContactEdit("rightToes", 551, 553, False))
    _, _, said = apply_to("short-legged", take, replace(options, contact_edits=edits), cache, at_once=True)
    assert said.unfinished
    assert not cache.planting.ledger.stages, "what the first came to does not go with the contacts of last time"
    _, undone, told = apply_to("short-legged", take, options, cache, at_once=True)
    assert not told.unfinished
    assert np.degrees(rotations.angle_between(undone.rotations, before.rotations)).max() < 1e-6


def test_a_solved_take_knows_its_floor_and_the_character_stands_on_its_own(walk):
    assert own_floor(replace(walk, header={"method": "geometric"})).point[2] == 0.0
    assert own_floor(replace(walk, header={"floor_height": 0.3})).point[2] == 0.3
    assert own_floor(walk).point[2] == pytest.approx(estimate_floor(walk).point[2])
    raised = replace(walk, root_translation=walk.root_translation + [0.0, 0.0, 0.5])
    lows = []
    for take, ground in ((walk, None), (raised, None), (walk, Floor((0.0, 0.0, 0.4)))):
        rig, rig_map = character("long-legged")
        options = RefineOptions(ground=ground)
        refined = refined_take(take, options)
        motion = retarget(refined.take, rig, rig_map)
        result, _ = refined_motion(refined, motion, rig, rig_map, None, options)
        made = character_take(result, rig, rig_map, None, fps=30.0).take
        places = contact_points(made).world(made)[..., 2]
        lows.append(np.median(places[:, :4].min(axis=1)))
    assert lows == pytest.approx([0.0, 0.0, 0.4], abs=0.01)


def test_a_pose_that_is_only_held_stays_still(walk):
    rows = np.concatenate([np.zeros(20, dtype=int), np.arange(walk.frame_count), np.full(40, walk.frame_count - 1)])
    take = replace_frames(walk, rows)
    take.joint_confidence[:15] = take.joint_confidence[-35:] = 0.0
    _, result, _ = apply_to("short-legged", take, RefineOptions())
    for still in (slice(0, 15), slice(-35, None)):
        assert np.ptp(result.pose_locations[still], axis=0).max() < 1e-9
        assert np.ptp(result.rotations[still], axis=0).max() < 1e-9
    _, moving, _ = apply_to("short-legged", replace_frames(walk, rows), RefineOptions())
    middle = slice(30, -50)
    assert np.abs(moving.pose_locations[middle] - result.pose_locations[middle]).max() < 0.05


def test_smoothing_takes_jitter_out():
    take = lively_take(120)
    noise = np.random.default_rng(0).normal(size=(120, len(take.joint_names), 3)) * 0.02
    noisy = replace(
        take, local_rotations=rotations.multiply(take.local_rotations, rotations.from_rotation_vector(noise))
    )
    calm = smoothed(noisy, 0.5)

    def error(one):
        return np.degrees(rotations.angle_between(one.local_rotations, take.local_rotations)).mean()

    assert error(calm) < 0.7 * error(noisy)


def test_a_check_finds_and_changes_nothing(walk):
    take = bent(walk)
    before = take.local_rotations.copy()
    report = checked(take, RefineOptions())
    assert np.array_equal(take.local_rotations, before)
    knees = [one for one in report.violations if one.joint == "leftLowerLeg" and one.kind == "limit"]
    assert knees
    assert not any(one.altered for one in report.violations)
    root = walk.root_translation + np.array([0.0, 0.0, 1.0]) * 0.0
    skating = replace(walk, root_translation=root + np.linspace(0, 2, walk.frame_count)[:, None] * [1.0, 0, 0])
    edits = tuple(ContactEdit(name, 3, 16, True) for name in ("leftHeel", "leftToes"))
    slides = [one for one in checked(skating, RefineOptions(contact_edits=edits)).violations if one.kind == "slide"]
    assert slides
    assert slides[0].joint in {"leftFoot", "leftToes"}


def test_planting_a_performer_sets_it_on_the_floor(walk):
    floating = replace(walk, root_translation=walk.root_translation + [0.0, 0.0, 0.015])
    result, report = planted_performer(floating, RefineOptions(limits=0.0, floor=estimate_floor(walk)))
    assert report.slide_after_mm < report.slide_before_mm
    assert result.contact_names == report.contacts.names
    lowest = result.world_positions()[..., 2].min(axis=1)
    assert np.median(lowest) < np.median(floating.world_positions()[..., 2].min(axis=1))


def test_bad_input_is_a_clear_message_or_a_sensible_result(walk):
    one = replace_frames(walk, slice(0, 1))
    assert refined_take(one, RefineOptions()).take.frame_count == 1
    _, _, report = apply_to("cartoon", one, RefineOptions())
    assert report.contacts.frame_count == 1
    with pytest.raises(ValueError, match="floor"):
        refined_take(walk, RefineOptions(floor=Floor((0.0, 0.0, 5.0))))
    with pytest.raises(ValueError, match="0 to 1"):
        RefineOptions(feet=2.0)
    with pytest.raises(ValueError, match="kg"):
        RefineOptions(performer_mass=1.0)
    with pytest.raises(ValueError, match="preset"):
        refined_take(walk, RefineOptions(preset="alien"))
    with pytest.raises(ValueError, match="not numbers"):
        replace(walk, root_translation=np.full_like(walk.root_translation, np.nan))
    flying = replace(walk, root_translation=walk.root_translation + np.linspace(3, 30, walk.frame_count)[:, None])
    _, planted = planted_take(flying, RefineOptions(limits=0.0, floor=Floor()))
    assert planted.sentences == ("nothing was held",)
    assert planted.warnings == ("No foot touches the floor in these frames: feet are not planted.",)
    kept = [
        joint
        for joint, name in enumerate(walk.joint_names)
        if "Leg" not in name and "Foot" not in name and "Toes" not in name
    ]
    legless = without_joints(walk, kept)
    with pytest.raises(ValueError, match="No feet"):
        planted_take(legless, RefineOptions())
    assert checked(legless, RefineOptions()).contacts is None
    assert refined_take(legless, RefineOptions()).take.frame_count == walk.frame_count


def replace_frames(take, rows):
    return Take(
        fps=take.fps,
        frame_start=take.frame_start,
        local_rotations=take.local_rotations[rows],
        root_translation=take.root_translation[rows],
        rest_offsets=take.rest_offsets,
        joint_names=take.joint_names,
        parents=take.parents,
    )


def without_joints(take, kept):
    place = {joint: row for row, joint in enumerate(kept)}
    return Take(
        fps=take.fps,
        frame_start=take.frame_start,
        local_rotations=take.local_rotations[:, kept],
        root_translation=take.root_translation,
        rest_offsets=take.rest_offsets[kept],
        joint_names=tuple(take.joint_names[joint] for joint in kept),
        parents=tuple(place.get(take.parents[joint], -1) for joint in kept),
    )


def test_what_two_skeletons_say_alike_is_said_once():
    first = Violation("limit", "leftLowerLeg", "flexion", 10, 20, 15, 170.0, 160.0, "deg", True)
    same = replace(first, first_frame=12, value=168.0)
    later = replace(first, first_frame=40, last_frame=45, worst_frame=42)
    speed = replace(first, kind="speed", unit="deg/s", altered=False)
    assert merged([first, same, later]) == (first, later)
    assert corrected([first, later, speed]) == ["2 limits corrected"]
    assert left([first, speed, speed]) == ["2 movements faster than a human's"]


def test_a_choice_of_half_a_leg_is_told(walk):
    _, report = planted_take(walk, RefineOptions(joints=frozenset({"leftFoot", "leftLowerLeg"})))
    assert any("thigh, shin and foot" in one for one in report.warnings)
    _, report = planted_take(walk, RefineOptions(joints=frozenset({"leftFoot", "leftLowerLeg", "leftUpperLeg"})))
    assert not any("thigh, shin and foot" in one for one in report.warnings)
