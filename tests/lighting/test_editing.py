# SPDX-License-Identifier: GPL-3.0-or-later
"""Splitting and merging keep light, place and spread."""

from __future__ import annotations

import numpy as np
import pytest

from holirep_blender.lighting.analysis import AnalysisOptions, analyse
from holirep_blender.lighting.editing import halves, merged
from holirep_blender.lighting.environment_map import checked_map
from holirep_blender.lighting.irradiance import lamp_irradiance
from holirep_blender.lighting.sphere import even_directions
from tests.lighting.maps import direction, paint_disk, paint_window, sky

NORMALS = even_directions(100)


def light(*lamps):
    arrays = [np.stack([getattr(lamp, name) for lamp in lamps]) for name in ("direction", "irradiance")]
    return lamp_irradiance(*arrays, NORMALS, np.array([lamp.angle for lamp in lamps]))


def lamp_of(pixels):
    return analyse(checked_map(pixels), AnalysisOptions(lamps=1)).lamps[0]


@pytest.mark.parametrize("shape", ["disk", "strip"])
def test_halves_light_as_the_whole_and_merge_to_it(shape):
    pixels = (0.05 * sky(256)).astype(np.float32)
    if shape == "disk":
        lamp = lamp_of(paint_disk(pixels, direction(20, 30), 6.0, [3.0, 2.0, 1.0]))
    else:
        lamp = lamp_of(paint_window(pixels, (60, 76), (0, 2), [20.0, 20.0, 20.0]))
    first, second = halves(lamp)
    np.testing.assert_allclose(first.irradiance + second.irradiance, lamp.irradiance)
    np.testing.assert_allclose(
        light(first, second), light(lamp), atol=(4e-3 if shape == "disk" else 2e-2) * light(lamp).max()
    )
    assert first.angle < lamp.angle
    again = merged(first, second)
    np.testing.assert_allclose(again.direction, lamp.direction, atol=1e-6)
    assert again.angle == pytest.approx(lamp.angle, rel=0.01)
    assert again.elongation == pytest.approx(lamp.elongation, rel=0.1)
    assert again.share == pytest.approx(lamp.share)


def test_lamps_on_opposite_sides_cannot_be_one():
    lamp = lamp_of(paint_disk(sky(256), direction(20, 30), 3.0, [9.0, 9.0, 9.0]))
    from dataclasses import replace

    with pytest.raises(ValueError, match="opposite"):
        merged(lamp, replace(lamp, direction=-lamp.direction))
