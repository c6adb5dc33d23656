# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole solve on a performance of known truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from performance import FPS, Performance, performance

from holirep_blender.motion import rotations
from holirep_blender.motion.contacts import Contacts
from holirep_blender.motion.geometric import SolveError, SolveOptions, solve
from holirep_blender.motion.observations import Observations
from holirep_blender.motion.skeleton import JOINT_INDEX, JOINT_NAMES
from holirep_blender.motion.take import CONTACT_NAMES

BODY = [
    JOINT_INDEX[side + part]
    for side in ("left", "right")
    for part in ("UpperArm", "LowerArm", "Hand", "UpperLeg", "LowerLeg", "Foot")
]


@pytest.fixture(scope="module")
def known() -> Performance:
    return performance()


@pytest.fixture(scope="module")
def solved(known):
    return solve(known.observations, SolveOptions(fps=FPS, focal_length_px=1400.0, performer_height=1.70))


def test_joints_are_found(known, solved):
    truth, found = known.take.world_positions(), solved.world_positions()
    truth = truth - truth[:1, :1] * [1, 1, 0]
    found = found - found[:1, :1] * [1, 1, 0]
    error = np.linalg.norm(found[:, BODY] - truth[:, BODY], axis=-1)
    assert error.mean() < 0.03
    assert np.percentile(error, 95) < 0.07


def test_joint_rotations_are_found(known, solved):
    limits = {"hips": 5, "upperChest": 5, "leftUpperArm": 8, "rightLowerArm": 8, "leftUpperLeg": 6, "rightLowerLeg": 6}
    truth, found = known.take.world_rotations(), solved.world_rotations()
    for name, limit in limits.items():
        row = JOINT_INDEX[name]
        error = np.degrees(rotations.angle_between(found[:, row], truth[:, row]))
        assert error.mean() < limit, (name, error.mean())


def test_fingers_are_found(known, solved):
    rows = [
        JOINT_INDEX[f"{side}{finger}{joint}"]
        for side in ("left", "right")
        for finger in ("Index", "Middle", "Ring", "Little")
        for joint in ("Proximal", "Intermediate")
    ]
    error = np.degrees(rotations.angle_between(solved.local_rotations[:, rows], known.take.local_rotations[:, rows]))
    assert error.mean() < 8.0


def test_seen_through_the_solved_camera_joints_lie_on_the_performer(known, solved):
    box = known.observations.person_box
    stature = np.median(box[:, 3] - box[:, 1])
    pixels = solved.camera.project(solved.world_positions())[:, BODY]
    truth = known.camera.project(known.take.world_positions())[:, BODY]
    assert np.median(np.linalg.norm(pixels - truth, axis=-1)) < 0.012 * stature


def test_the_floor_is_at_zero_and_feet_touch_it(known, solved):
    feet = solved.world_positions()[:, [JOINT_INDEX["leftToes"], JOINT_INDEX["rightToes"]], 2]
    assert -0.03 < feet.min() < 0.06
    soles = np.stack([Contacts.from_take(solved).touching(name) for name in CONTACT_NAMES], axis=1)
    assert soles.any(axis=0).all()
    assert 0.05 < soles.mean() < 0.95


def test_the_root_travels_as_the_performer(known, solved):
    truth = known.take.root_translation - known.take.root_translation[0]
    found = solved.root_translation - solved.root_translation[0]
    assert np.linalg.norm(found - truth, axis=-1).max() < 0.12
    assert np.linalg.norm(np.diff(found, 2, axis=0), axis=-1).max() < 0.02


def test_unknown_lens_and_height_still_put_the_performer_in_the_picture(known):
    take = solve(known.observations, SolveOptions(fps=FPS))
    box = known.observations.person_box
    stature = np.median(box[:, 3] - box[:, 1])
    truth = known.camera.project(known.take.world_positions())[:, BODY]
    pixels = take.camera.project(take.world_positions())[:, BODY]
    assert np.median(np.linalg.norm(pixels - truth, axis=-1)) < 0.015 * stature
    assert 0.6 < take.camera.intrinsics[0, 0] / 1400.0 < 1.6


def test_a_tilted_camera_is_noticed():
    tilted = performance(60, pitch=-np.radians(10.0))
    take = solve(tilted.observations, SolveOptions(fps=FPS, focal_length_px=1400.0, performer_height=1.70))
    up = take.camera.world_from_camera[0, :3, :3].T @ np.array([0.0, 0.0, 1.0])
    truth = tilted.camera.world_from_camera[0, :3, :3].T @ np.array([0.0, 0.0, 1.0])
    assert np.degrees(np.arccos(up @ truth)) < 5.0


def test_noise_is_smoothed_and_depth_stays_calm(known):
    generator = np.random.default_rng(2)
    rows = replace(
        known.observations,
        body_image=known.observations.body_image + generator.normal(0.0, 3.0, known.observations.body_image.shape),
        body_world=known.observations.body_world + generator.normal(0.0, 0.03, known.observations.body_world.shape),
    )
    calm = solve(rows, SolveOptions(fps=FPS, focal_length_px=1400.0, performer_height=1.70))
    raw = solve(rows, SolveOptions(fps=FPS, focal_length_px=1400.0, performer_height=1.70, smoothing="none"))

    def jitter(take):
        return np.linalg.norm(np.diff(take.world_positions()[:, BODY], 2, axis=0), axis=-1).mean()

    assert jitter(calm) < 0.7 * jitter(raw)
    assert np.abs(np.diff(calm.root_translation[:, 1], 2)).max() < 0.02


def test_a_lost_performer_is_bridged_and_marked(known):
    rows = _without_body(known.observations, 30, 45)
    take = solve(rows, SolveOptions(fps=FPS, focal_length_px=1400.0, performer_height=1.70))
    assert np.all(take.joint_confidence[37, BODY] < take.joint_confidence[10, BODY])
    step = np.degrees(rotations.angle_between(take.local_rotations[1:], take.local_rotations[:-1]))
    assert step[28:47].max() < 15.0
    assert np.linalg.norm(np.diff(take.root_translation, axis=0), axis=-1).max() < 0.12


def test_frames_before_and_after_the_performer_hold_and_have_no_confidence(known):
    rows = _without_body(_without_body(known.observations, 0, 20), 70, 90)
    take = solve(rows, SolveOptions(fps=FPS))
    assert take.frame_count == 90
    assert np.all(take.joint_confidence[[0, 10, 85]] == 0.0)
    np.testing.assert_array_equal(take.local_rotations[0], take.local_rotations[19])
    assert np.isfinite(take.local_rotations).all()


def test_legs_out_of_the_picture_stand(known):
    rows = known.observations
    rows = replace(rows, body_visibility=rows.body_visibility.copy(), body_image=rows.body_image.copy())
    rows.body_visibility[:, 25:] = 0.01
    rows.body_image[:, 25:] += np.random.default_rng(4).normal(0.0, 60.0, rows.body_image[:, 25:].shape)
    take = solve(rows, SolveOptions(fps=FPS, focal_length_px=1400.0))
    legs = [JOINT_INDEX[name] for name in ("leftUpperLeg", "leftLowerLeg", "rightUpperLeg", "rightLowerLeg")]
    bend = np.degrees(rotations.angle_between(take.local_rotations[:, legs], rotations.identity()))
    assert bend.max() < 30.0
    assert np.all(take.joint_confidence[:, JOINT_INDEX["leftFoot"]] < 0.1)


@pytest.mark.parametrize("smoothing", ["zero_phase", "one_euro", "none"])
def test_every_smoothing_gives_a_whole_take(known, smoothing):
    rows = known.observations.part(slice(0, 25))
    take = solve(rows, SolveOptions(fps=FPS, smoothing=smoothing, smoothing_strength=1.0, frame_start=101))
    assert take.local_rotations.shape == (25, len(JOINT_NAMES), 4)
    np.testing.assert_allclose(np.linalg.norm(take.local_rotations, axis=-1), 1.0, atol=1e-9)
    assert take.frame_start == 101
    assert take.header["solve_options"]["smoothing"] == smoothing
    assert take.observations is rows


@pytest.mark.parametrize("frames", [1, 2, 3, 5])
def test_very_short_plates_are_solved(known, frames):
    take = solve(known.observations.part(slice(0, frames)), SolveOptions(fps=FPS))
    assert take.frame_count == frames
    assert np.isfinite(take.world_positions()).all()


def test_a_plate_of_variable_rate_is_put_on_the_clock(known):
    keep = np.flatnonzero(np.arange(90) % 5 != 2)
    rows = known.observations
    uneven = Observations(
        image_size=rows.image_size,
        **{name: getattr(rows, name)[keep] for name in Observations.__dataclass_fields__ if name != "image_size"},
    )
    take = solve(uneven, SolveOptions(fps=FPS, focal_length_px=1400.0, performer_height=1.70))
    assert take.frame_count == 90
    truth, found = known.take.world_positions(), take.world_positions()
    error = (found - found[:1, :1] * [1, 1, 0]) - (truth - truth[:1, :1] * [1, 1, 0])
    assert np.linalg.norm(error[:, BODY], axis=-1).mean() < 0.035


def test_nobody_in_the_plate_is_said():
    with pytest.raises(SolveError, match="not found in any frame"):
        solve(replace(Observations.empty(10, (640, 480)), times=np.arange(10) / FPS), SolveOptions(fps=FPS))


@pytest.mark.parametrize(
    ("setting", "value"),
    [("smoothing", "gauss"), ("smoothing_strength", 2.0), ("floor", "grass"), ("fps", 0.0), ("performer_height", 17.0)],
)
def test_impossible_options_are_named(setting, value):
    with pytest.raises(SolveError, match=str(value).removesuffix(".0")):
        SolveOptions(**{"fps": FPS, setting: value})


def _without_body(rows: Observations, first: int, end: int) -> Observations:
    image, confidence = rows.body_image.copy(), rows.body_confidence.copy()
    image[first:end], confidence[first:end] = np.nan, 0.0
    return replace(rows, body_image=image, body_confidence=confidence)
