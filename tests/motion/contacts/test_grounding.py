# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from holirep_blender.motion import filters
from holirep_blender.motion.contacts import (
    ContactEdit,
    ContactOptions,
    Contacts,
    Floor,
    contact_points,
    detect_contacts,
    edited,
    edited_frames,
    estimate_floor,
    grounded,
    grounding,
    regrounded,
)
from holirep_blender.motion.contacts.banded import smooth_correction
from holirep_blender.motion.contacts.grounding import residual
from holirep_blender.motion.contacts.names import SOLE_POINTS
from tests.motion.contacts.postures import hopping, kneeling, sitting, standing, without
from tests.motion.retargeting.clips import lively_take, mocap_take


def shifted(take, shift):
    return replace(take, root_translation=take.root_translation + shift)


def root_noise(frames: int, size: float, seed: int = 0) -> np.ndarray:
    return size * filters.zero_phase(np.random.default_rng(seed).normal(size=(frames, 3)), 30.0, 4.0)


def jerk(take) -> float:
    return float(np.percentile(np.linalg.norm(np.diff(take.root_translation, 2, axis=0), axis=1), 99.9)) * take.fps**2


def all_soles(frames: int) -> Contacts:
    return Contacts(SOLE_POINTS, np.ones((frames, 4)))


def test_a_root_that_trembles_and_floats_comes_to_rest_on_the_floor():
    take = standing(120)
    noisy = shifted(take, root_noise(120, 0.03) + [0.0, 0.0, 0.05])
    before = residual(noisy, all_soles(120), Floor())
    moved = grounded(noisy, all_soles(120), Floor())
    after = residual(moved, all_soles(120), Floor())
    print(f"slide {1e3 * np.nanmean(before.slide):.2f} -> {1e3 * np.nanmean(after.slide):.3f} mm a frame")
    assert np.nanmean(before.slide) > 0.003
    assert np.nanmax(after.slide) < 0.001
    assert after.depth < 1e-9
    assert np.abs(contact_points(moved).world(moved)[:, :4, 2]).max() < 0.002
    assert jerk(moved) <= jerk(noisy)


def test_drift_under_standing_feet_is_taken_out():
    take = standing(150)
    drift = np.outer(np.arange(150) / 30.0 * 0.1, [1.0, 0.5, 0.0])
    moved = grounded(shifted(take, drift), all_soles(150), Floor())
    assert np.nanmax(residual(moved, all_soles(150), Floor()).slide) < 0.001


def test_landings_keep_their_place_and_flight_stays_flight():
    take, ground = hopping(120)
    contacts = Contacts(SOLE_POINTS, np.repeat(ground[:, None], 4, axis=1).astype(float))
    noisy = shifted(take, root_noise(120, 0.02))
    moved = grounded(noisy, contacts, Floor())
    assert np.nanmean(residual(moved, contacts, Floor()).slide) < 0.25 * np.nanmean(
        residual(noisy, contacts, Floor()).slide
    )
    top = moved.root_translation[:, 2].max() - moved.root_translation[:, 2].min()
    assert top == pytest.approx(0.3, abs=0.03)


def test_nothing_stays_under_the_floor_and_the_lift_is_smooth():
    take = standing(90)
    dip = 0.06 * np.exp(-(((np.arange(90) - 45) / 4.0) ** 2))
    sunk = shifted(take, np.outer(dip, [0.0, 0.0, -1.0]))
    contacts = Contacts(SOLE_POINTS, np.ones((90, 4)))
    contacts.confidence[35:55] = 0.0
    moved = grounded(sunk, contacts, Floor())
    assert residual(moved, contacts, Floor()).depth < 1e-9
    assert jerk(moved) <= jerk(sunk)


def test_strength_and_a_slope():
    take = shifted(standing(60), np.outer(np.arange(60) / 30.0 * 0.1, [1.0, 0.0, 0.0]))
    full = grounded(take, all_soles(60), Floor()).root_translation - take.root_translation
    half = grounded(take, all_soles(60), Floor(), 0.5).root_translation - take.root_translation
    np.testing.assert_allclose(half, 0.5 * full, atol=1e-9)
    assert grounded(take, all_soles(60), Floor(), 0.0) is take
    # on a slope the body is moved along and across it
    up = np.array([0.1, 0.0, 1.0])
    slope = Floor((0.0, 0.0, -0.02), tuple(up))
    assert residual(grounded(take, all_soles(60), slope), all_soles(60), slope).depth < 1e-9


def test_a_seat_keeps_its_height_and_knees_come_to_the_floor():
    take = sitting(90)
    seat = Contacts(("hips",), np.ones((90, 1)))
    bobbing = shifted(take, np.outer(0.01 * np.sin(np.arange(90) / 4.0), [0.0, 0.0, 1.0]))
    moved = grounded(bobbing, seat, Floor())
    assert np.ptp(moved.root_translation[:, 2]) < 0.1 * np.ptp(bobbing.root_translation[:, 2])
    knees = Contacts(("leftKnee", "rightKnee"), np.ones((90, 2)))
    high = grounded(shifted(kneeling(90), [0.0, 0.0, 0.04]), knees, Floor())
    points = contact_points(high)
    heights = points.world(high)[:, [points.index("leftKnee")], 2]
    assert np.abs(heights).max() < 0.003


def test_nothing_to_do_is_not_an_error():
    take = standing(20)
    assert grounded(take, Contacts.none(20), Floor()) is take
    assert grounded(take, Contacts.none(20, SOLE_POINTS), Floor()) is take
    legless = without(take, "Leg", "Foot", "Toes")
    assert grounded(legless, all_soles(20), Floor()) is legless
    one = standing(1)
    lifted = grounded(shifted(one, [0.0, 0.0, -0.1]), all_soles(1), Floor())
    assert lifted.root_translation[0, 2] == pytest.approx(one.root_translation[0, 2], abs=1e-3)
    assert grounded(standing(2), all_soles(2), Floor()).frame_count == 2


def test_bad_input_is_said_in_words():
    take = standing(20)
    with pytest.raises(ValueError, match="12 frames, but the take has 20"):
        grounded(take, all_soles(12), Floor())
    with pytest.raises(ValueError, match="above the head"):
        grounded(take, all_soles(20), Floor((0.0, 0.0, 4.0)))
    take.local_rotations[3, 4, 1] = np.nan
    with pytest.raises(ValueError, match="not numbers, first in frame 4"):
        grounded(take, all_soles(20), Floor())


@pytest.mark.parametrize("name", ["cmu_002_01", "cmu_martial_04", "cmu_salsa_03"])
def test_clips_with_a_noisy_root(shared_data, name):
    take = mocap_take(shared_data, name)
    floor = estimate_floor(take)
    contacts = detect_contacts(take, floor)
    noisy = shifted(take, root_noise(take.frame_count, 0.02))
    own, before = residual(take, contacts, floor), residual(noisy, contacts, floor)
    moved = grounded(noisy, contacts, floor)
    after = residual(moved, contacts, floor)
    print(
        f"{name}: slide {1e3 * np.nanmean(own.slide):.2f} captured, {1e3 * np.nanmean(before.slide):.2f} noisy, "
        f"{1e3 * np.nanmean(after.slide):.2f} mm a frame grounded; depth {1e3 * before.depth:.1f} -> "
        f"{1e3 * after.depth:.2f} mm; root {jerk(noisy):.1f} -> {jerk(moved):.1f} m/s²"
    )
    assert np.nanmean(after.slide) < np.nanmean(own.slide)
    assert after.depth < 1e-6
    assert jerk(moved) <= 1.02 * jerk(noisy)


def test_the_banded_solution_is_that_of_the_whole_system():
    random = np.random.default_rng(0)
    for count in (1, 2, 3, 4, 17):
        steps, step_weights = random.normal(size=(count - 1, 2)), random.random(count - 1)
        places, place_weights = random.normal(size=(count, 2)), random.random(count)
        bend = random.random(max(count - 2, 0))
        once = np.diff(np.eye(count), axis=0)
        twice = np.diff(np.eye(count), 2, axis=0) if count > 2 else np.zeros((0, count))
        matrix = once.T @ np.diag(step_weights) @ once + np.diag(place_weights + 0.1) + twice.T @ np.diag(bend) @ twice
        right = once.T @ (step_weights[:, None] * steps) + place_weights[:, None] * places
        found = smooth_correction(steps, step_weights, places, place_weights, bend, 0.1)
        np.testing.assert_allclose(found, np.linalg.solve(matrix, right), atol=1e-10)


@pytest.mark.parametrize("fps", [1.0, 24.0, 240.0, 1000.0])
@pytest.mark.parametrize("frames", [1, 2, 3, 5, 40])
def test_any_length_and_rate_gives_numbers(frames, fps):
    take = replace(lively_take(frames), fps=fps)
    floor = estimate_floor(take)
    contacts = edited(detect_contacts(take, floor, ContactOptions(hands=True)), [ContactEdit("leftHeel", 0, 2, True)])
    moved = grounded(take, contacts, floor)
    assert np.isfinite(moved.root_translation).all()
    assert residual(moved, contacts, floor).depth < 1e-9


def test_a_skeleton_of_no_size_is_not_an_error():
    take = lively_take(10)
    flat = replace(take, rest_offsets=np.zeros_like(take.rest_offsets))
    floor = Floor((0.0, 0.0, -1.0))
    assert np.isfinite(grounded(flat, detect_contacts(flat, floor), floor).root_translation).all()


def test_an_edit_moves_the_root_around_it_only_and_joins_smoothly(shared_data):
    take = mocap_take(shared_data, "cmu_salsa_01")
    floor = estimate_floor(take)
    contacts = detect_contacts(take, floor)
    base = grounding(take, contacts, floor)
    first, end = contacts.spans("leftHeel")[4]
    after = edited(contacts, [ContactEdit("leftHeel", first - 15, end + 5, True)])
    moved = regrounded(take, after, floor, base, edited_frames(contacts, after)).apply(take, floor)
    unmoved = base.apply(take, floor)
    step = np.linalg.norm(moved.root_translation - unmoved.root_translation, axis=1)
    inside = slice(first - 15 - 60, end + 5 + 60)
    assert step.max() > 0.005
    assert step[: inside.start].max() == step[inside.stop :].max() == 0.0
    assert jerk(moved) < 1.1 * jerk(unmoved)
