# SPDX-License-Identifier: GPL-3.0-or-later
"""Seats and knees that rest, on characters of other proportions: poses made here, whose root trembles and drifts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from holirep_blender.motion import rotations
from holirep_blender.motion.contacts import Contacts, contact_points
from holirep_blender.motion.planting import PlantOptions, character_take, planted
from holirep_blender.motion.retargeting import retarget
from holirep_blender.motion.take import Take
from tests.motion.contacts.postures import kneeling, sitting, standing
from tests.motion.planting.characters import CHARACTERS, character
from tests.motion.planting.measures import angular_acceleration

FRAMES, FIRST, LAST = 120, 40, 80


def down_and_up(pose: Take) -> Take:
    """From standing into a pose, held from ``FIRST`` to ``LAST``, and up again; the root drifts and trembles."""
    upright = standing(FRAMES)
    clock = np.arange(FRAMES)
    share = np.clip(np.minimum((clock - 15) / 25.0, (105 - clock) / 25.0), 0.0, 1.0)
    share = share**3 * (10.0 + share * (6.0 * share - 15.0))
    local = rotations.slerp(upright.local_rotations, pose.local_rotations, share[:, None])
    root = upright.root_translation + share[:, None] * (pose.root_translation - upright.root_translation)
    root = root + 0.015 * np.stack([np.sin(clock / 9.0), np.cos(clock / 7.0), np.sin(clock / 8.0)], axis=1)
    return replace(pose, local_rotations=local, root_translation=root)


def contacts_of(*names: str) -> Contacts:
    confidence = np.zeros((FRAMES, len(names)))
    confidence[FIRST : LAST + 1] = 1.0
    return Contacts(names, confidence)


@pytest.mark.parametrize("name", CHARACTERS)
@pytest.mark.parametrize(
    ("pose", "names"),
    [
        (sitting, ("hips", "leftHeel", "leftToes", "rightHeel", "rightToes")),
        (kneeling, ("leftKnee", "rightKnee")),
        (kneeling, ("leftKnee", "rightHeel", "rightToes")),
    ],
)
def test_seat_and_knees_keep_their_places(name, pose, names):
    source = down_and_up(pose(FRAMES))
    contacts = contacts_of(*names)
    rig, rig_map = character(name)
    made = character_take(retarget(source, rig, rig_map), rig, rig_map, fps=source.fps)
    held = planted(made.take, contacts, PlantOptions(), source=source)
    points = contact_points(made.take)
    worst, before = [], []
    for point in names:
        touching = held.contacts.touching(point)
        both = np.flatnonzero(touching[1:] & touching[:-1]) + 1
        for take, found in ((held.take, worst), (made.take, before)):
            place = points.world(take)[:, points.index(point)]
            found.append(np.linalg.norm(place[both] - place[both - 1], axis=-1).max(initial=0.0))
        if touching.any() and "Knee" in point:
            assert np.abs(points.world(held.take)[touching, points.index(point), 2]).max() < 0.002
    rests = [point for point in names if point == "hips" or "Knee" in point]
    kept = [int(held.contacts.touching(point).sum()) for point in names]
    old, new = (angular_acceleration(each.local_rotations, 30.0).max() for each in (made.take, held.take))
    print(f"{name} {names}: {1e3 * max(before):.1f} -> {1e3 * max(worst):.4f} mm a frame, frames held {kept}, "
          f"acceleration {old:.0f} -> {new:.0f}")  # fmt: skip
    assert max(before) > 1e-3
    assert max(worst) < 1e-3
    assert all(held.contacts.touching(point).sum() == LAST - FIRST + 1 for point in rests)
    step = np.linalg.norm(np.diff(held.take.root_translation, axis=0), axis=-1)
    assert step.max() < np.linalg.norm(np.diff(made.take.root_translation, axis=0), axis=-1).max() + 0.03
    assert np.isfinite(held.take.local_rotations).all()
