# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands that are lost and found, bent and stretched."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from performance import FPS, performance

from holirep_blender.motion import rotations
from holirep_blender.motion.geometric import SolveOptions, solve
from holirep_blender.motion.skeleton import FINGERS, JOINT_INDEX, finger_joints

LEFT = [JOINT_INDEX[name] for finger in FINGERS for name in finger_joints("left", finger)]


@pytest.fixture(scope="module")
def known():
    return performance(75)


@pytest.fixture(scope="module")
def whole(known):
    return solve(known.observations, SolveOptions(fps=FPS))


def lost(rows, gaps):
    image, world = rows.left_hand_image.copy(), rows.left_hand_world.copy()
    confidence = rows.left_hand_confidence.copy()
    for first, end in gaps:
        image[first:end], world[first:end], confidence[first:end] = np.nan, np.nan, 0.0
    return replace(rows, left_hand_image=image, left_hand_world=world, left_hand_confidence=confidence)


def steps(take):
    turned = take.local_rotations[:, LEFT]
    return np.degrees(rotations.angle_between(turned[1:], turned[:-1])).max(axis=1)


@pytest.mark.parametrize("gaps", [[(20, 24)], [(15, 60)], [(0, 30)], [(40, 75)], [(10, 14), (17, 22), (24, 50)]])
def test_fingers_do_not_jump_when_the_hand_is_lost_and_found(known, whole, gaps):
    take = solve(lost(known.observations, gaps), SolveOptions(fps=FPS))
    assert steps(take).max() < steps(whole).max() + 10.0


def test_a_hand_that_is_long_away_relaxes_without_confidence(known):
    take = solve(lost(known.observations, [(10, 70)]), SolveOptions(fps=FPS))
    assert np.all(take.joint_confidence[25:55, LEFT] == 0.0)
    assert np.all(take.joint_confidence[5, LEFT] > 0.9)
    middle = take.local_rotations[40, LEFT]
    bend = np.degrees(rotations.angle_between(middle, rotations.identity()))
    assert 3.0 < bend.mean() < 35.0


def test_hands_that_are_never_seen_are_relaxed(known):
    take = solve(lost(known.observations, [(0, 75)]), SolveOptions(fps=FPS))
    assert np.all(take.joint_confidence[:, LEFT] == 0.0)
    assert np.allclose(take.local_rotations[:, LEFT], take.local_rotations[:1, LEFT])


def test_fingers_never_bend_backwards(known):
    noisy = np.random.default_rng(9).normal(0.0, 6.0, known.observations.left_hand_image.shape)
    rows = replace(known.observations, left_hand_image=known.observations.left_hand_image + noisy)
    take = solve(rows, SolveOptions(fps=FPS))
    for finger in FINGERS[1:]:
        middle = JOINT_INDEX[finger_joints("left", finger)[1]]
        bend = rotations.to_rotation_vector(take.local_rotations[:, middle])[:, 1]
        assert np.degrees(bend).min() > -1.0


def test_the_picture_alone_gives_fingers_too(known):
    rows = known.observations
    image = rows.left_hand_image.copy()
    # depth as the tracker's relative depth in pixels
    ratio = np.linalg.norm(image[:, 9, :2] - image[:, 0, :2], axis=-1) / np.maximum(
        np.linalg.norm((rows.left_hand_world[:, 9] - rows.left_hand_world[:, 0])[:, :2], axis=-1), 1e-6
    )
    image[..., 2] = (rows.left_hand_world[..., 2] - rows.left_hand_world[:, :1, 2]) * np.median(ratio)
    flat = replace(rows, left_hand_image=image, left_hand_world=np.full_like(rows.left_hand_world, np.nan))
    take = solve(flat, SolveOptions(fps=FPS, focal_length_px=1400.0))
    joints = [JOINT_INDEX[finger_joints("left", finger)[0]] for finger in FINGERS[1:]]
    error = np.degrees(rotations.angle_between(take.local_rotations[:, joints], known.take.local_rotations[:, joints]))
    assert error.mean() < 15.0
