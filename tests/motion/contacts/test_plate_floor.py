# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from holirep_blender.motion import rotations
from holirep_blender.motion.contacts import Floor, detect_contacts, floor_from_corners
from holirep_blender.motion.geometric.camera import WORLD_FROM_LEVEL_CAMERA
from holirep_blender.motion.take import Camera
from tests.motion.contacts.postures import standing

SIZE = np.array([1280.0, 720.0])


def filmed(pitch: float = 15.0, roll: float = 3.0, yaw: float = 20.0, frames: int = 30):
    """A standing performer and the camera that sees it, turned by degrees from level."""
    turn = rotations.to_matrix(rotations.from_rotation_vector(np.radians([-pitch, yaw, roll])))
    pose = np.eye(4)
    pose[:3, :3] = WORLD_FROM_LEVEL_CAMERA @ turn
    pose[:3, 3] = pose[:3, 2] * -5.0 + [0.0, 0.0, 0.5]
    intrinsics = np.array([[1100.0, 0, 640], [0, 1100.0, 360], [0, 0, 1]])
    take = replace(standing(frames), camera=Camera(intrinsics, np.repeat(pose[None], frames, 0), SIZE))
    return detect_contacts(take, Floor()).to_take(take)


def rectangle(angle: float = 30.0, size: float = 1.0) -> np.ndarray:
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    corners = size * np.array([[0.4, 0.3, 0], [-0.4, 0.3, 0], [-0.4, -0.3, 0], [0.4, -0.3, 0]])
    return corners @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])


@pytest.mark.parametrize("angle", [0.0, 30.0, 80.0])
@pytest.mark.parametrize("roll", [0.0, 6.0])
def test_a_rectangle_on_the_floor_gives_the_floor(angle, roll):
    take = filmed(roll=roll)
    corners = take.camera.project(np.repeat(rectangle(angle)[None], 30, 0))[4]
    for order in (corners, corners[::-1], np.roll(corners, 1, axis=0)):
        floor = floor_from_corners(take, 4, order)
        np.testing.assert_allclose(floor.normal, [0.0, 0.0, 1.0], atol=1e-6)
        assert floor.height_of(np.zeros(3)) == pytest.approx(0.0, abs=2e-3)


def test_clicks_that_miss_by_a_pixel_tilt_the_floor_the_less_the_larger_the_rectangle():
    take = filmed()
    medians = []
    for size in (1.0, 3.0):
        corners = take.camera.project(np.repeat(rectangle(size=size)[None], 30, 0))[0]
        clicks = [corners + np.random.default_rng(seed).normal(size=(4, 2)) for seed in range(20)]
        up = [floor_from_corners(take, 0, click).up[2] for click in clicks]
        medians.append(float(np.median(np.degrees(np.arccos(np.clip(up, -1.0, 1.0))))))
    print(f"tilt with clicks 1 pixel off: {medians[0]:.1f} degrees for 0.8 x 0.6 m, {medians[1]:.1f} for 2.4 x 1.8 m")
    assert medians[1] < 1.0
    assert medians[1] < 0.4 * medians[0]


def test_a_tilted_camera_estimate_shows_as_a_tilted_floor():
    take = filmed()
    corners = take.camera.project(np.repeat(rectangle()[None], 30, 0))[0]
    wrong = take.camera.world_from_camera.copy()
    lean = rotations.to_matrix(rotations.from_rotation_vector(np.radians([4.0, 0.0, 0.0])))
    wrong[:, :3, :3] = lean @ wrong[:, :3, :3]
    leaning = replace(take, camera=replace(take.camera, world_from_camera=wrong))
    np.testing.assert_allclose(floor_from_corners(leaning, 0, corners).up, lean[:, 2], atol=1e-6)


def test_without_contacts_the_lowest_places_count():
    take = filmed()
    corners = take.camera.project(np.repeat(rectangle()[None], 30, 0))[0]
    free = replace(take, contacts=np.zeros_like(take.contacts))
    assert floor_from_corners(free, 0, corners).height_of(np.zeros(3)) == pytest.approx(0.0, abs=5e-3)


def test_what_is_no_rectangle_on_the_floor_is_refused():
    take = filmed()
    corners = take.camera.project(np.repeat(rectangle()[None], 30, 0))[0]
    with pytest.raises(ValueError, match="four corners"):
        floor_from_corners(take, 0, corners[:3])
    with pytest.raises(ValueError, match="without crossing"):
        floor_from_corners(take, 0, corners[[0, 2, 1, 3]])
    with pytest.raises(ValueError, match="too close together"):
        floor_from_corners(take, 0, corners.mean(axis=0) + 0.01 * (corners - corners.mean(axis=0)))
    with pytest.raises(ValueError, match="Frame 31 is not in the take"):
        floor_from_corners(take, 30, corners)
    with pytest.raises(ValueError, match="no camera"):
        floor_from_corners(replace(take, camera=None), 0, corners)
    with pytest.raises(ValueError, match="four corners"):
        floor_from_corners(take, 0, np.full((4, 2), np.nan))
