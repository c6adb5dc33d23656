# SPDX-License-Identifier: GPL-3.0-or-later
"""Eyes shut by the openings between their lids."""

from __future__ import annotations

import numpy as np

from holirep_blender.inference.fusion.lids import lids_of, shut_lids
from holirep_blender.motion.geometric.gaze import EYES, Gaze
from holirep_blender.motion.geometric.head import Face

COUNT = 30
LARGE, SMALL = 90.0, 28.0


def face(left, right):
    """A face whose eyes are open by so much of a usual eye, frame by frame."""
    points = np.zeros((COUNT, 478, 3))
    for (outer, inner, upper, lower, _), opening in zip(EYES, (left, right)):
        points[:, outer, 0], points[:, inner, 0] = 1.0, 2.0
        points[:, list(upper), 2] = 0.3 * np.asarray(opening)[:, None]
        points[:, list(lower), 2] = 0.0
    return Face(np.tile(np.eye(3), (COUNT, 1, 1)), points, np.ones(COUNT, dtype=bool), np.ones(COUNT))


def gaze(pitch=0.0):
    """Both eyes look ahead, or down."""
    return Gaze(np.zeros((COUNT, 2)), np.full((COUNT, 2), pitch))


def dipped(depth):
    """Open eyes that close to ``depth`` of their opening in frame 15."""
    opening = np.ones(COUNT)
    opening[15] = depth
    return opening


def test_open_eyes_and_their_jitter_are_not_shut():
    jitter = 1.0 + 0.05 * np.random.default_rng(0).normal(size=COUNT).clip(-1.5, 1.5)
    assert shut_lids(face(jitter, jitter), gaze(), SMALL).max() < 0.1


def test_what_is_shut_depends_on_the_faces_size():
    eyes = face(dipped(0.62), dipped(0.62))
    assert shut_lids(eyes, gaze(), SMALL)[15].min() > 0.8
    assert shut_lids(eyes, gaze(), LARGE)[15].max() < 0.6
    assert shut_lids(face(dipped(0.25), dipped(0.25)), gaze(), LARGE)[15].min() == 1.0


def test_small_eyes_blink_together_and_large_ones_wink():
    eyes = face(dipped(0.3), np.ones(COUNT))
    apart = shut_lids(eyes, gaze(), LARGE)[15]
    assert apart[0] > 0.9
    assert apart[1] == 0.0
    together = shut_lids(eyes, gaze(), SMALL)[15]
    assert together[0] == together[1] > 0.5


def test_a_lid_that_follows_a_lowered_eye_is_not_shut():
    eyes = face(dipped(0.65), dipped(0.65))
    assert shut_lids(eyes, gaze(-0.6), LARGE)[15].max() < 0.2


def test_the_networks_blink_counts_and_its_rest_does_not():
    said = np.full((COUNT, 2), 0.3)
    said[15] = 0.9
    open_eyes = face(np.ones(COUNT), np.ones(COUNT))
    shut = lids_of(said, np.full(2, 0.3), open_eyes, gaze(), SMALL)
    assert shut[15].min() > 0.8
    assert np.delete(shut, 15, axis=0).max() < 1e-9
    # large faces' rest is meant
    assert lids_of(said, np.full(2, 0.3), open_eyes, gaze(), LARGE)[0, 0] == 0.3


def test_openings_tell_a_blink_only_where_the_network_tells_none():
    eyes, nothing = face(dipped(0.4), dipped(0.4)), np.zeros((COUNT, 2))
    assert lids_of(nothing, np.zeros(2), eyes, gaze(), SMALL)[15].min() > 0.8
    said = nothing.copy()
    said[5] = 0.9
    assert lids_of(said, np.zeros(2), eyes, gaze(), SMALL)[15].max() == 0.0
