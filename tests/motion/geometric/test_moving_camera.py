# SPDX-License-Identifier: GPL-3.0-or-later
"""A camera that moves and whose track is given."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from performance import FPS, SIZE, level_camera, observed, performance, walking

from holirep_blender.motion import rotations
from holirep_blender.motion.contacts import Contacts, Floor, contact_points
from holirep_blender.motion.contacts.names import SOLE_POINTS
from holirep_blender.motion.geometric import SolveError, SolveOptions, solve
from holirep_blender.motion.geometric.camera import WORLD_FROM_LEVEL_CAMERA
from holirep_blender.motion.skeleton import JOINT_INDEX
from holirep_blender.motion.take import Camera

FRAMES, FOCAL = 90, 1400.0
FEET = [JOINT_INDEX[name] for name in ("leftFoot", "rightFoot", "leftToes", "rightToes")]


def moving_camera(pan: float = 12.0, dolly: float = 0.8, shake: float = 0.3, floor: float = 0.0) -> Camera:
    """A camera on a dolly that pans and nods by degrees, moves by metres and trembles a little, all in a clip."""
    share = np.linspace(-1.0, 1.0, FRAMES)
    noise = np.random.default_rng(7).normal(size=(FRAMES, 3)) * np.radians(shake)
    turns = noise + np.radians(np.stack([3.0 * np.sin(2.0 * share), pan * share, 0.0 * share], axis=1))
    pose = np.tile(np.eye(4), (FRAMES, 1, 1))
    pose[:, :3, :3] = WORLD_FROM_LEVEL_CAMERA @ rotations.to_matrix(rotations.from_rotation_vector(turns))
    pose[:, :3, 3] = np.stack([dolly * share, -4.5 + 0.4 * share**2, 1.3 + 0.2 * share + floor], axis=1)
    return Camera(level_camera(1, FOCAL).intrinsics, pose, SIZE)


def standing_take():
    take = walking(FRAMES)
    still = np.repeat(take.local_rotations[40:41], FRAMES, 0)
    return replace(take, local_rotations=still, root_translation=np.repeat(take.root_translation[40:41], FRAMES, 0))


def options(track, **more) -> SolveOptions:
    return SolveOptions(fps=FPS, focal_length_px=FOCAL, performer_height=1.70, camera_track=track, **more)


@pytest.fixture(scope="module")
def walked():
    take, camera = walking(FRAMES), moving_camera()
    return take, camera, solve(observed(take, camera), options(camera.world_from_camera))


def slide(take) -> np.ndarray:
    """Metres a frame of the soles' points while they touch."""
    points, contacts = contact_points(take), Contacts.from_take(take)
    places = points.world(take)
    result = []
    for name in SOLE_POINTS:
        touching = contacts.touching(name)
        step = np.linalg.norm(np.diff(places[:, points.index(name)], axis=0), axis=-1)
        result.append(step[touching[1:] & touching[:-1]])
    return np.concatenate(result)


def test_a_walk_is_found_in_the_tracks_world(walked):
    truth, camera, found = walked
    np.testing.assert_array_equal(found.camera.world_from_camera, camera.world_from_camera)
    error = np.linalg.norm(found.root_translation - truth.root_translation, axis=1)
    # the path is as long as it was and leads where it led
    way = found.root_translation[-1] - found.root_translation[0]
    print(f"root: mean error {100 * error.mean():.1f} cm, way {np.linalg.norm(way[:2]):.2f} m of 2.08 m")
    assert error.mean() < 0.10
    assert np.linalg.norm(way - (truth.root_translation[-1] - truth.root_translation[0])) < 0.12
    wrong = np.linalg.norm(found.world_positions()[:, FEET] - truth.world_positions()[:, FEET], axis=-1)
    assert wrong.mean() < 0.12
    # as calm as the walk itself, though the camera trembles
    assert np.linalg.norm(np.diff(found.root_translation, 2, axis=0), axis=1).max() < 0.02


def test_feet_stay_put_while_the_camera_passes():
    take, camera = standing_take(), moving_camera()
    found = solve(observed(take, camera), options(camera.world_from_camera))
    contacts = Contacts.from_take(found)
    standing = [name for name in SOLE_POINTS if contacts.touching(name).mean() > 0.9]
    assert len(standing) >= 2
    feet = found.world_positions()[:, FEET]
    print(f"feet: spread {1e3 * feet.std(axis=0).max():.1f} mm, slide {1e3 * slide(found).mean():.2f} mm a frame")
    assert feet.std(axis=0).max() < 0.02
    assert slide(found).mean() < 0.001
    # without the track they wander with the camera
    lost = solve(observed(take, camera), replace(options(None)))
    assert lost.world_positions()[:, FEET].std(axis=0).max() > 0.2


def test_walking_feet_rest_in_the_world(walked):
    truth, _, found = walked
    contacts = Contacts.from_take(found)
    assert contacts.any()
    # the walk's own soles glide in contact: its legs swing as pendulums
    own, seen = slide(contacts.to_take(truth)).mean(), slide(found).mean()
    print(f"slide in contact: {1e3 * seen:.1f} mm a frame, the performer's own {1e3 * own:.1f}")
    assert seen < 1.1 * own


def test_seen_through_the_track_joints_lie_on_the_performer(walked):
    truth, camera, found = walked
    error = camera.project(found.world_positions())[:, FEET] - camera.project(truth.world_positions())[:, FEET]
    assert np.median(np.linalg.norm(error, axis=-1)) < 8.0


def test_the_tracks_world_is_kept_wherever_its_floor_and_heading_are():
    take, camera = walking(FRAMES), moving_camera()
    lifted = np.eye(4)
    lifted[:3, :3] = rotations.to_matrix(rotations.from_axis_angle([0, 0, 1], np.float64(2.0)))
    lifted[:3, 3] = [10.0, -3.0, 2.5]
    rows = observed(take, camera)
    here = solve(rows, options(camera.world_from_camera))
    there = solve(rows, options(lifted @ camera.world_from_camera))
    moved = here.root_translation @ lifted[:3, :3].T + lifted[:3, 3]
    np.testing.assert_allclose(there.root_translation, moved, atol=0.01)
    agree = [
        (Contacts.from_take(here).touching(name) == Contacts.from_take(there).touching(name)).mean()
        for name in SOLE_POINTS
    ]
    assert min(agree) > 0.95


def test_a_track_that_stands_still_gives_the_plain_solve():
    known = performance(FRAMES, focal=FOCAL)
    plain = solve(known.observations, SolveOptions(fps=FPS, focal_length_px=FOCAL, performer_height=1.70))
    again = solve(known.observations, options(plain.camera.world_from_camera))
    places, truth = again.world_positions(), plain.world_positions()
    error = np.linalg.norm(places - truth, axis=-1)
    print(f"a still track against the plain solve: mean {1e3 * error.mean():.1f} mm, worst {1e3 * error.max():.1f} mm")
    assert error.mean() < 0.01
    assert error.max() < 0.04
    same = [
        (Contacts.from_take(plain).touching(name) == Contacts.from_take(again).touching(name)).mean()
        for name in SOLE_POINTS
    ]
    assert min(same) > 0.9


def test_the_lens_may_be_estimated(walked):
    truth, camera, _ = walked
    found = solve(
        observed(truth, camera), SolveOptions(fps=FPS, performer_height=1.70, camera_track=camera.world_from_camera)
    )
    assert 0.6 < found.camera.intrinsics[0, 0] / FOCAL < 1.6
    assert np.isfinite(found.world_positions()).all()


def test_frames_without_the_performer_keep_the_track():
    take, camera = walking(FRAMES), moving_camera()
    rows = observed(take, camera)
    rows.body_image[:10], rows.body_confidence[:10] = np.nan, 0.0
    found = solve(rows, options(camera.world_from_camera))
    assert found.frame_count == FRAMES
    np.testing.assert_array_equal(found.camera.world_from_camera, camera.world_from_camera)
    np.testing.assert_array_equal(found.root_translation[0], found.root_translation[10])


def test_the_header_can_be_written(walked, tmp_path):
    _, _, found = walked
    found.save(tmp_path / "take.npz")
    assert found.header["solve_options"]["camera_track"] == "given"


def test_what_is_no_track_is_said_in_words(walked):
    truth, camera, _ = walked
    track = camera.world_from_camera
    rows = observed(truth, camera)
    with pytest.raises(SolveError, match="80 frames, but the take has 90"):
        solve(rows, options(track[:80]))
    blender = track.copy()
    blender[:, :3, 1:3] *= -1.0
    with pytest.raises(SolveError, match="upside down"):
        solve(rows, options(blender))
    with pytest.raises(SolveError, match="4 by 4"):
        options(track[0])
    with pytest.raises(SolveError, match="row 4"):
        options(np.where(np.arange(FRAMES)[:, None, None] == 3, np.nan, track))
    with pytest.raises(SolveError, match=r"Row 1 .* scale"):
        options(track * [2.0, 2.0, 2.0, 1.0])
    with pytest.raises(SolveError, match="must be numbers"):
        options("track.npz")


def test_a_floor_that_is_not_level_zero_is_found_for_contacts():
    take = walking(FRAMES)
    camera = moving_camera()
    up = np.eye(4)
    up[2, 3] = 1.5
    found = solve(observed(take, camera), options(up @ camera.world_from_camera))
    contacts = Contacts.from_take(found)
    assert contacts.any()
    lowest = Floor((0.0, 0.0, 1.5)).height_of(contact_points(found).world(found)[:, :4])
    assert abs(np.median(lowest.min(axis=1))) < 0.08


def test_a_lens_that_is_shifted_is_given_by_its_principal_point(walked):
    truth, camera, plain = walked
    shifted = Camera(camera.intrinsics.copy(), camera.world_from_camera, camera.image_size)
    shifted.intrinsics[:2, 2] += [160.0, -60.0]
    seen = observed(truth, shifted)
    point = tuple(shifted.intrinsics[:2, 2])
    found = solve(seen, options(camera.world_from_camera, principal_point=point))
    np.testing.assert_allclose(found.camera.intrinsics, shifted.intrinsics)
    off = np.linalg.norm(found.root_translation - plain.root_translation, axis=1).mean()
    ignored = solve(seen, options(camera.world_from_camera))
    wrong = np.linalg.norm(ignored.root_translation - plain.root_translation, axis=1).mean()
    print(f"root off by {1000 * off:.1f} mm, by {1000 * wrong:.0f} mm where the shift is not known")
    assert off < 0.02 < 0.2 < wrong
