# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import dataclasses
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holirep_blender.motion import rotations
from holirep_blender.motion.biomechanics.engine import LimitOptions, check_limits, limited
from holirep_blender.motion.biomechanics.hinges import elbow_hinges
from holirep_blender.motion.biomechanics.joint_angles import joint_angles
from holirep_blender.motion.biomechanics.limit_table import PRESETS, LimitTable
from holirep_blender.motion.skeleton import JOINT_INDEX, JOINT_NAMES
from holirep_blender.motion.take import Take
from tests.motion.biomechanics.figures import (
    angular_accelerations,
    at_rest_in,
    lively_take,
    noisy,
    posed,
    random_take,
    still_take,
    swapped,
    without,
)
from tests.motion.retargeting.clips import mocap_take

_NUMBER = st.floats(-1.0, 1.0, allow_nan=False)
_QUATERNION = st.tuples(_NUMBER, _NUMBER, _NUMBER, _NUMBER).filter(lambda q: np.linalg.norm(q) > 1e-3)
_ANATOMICAL = sorted(set(JOINT_NAMES) - {"hips", "leftEye", "rightEye", "jaw"})


@lru_cache
def _table(preset: str) -> LimitTable:
    return LimitTable.load(preset)


def options(preset: str = "average_adult", **given_ones: object) -> LimitOptions:
    return LimitOptions(_table(preset), **given_ones)  # type: ignore[arg-type]


def excess(take: Take, chosen: LimitOptions) -> float:
    """How far the worst angle is beyond its hard limit, degrees, measured apart from the engine's own report.

    Only uncoupled limits of hinges are looked at this way; all others by ``check_limits``.
    """
    angles, worst = joint_angles(take), 0.0
    for name in angles.names:
        joint, motion = name.split(".")
        if motion == "flexion" and joint.endswith(("LowerLeg", "LowerArm", "Intermediate", "Toes")):
            low, high = chosen.table.hard(joint, motion)
            values = angles.degrees(name)
            worst = max(worst, float(np.max(values - high)), float(np.max(low - values)))
    return worst


def changed(before: Take, after: Take) -> np.ndarray:
    return np.degrees(rotations.angle_between(before.local_rotations, after.local_rotations))


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("kind", ["random", "lively", "noisy", "swapped"])
def test_no_hard_limit_is_exceeded_and_a_second_run_changes_nothing(preset: str, kind: str) -> None:
    take = {
        "random": lambda: random_take(300),
        "lively": lambda: lively_take(300, reach=1.2),
        "noisy": lambda: noisy(lively_take(300), 25.0, memory=0.9),
        "swapped": lambda: swapped(lively_take(300, reach=1.0)),
    }[kind]()
    chosen = options(preset)
    assert check_limits(take, chosen)
    after, found = limited(take, chosen)
    assert found
    assert all(row.altered for row in found)
    assert check_limits(after, chosen) == []
    assert excess(after, chosen) < 0.01
    again, nothing = limited(after, chosen)
    assert nothing == []
    assert changed(after, again).max() < 1e-6
    assert np.abs(np.linalg.norm(after.local_rotations, axis=-1) - 1.0).max() < 1e-9


@given(st.lists(st.tuples(st.sampled_from(_ANATOMICAL), _QUATERNION), min_size=1, max_size=40))
@settings(max_examples=40, deadline=None)
def test_any_quaternions_come_within_limits(poses: list[tuple[str, tuple[float, float, float, float]]]) -> None:
    for sign, frames in ((1.0, 1), (-1.0, len(poses))):
        take = still_take(frames)
        for number, (joint, numbers) in enumerate(poses):
            take.local_rotations[number % frames, JOINT_INDEX[joint]] = sign * rotations.normalized(numbers)
        after, _ = limited(take, options())
        assert np.isfinite(after.local_rotations).all()
        assert check_limits(after, options()) == []
        assert limited(after, options())[0] is after


@pytest.mark.parametrize("joint", ["leftUpperArm", "rightLowerLeg", "head", "leftHand", "rightIndexProximal"])
@pytest.mark.parametrize("axis", [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, 1, 1)])
@pytest.mark.parametrize("turn", [90.0, 180.0, -180.0, 270.0, 360.0])
def test_gimbal_poses_half_turns_and_antipodes(joint: str, axis: tuple[int, int, int], turn: float) -> None:
    take = posed(**{joint: np.radians(turn) * rotations.normalized(axis)})
    after, _ = limited(take, options())
    assert check_limits(after, options()) == []


def test_a_turn_right_round_makes_no_pop() -> None:
    turn = np.linspace(0.0, 2.0 * np.pi, 120)[:, None]
    for joint, axis in (("head", (0, 0, 1)), ("leftLowerLeg", (1, 0, 0)), ("leftUpperLeg", (0, 1, 0))):
        take = posed(**{joint: turn * rotations.normalized(axis)})
        after, _ = limited(take, options())
        assert check_limits(after, options()) == []
        steps = rotations.angle_between(after.local_rotations[1:], after.local_rotations[:-1])
        assert np.degrees(steps).max() < 12.0, joint


def test_what_is_within_limits_stays_exactly_as_it_is() -> None:
    take = lively_take(200, reach=0.02)
    after, found = limited(take, options())
    assert found == []
    assert after is take


def test_only_joints_beyond_their_limits_change_and_all_else_is_kept() -> None:
    take = posed(leftLowerLeg=np.radians(170.0) * np.array([1.0, 0.0, 0.0]))
    after, found = limited(take, options())
    (row,) = found
    assert (row.kind, row.joint, row.motion, row.unit) == ("limit", "leftLowerLeg", "flexion", "deg")
    assert row.value == pytest.approx(170.0)
    assert row.bound == pytest.approx(options().table.hard("leftLowerLeg", "flexion")[1])
    assert row.sentence() == "Left knee flexion 170° (limit 158°)"
    column = JOINT_INDEX["leftLowerLeg"]
    assert joint_angles(after).degrees("leftLowerLeg.flexion")[0] == pytest.approx(row.bound)
    assert (np.delete(after.local_rotations, column, axis=1) == np.delete(take.local_rotations, column, axis=1)).all()
    for field in ("root_translation", "rest_offsets", "joint_confidence", "blendshapes", "contacts"):
        assert (getattr(after, field) == getattr(take, field)).all()


def test_the_approach_to_a_limit_has_no_kink() -> None:
    """A knee that bends too far and back: its peak at the limit, its shape kept, its speed continuous."""
    bend = np.radians(100.0 + 75.0 * np.sin(np.linspace(-np.pi / 2, 3 * np.pi / 2, 400)))
    take = posed(leftLowerLeg=bend[:, None] * np.array([1.0, 0.0, 0.0]))
    after, _ = limited(take, options())
    before, now = (joint_angles(one).degrees("leftLowerLeg.flexion") for one in (take, after))
    soft, hard = options().table.soft("leftLowerLeg", "flexion")[1], options().table.hard("leftLowerLeg", "flexion")[1]
    assert now.max() == pytest.approx(hard, abs=1e-6)
    inside = before <= soft
    np.testing.assert_allclose(now[inside], before[inside], atol=1e-9)
    assert np.argmax(now) == np.argmax(before)
    assert (np.diff(now)[: np.argmax(now)] > 0.0).all()
    # cut off at the soft limit the knee would stop dead, from 1.1 degrees a frame
    assert np.abs(np.diff(now, 2)).max() < 0.08
    assert np.abs(np.diff(now, 1)).max() <= np.abs(np.diff(before, 1)).max() + 1e-9


def test_strength_goes_part_of_the_way_and_zero_changes_nothing() -> None:
    take = posed(leftLowerLeg=np.radians(170.0) * np.array([1.0, 0.0, 0.0]))
    half, found = limited(take, options(strength=0.5))
    assert found[0].altered
    assert joint_angles(half).degrees("leftLowerLeg.flexion")[0] == pytest.approx((170.0 + 158.0) / 2, abs=1e-6)
    same, found = limited(take, options(strength=0.0))
    assert same is take
    assert found
    assert not found[0].altered


def test_only_the_chosen_joints_are_changed() -> None:
    take = random_take(20)
    after, found = limited(take, options(joints=frozenset({"leftLowerArm", "head"})))
    moved = {take.joint_names[joint] for joint in np.flatnonzero(changed(take, after).max(axis=0) > 1e-9)}
    assert moved == {"leftLowerArm", "head"}
    assert {row.joint for row in found if row.altered} <= moved
    assert any(not row.altered for row in found)


@pytest.mark.parametrize(
    ("joint", "end", "turn", "tolerance"),
    [
        ("chest", "upperChest", (50.0, 0.0, 0.0), 0.5),
        ("head", "head", (60.0, 0.0, 0.0), 0.5),
        ("head", "head", (0.0, 0.0, 80.0), 0.5),
        ("leftShoulder", "leftUpperArm", (0.0, -65.0, 0.0), 0.5),
    ],
)
def test_neighbours_take_what_a_joint_cannot(
    joint: str, end: str, turn: tuple[float, float, float], tolerance: float
) -> None:
    take = posed(**{joint: np.radians(turn)})
    after, found = limited(take, options())
    assert [row.joint for row in found] == [joint]
    column = JOINT_INDEX[end]
    error = rotations.angle_between(take.world_rotations()[0, column], after.world_rotations()[0, column])
    assert np.degrees(error) < tolerance
    assert changed(take, after)[0, JOINT_INDEX[joint]] > 1.0


def test_a_forearm_turns_once_whichever_bone_is_turned() -> None:
    quarter = np.radians(70.0) * np.array([1.0, 0.0, 0.0])
    for joint in ("leftLowerArm", "leftHand"):
        assert check_limits(posed(**{joint: quarter}), options()) == []
    both = posed(leftLowerArm=quarter, leftHand=quarter)
    (row,) = check_limits(both, options())
    assert (row.joint, row.motion) == ("leftHand", "rotation")
    after, _ = limited(both, options())
    angles = joint_angles(after)
    total = angles.degrees("leftLowerArm.rotation")[0] + angles.degrees("leftHand.rotation")[0]
    assert total == pytest.approx(options().table.hard("leftLowerArm", "rotation")[1], abs=0.01)


def test_spread_fingers_close_as_they_bend_and_straight_knees_hold_the_hip() -> None:
    spread = np.radians(28.0) * np.array([0.0, 0.0, -1.0])
    straight, bent = posed(leftIndexProximal=spread), posed(leftIndexProximal=spread)
    column = JOINT_INDEX["leftIndexProximal"]
    bent.local_rotations[0, column] = rotations.from_rotation_vector(np.radians([0.0, 80.0, -28.0]))
    assert check_limits(straight, options()) == []
    assert "abduction" in {row.motion for row in check_limits(bent, options())}
    lifted = np.radians(125.0) * np.array([-1.0, 0.0, 0.0])
    assert check_limits(posed(leftUpperLeg=lifted, leftLowerLeg=np.radians([100.0, 0.0, 0.0])), options()) == []
    assert {row.joint for row in check_limits(posed(leftUpperLeg=lifted), options())} == {"leftUpperLeg"}
    assert check_limits(posed(leftUpperLeg=lifted), options("athlete")) == []


def test_own_limits_hold_as_written() -> None:
    table = LimitTable.load("average_adult", {"rightLowerLeg.flexion": (10.0, 60.0), "head.rotation": (0.0, 0.0)})
    chosen = LimitOptions(table)
    after, _ = limited(lively_take(200, reach=1.0), chosen)
    assert check_limits(after, chosen) == []
    knee, head = (joint_angles(after).degrees(name) for name in ("rightLowerLeg.flexion", "head.rotation"))
    assert knee.min() > 10.0 - 0.01
    assert knee.max() < 60.0 + 0.01
    assert np.abs(head).max() < 0.01


@pytest.mark.parametrize("frame", [0, 60])
def test_any_rest_pose_gives_the_same_result(frame: int) -> None:
    take = noisy(still_take(90), 15.0, memory=0.95)
    take.local_rotations[0, :] = still_take().local_rotations[0]
    bent = {"LowerLeg": (60.0, 0, 0), "UpperLeg": (-50.0, 0, 0), "Foot": (-10.0, 0, 0)}  # a crouch on flat feet
    for side in ("left", "right"):
        for part, turn in bent.items():
            take.local_rotations[60, JOINT_INDEX[side + part]] = rotations.from_rotation_vector(np.radians(turn))
    for name, column in JOINT_INDEX.items():
        if frame and not name.endswith(tuple(bent)):
            take.local_rotations[60, column] = (1.0, 0.0, 0.0, 0.0)
    here, _ = limited(take, options())
    there, _ = limited(at_rest_in(take, frame), options())
    error = rotations.angle_between(
        here.world_rotations(), rotations.multiply(there.world_rotations(), _rest(take, frame))
    )
    assert np.degrees(error).max() < 1.0


def _rest(take: Take, frame: int) -> np.ndarray:
    rest = take.world_rotations()[frame]
    return rotations.multiply(rotations.inverse(rest[0]), rest)


def test_absent_joints_do_not_matter_and_others_take_over_their_range() -> None:
    take = lively_take(100, reach=1.0)
    absent = {"upperChest", "leftShoulder", "rightShoulder", "neck", "leftToes", "jaw", "leftEye", "rightEye"}
    absent |= {name for name in JOINT_NAMES if "Little" in name or "Thumb" in name}
    few = without(take, absent)
    after, found = limited(few, options())
    assert found
    assert check_limits(after, options()) == []
    both = sum(options().table.hard(joint, "rotation")[1] for joint in ("neck", "head"))
    nod = without(posed(head=np.radians([0.0, 0.0, both - 1.0])), absent)
    assert check_limits(nod, options()) == []


def test_joints_without_a_vrm_name_are_carried_along() -> None:
    take = lively_take(60, reach=1.0, seed=5)
    names = tuple("spine.002" if name == "chest" else name for name in take.joint_names)
    rig = dataclasses.replace(take, joint_names=names)
    after, found = limited(rig, options())
    assert found
    assert check_limits(after, options()) == []
    column = names.index("spine.002")
    assert (after.local_rotations[:, column] == rig.local_rotations[:, column]).all()


def test_one_frame_is_enough_and_hips_alone_too() -> None:
    after, _ = limited(random_take(1), options())
    assert check_limits(after, options()) == []
    offsets = still_take().rest_offsets
    alone = Take(30.0, 1, random_take(5).local_rotations[:, :1], np.zeros((5, 3)), offsets[:1], ("hips",), (-1,))
    assert limited(alone, options()) == (alone, [])


def test_values_that_are_not_numbers_are_named_by_joint_and_frame() -> None:
    take = lively_take(20)
    take.local_rotations[7, JOINT_INDEX["leftHand"], 2] = np.nan
    for run in (limited, check_limits):
        with pytest.raises(ValueError, match="leftHand in frame 8"):
            run(take, options())


def test_noise_does_not_become_pops() -> None:
    for seed in range(3):
        take = swapped(noisy(lively_take(400, seed=seed, reach=0.4), 15.0, seed=seed, memory=0.93), seed=seed)
        after, found = limited(take, options())
        assert found
        before, now = (np.percentile(angular_accelerations(one), 99.9) for one in (take, after))
        assert now <= before * 1.001


def test_keys_of_single_precision_are_within_limits_too() -> None:
    """Blender's keys hold single precision: what comes back from them is not limited again."""
    for seed in range(4):
        after, found = limited(noisy(lively_take(200, seed=seed, reach=0.9), 10.0, seed), options())
        assert found
        keys = after.local_rotations.astype(np.float32).astype(np.float64)
        assert check_limits(dataclasses.replace(after, local_rotations=keys), options()) == []


@pytest.mark.parametrize("axis", [[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, 0, -1], [0.6, 0.8, 0]])
def test_both_signs_of_half_a_turn_are_one_rotation(axis: list[float]) -> None:
    take = still_take(2)
    take.local_rotations[:] = rotations.from_axis_angle(np.array(axis, dtype=float), np.asarray(np.pi))
    other = dataclasses.replace(take, local_rotations=-take.local_rotations)
    options = LimitOptions()
    one, two = (limited(each, options)[0].local_rotations for each in (take, other))
    assert np.degrees(rotations.angle_between(one, two)).max() < 1e-6


def test_a_part_of_a_clip_comes_to_what_the_whole_comes_to(shared_data):
    """Shoulders that cannot keep their turn hand it on in their own frames only, whatever they do in others."""
    clip = mocap_take(shared_data, "cmu_salsa_01", every=4)
    rng = np.random.default_rng(1)
    arms = [clip.joint_names.index(f"left{name}") for name in ("Shoulder", "UpperArm", "LowerArm")]
    local = clip.local_rotations[:280].copy()
    # jumps of arms, some here and some there
    for frame in (20, 60, 230, 260):
        turn = rotations.from_rotation_vector(rng.normal(size=(4, 3, 3)))
        local[frame : frame + 4, arms] = rotations.multiply(local[frame : frame + 4, arms], turn)
    take = Take(clip.fps, 1, local, clip.root_translation[:280], clip.rest_offsets, clip.joint_names, clip.parents)
    options, hinges = LimitOptions(), elbow_hinges(take)
    whole = limited(take, options, hinges)[0]
    changed = rotations.angle_between(whole.local_rotations, local)[:, arms].max(axis=0)
    assert (changed > 0.1).all()
    for first, end in ((0, 160), (120, 280)):
        root = take.root_translation[first:end]
        cut = Take(take.fps, 1, local[first:end], root, take.rest_offsets, take.joint_names, take.parents)
        part = limited(cut, options, hinges)[0]
        apart = rotations.angle_between(part.local_rotations, whole.local_rotations[first:end])[:, arms]
        inner = apart[:100] if first == 0 else apart[-100:]
        print(f"frames {first} to {end}: {np.degrees(inner.max()):.2g} deg from the whole")
        assert inner.max() < 1e-9
