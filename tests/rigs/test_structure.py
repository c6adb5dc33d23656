# SPDX-License-Identifier: GPL-3.0-or-later
"""Rigs are mapped by structure alone: meaningless names, any orientation and unit, missing and extra parts."""

from __future__ import annotations

import random
import time
from dataclasses import replace

import numpy as np
import pytest

from holirep_blender.motion.rigs import Rig, find_rig_map, rig_from_points
from holirep_blender.motion.rigs.structure import FAMILY, map_by_structure
from holirep_blender.motion.skeleton import JOINT_NAMES, REQUIRED_JOINTS
from tests.rigs.body import Body, Pose
from tests.rigs.builders import QUICK_FAMILIES, rows_of, true_bones
from tests.rigs.families import TABLE

FACE = ("leftEye", "rightEye", "jaw")
FINGERS = tuple(
    joint for joint in JOINT_NAMES if any(part in joint for part in ("Thumb", "Index", "Middle", "Ring", "Little"))
)


def meaningless(rig: Rig, seed: int) -> tuple[Rig, dict[str, str]]:
    """The rig with its bones shuffled and called Bone, Bone.001, …; and the new name of each old one."""
    chance = random.Random(seed)
    order = list(range(len(rig.bone_names)))
    chance.shuffle(order)
    place = {old: new for new, old in enumerate(order)}
    names = tuple("Bone" if number == 0 else f"Bone.{number:03d}" for number in range(len(order)))
    parents = np.array([place[int(rig.parents[old])] if rig.parents[old] >= 0 else -1 for old in order])
    shuffled = Rig(names, parents, rig.rest[order], rig.lengths[order], "Hero")
    return shuffled, {rig.bone_names[old]: names[new] for new, old in enumerate(order)}


def moved(rig: Rig, seed: int) -> Rig:
    """The rig turned any way, scaled and shifted within its armature space, its bones rolled by chance."""
    chance = np.random.default_rng(seed)
    turn = np.linalg.qr(chance.normal(size=(3, 3)))[0]
    turn *= np.sign(np.linalg.det(turn))
    scale = float(10 ** chance.uniform(-2, 3))
    rest = rig.rest.copy()
    rest[:, :3, :3] = turn @ rest[:, :3, :3]
    rest[:, :3, 3] = scale * rest[:, :3, 3] @ turn.T + chance.normal(size=3) * scale
    angles = chance.uniform(-np.pi, np.pi, len(rest))
    x_axes, z_axes = rest[:, :3, 0].copy(), rest[:, :3, 2].copy()
    cosine, sine = np.cos(angles)[:, None], np.sin(angles)[:, None]
    rest[:, :3, 0], rest[:, :3, 2] = cosine * x_axes - sine * z_axes, sine * x_axes + cosine * z_axes
    return replace(rig, rest=rest, lengths=rig.lengths * scale)


def expected(family: str) -> dict[str, str]:
    truth = {joint: bone for joint, bone in true_bones(family).items() if joint not in FACE}
    if family in TABLE:
        truth.update(TABLE[family].by_structure)
    return {joint: bone for joint, bone in truth.items() if bone}


@pytest.mark.parametrize("family", QUICK_FAMILIES)
def test_every_family_is_mapped_without_its_names(rigs, family):
    for seed in range(2):
        rig, new_name = meaningless(moved(rigs[family], seed), seed)
        rig_map = find_rig_map(rig)
        assert rig_map.family == FAMILY
        assert dict(rig_map.bones) == {joint: new_name[bone] for joint, bone in expected(family).items()}
        assert rig_map.conflicts(rig) == []
        assert 0.6 < rig_map.score <= 0.9


SPINE = [("hips", "", "hips"), ("spine", "hips", "waist"), ("chest", "spine", "waist-collar.5")]
HEAD = [("neck", "chest", "neck"), ("head", "neck", "head")]
LEGS = [("UpperLeg", "hips", "hip"), ("LowerLeg", "UpperLeg", "knee"), ("Foot", "LowerLeg", "ankle")]
TOES = [("Toes", "Foot", "ball"), ("ToeEnd", "Toes", "toe")]
ARMS = [("UpperArm", "Shoulder", "arm"), ("LowerArm", "UpperArm", "elbow"), ("Hand", "LowerArm", "wrist")]
HAND_END = [("HandEnd", "Hand", "middle1")]
TRUTH = {"hips", "spine", "chest", "neck", "head"}


def body_rig(
    *,
    pose: Pose = Pose(),
    right_pose: Pose | None = None,
    shoulders: bool = True,
    toes: bool = True,
    extra: tuple = (),
    ends: bool = True,
) -> Rig:
    """A small rig by hand; `extra` rows are (name, parent, point) and appear on both sides where marked with ``*``."""
    body = Body(pose)
    rows = [(name, parent, body.at(point)) for name, parent, point in SPINE + HEAD]
    limbs = LEGS + (TOES if toes else []) + ARMS + (HAND_END if ends else [])
    if shoulders:
        limbs = [*limbs, ("Shoulder", "chest", "clav")]
    bodies = {"left": body, "right": Body(right_pose) if right_pose else body}
    for side in ("left", "right"):
        for name, parent, point in limbs:
            above = parent if shoulders or parent != "Shoulder" else "chest"
            above = above if above in TRUTH else side + above
            rows.append((side + name, above, bodies[side].at(point, side)))
    for name, parent, point in extra:
        sides = ("left", "right") if name.startswith("*") else ("left",)
        for side in sides:
            mark = side if name.startswith("*") else ""
            rows.append((name.replace("*", mark), parent.replace("*", mark), body.at(point, side)))
    heads = np.array([row[2] for row in rows])
    return rig_from_points(
        [row[0] for row in rows], [row[1] or None for row in rows], heads, heads + (0, 0, 0.03), "Hero"
    )


def check(rig: Rig, left_out: tuple[str, ...] = ()) -> None:
    truth = {joint: joint for joint in JOINT_NAMES if joint in rig and joint not in left_out}
    for seed in range(3):
        hidden, new_name = meaningless(moved(rig, seed), seed)
        rig_map = map_by_structure(hidden)
        assert rig_map is not None
        back = {name: bone for bone, name in new_name.items()}
        assert {joint: back[bone] for joint, bone in rig_map.bones.items()} == truth


POSES = {
    "T": Pose(),
    "A": Pose(arms_down=45),
    "arms hanging": Pose(arms_down=75, elbows=10),
    "crouched": Pose(arms_down=50, elbows=45, legs_apart=10, crouch=40),
    "long legs": Pose(leg_length=1.3, arms_down=20),
    "long arms": Pose(arm_length=1.3, arms_down=60),
    "short limbs": Pose(arm_length=0.6, leg_length=0.6),
}


@pytest.mark.parametrize("pose", POSES)
def test_poses_and_proportions(pose):
    check(body_rig(pose=POSES[pose]))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (Pose(arms_down=20), Pose(arms_down=60, elbows=30)),
        (Pose(arms_down=40), Pose(arms_down=40, crouch=25)),
        (Pose(arms_down=10, legs_apart=8), Pose(arms_down=70, elbows=20, legs_apart=3, crouch=15)),
    ],
)
def test_sides_posed_differently(left, right):
    check(body_rig(pose=left, right_pose=right))


@pytest.mark.parametrize("shoulders", [True, False])
@pytest.mark.parametrize("toes", [True, False])
@pytest.mark.parametrize("ends", [True, False])
def test_missing_parts(shoulders, toes, ends):
    check(body_rig(shoulders=shoulders, toes=toes, ends=ends, pose=Pose(arms_down=30)))


EXTRAS = {
    "tail": [("tail1", "hips", "tail"), ("tail2", "tail1", "tail-tailend.4"), ("tail3", "tail2", "tailend")],
    "long hair": [
        *(("hair1", "head", "nape"), ("hair2", "hair1", "nape-hairend.3"), ("hair3", "hair2", "nape-hairend.6")),
        *(("*lock1", "head", "hair"), ("*lock2", "*lock1", "hair-hairtip.4"), ("*lock3", "*lock2", "hairtip")),
    ],
    "skirt": [
        ("*skirt1", "hips", "skirt"),
        ("*skirt2", "*skirt1", "skirt-skirtend.5"),
        ("*skirt3", "*skirt2", "skirtend"),
    ],
    "weapon in one hand": [("grip", "leftHand", "weapon"), ("blade", "grip", "hip"), ("tip", "blade", "knee")],
    "face": [
        ("*eye", "head", "eye"),
        ("jaw_bone", "head", "jaw"),
        ("chin_end", "jaw_bone", "chin"),
        ("crown", "head", "top"),
    ],
    "head end": [("crown", "head", "top")],
    "breasts": [("*breast1", "chest", "breast"), ("*breast2", "*breast1", "nipple")],
    "twist beside": [("*twist1", "*UpperArm", "arm-elbow.5"), ("*twist2", "*LowerArm", "elbow-wrist.5")],
    "IK targets": [("*ik", "", "ankle"), ("*ikhand", "", "wrist"), ("*pole", "", "knee")],
}


@pytest.mark.parametrize("extra", EXTRAS)
def test_extra_bones(extra):
    check(body_rig(extra=tuple(EXTRAS[extra]), pose=Pose(arms_down=40)))


def test_all_extras_together():
    rows = [row for extra in EXTRAS.values() for row in extra if row[0] != "crown"]
    check(body_rig(extra=tuple(rows), pose=Pose(arms_down=40)))


def random_pose(chance: random.Random) -> Pose:
    return Pose(
        arms_down=chance.uniform(0, 80),
        elbows=chance.uniform(0, 60),
        legs_apart=chance.uniform(0, 15),
        crouch=chance.uniform(0, 40),
        arm_length=chance.uniform(0.7, 1.3),
        leg_length=chance.uniform(0.7, 1.35),
    )


def test_families_in_random_poses_and_proportions(record_property):
    """At least 97 % of the families' rigs are mapped without any mistake in whatever rest pose and proportions."""
    chance, right, trials = random.Random(7), 0, 60
    for trial in range(trials):
        family = chance.choice(list(TABLE))
        names, parents, heads, tails, _ = zip(*rows_of(replace(TABLE[family], pose=random_pose(chance))))
        rig = rig_from_points(names, [parent or None for parent in parents], np.array(heads), np.array(tails))
        hidden, new_name = meaningless(moved(rig, trial), trial)
        rig_map = map_by_structure(hidden)
        wanted = {joint: new_name[bone] for joint, bone in expected(family).items()}
        right += rig_map is not None and dict(rig_map.bones) == wanted
    record_property("right", f"{right}/{trials}")
    assert right >= 0.97 * trials


def test_random_bodies_with_random_extras(record_property):
    """At least 97 % of random bodies are mapped without any mistake, whatever they carry."""
    chance, right, trials = random.Random(11), 0, 80
    for trial in range(trials):
        rows = {row[0]: row for extra in EXTRAS.values() if chance.random() < 0.35 for row in extra}
        choices = {part: chance.random() < 0.7 for part in ("shoulders", "toes", "ends")}
        rig = body_rig(pose=random_pose(chance), extra=tuple(rows.values()), **choices)
        hidden, new_name = meaningless(moved(rig, trial), trial)
        rig_map = map_by_structure(hidden)
        wanted = {joint: new_name[joint] for joint in JOINT_NAMES if joint in rig}
        right += rig_map is not None and dict(rig_map.bones) == wanted
    record_property("right", f"{right}/{trials}")
    assert right >= 0.97 * trials


def test_things_that_are_no_bodies():
    chain = np.cumsum(np.full((8, 3), 0.1), axis=0)
    names = [f"Bone.{number}" for number in range(8)]
    assert map_by_structure(rig_from_points(names, [None, *names[:-1]], chain, chain + 0.1)) is None
    spider_heads, spider_names, spider_parents = [np.zeros(3)], ["body"], [None]
    for leg in range(8):
        angle = leg * np.pi / 4
        for part in range(1, 4):
            spider_heads.append(0.4 * part * np.array((np.cos(angle), np.sin(angle), 0.2 * (2 - part))))
            spider_names.append(f"leg{leg}.{part}")
            spider_parents.append("body" if part == 1 else f"leg{leg}.{part - 1}")
    heads = np.array(spider_heads)
    assert map_by_structure(rig_from_points(spider_names, spider_parents, heads, heads + (0, 0, 0.1))) is None


def test_thousands_of_extra_bones():
    """A furry character: recognition stays quick and right."""
    chance = np.random.default_rng(3)
    rig = body_rig(pose=Pose(arms_down=40))
    count, before = 3000, len(rig.bone_names)
    owners = chance.integers(0, before, count)
    heads = rig.heads[owners] + chance.normal(scale=0.04, size=(count, 3))
    fur = rig_from_points([f"fur{n}" for n in range(count)], [None] * count, heads, heads + (0, 0, 0.01))
    furry = Rig(
        rig.bone_names + fur.bone_names,
        np.concatenate([rig.parents, owners]),
        np.concatenate([rig.rest, fur.rest]),
        np.concatenate([rig.lengths, fur.lengths]),
    )
    started = time.process_time()
    bones = map_by_structure(furry).bones
    assert time.process_time() - started < 5
    assert {joint: bones.get(joint) for joint in REQUIRED_JOINTS} == {joint: joint for joint in REQUIRED_JOINTS}


def test_unsure_joints_are_left_out(rigs):
    """Toes that spring singly from the foot have no one toe joint; fewer than four fingers are not told apart."""
    bones = map_by_structure(rigs["makehuman"]).bones
    assert "leftToes" not in bones
    mitten = rigs["mixamo"]
    keep = [
        index for index, name in enumerate(mitten.bone_names) if not any(f in name for f in ("Ring", "Pinky", "Index"))
    ]
    place = {old: new for new, old in enumerate(keep)}
    parents = np.array([place.get(int(mitten.parents[old]), -1) for old in keep])
    mitten = Rig(tuple(mitten.bone_names[old] for old in keep), parents, mitten.rest[keep], mitten.lengths[keep])
    found = map_by_structure(mitten).bones
    assert set(REQUIRED_JOINTS) <= set(found)
    assert not set(FINGERS) & set(found)


def test_real_skeletons_of_motion_files(shared_data):
    """BVH hierarchies recorded by others: named maps are complete, and structure agrees where the rest is a T-pose."""
    for name, family in (("cmu_salsa_01.bvh", "Daz Genesis 1 and 2, Poser"), ("cmu_001_01.bvh", "Character Creator")):
        rig = read_bvh(shared_data / "mocap" / name)
        rig_map = find_rig_map(rig)
        assert rig_map.family == family
        assert rig_map.conflicts(rig) == []
        assert len(rig_map.bones) >= 41
    poser = read_bvh(shared_data / "mocap" / "cmu_salsa_01.bvh")
    by_structure = map_by_structure(poser)
    named = find_rig_map(poser)
    assert {joint: by_structure.bones.get(joint) for joint in REQUIRED_JOINTS} == {
        joint: named.bones.get(joint) for joint in REQUIRED_JOINTS
    }


def read_bvh(path) -> Rig:
    """The hierarchy of a BVH file in its zero pose."""
    names, parents, heads, stack = [], [], [], []
    current = None
    for line in path.read_text().splitlines():
        words = line.split()
        if words[0] == "MOTION":
            break
        if words[0] in ("ROOT", "JOINT"):
            current = words[1]
        elif words[0] == "End":
            current = f"{stack[-1]}_tip"
        elif words[0] == "{":
            names.append(current)
            parents.append(stack[-1] if stack else None)
            stack.append(current)
        elif words[0] == "}":
            stack.pop()
        elif words[0] == "OFFSET":
            above = heads[names.index(parents[-1])] if parents[-1] else np.zeros(3)
            heads.append(above + np.array(words[1:4], dtype=float))
    points = np.array(heads)
    return rig_from_points(names, parents, points, points + (0, 1, 0), path.stem)
