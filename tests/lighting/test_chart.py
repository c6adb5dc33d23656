# SPDX-License-Identifier: GPL-3.0-or-later
"""Colour charts drawn in code: turned, in perspective, in coloured light, with noise and clutter around them."""

from __future__ import annotations

import numpy as np
import pytest

from holirep_blender.lighting.chart import (
    SPACES,
    chart_light,
    chart_normal,
    homography,
    lab_of,
    mapped,
    patch_colours,
    reference,
    to_xyz,
)
from holirep_blender.lighting.chart_finding import chart_of_corners, find_chart, labelled

CORNERS = np.array([(0, 0), (5, 0), (5, 3), (0, 3)], dtype=float)


def drawn(chart, light=(1.0, 1.0, 1.0), size=(480, 640), noise=0.0, seed=0, clutter=True):
    """A linear picture (H, W, 3) of a chart at a homography, on a dark card, in front of even walls and boxes."""
    height, width = size
    generator = np.random.default_rng(seed)
    picture = np.full((height, width, 3), 0.22) * np.array([1.0, 0.9, 0.8])
    if clutter:
        for _ in range(25):
            x, y = generator.integers(0, width - 60), generator.integers(0, height - 60)
            w, h = generator.integers(10, 60, 2)
            picture[y : y + h, x : x + w] = generator.uniform(0.02, 0.8, 3)
    columns, rows = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    places = mapped(np.linalg.inv(chart), np.stack([columns.ravel(), rows.ravel()], axis=1))
    card = (np.abs(places - (2.5, 1.5)) < (3.2, 2.2)).all(axis=1)
    flat = picture.reshape(-1, 3)
    flat[card] = 0.02
    nearest = np.round(places)
    inside = (
        card
        & (np.abs(places - nearest) < 0.42).all(axis=1)
        & (nearest >= 0).all(axis=1)
        & (nearest <= (5, 3)).all(axis=1)
    )
    number = (nearest[inside, 1] * 6 + nearest[inside, 0]).astype(int)
    flat[inside] = np.maximum(reference()[number], 0.0)
    picture *= np.asarray(light)
    if noise:
        picture += noise * np.sqrt(np.maximum(picture, 1e-4)) * generator.normal(size=picture.shape)
    encoded = np.clip(picture, 0, 1) ** (1 / 2.2)
    return np.round(encoded * 255) / 255


def decoded(encoded):
    return encoded**2.2


def placed(angle=0.0, tilt=0.0, scale=40.0, middle=(320, 240)):
    """Chart to pixels: turned in the picture, then leaning away so that its far side is smaller."""
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = (CORNERS - (2.5, 1.5)) @ turn.T * scale
    depth = 1.0 + tilt * points[:, 0] / (3 * scale)
    return homography(CORNERS, points / depth[:, None] + middle)


def test_reference_colours_are_those_that_were_published():
    """Back from linear values to L*a*b* in every working space, and white is nearly white."""
    for space in SPACES:
        np.testing.assert_allclose(lab_of(reference(space), space)[[0, 12, 18, 23]],
                                   [(37.54, 14.37, 14.92), (28.37, 15.42, -49.80), (95.19, -1.03, 2.93),
                                    (20.64, 0.07, -0.46)], atol=0.02)  # fmt: skip
        np.testing.assert_allclose(to_xyz(space) @ np.ones(3), (0.96422, 1.0, 0.82521), atol=2e-4)
    neutral = reference()[18:23]
    assert float(np.ptp(neutral / neutral.mean(axis=1, keepdims=True), axis=1).max()) < 0.09
    assert neutral[:, 1] == pytest.approx([0.882, 0.590, 0.365, 0.191, 0.088], rel=0.02)


@pytest.mark.parametrize(
    ("angle", "tilt", "scale", "noise"),
    [
        (0.0, 0.0, 40, 0.0),
        (0.4, 0.3, 35, 0.02),
        (np.pi + 0.2, -0.3, 30, 0.02),
        (1.7, 0.2, 45, 0.03),
        (-0.8, 0.4, 22, 0.01),
    ],
)
def test_the_chart_is_found_and_tells_the_light(angle, tilt, scale, noise):
    chart, light = placed(angle, tilt, scale), np.array([0.9, 0.7, 0.5])
    picture = decoded(drawn(chart, light, noise=noise, seed=int(scale)))
    found = find_chart(picture)
    assert found is not None
    step = np.linalg.norm(mapped(chart, [(1, 0)]) - mapped(chart, [(0, 0)]))
    apart = np.linalg.norm(mapped(found.chart, CORNERS) - mapped(chart, CORNERS), axis=1)
    assert apart.max() < 0.15 * step
    told = chart_light(patch_colours(picture, found.chart), "Linear Rec.709", white=1.0)
    np.testing.assert_allclose(told.gain, light, rtol=0.02)
    assert told.error < 4.0
    assert told.used == 5


def test_a_chart_in_a_large_picture_is_found_in_the_pictures_own_pixels():
    chart = np.diag([3.0, 3.0, 1.0]) @ placed(0.3, 0.1, 30)
    found = find_chart(decoded(drawn(chart, size=(1440, 1920), noise=0.01)))
    assert found is not None
    assert np.linalg.norm(mapped(found.chart, CORNERS) - mapped(chart, CORNERS), axis=1).max() < 6.0


def test_no_chart_is_found_where_there_is_none():
    generator = np.random.default_rng(5)
    boxes = np.full((300, 400, 3), 0.3)
    for row in range(4):
        for column in range(6):  # a lattice of patches of other colours
            boxes[40 + 50 * row : 80 + 50 * row, 40 + 50 * column : 80 + 50 * column] = generator.uniform(0, 1, 3)
    assert find_chart(boxes) is None
    assert find_chart(generator.uniform(0, 1, (300, 400, 3))) is None
    assert find_chart(np.zeros((300, 400, 3))) is None


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (2, 1, 0, 3), (3, 1, 0, 2)])
def test_four_clicks_in_any_order(order):
    chart = placed(2.0, 0.2)
    picture = decoded(drawn(chart, (0.5, 0.6, 0.9), noise=0.02))
    clicked = mapped(chart, CORNERS)[list(order)] + np.array([(2, -1), (-2, 1), (1, 2), (0, -2)])
    found = chart_of_corners(picture, clicked)
    told = chart_light(patch_colours(picture, found.chart), "Linear Rec.709", white=1.0)
    np.testing.assert_allclose(told.gain, (0.5, 0.6, 0.9), rtol=0.02)


def test_four_clicks_beside_the_chart_say_so():
    picture = decoded(drawn(placed(0.0)))
    with pytest.raises(ValueError, match="middles of its four corner patches"):
        chart_of_corners(picture, [(10, 10), (60, 12), (62, 50), (9, 48)])


def test_clipped_patches_do_not_count():
    chart = placed(0.1)
    picture = decoded(drawn(chart, (1.9, 1.9, 1.9)))  # white and neutral 8 are clipped
    told = chart_light(patch_colours(picture, chart), "Linear Rec.709", white=1.0)
    assert told.used == 3
    np.testing.assert_allclose(told.gain, 1.9, rtol=0.02)
    with pytest.raises(ValueError, match="another frame"):
        chart_light(np.full((24, 3), 1.0), "Linear Rec.709", white=1.0)


def test_the_direction_that_a_chart_faces():
    """A chart leaning away and turned, seen by a camera of known lens."""
    intrinsics = np.array([[900.0, 0, 320], [0, 900, 240], [0, 0, 1]])
    across = np.array([0.8, 0.1, 0.59])
    across /= np.linalg.norm(across)
    down = np.cross([0.2, -0.5, 1.0], across)
    down /= np.linalg.norm(down)
    points = np.array([0.3, -0.2, 6.0]) + (CORNERS - (2.5, 1.5)) @ np.stack([across, down]) * 0.04
    pixels = points @ intrinsics.T
    chart = homography(CORNERS, pixels[:, :2] / pixels[:, 2:])
    normal = np.cross(across, down)
    np.testing.assert_allclose(chart_normal(chart, intrinsics), -normal * np.sign(normal[2]), atol=0.01)


def test_regions_of_a_mask():
    mask = np.array([[1, 0, 1, 1], [1, 1, 0, 1], [0, 0, 0, 0], [1, 0, 1, 1]], dtype=bool)
    labels, count = labelled(mask)
    assert count == 4
    assert labels[0, 0] == labels[1, 1]
    assert labels[0, 2] == labels[1, 3] != labels[0, 0]
    assert (labels > 0).tolist() == mask.tolist()
