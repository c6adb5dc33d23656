# SPDX-License-Identifier: GPL-3.0-or-later
"""Verbs run again on what they made."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from holirep_blender.motion import rotations
from holirep_blender.motion.contacts import Floor
from holirep_blender.motion.planting import character_take
from holirep_blender.motion.refining.options import RefineOptions
from holirep_blender.motion.refining.provenance import HEADER, fingerprint, made_by
from holirep_blender.motion.refining.verbs import clamped, found_contacts, planted_performer, planted_take
from holirep_blender.motion.retargeting import retarget
from holirep_blender.motion.take import Take
from tests.motion.planting.characters import character
from tests.motion.retargeting.clips import lively_take, mocap_take

ELBOWS = frozenset({"leftLowerArm", "rightLowerArm", "leftHand", "rightHand"})
FEET = RefineOptions(limits=0.0, hands=0.0)


def of_keys(take: Take) -> Take:
    """As it is read from keys: in single precision, and nobody knows who made it."""
    return replace(
        take,
        local_rotations=rotations.normalized(take.local_rotations.astype(np.float32).astype(np.float64)),
        root_translation=take.root_translation.astype(np.float32).astype(np.float64),
        header={key: value for key, value in take.header.items() if key != HEADER},
    )


def moved(before: Take, after: Take) -> tuple[float, float]:
    """The largest turn of a joint in degrees, and the furthest way of the root in millimetres."""
    turned = rotations.angle_between(before.local_rotations, after.local_rotations)
    root = np.linalg.norm(before.root_translation - after.root_translation, axis=-1)
    return float(np.degrees(turned.max())), 1e3 * float(root.max())


@pytest.mark.parametrize(
    ("clip", "name"),
    [
        ("cmu_002_01", "short-legged"),
        ("cmu_martial_04", "short-legged"),
        ("cmu_salsa_04", "average"),
        ("cmu_005_11", "cartoon"),
        ("cmu_005_10", "cartoon"),  # toes brush the floor
        ("cmu_005_18", "cartoon"),
        ("cmu_salsa_01", "average"),  # somebody sits
    ],
)
def test_feet_that_were_planted_are_left_alone(shared_data, clip, name):
    take = mocap_take(shared_data, clip)
    rig, rig_map = character(name)
    made = character_take(retarget(take, rig, rig_map), rig, rig_map, fps=take.fps).take
    once, first = planted_take(made, FEET)
    once = of_keys(once)
    twice, _ = planted_take(once, FEET)
    turned, root = moved(once, of_keys(twice))
    again = found_contacts(once, FEET)[1]
    grown = sum(int((again.touching(point) & ~first.contacts.touching(point)).sum()) for point in again.names)
    lost = sum(int((~again.touching(point) & first.contacts.touching(point)).sum()) for point in again.names)
    print(f"{clip} {name}: {turned:.4f}°, {root:.4f} mm, contacts +{grown} -{lost}; at first {moved(made, once)}")
    assert moved(made, once)[0] > 5.0
    assert turned < 0.1
    assert root < 0.1
    # what touched for a frame alone cannot be told from motion
    assert grown <= 0.01 * first.asked
    assert lost <= 0.05 * first.asked


@pytest.mark.parametrize(
    "options",
    [
        RefineOptions(frames=(8, 30)),
        RefineOptions(joints=ELBOWS),
        RefineOptions(limits=0.5),
        RefineOptions(frames=(8, 30), joints=ELBOWS, limits=0.5, preset="child"),
    ],
)
def test_the_same_limits_again_change_nothing_and_others_do(options):
    take = lively_take(40)
    once, report = clamped(take, options)
    assert moved(take, once)[0] > 1.0
    twice, again = clamped(once, options)
    assert moved(once, twice) == (0.0, 0.0)
    assert "nothing changed since" in again.sentences[0]
    assert report.sentences != again.sentences
    other, _ = clamped(once, replace(options, limits=1.0, preset="elderly", frames=None, joints=None))
    assert moved(once, other)[0] > 1.0
    # a motion that was changed since is a new one
    local = once.local_rotations.copy()
    local[20, 10] = rotations.multiply(local[20, 10], rotations.from_axis_angle([1.0, 0.0, 0.0], 0.5))
    assert not made_by(replace(once, local_rotations=local), "clamp", options)


@pytest.mark.parametrize("changes", [{"frames": (10, 60)}, {"feet": 0.5}, {"joints": frozenset({"hips"})}])
def test_the_same_planting_again_changes_nothing(shared_data, changes, tmp_path):
    take = mocap_take(shared_data, "cmu_002_01")
    options = replace(FEET, **changes)
    once, _ = planted_performer(take, options)
    once.save(tmp_path / "once.npz")
    loaded = Take.load(tmp_path / "once.npz")
    assert fingerprint(loaded) == fingerprint(once)
    twice, again = planted_performer(loaded, options)
    assert moved(loaded, twice) == (0.0, 0.0)
    assert again.contacts is not None
    assert "nothing changed since" in again.sentences[0]
    stronger, _ = planted_performer(loaded, replace(options, floor=Floor((0.0, 0.0, 0.05))))
    assert "joints" in changes or moved(loaded, stronger)[1] > 1.0
