# SPDX-License-Identifier: GPL-3.0-or-later
"""Joint moments against mechanics that can be written down."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holirep_blender.motion import rotations
from holirep_blender.motion.biomechanics.derivatives import derivatives
from holirep_blender.motion.biomechanics.ground_reaction import FRICTION, GRAVITY, shared
from holirep_blender.motion.biomechanics.inverse_dynamics import joint_moments
from holirep_blender.motion.contacts.record import Contacts
from holirep_blender.motion.take import Take
from tests.motion.biomechanics.bodies import on_both_feet, standing, turned, without
from tests.motion.retargeting.clips import lively_take

G = -GRAVITY[2]
MASS = 70.0


def arm_pieces(body, side):
    return [
        i
        for i, name in enumerate(body.names)
        if name in {f"{side} {part}" for part in ("upper_arm", "forearm", "hand")}
    ]


def places_at_rest(take, body):
    return take.world_positions()[0][body.joints] + body.centres


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_horizontal_arm_is_held_by_the_sum_of_its_weights_times_their_arms(side):
    take = standing()
    found = joint_moments(take, MASS, on_both_feet(31))
    places, body = places_at_rest(take, found.body), found.body
    shoulder = take.world_positions()[0, take.joint_names.index(f"{side}UpperArm")]
    expected = sum(body.masses[i] * G * abs(places[i, 0] - shoulder[0]) for i in arm_pieces(body, side))
    assert expected > 5.0
    held = found.moments[:, take.joint_names.index(f"{side}UpperArm")]
    assert np.abs(held[:, 1]) == pytest.approx(np.full(31, expected), rel=1e-9)
    # the shoulder's axes lean back with the trunk, by five degrees
    assert found.moment(f"{side}UpperArm.abduction") == pytest.approx(np.full(31, expected), rel=0.01)
    assert found.moment(f"{side}LowerArm.abduction")[0] < expected


def test_a_swinging_arm_is_a_pendulum():
    """Shoulder moment = inertia x angular acceleration + weight x arm, for a swing of 30 degrees at 0.5 Hz."""
    fps, frames = 60.0, 180
    clock = np.arange(frames) / fps
    angle = np.radians(30.0) * np.sin(2.0 * np.pi * 0.5 * clock)
    take = turned(standing(frames, fps), "leftUpperArm", rotations.from_axis_angle([0.0, -1.0, 0.0], angle))
    found = joint_moments(take, MASS, on_both_feet(frames))
    body, at_rest = found.body, standing(1)
    shoulder = at_rest.world_positions()[0, take.joint_names.index("leftUpperArm")]
    arms = places_at_rest(at_rest, body) - shoulder
    inertia = weight = across = 0.0
    for i in arm_pieces(body, "left"):
        inertia += body.inertias[i][1, 1] + body.masses[i] * (arms[i, 0] ** 2 + arms[i, 2] ** 2)
        weight += body.masses[i] * G * arms[i, 0]
        across += body.masses[i] * G * arms[i, 2]
    acceleration = -((2.0 * np.pi * 0.5) ** 2) * angle
    expected = inertia * acceleration + weight * np.cos(angle) - across * np.sin(angle)
    inside = slice(10, -10)
    assert found.moment("leftUpperArm.abduction")[inside] == pytest.approx(expected[inside], rel=0.005)


def test_free_fall_asks_nothing_of_the_joints():
    take = standing(40)
    take.root_translation[:, 2] += 3.0 - 0.5 * G * take.times**2
    found = joint_moments(take, MASS, Contacts.none(40))
    assert np.abs(found.values).max() < 1e-8
    assert np.abs(found.external_force).max() < 1e-6


def test_touching_points_give_nothing_in_flight():
    take = standing(40)
    take.root_translation[:, 2] += 3.0 - 0.5 * (G + 2.0) * take.times**2
    found = joint_moments(take, MASS, on_both_feet(40))
    assert not found.ground_forces.any()
    assert found.unexplained_force[20] == pytest.approx([0.0, 0.0, -2.0 * MASS], abs=1e-6)


def test_standing_still_rests_on_the_feet():
    take = standing()
    found = joint_moments(take, MASS, on_both_feet(31))
    assert found.ground_forces.sum(axis=1) == pytest.approx(np.tile([0.0, 0.0, MASS * G], (31, 1)), abs=1e-6)
    assert found.unexplained_moment == pytest.approx(np.zeros((31, 3)), abs=0.02)
    left = found.ground_forces[0, [found.ground_names.index(name) for name in ("leftHeel", "leftToes")]].sum(axis=0)
    assert left[2] == pytest.approx(MASS * G / 2.0, rel=1e-6)
    for side in ("left", "right"):
        assert abs(found.moment(f"{side}Foot.flexion")).max() < 10.0
        hip = take.joint_names.index(f"{side}UpperLeg")
        leg = sum(
            m
            for m, name in zip(found.body.masses, found.body.names)
            if name.startswith(side) and name.split()[1] in {"thigh", "shank", "foot"}
        )
        # the trunk presses on the leg with half of all that is above
        assert found.forces[0, hip] == pytest.approx([0.0, 0.0, -(MASS / 2.0 - leg) * G], abs=1e-6)


def test_leaning_forward_is_held_by_the_calves():
    take = standing()
    lean = rotations.from_axis_angle([1.0, 0.0, 0.0], np.radians(5.0))
    take = turned(take, "hips", np.tile(lean, (31, 1)))
    hips = take.rest_offsets[0].copy()
    take.root_translation[:] = rotations.rotate(lean, hips)
    upright, leaning = (joint_moments(t, MASS, on_both_feet(31)) for t in (standing(), take))
    assert leaning.moment("leftFoot.flexion")[15] < upright.moment("leftFoot.flexion")[15] - 10.0


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), frames=st.integers(1, 60), mass=st.floats(20.0, 150.0))
def test_forces_balance_the_momentum(seed, frames, mass):
    """What acts from outside is the change of momentum less the weight, and every part of it is accounted for."""
    take = lively_take(frames, seed)
    found = joint_moments(take, mass, on_both_feet(frames))
    _, acceleration = derivatives(found.centre_of_mass, take.fps)
    assert found.external_force == pytest.approx(mass * (acceleration - GRAVITY), abs=1e-6 * mass * G * frames)
    carried = found.ground_forces.sum(axis=1) + found.unexplained_force
    assert carried == pytest.approx(found.external_force, abs=1e-6 * mass * G)
    torque = np.cross(found.ground_places, found.ground_forces).sum(axis=1)
    torque += np.cross(take.root_translation, found.unexplained_force) + found.unexplained_moment
    assert torque == pytest.approx(found.external_moment, abs=1e-5 * mass * G)
    assert (found.ground_forces[..., 2] >= 0.0).all()
    sideways = np.linalg.norm(found.ground_forces[..., :2], axis=-1)
    assert (sideways <= FRICTION * found.ground_forces[..., 2] + 1e-6).all()


def test_a_force_beyond_the_soles_stays_within_friction():
    force = np.array([[900.0, 0.0, 600.0]])
    points = np.array([[[0.1, 0.0, 0.0], [-0.1, 0.0, 0.0]]])
    given, _ = shared(force, np.array([[0.0, -600.0, 0.0]]), np.array([[0.0, 0.0, 1.0]]), points, np.ones((1, 2), bool))
    assert np.linalg.norm(given.sum(axis=1)[0, :2]) <= FRICTION * 600.0 + 1e-9
    assert given[0, 0, 2] == pytest.approx(600.0)


def test_the_load_goes_to_where_the_centre_of_pressure_is():
    points = np.array([[[0.2, 0.0, 0.0], [-0.2, 0.0, 0.0]]])
    force = np.array([[0.0, 0.0, 600.0]])
    moment = np.cross(np.array([[0.1, 0.0, 0.0]]), force)
    given, places = shared(force, moment, np.array([[0.1, 0.0, 1.0]]), points, np.ones((1, 2), bool))
    assert given[0, :, 2] == pytest.approx([450.0, 150.0], abs=2.0)
    assert np.cross(places, given).sum(axis=1) == pytest.approx(moment, abs=1.0)


@pytest.mark.parametrize("frames", [1, 2, 3, 4, 6])
def test_short_clips_are_judged_as_far_as_they_go(frames):
    found = joint_moments(standing(frames), MASS, on_both_feet(frames))
    assert found.values.shape[0] == frames
    assert found.ground_forces.sum(axis=1)[:, 2] == pytest.approx(np.full(frames, MASS * G))


@pytest.mark.parametrize("parts", [("Leg",), ("Arm", "Shoulder"), ("spine",), ("Toes",)])
def test_rigs_that_lack_limbs(parts):
    take = without(standing(), *parts)
    found = joint_moments(take, MASS)
    assert np.isfinite(found.values).all()
    assert found.external_force[5] == pytest.approx([0.0, 0.0, MASS * G], abs=1e-6)


def test_bones_between_carry_on():
    """A spine bone without a VRM name passes on what is above it."""
    take = standing()
    spine = take.joint_names.index("spine")
    names = [*take.joint_names[: spine + 1], "extra", *take.joint_names[spine + 1 :]]
    shift = [p if p < spine else p + 1 for p in take.parents]
    parents = [*shift[: spine + 1], spine, *[spine + 1 if p == spine else p for p in shift[spine + 1 :]]]
    half = take.rest_offsets[spine + 1] / 2.0
    offsets = np.vstack([take.rest_offsets[: spine + 1], half, half, take.rest_offsets[spine + 2 :]])
    longer = Take(
        30.0, 1, rotations.identity((31, len(names))), take.root_translation, offsets, tuple(names), tuple(parents)
    )
    assert longer.world_positions()[0, names.index("head")] == pytest.approx(
        take.world_positions()[0, take.joint_names.index("head")]
    )
    plain, found = joint_moments(take, MASS, on_both_feet(31)), joint_moments(longer, MASS, on_both_feet(31))
    assert found.moment("spine.flexion") == pytest.approx(plain.moment("spine.flexion"))


def test_values_that_are_not_numbers_are_told():
    take = standing()
    take.root_translation[3, 1] = np.nan
    with pytest.raises(ValueError, match="not numbers, first in frame 4"):
        joint_moments(take, MASS, on_both_feet(31))


def test_contacts_of_another_clip_are_told():
    with pytest.raises(ValueError, match="made for 30 frames, but the take has 31"):
        joint_moments(standing(), MASS, on_both_feet(30))


@settings(max_examples=20, deadline=None)
@given(
    coefficients=st.lists(st.floats(-5, 5), min_size=3, max_size=3),
    fps=st.sampled_from([24.0, 30.0, 60.0, 120.0]),
    frames=st.integers(4, 100),
)
def test_derivatives_of_a_parabola_are_exact(coefficients, fps, frames):
    a, b, c = coefficients
    clock = np.arange(frames) / fps
    velocity, acceleration = derivatives((a * clock**2 + b * clock + c)[:, None], fps)
    assert velocity[:, 0] == pytest.approx(2.0 * a * clock + b, abs=1e-6)
    assert acceleration[:, 0] == pytest.approx(np.full(frames, 2.0 * a), abs=1e-5)


@pytest.mark.parametrize(("fps", "half_power"), [(30.0, 7.0), (60.0, 6.8), (120.0, 6.9)])
def test_the_documented_cutoff_of_accelerations(fps, half_power):
    frames = int(8 * fps)
    clock = np.arange(frames) / fps
    for hertz, low, high in ((0.25 * half_power, 0.97, 1.01), (half_power, 0.66, 0.75), (2.0 * half_power, 0.0, 0.3)):
        _, acceleration = derivatives(np.sin(2.0 * np.pi * hertz * clock), fps)
        gain = np.abs(acceleration[frames // 4 : -frames // 4]).max() / (2.0 * np.pi * hertz) ** 2
        assert low <= gain <= high, hertz


def test_the_moments_names_are_those_of_the_joints():
    found = joint_moments(standing(1), MASS, on_both_feet(1))
    assert "leftLowerLeg.flexion" in found.names
    assert not any(name.startswith("hips") for name in found.names)
    with pytest.raises(KeyError):
        found.moment("tail.flexion")
