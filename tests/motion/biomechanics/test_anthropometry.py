# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import numpy as np
import pytest

from holirep_blender.motion import rotations
from holirep_blender.motion.biomechanics.anthropometry import body_of, stature_of
from holirep_blender.motion.biomechanics.balance import centre_of_mass
from holirep_blender.motion.biomechanics.segment_table import SEXES, segments, usual_mass
from holirep_blender.motion.retargeting import take_rest_positions
from holirep_blender.motion.take import Take
from tests.motion.biomechanics.bodies import HEIGHT, standing, turned, without


@pytest.mark.parametrize("sex", SEXES)
def test_the_shares_make_one_body(sex):
    table = segments(sex)
    paired = {"upper_arm", "forearm", "hand", "thigh", "shank", "foot"}
    total = sum(row.mass * (2 if name in paired else 1) for name, row in table.items())
    assert total == pytest.approx(1.0, abs=0.001)
    for row in table.values():
        assert 0.0 < row.centre < 1.0
        assert row.source.startswith("de Leva 1996")


def test_the_published_figures_are_in_the_table():
    """De Leva 1996, table 4, read off the paper."""
    assert segments("male")["thigh"].mass == 0.1416
    assert segments("male")["thigh"].centre == 0.4095
    assert segments("female")["shank"].gyration == (0.267, 0.263, 0.092)
    assert segments("mean")["forearm"].mass == pytest.approx((0.0138 + 0.0162) / 2)


def test_mass_and_stature_of_the_canonical_body():
    body = body_of(standing(1), 70.0)
    assert body.mass == pytest.approx(70.0)
    assert body.stature == pytest.approx(HEIGHT, rel=0.05)
    assert body_of(standing(1)).mass == pytest.approx(usual_mass(body.stature))


def test_the_centre_of_mass_is_where_it_is_in_people():
    """0.55 to 0.57 of the stature when standing with hanging arms (Zatsiorsky 2002); between the hips, not behind."""
    take = standing(1)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        turned(take, f"{side}UpperArm", rotations.from_axis_angle([0, 1, 0], sign * np.radians(80.0)))
    centre = centre_of_mass(take)[0]
    assert 0.54 < centre[2] / HEIGHT < 0.58
    assert centre[0] == pytest.approx(0.0, abs=1e-9)
    assert abs(centre[1]) < 0.03


def test_every_inertia_is_one_of_a_solid():
    for inertia in body_of(standing(1), 70.0).inertias:
        low, middle, high = np.linalg.eigvalsh(inertia)
        assert low > 0.0
        assert high <= low + middle + 1e-9
        assert np.allclose(inertia, inertia.T)


def test_a_thigh_resists_turning_as_published():
    body = body_of(standing(1), 70.0, "male")
    row = segments("male")["thigh"]
    rest = take_rest_positions(standing(1))
    length = np.linalg.norm(rest["leftLowerLeg"] - rest["leftUpperLeg"])
    mass = body.masses[body.names.index("left thigh")]
    inertia = body.inertias[body.names.index("left thigh")]
    assert inertia[0, 0] == pytest.approx(mass * (row.gyration[1] * length) ** 2, rel=1e-3)
    assert inertia[2, 2] == pytest.approx(mass * (row.gyration[2] * length) ** 2, rel=0.02)


def test_the_rest_pose_does_not_matter():
    """The same posture, told from an A-pose as rest pose, has its masses at the same places."""
    take = standing(1)
    arms = {"left": np.radians(45.0), "right": np.radians(-45.0)}
    lowered = standing(1)
    offsets = take.rest_offsets.copy()
    for side, angle in arms.items():
        q = rotations.from_axis_angle([0, 1, 0], angle)
        turned(lowered, f"{side}UpperArm", q)
        root = take.joint_names.index(f"{side}UpperArm")
        below = {root}
        for joint, parent in enumerate(take.parents):
            if parent in below:
                below.add(joint)
                offsets[joint] = rotations.rotate(q, offsets[joint])
    rested = Take(30.0, 1, take.local_rotations, take.root_translation, offsets)
    assert np.allclose(centre_of_mass(lowered), centre_of_mass(rested), atol=1e-3)


@pytest.mark.parametrize(
    "parts", [("Leg",), ("Arm", "Shoulder"), ("Toes",), ("spine",), ("neck",), ("LowerLeg", "LowerArm")]
)
def test_what_a_rig_lacks_weighs_with_what_is_above(parts):
    body = body_of(without(standing(1), *parts), 70.0)
    assert body.mass == pytest.approx(70.0)
    assert np.isfinite(body.centres).all()
    assert np.isfinite(body.inertias).all()


def test_a_rig_without_a_middle_joint_keeps_the_mass_where_it_was():
    whole, gap = standing(1), without(standing(1), "chest")
    assert "neck" not in gap.joint_names  # what hangs on the chest is gone too
    assert centre_of_mass(gap)[0, 2] == pytest.approx(centre_of_mass(whole)[0, 2], abs=0.15)


def test_a_single_joint_is_a_body_too():
    take = Take(30.0, 1, rotations.identity((2, 1)), np.zeros((2, 3)), np.array([[0.0, 0.0, 1.0]]), ("hips",), (-1,))
    assert body_of(take, 50.0).mass == pytest.approx(50.0)
    assert stature_of(take) == 1.70


@pytest.mark.parametrize("mass", [0.0, -3.0, float("nan"), float("inf")])
def test_a_mass_that_is_none_is_told(mass):
    with pytest.raises(ValueError, match="mass must be a positive number of kilograms"):
        body_of(standing(1), mass)


def test_an_unknown_sex_is_told():
    with pytest.raises(ValueError, match="female, male, mean"):
        body_of(standing(1), 70.0, "robot")
