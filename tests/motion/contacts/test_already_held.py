# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import numpy as np
import pytest

from holirep_blender.motion.contacts import detect_contacts, estimate_floor
from holirep_blender.motion.contacts.already_held import as_held, heights_held
from holirep_blender.motion.contacts.names import SOLE_POINTS
from tests.motion.retargeting.clips import mocap_take

FPS = 30.0


def gliding(still: slice, count: int = 40, height: float = 0.0):
    """One point that creeps, by 3 mm a frame, but in the frames ``still``; the body walks on all the while."""
    step = np.full(count, 0.003)
    step[still.start + 1 : still.stop] = 0.0
    places = np.zeros((count, 1, 3))
    places[:, 0, 1], places[:, 0, 2] = np.cumsum(step), height
    body = np.zeros((count, 1, 3))
    body[:, 0, 1] = 0.03 * np.arange(count)
    return places, body


def test_a_contact_that_was_held_ends_where_the_point_moves():
    places, body = gliding(slice(12, 30))
    touching = np.zeros((40, 1), dtype=bool)
    touching[8:34] = True
    found = as_held(touching, places, places[..., 2], body, ["left"], FPS, 1.0)
    assert np.flatnonzero(found[:, 0]).tolist() == list(range(12, 30))


@pytest.mark.parametrize("why", ["captured", "over the floor", "a pose that is only held"])
def test_other_contacts_stay_as_they_were_found(why):
    places, body = gliding(slice(12, 30), height=0.02 if why == "over the floor" else 0.0)
    if why == "captured":
        places[:, 0] += 0.0005 * np.random.default_rng(1).normal(size=(40, 3))
    if why == "a pose that is only held":
        body[12:30] = body[12]
    touching = np.zeros((40, 1), dtype=bool)
    touching[8:34] = True
    assert (as_held(touching, places, places[..., 2], body, ["left"], FPS, 1.0) == touching).all()


def test_a_floor_of_planted_feet_is_where_they_stand():
    places, body = gliding(slice(5, 38), height=0.013)
    slow = np.ones(40, dtype=bool)
    assert heights_held(places[..., 2], slow, places, body, FPS) == pytest.approx(0.013)
    shaken = places + 0.0005 * np.random.default_rng(1).normal(size=places.shape)
    assert heights_held(shaken[..., 2], slow, shaken, body, FPS) is None


def test_captured_contacts_are_not_taken_for_held_ones(shared_data, monkeypatch):
    take = mocap_take(shared_data, "cmu_martial_09")  # the stillest of all clips
    floor = estimate_floor(take)
    found = detect_contacts(take, floor)
    monkeypatch.setattr("holirep_blender.motion.contacts.detect.as_held", lambda touching, *_: touching)
    plain = detect_contacts(take, floor)
    for name in SOLE_POINTS:
        assert (found.touching(name) == plain.touching(name)).all()
