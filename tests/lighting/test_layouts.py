# SPDX-License-Identifier: GPL-3.0-or-later
"""A known environment drawn in each layout comes back as it was."""

from __future__ import annotations

import numpy as np
import pytest

from holirep_blender.lighting.analysis import analyse
from holirep_blender.lighting.environment_map import checked_map
from holirep_blender.lighting.errors import EnvironmentMapError
from holirep_blender.lighting.layouts import equirectangular
from tests.lighting.maps import direction, flux

LAMPS = [(direction(35, 40), 12.0, (1.0, 0.8, 0.5)), (direction(-120, -15), 8.0, (0.4, 0.6, 1.0))]
"""Round soft lights: direction, width in degrees, colour."""


def seen(places):
    """Radiance (..., 3) of the known environment."""
    value = (1.0 + 0.3 * places[..., 2:] + 0.2 * places[..., :1]) * np.array([0.3, 0.35, 0.4])
    for toward, width, colour in LAMPS:
        away = np.degrees(np.arccos(np.clip(places @ toward, -1, 1)))
        value = value + 40 * np.exp(-((away / (width / 3)) ** 2))[..., None] * np.array(colour)
    return value


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def square(size):
    """Pixels from -1 to 1, to the right and up."""
    steps = (np.arange(size) + 0.5) / size * 2 - 1
    return np.meshgrid(steps, -steps)


def mirror_ball(size):
    x, z = square(size)
    inside = x * x + z * z < 1
    normal = np.stack([x, -np.sqrt(np.maximum(1 - x * x - z * z, 0)), z], axis=-1)
    view = np.array([0.0, 1.0, 0.0])
    return np.where(inside[..., None], seen(view - 2 * (normal @ view)[..., None] * normal), 0)


def angular(size):
    x, z = square(size)
    radius = np.hypot(x, z)
    angle = np.pi * radius
    places = np.stack([np.sin(angle) * x / radius, np.cos(angle), np.sin(angle) * z / radius], axis=-1)
    return np.where((radius < 1)[..., None], seen(places), 0)


def face(size, forward, right, top):
    x, y = square(size)
    return seen(unit(np.array(forward) + x[..., None] * np.array(right) + y[..., None] * np.array(top)))


def faces(size):
    """Seen by somebody who looks along +Y and turns the head; lids when tilting it from there."""
    return {
        "front": face(size, (0, 1, 0), (1, 0, 0), (0, 0, 1)),
        "right": face(size, (1, 0, 0), (0, -1, 0), (0, 0, 1)),
        "back": face(size, (0, -1, 0), (-1, 0, 0), (0, 0, 1)),
        "left": face(size, (-1, 0, 0), (0, 1, 0), (0, 0, 1)),
        "up": face(size, (0, 0, 1), (1, 0, 0), (0, -1, 0)),
        "down": face(size, (0, 0, -1), (1, 0, 0), (0, 1, 0)),
    }


def cross(size, upright):
    made = np.zeros((4 * size, 3 * size, 3) if upright else (3 * size, 4 * size, 3))
    parts = faces(size)
    places = {"up": (0, 1), "left": (1, 0), "front": (1, 1), "right": (1, 2), "down": (2, 1)}
    places["back"] = (3, 1) if upright else (1, 3)
    if upright:
        parts["back"] = parts["back"][::-1, ::-1]
    for name, (row, column) in places.items():
        made[row * size : (row + 1) * size, column * size : (column + 1) * size] = parts[name]
    return made


def strip(size):
    parts = faces(size)
    return np.concatenate([parts[name] for name in ("right", "left", "up", "down", "front", "back")], axis=1)


@pytest.mark.parametrize(
    ("layout", "picture"),
    [
        ("mirror_ball", mirror_ball(500)),
        ("angular", angular(700)),
        ("cross", cross(160, upright=False)),
        ("cross", cross(160, upright=True)),
        ("strip", strip(160)),
        ("strip", np.concatenate(np.split(strip(160), 6, axis=1), axis=0)),
    ],
    ids=["mirror ball", "angular", "cross", "upright cross", "strip", "upright strip"],
)
def test_a_known_environment_comes_back(layout, picture):
    made = equirectangular(picture.astype(np.float32), layout)
    assert made.shape[1] == 2 * made.shape[0]
    height = made.shape[0]
    rows = np.pi / 2 - (np.arange(height) + 0.5) / height * np.pi
    columns = (0.5 - (np.arange(2 * height) + 0.5) / (2 * height)) * 2 * np.pi
    flat = np.cos(rows)[:, None]
    truth = seen(
        np.stack(
            [
                flat * np.cos(columns),
                flat * np.sin(columns),
                np.broadcast_to(np.sin(rows)[:, None], (height, 2 * height)),
            ],
            axis=-1,
        )
    )
    np.testing.assert_allclose(flux(made), flux(truth), rtol=0.003)
    found = analyse(checked_map(made)).lamps
    for toward, _, colour in LAMPS:
        near = [lamp for lamp in found if lamp.direction @ toward > np.cos(np.radians(12))]
        light = np.sum([lamp.irradiance for lamp in near], axis=0)
        middle = unit(np.sum([lamp.direction * lamp.irradiance.sum() for lamp in near], axis=0))
        assert np.degrees(np.arccos(middle @ toward)) < 0.15
        np.testing.assert_allclose(light / light.max(), np.array(colour) / max(colour), atol=0.03)


def test_a_dull_ball_is_made_up_for():
    ball = mirror_ball(200).astype(np.float32)
    np.testing.assert_allclose(
        equirectangular(0.6 * ball, "mirror_ball", 0.6), equirectangular(ball, "mirror_ball"), rtol=1e-5
    )


@pytest.mark.parametrize(
    ("layout", "shape", "said"),
    [("mirror_ball", (100, 150), "crop it"), ("cross", (100, 200), "4:3 or 3:4"), ("strip", (100, 200), "6:1 or 1:6")],
)
def test_another_shape_is_told(layout, shape, said):
    with pytest.raises(EnvironmentMapError, match=said):
        equirectangular(np.ones((*shape, 3), np.float32), layout)
