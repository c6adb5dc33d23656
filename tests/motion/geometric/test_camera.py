# SPDX-License-Identifier: GPL-3.0-or-later
"""The camera from one performer, against known truth."""

from __future__ import annotations

import numpy as np
import pytest

from holirep_blender.motion import rotations
from holirep_blender.motion.geometric import camera as cameras

CENTRE = np.array([640.0, 360.0])


def cloud(frames: int = 12, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0, 0.4, (frames, 20, 3))


def test_a_body_is_put_back_where_it_was():
    points, shift = cloud(), np.array([0.4, -0.2, 3.5])
    seen = points + shift
    pixels = seen[..., :2] / seen[..., 2:] * 900.0 + CENTRE
    found, error = cameras.placed(points, pixels, np.ones(points.shape[:2]), 900.0, CENTRE)
    np.testing.assert_allclose(found, np.repeat(shift[None], 12, 0), atol=1e-9)
    assert np.all(error < 1e-9)


def test_frames_without_points_are_not_placed():
    points = cloud(2)
    pixels = (points + [0, 0, 3])[..., :2] * 300 + CENTRE
    weights = np.ones((2, 20))
    weights[1] = 0.0
    found, _ = cameras.placed(points, pixels, weights, 900.0, CENTRE)
    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1]).all()


@pytest.mark.parametrize("focal", [700.0, 1100.0, 2000.0])
def test_the_lens_is_drawn_towards_the_truth(focal):
    # a body two metres away fills the picture, so perspective shows
    points = cloud(40) * np.array([1.0, 1.0, 1.3])
    shift = np.array([0.0, 0.0, 2.2])
    seen = points + shift
    pixels = seen[..., :2] / seen[..., 2:] * focal + CENTRE
    found = cameras.estimated_focal(points, pixels, np.ones(points.shape[:2]), 2 * CENTRE)
    prior = 1280.0 / (2.0 * np.tan(cameras.PRIOR_FIELD_OF_VIEW / 2.0))
    assert abs(np.log(found / focal)) < 0.55 * abs(np.log(prior / focal)) + 0.08


def test_a_lens_without_evidence_is_the_usual_one():
    found = cameras.estimated_focal(np.zeros((5, 33, 3)), np.zeros((5, 33, 2)), np.zeros((5, 33)), 2 * CENTRE)
    assert found == pytest.approx(1280.0 / (2.0 * np.tan(cameras.PRIOR_FIELD_OF_VIEW / 2.0)))


@pytest.mark.parametrize("pitch", [-40.0, -12.0, 0.0, 12.0])
def test_the_camera_is_tilted_as_the_body_says(pitch):
    # a camera turned down by a pitch sees upright things lean towards it
    turn = rotations.to_matrix(rotations.from_rotation_vector(np.array([np.radians(pitch), 0.0, 0.0])))
    up = np.repeat((turn.T @ np.array([0.0, -1.0, 0.0]))[None], 30, 0)
    found = cameras.upright_camera(up, np.ones(30), spread=np.radians(0.1))
    np.testing.assert_allclose(found, cameras.WORLD_FROM_LEVEL_CAMERA @ turn, atol=0.01)


def test_facing_rays_turn_the_optical_axis_to_the_pixel():
    pixels = np.array([[640.0, 360.0], [1200.0, 100.0]])
    turns = cameras.facing_rays(pixels, 900.0, CENTRE)
    np.testing.assert_allclose(turns[0], np.eye(3), atol=1e-12)
    ray = turns[1] @ np.array([0.0, 0.0, 1.0])
    np.testing.assert_allclose(ray[:2] / ray[2] * 900.0 + CENTRE, pixels[1])
