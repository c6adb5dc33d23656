# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from holirep_blender.motion import rotations
from holirep_blender.motion.biomechanics.engine import LimitOptions, check_limits, limited
from holirep_blender.motion.biomechanics.limit_table import LimitTable
from holirep_blender.motion.contacts import ContactEdit, Contacts, Floor, detect_contacts, edited, estimate_floor
from holirep_blender.motion.planting import PlantOptions, character_floor, character_take, planted, to_motion
from holirep_blender.motion.retargeting import RetargetOptions, retarget
from holirep_blender.motion.take import Take
from tests.motion.biomechanics.figures import at_rest_in
from tests.motion.planting.characters import CHARACTERS, character
from tests.motion.planting.measures import angular_acceleration, foot_measures, hinge_flexion, thigh_twists
from tests.motion.planting.walking import walk
from tests.motion.retargeting.clips import mocap_take
from tests.motion.retargeting.skeletons import build_rig, forward_kinematics, posed_rest

SOLES = ("leftHeel", "leftToes", "rightHeel", "rightToes")


def on_character(take: Take, name: str, **options):
    """The take planted on a character: rig, motion before and after, what planting says, and the floor."""
    floor = estimate_floor(take)
    contacts = detect_contacts(take, floor)
    rig, rig_map = character(name)
    motion = retarget(take, rig, rig_map)
    made = character_take(motion, rig, rig_map, fps=take.fps)
    ground = character_floor(made, take, floor)
    held = planted(made.take, contacts, PlantOptions(floor=ground, **options), source=take)
    return rig, motion, to_motion(made, held.take, motion), held, contacts, ground


@pytest.mark.parametrize("name", CHARACTERS)
@pytest.mark.parametrize("clip", ["cmu_002_01", "cmu_005_01", "cmu_salsa_06", "cmu_martial_07", "cmu_salsa_30"])
def test_feet_hold_on_other_proportions(shared_data, clip, name):
    take = mocap_take(shared_data, clip)
    rig, before, after, held, contacts, floor = on_character(take, name)
    old, new = (foot_measures(rig, motion, contacts, floor) for motion in (before, after))
    ratio = np.percentile(angular_acceleration(after.rotations, take.fps), 99.9)
    ratio /= np.percentile(angular_acceleration(before.rotations, take.fps), 99.9)
    print(f"{clip} {name}: slide {old.slide_max:.1f} -> {new.slide_max:.4f} mm, acceleration x {ratio:.2f}")
    assert old.slide_max > 5.0
    assert new.slide_max < 1.0
    assert new.sink_max < 2.0
    assert new.air_max < 2.0
    assert hinge_flexion(rig, after) > 0.0
    assert thigh_twists(before, after) < 32.0
    assert ratio <= 1.0 + 1e-6  # rounding
    assert not [violation for violation in held.violations if "Foot" in violation.joint or "Toes" in violation.joint]


@pytest.mark.parametrize("name", CHARACTERS)
def test_a_walk_rolls_over_heel_and_ball_without_data(name):
    take = walk()
    rig, _, after, held, _, floor = on_character(take, name)
    contacts = held.contacts
    measure = foot_measures(rig, after, contacts, floor)
    assert measure.count > 100
    assert measure.slide_max < 1.0
    assert measure.sink_max < 2.0
    heads, _ = forward_kinematics(rig, after)
    ankle, ball = (heads[:, rig.bone_names.index(f"b_left{part}")] for part in ("Foot", "Toes"))
    only_ball = contacts.touching("leftToes") & ~contacts.touching("leftHeel")
    if only_ball.any():  # the ankle rises while the ball stays
        first, last = np.flatnonzero(only_ball)[[0, -1]]
        assert ankle[first : last + 1, 2].max() - ankle[first - 1, 2] > 0.005
        assert np.isfinite(ball).all()


def test_limits_come_last_and_reach_is_told(shared_data):
    take = mocap_take(shared_data, "cmu_martial_07")
    table = LimitTable.load("average_adult", {"leftLowerLeg.flexion": (0.0, 25.0)})
    options = LimitOptions(table)
    _, _, _, held, _, _ = on_character(take, "short-legged", limits=options)
    knee = held.take.joint_names.index("leftLowerLeg")
    angle = np.degrees(rotations.angle_between(held.take.local_rotations[:, knee], rotations.identity()))
    assert angle.max() < 40.0
    told = [violation for violation in held.violations if violation.kind == "reach"]
    assert told
    assert all(0 <= each.first_frame <= each.worst_frame <= each.last_frame < take.frame_count for each in told)
    assert any(violation.kind == "limit" and "left" in violation.joint for violation in held.violations)


def test_an_edit_holds_a_foot_where_the_artist_says():
    take = walk()
    _, _, _, held, contacts, floor = on_character(take, "long-legged")
    free = edited(contacts, [ContactEdit("leftHeel", 0, 200, False), ContactEdit("leftToes", 0, 200, False)])
    rig, rig_map = character("long-legged")
    motion = retarget(take, rig, rig_map)
    made = character_take(motion, rig, rig_map, fps=take.fps)
    without = planted(made.take, free, PlantOptions(floor=floor), source=take)
    column = without.contacts.names.index("leftHeel")
    assert np.isnan(without.places[:, column]).all()
    assert np.isfinite(held.places[:, column]).any()
    flat = edited(free, [ContactEdit("leftHeel", 20, 30, True), ContactEdit("leftToes", 20, 30, True)])
    again = planted(made.take, flat, PlantOptions(floor=floor), source=take)
    assert np.nanmax(again.slide_after[:, again.contacts.names.index("leftHeel")]) < 1e-6
    place = again.places[20:31, again.contacts.names.index("leftHeel")]
    assert np.ptp(place, axis=0).max() < 1e-12
    assert floor.height_of(place) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("space", ["character", "world"])
@pytest.mark.parametrize("root", ["travelling", "in_place"])
def test_turned_and_scaled_objects_and_treadmills(space, root):
    take = walk()
    contacts = detect_contacts(take, Floor())
    rig, rig_map = build_rig(posed_rest("T", height=120.0), 5)
    matrix = np.eye(4)
    matrix[:3, :3] = rotations.to_matrix(rotations.from_axis_angle([0, 0, 1], 0.7)) * 0.01
    matrix[:3, 3] = (1.0, 2.0, 0.0)
    motion = retarget(take, rig, rig_map, matrix, RetargetOptions(space=space, root=root))
    made = character_take(motion, rig, rig_map, matrix, fps=take.fps)
    held = planted(made.take, contacts, PlantOptions(floor=character_floor(made, take, Floor())), source=take)
    after = to_motion(made, held.take, motion)
    heads, _ = forward_kinematics(rig, after)
    both = contacts.touching("leftHeel") & contacts.touching("leftToes")
    frames = np.flatnonzero(both[1:] & both[:-1]) + 1
    feet = heads[:, rig.bone_names.index("b_leftFoot")] * 0.01
    step = feet[frames] - feet[frames - 1]
    if root == "in_place":
        assert "ground that passes under them" in " ".join(held.sentences)
        step = step + np.diff(motion.travel, axis=0)[frames - 1] * 0.01
    assert len(frames) > 10
    assert np.linalg.norm(step, axis=-1).max() < 1e-4


def test_legs_that_hang_on_the_spine_and_a_sloping_floor():
    take = walk()
    rig, rig_map = build_rig(posed_rest("T", height=1.2), seed=3)
    names = list(rig.bone_names)
    for side in ("left", "right"):
        rig.parents[names.index(f"b_{side}UpperLeg")] = names.index("b_spine")
    motion = retarget(take, rig, rig_map)
    made = character_take(motion, rig, rig_map, fps=take.fps)
    contacts = detect_contacts(take, Floor())
    slope = Floor((0.0, 0.0, 0.0), (0.05, 0.0, 1.0))
    held = planted(made.take, contacts, PlantOptions(floor=slope), source=take)
    assert np.nanmax(held.slide_after[:, : len(SOLES)]) < 1e-4
    for column, name in enumerate(SOLES):
        place = held.places[:, column][contacts.touching(name)]
        assert np.abs(slope.height_of(place)).max() < 1e-9


def test_legs_that_cannot_reach_give_way_smoothly():
    """Feet that never leave the floor while the pelvis walks away: as near as possible, told, and without a jerk."""
    take = walk()
    contacts = Contacts(SOLES, np.ones((take.frame_count, 4)))
    fixed = frozenset(name for name in take.joint_names if name != "hips")
    held = planted(take, contacts, PlantOptions(joints=fixed))
    told = [violation for violation in held.violations if violation.kind == "reach"]
    assert told
    assert max(violation.value for violation in told) > 0.1
    assert np.isfinite(held.take.local_rotations).all()
    steps = [angular_acceleration(each.local_rotations, take.fps) for each in (take, held.take)]
    assert np.percentile(steps[1], 99.9) < 2.0 * np.percentile(steps[0], 99.9)


def test_strength_and_chosen_joints():
    take = walk()
    contacts = detect_contacts(take, Floor())
    rig, rig_map = character("short-legged")
    made = character_take(retarget(take, rig, rig_map), rig, rig_map, fps=take.fps)
    off = planted(made.take, contacts, PlantOptions(feet=0.0, hands=0.0), source=take)
    assert np.array_equal(off.take.local_rotations, made.take.local_rotations)
    assert np.array_equal(off.take.root_translation, made.take.root_translation)
    slides = [
        np.nanpercentile(planted(made.take, contacts, PlantOptions(feet=feet)).slide_after, 95) for feet in (0, 0.5, 1)
    ]
    assert slides[0] > slides[1] > slides[2]
    left = frozenset({"leftUpperLeg", "leftLowerLeg", "leftFoot", "leftToes"})
    chosen = planted(made.take, contacts, PlantOptions(joints=left))
    changed = {
        name
        for index, name in enumerate(made.take.joint_names)
        if not np.array_equal(chosen.take.local_rotations[:, index], made.take.local_rotations[:, index])
    }
    assert changed <= left
    assert changed
    assert np.array_equal(chosen.take.root_translation, made.take.root_translation)
    with pytest.raises(ValueError, match="from 0 to 1"):
        PlantOptions(feet=1.5)


def test_a_rig_without_legs_or_with_one_and_a_take_without_contacts():
    take = walk()
    contacts = detect_contacts(take, Floor())
    rig, rig_map = build_rig(posed_rest("T"), 3)
    for name in list(rig_map.bones):
        if "Leg" in name or "Foot" in name or "Toes" in name:
            rig_map.bones.pop(name)
    motion = retarget(take, rig, rig_map)
    made = character_take(motion, rig, rig_map, fps=take.fps)
    held = planted(made.take, contacts, PlantOptions())
    assert np.array_equal(to_motion(made, held.take, motion).rotations, motion.rotations)
    assert "no whole leg" in held.sentences[0]
    none = planted(take, Contacts.none(take.frame_count, SOLES), PlantOptions())
    assert np.array_equal(none.take.local_rotations, take.local_rotations)
    assert "No foot touches" in none.sentences[0]
    assert not none.violations


def test_no_toes():
    take = walk()
    rig, rig_map = character("short-legged")
    for side in ("left", "right"):
        rig_map.bones.pop(f"{side}Toes")
    motion = retarget(take, rig, rig_map)
    made = character_take(motion, rig, rig_map, fps=take.fps)
    held = planted(made.take, detect_contacts(take, Floor()), PlantOptions(), source=take)
    assert "leftToes" not in made.take.joint_names
    assert np.nanmax(held.slide_after[:, : len(SOLES)]) < 1e-3


def test_toes_that_the_clip_does_not_move_roll_all_the_same():
    take = walk()
    keep = [index for index, name in enumerate(take.joint_names) if not name.endswith("Toes")]
    order = {old: new for new, old in enumerate(keep)}
    short = Take(
        take.fps,
        1,
        take.local_rotations[:, keep],
        take.root_translation,
        take.rest_offsets[keep],
        tuple(take.joint_names[index] for index in keep),
        tuple(order.get(take.parents[index], -1) for index in keep),
    )
    rig, rig_map = character("long-legged")
    motion = retarget(short, rig, rig_map)
    assert "b_leftToes" not in motion.bone_names
    made = character_take(motion, rig, rig_map, fps=take.fps)
    contacts = detect_contacts(take, Floor())
    after = to_motion(made, planted(made.take, contacts, PlantOptions()).take, motion)
    assert "b_leftToes" in after.bone_names
    assert foot_measures(rig, after, contacts, Floor()).slide_max < 1.0
    same = to_motion(made, made.take, motion)
    assert same.bone_names == motion.bone_names


def test_one_frame():
    take = walk()
    one = replace(
        take,
        local_rotations=take.local_rotations[:1],
        root_translation=take.root_translation[:1],
        **{name: np.zeros((0, 0)) for name in ("joint_confidence", "blendshapes", "blendshape_confidence", "contacts")},
    )
    held = planted(one, Contacts(SOLES, np.ones((1, 4))), PlantOptions(), source=one)
    assert held.take.frame_count == 1
    assert np.isfinite(held.take.local_rotations).all()


def test_bad_input_is_told_in_plain_words():
    take = walk()
    contacts = Contacts.none(take.frame_count, SOLES)
    with pytest.raises(ValueError, match="floor lies"):
        planted(take, contacts, PlantOptions(floor=Floor((0.0, 0.0, 5.0))))
    with pytest.raises(ValueError, match="contacts have 3 frames"):
        planted(take, Contacts.none(3, SOLES), PlantOptions())
    broken = replace(take, local_rotations=take.local_rotations.copy())
    broken.local_rotations[4, 7] = np.nan
    with pytest.raises(ValueError, match="frame 5"):
        planted(broken, contacts, PlantOptions())


@pytest.mark.parametrize(
    ("clip", "name", "share"), [("cmu_indian_08", "short-legged", 0.01), ("cmu_martial_07", "long-legged", 0.2)]
)
@pytest.mark.parametrize("human", [True, False])
def test_feet_within_limits_hold_exactly_or_are_let_go(shared_data, clip, name, share, human):
    """Average adult limits: none is exceeded, what is said to touch holds, and what is let go is little and told."""
    limits = LimitOptions(LimitTable.load("average_adult"))
    take = mocap_take(shared_data, clip, every=2)
    take = limited(take, limits)[0] if human else take
    rig, before, after, held, contacts, floor = on_character(take, name, limits=limits)
    assert not [found for found in check_limits(held.take, limits) if abs(found.value - found.bound) > 0.01]
    new = foot_measures(rig, after, held.contacts, floor)
    let_go = sum(int(np.sum(contacts.touching(sole) & ~held.contacts.touching(sole))) for sole in SOLES)
    asked = sum(int(contacts.touching(sole).sum()) for sole in SOLES)
    ratio = np.percentile(angular_acceleration(after.rotations, take.fps), 99.9)
    ratio /= np.percentile(angular_acceleration(before.rotations, take.fps), 99.9)
    print(f"{clip} {name}: slide {new.slide_max:.3f} mm, let go {let_go} of {asked}, acceleration x {ratio:.2f}")
    assert new.slide_max < 1.0
    assert new.sink_max < 2.0
    assert let_go < share * asked
    assert ratio < 1.02
    told = [violation for violation in held.violations if violation.kind == "reach"]
    assert bool(told) == bool(let_go)


def test_nothing_jumps_when_limits_take_much(shared_data):
    """A clip that is far beyond the limits of its character: feet are let go, nothing is thrown from its place."""
    limits = LimitOptions(LimitTable.load("average_adult"))
    take = mocap_take(shared_data, "cmu_005_02")
    rig, before, after, _, _, _ = on_character(take, "short-legged", limits=limits)
    steps = []
    for motion in (before, after):
        heads, _ = forward_kinematics(rig, motion)
        feet = heads[:, [rig.bone_names.index(f"b_{side}Foot") for side in ("left", "right")]]
        steps.append(np.linalg.norm(np.diff(feet, axis=0), axis=-1).max())
    print(f"feet move at most {1e3 * steps[0]:.0f} -> {1e3 * steps[1]:.0f} mm a frame")
    assert steps[1] < 1.1 * steps[0]


def test_a_rest_pose_in_mid_stride_stands_no_worse():
    take = walk(60)
    foot = take.joint_names.index("rightFoot")
    take.local_rotations[33, foot] = rotations.from_axis_angle([1.0, 0.0, 0.0], 1.5)  # it hangs as the leg swings
    striding = at_rest_in(take, 33)
    contacts = detect_contacts(take, Floor())
    held, expected = (planted(each, contacts, PlantOptions(floor=estimate_floor(each))) for each in (striding, take))
    assert not held.violations
    for side in ("left", "right"):
        flat = contacts.touching(f"{side}Heel") & contacts.touching(f"{side}Toes")
        ankle = take.joint_names.index(f"{side}Foot")
        away = np.linalg.norm(held.take.world_positions() - expected.take.world_positions(), axis=-1)[flat, ankle]
        assert away.max() < 3e-3
    rig, rig_map = character("short-legged")
    motions = [retarget(each, rig, rig_map) for each in (striding, take)]
    turned = rotations.angle_between(*(motion.pose_rotations for motion in motions))
    bones = [motions[0].bone_names.index(rig_map.bones[f"{side}Foot"]) for side in ("left", "right")]
    assert np.degrees(turned[:, bones]).max() < 3.0
