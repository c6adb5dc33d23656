# SPDX-License-Identifier: GPL-3.0-or-later
"""The multiply pass and the composite, on light that is known."""

from __future__ import annotations

import numpy as np
import pytest

from holirep_blender.lighting.contact_shadows import ContactSample, judge_contacts
from holirep_blender.lighting.shadow_passes import colour, composited, group_label, multiply_passes

SHAPE = (6, 8)
LAMPS = {"Sun": ((3.0, 2.5, 2.0), 0.2), "Residual": ((0.5, 0.6, 0.9), 0.7)}
"""Light of each lamp on the ground, and the part of it that gets past the character on the left half."""


def rendered(gains=None, coverage=1.0):
    """What a renderer gives for a ground of albedo 0.8: the character is over the top rows."""
    found = {}
    shade = np.ones(SHAPE)
    shade[:, :4] = 0.0
    totals = {"Lit": np.zeros((*SHAPE, 3)), "Clean": np.zeros((*SHAPE, 3)), "Character": np.zeros((*SHAPE, 3))}
    for name, (light, passed) in LAMPS.items():
        strength = 0.8 * np.array(light) * (gains or {}).get(name, 1.0)
        lit = strength * (passed + (1 - passed) * shade)[..., None] * coverage
        clean = np.broadcast_to(strength * coverage, (*SHAPE, 3))
        character = np.zeros((*SHAPE, 3))
        character[:2] = 0.25 * strength * 0.5
        for layer, values in (("Lit", lit), ("Clean", clean), ("Character", character)):
            totals[layer] += values
            put(found, f"{layer}.Combined_{name}", values)
    for layer, values in totals.items():
        put(found, f"{layer}.Combined", values)
    alpha = np.zeros(SHAPE)
    alpha[:2] = 0.5
    found["Character.Combined.A"] = alpha
    found["Clean.Combined.A"] = np.full(SHAPE, coverage)
    return found


def put(found, name, values):
    for place, channel in enumerate("RGB"):
        found[f"{name}.{channel}"] = values[..., place].astype(np.float32)


def test_each_lamp_has_its_own_shadow():
    passes = multiply_passes(rendered(), LAMPS)
    for name, (_, passed) in LAMPS.items():
        np.testing.assert_allclose(colour(passes, f"Shadow.Multiply_{name}")[:, :4], passed, rtol=1e-6)
        np.testing.assert_allclose(colour(passes, f"Shadow.Multiply_{name}")[:, 4:], 1.0)
    whole = sum(np.array(light) * passed for light, passed in LAMPS.values())
    whole = whole / sum(np.array(light) for light, _ in LAMPS.values())
    np.testing.assert_allclose(colour(passes, "Shadow.Multiply")[:, :4], np.broadcast_to(whole, (6, 4, 3)), rtol=1e-6)
    assert "Shadow.Occlusion.R" not in passes, "without the layer Open nothing is known of the set"


def test_where_nothing_shines_and_where_no_catcher_is_the_plate_stays():
    dark = rendered()
    for name in list(dark):
        if name.startswith(("Lit", "Clean")) and not name.endswith(".A"):
            dark[name][:, :2] = 0.0
    np.testing.assert_array_equal(colour(multiply_passes(dark, LAMPS), "Shadow.Multiply")[:, :2], 1.0)
    half = colour(multiply_passes(rendered(coverage=0.5), LAMPS), "Shadow.Multiply_Sun")
    np.testing.assert_allclose(half[:, :4], 0.5 + 0.5 * 0.2, rtol=1e-6)


def test_the_occlusion_is_against_the_open_set():
    layers = rendered()
    put(layers, "Open.Combined_Residual", 2.0 * colour(layers, "Clean.Combined_Residual"))
    occlusion = colour(multiply_passes(layers, LAMPS), "Shadow.Occlusion")
    np.testing.assert_allclose(occlusion[:, :4], 0.35, rtol=1e-6)
    np.testing.assert_allclose(occlusion[:, 4:], 0.5, rtol=1e-6)


def test_plate_times_shadow_and_the_character_over_it():
    layers = rendered()
    layers.update(multiply_passes(layers, LAMPS))
    plate = np.full((*SHAPE, 3), 0.4, np.float32)
    picture = composited(layers, plate)
    shadow = colour(layers, "Shadow.Multiply")
    np.testing.assert_allclose(picture[2:], 0.4 * shadow[2:], rtol=1e-6)
    over = 0.4 * shadow[:2] * 0.5 + colour(layers, "Character.Combined")[:2]
    np.testing.assert_allclose(picture[:2], over, rtol=1e-6)


def test_a_lamp_made_stronger_in_the_compositor_is_the_lamp_rendered_stronger():
    layers, strong = rendered(), rendered({"Sun": 3.0})
    for each in (layers, strong):
        each.update(multiply_passes(each, LAMPS))
    np.testing.assert_allclose(composited(layers, gains={"Sun": 3.0}), composited(strong), rtol=1e-5)


def test_names_of_passes_are_for_every_compositor():
    assert group_label("HoliRep Sun") == "Sun"
    assert group_label("Key.001 (blue)") == "Key_001_blue"
    assert group_label("Sun", ["Sun", "Sun_2"]) == "Sun_3"
    assert group_label("äöü") == "Light"


def sample(frame, darkness, gap=0.0, touching=True, diffuse=0.3, point="leftHeel"):
    return ContactSample(frame, point, touching, gap, darkness, diffuse)


@pytest.mark.parametrize(
    ("wrong", "cause"),
    [
        (sample(9, 0.8, gap=0.06), "floats 6 cm"),
        (sample(9, 0.9, gap=-0.2), "20 cm in the ground"),
        (sample(9, 0.7, diffuse=0.95), "too diffuse: 95 %"),
        (sample(9, 0.7), "light gets in"),
    ],
)
def test_a_bright_contact_is_told_with_its_cause(wrong, cause):
    report = judge_contacts([*(sample(frame, 0.1) for frame in range(5)), wrong])
    assert report.checked == 6
    (failure,) = report.failing
    assert (failure.frame, failure.point) == (9, "leftHeel")
    assert cause in failure.cause
    assert "trouble in 1 frame." in report.sentences[0]
    assert report.sentences[1].startswith("Frames 9, leftHeel")


def test_a_ground_at_the_wrong_height_is_told_as_such():
    low = judge_contacts([sample(frame, 0.8, gap=0.05 + 0.001 * frame) for frame in range(5)])
    assert all("ground is too low" in each.cause for each in low.failing)
    assert len(low.failing) == 5
    assert "Frames 0-4" in low.sentences[1]
    high = judge_contacts([sample(frame, 0.8, gap=-0.06) for frame in range(5)])
    assert all("ground is too high" in each.cause for each in high.failing)


def test_a_high_foot_must_not_be_as_dark_as_a_standing_one():
    standing = [sample(frame, 0.1) for frame in range(4)]
    assert not judge_contacts([*standing, sample(5, 0.6, gap=0.3, touching=False)]).failing
    (failure,) = judge_contacts([*standing, sample(5, 0.1, gap=0.3, touching=False)]).failing
    assert "30 cm high" in failure.cause
    assert not judge_contacts([]).failing
    assert judge_contacts([]).rows()["median_gap"] is None
