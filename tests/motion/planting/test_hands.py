# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import numpy as np
import pytest

from holirep_blender.motion import rotations
from holirep_blender.motion.contacts import Contacts
from holirep_blender.motion.planting import PlantOptions, character_take, planted
from holirep_blender.motion.planting.body_parts import body_parts, distance_to, in_part, palm_offset
from holirep_blender.motion.planting.pose import find_limb
from holirep_blender.motion.planting.self_contacts import HAND_TO_HAND, SelfContact, one_at_a_time, self_contacts
from holirep_blender.motion.planting.two_bone import reaching
from holirep_blender.motion.retargeting import retarget
from holirep_blender.motion.skeleton import JOINT_INDEX, JOINT_PARENTS, t_pose_offsets
from holirep_blender.motion.take import Take
from tests.motion.planting.characters import CHARACTERS, character
from tests.motion.planting.measures import angular_acceleration

FRAMES = 90


def touching_take(places: dict[str, np.ndarray]) -> Take:
    """A standing performer whose palms come to ``places``, stay from frame 30 to 60, and leave; the hips sway."""
    offsets = t_pose_offsets(1.7)
    local = rotations.identity((FRAMES, len(JOINT_PARENTS)))
    clock = np.arange(FRAMES)
    local[:, 0] = rotations.from_axis_angle([0.0, 0.0, 1.0], 0.3 * np.sin(clock / 12.0))
    root = np.tile(offsets[0], (FRAMES, 1)) + np.stack([0.1 * np.sin(clock / 9.0), 0.0 * clock, 0.0 * clock], axis=1)
    take = Take(30.0, 1, local, root, offsets)
    world, placed = take.world_rotations(), take.world_positions()
    share = np.clip((15.0 - np.abs(clock - 45.0)) / 12.0 + 1.25, 0.0, 1.0)
    ease = share * share * (3.0 - 2.0 * share)
    for side, place in places.items():
        limb = find_limb(take, (f"{side}UpperArm", f"{side}LowerArm", f"{side}Hand"))
        assert limb is not None
        sign = 1.0 if side == "left" else -1.0
        away = np.array([sign * 0.45, -0.35, 0.25])
        target = rotations.rotate(world[:, 0], away + ease[:, None] * (place - away)) + root
        start, upper, lower = placed[:, limb.upper], world[:, limb.upper], world[:, limb.lower]
        upper = rotations.multiply(world[:, 0], rotations.identity())
        lower = rotations.multiply(upper, rotations.from_axis_angle([0.0, 0.0, -sign], np.full(FRAMES, 0.8)))
        axis = rotations.rotate(upper, np.array([0.0, 0.0, -sign]))
        hand = world[:, 0]
        palm = palm_offset(take, side)
        solved = reaching(limb, upper, lower, axis, start, target - rotations.rotate(hand, palm))
        above = world[:, take.parents[limb.upper]]
        for joint, turned in zip((limb.upper, limb.lower, limb.end), (*solved, hand)):
            local[:, joint] = rotations.multiply(rotations.inverse(above), turned)
            above = turned
    return Take(30.0, 1, local, root, offsets)


def palms(take: Take) -> dict[str, np.ndarray]:
    turned, placed = take.world_rotations(), take.world_positions()
    result = {}
    for side in ("left", "right"):
        hand = take.joint_names.index(f"{side}Hand")
        result[side] = placed[:, hand] + rotations.rotate(turned[:, hand], palm_offset(take, side))
    return result


def held_on(name: str, source: Take, **options):
    rig, rig_map = character(name)
    made = character_take(retarget(source, rig, rig_map), rig, rig_map, fps=source.fps)
    none = Contacts.none(source.frame_count, ("leftHeel",))
    return made.take, planted(made.take, none, PlantOptions(**options), source=source)


@pytest.mark.parametrize("name", [*CHARACTERS, "average"])
def test_hands_together_stay_together(name):
    source = touching_take({"left": np.array([0.05, -0.35, 0.25]), "right": np.array([-0.05, -0.35, 0.25])})
    found = self_contacts(source)
    assert [contact.part for contact in found] == [HAND_TO_HAND]
    assert found[0].first == pytest.approx(30, abs=6)
    assert found[0].end == pytest.approx(61, abs=6)
    before, held = held_on(name, source)
    scale = np.linalg.norm(palm_offset(before, "left")) / np.linalg.norm(palm_offset(source, "left"))
    frames = slice(found[0].first, found[0].end)
    theirs = np.linalg.norm(palms(source)["left"] - palms(source)["right"], axis=-1)[frames]
    ours = np.linalg.norm(palms(held.take)["left"] - palms(held.take)["right"], axis=-1)[frames]
    was = np.linalg.norm(palms(before)["left"] - palms(before)["right"], axis=-1)[frames]
    print(f"{name}: hands apart {1e3 * theirs.mean():.0f} mm, {1e3 * was.mean():.0f} -> {1e3 * ours.mean():.0f} mm")
    assert np.abs(ours - scale * theirs).max() < 0.002
    far = np.r_[0 : found[0].first - 12, found[0].end + 12 : FRAMES]
    arm = [before.joint_names.index(f"left{part}") for part in ("UpperArm", "LowerArm", "Hand")]
    change = rotations.angle_between(before.local_rotations[far][:, arm], held.take.local_rotations[far][:, arm])
    assert change.max() < 1e-6
    old, new = (np.percentile(angular_acceleration(each.local_rotations, 30.0), 99.9) for each in (before, held.take))
    assert new < 1.5 * old


@pytest.mark.parametrize("name", CHARACTERS)
@pytest.mark.parametrize(
    ("part", "place"),
    [
        ("hips", np.array([0.17, -0.08, 0.05])),
        ("head", np.array([0.10, -0.06, 0.62])),
        ("rightUpperArm", np.array([-0.25, -0.03, 0.47])),
    ],
)
def test_a_hand_on_the_own_body_keeps_its_place_scaled_to_the_part(name, part, place):
    source = touching_take({"left": place})
    found = [contact for contact in self_contacts(source) if contact.side == "left"]
    assert found
    assert found[0].part == part
    before, held = held_on(name, source)
    theirs, ours = body_parts(source)[part], body_parts(held.take)[part]
    frames = slice(found[0].first + 1, found[0].end - 1)
    local = [
        in_part(each, take.world_rotations(), take.world_positions(), palms(take)["left"])[frames]
        for each, take in ((theirs, source), (ours, held.take), (body_parts(before)[part], before))
    ]
    told = [violation for violation in held.violations if violation.kind == "reach" and "Hand" in violation.joint]
    scale = np.linalg.norm(local[1], axis=-1) / np.linalg.norm(local[0], axis=-1)
    apart = distance_to(ours, local[1])
    print(f"{name} {part}: scale {scale.mean():.2f}, {1e3 * distance_to(ours, local[2]).mean():.0f} -> "
          f"{1e3 * apart.mean():.0f} mm from the surface, told: {bool(told)}")  # fmt: skip
    if told:  # too short an arm: as near as it can be
        assert np.linalg.norm(local[1] - local[0], axis=-1).max() < np.linalg.norm(local[2], axis=-1).max() + 0.5
    else:
        assert np.ptp(scale[4:-4]) < 0.02
        assert np.ptp(scale) < 0.05  # as it comes and goes
        off = np.linalg.norm(rotations.normalized(local[0]) - rotations.normalized(local[1]), axis=-1)
        assert off[4:-4].max() < 0.021
        assert off.max() < 0.1


def test_hanging_arms_and_strength_zero_are_left_alone():
    offsets = t_pose_offsets(1.7)
    local = rotations.identity((FRAMES, len(JOINT_PARENTS)))
    for side, sign in (("left", 1.0), ("right", -1.0)):
        local[:, JOINT_INDEX[f"{side}UpperArm"]] = rotations.from_axis_angle([0.0, 1.0, 0.0], sign * 1.5)
    still = Take(30.0, 1, local, np.tile(offsets[0], (FRAMES, 1)), offsets)
    assert self_contacts(still) == []
    source = touching_take({"left": np.array([0.05, -0.35, 0.25]), "right": np.array([-0.05, -0.35, 0.25])})
    before, held = held_on("cartoon", source, hands=0.0)
    assert np.array_equal(before.local_rotations, held.take.local_rotations)


def test_a_hand_on_a_table_stays_there():
    source = touching_take({"left": np.array([0.2, -0.3, 0.2])})
    rig, rig_map = character("average")
    made = character_take(retarget(source, rig, rig_map), rig, rig_map, fps=30.0)
    confidence = np.zeros((FRAMES, 1))
    confidence[35:56] = 1.0
    held = planted(made.take, Contacts(("leftHand",), confidence), PlantOptions(), source=source)
    moved = np.linalg.norm(np.diff(palms(held.take)["left"][35:56], axis=0), axis=-1)
    was = np.linalg.norm(np.diff(palms(made.take)["left"][35:56], axis=0), axis=-1)
    assert was.max() > 0.003
    assert moved.max() < 1e-6
    assert np.isfinite(held.places[35:56, 0]).all()


def test_from_one_part_to_another_a_hand_has_time_to_go():
    hip, chest = SelfContact("left", "hips", 10, 40), SelfContact("left", "chest", 38, 80)
    other_hand, again = SelfContact("right", "head", 30, 60), SelfContact("left", "hips", 82, 100)
    rows = [(0.01, hip), (0.02, chest), (0.01, other_hand), (0.03, again)]
    found = one_at_a_time(rows, 120, apart=9)
    assert other_hand in found
    left = [contact for contact in found if contact.side == "left"]
    assert [contact.part for contact in left] == ["hips", "chest", "hips"]
    assert all(later.first - sooner.end >= 9 for sooner, later in zip(left, left[1:]))
