# SPDX-License-Identifier: GPL-3.0-or-later
"""A channel that was clipped, told by the two that were not."""

from __future__ import annotations

import numpy as np

from holirep_blender.lighting.clipping import Clipping, find_clipping
from holirep_blender.lighting.environment_map import checked_map
from holirep_blender.lighting.lost_colour import lost_colour
from holirep_blender.lighting.repair import cut_light
from tests.lighting.maps import sky


def test_red_clouds_get_their_red_back():
    pixels = sky(256)
    rows, columns = np.mgrid[0:256, 0:512]
    cloud = np.exp(-((rows - 100) ** 2 + (columns - 200) ** 2) / 300.0)
    cloud *= 1 + 0.2 * np.sin(columns / 3.0) * np.cos(rows / 4.0)
    pixels[..., 0] += 20 * cloud**1.3 + 2 * cloud
    pixels[..., 1] += 6 * cloud
    pixels[..., 2] += 2 * cloud**0.9
    pixels *= 1 + 0.02 * np.random.default_rng(5).standard_normal(pixels.shape).astype(np.float32)
    clipped = checked_map(np.minimum(pixels, 12.0).astype(np.float32))
    clipping = find_clipping(clipped)
    cut = cut_light(clipped, clipping)
    lost, told = lost_colour(clipped, clipping, cut)
    true = pixels[cut.rows, cut.columns] - clipped.pixels[cut.rows, cut.columns]
    assert told.all()
    assert not lost[:, 1:].any()
    np.testing.assert_allclose(lost[:, 0] @ cut.solid, true[:, 0] @ cut.solid, rtol=0.15)


def test_where_all_channels_are_clipped_nothing_is_told():
    pixels = sky(128)
    pixels[30:36, 40:46] = 50.0 + np.arange(36).reshape(6, 6, 1)
    clipped = checked_map(np.minimum(pixels, 20.0).astype(np.float32))
    clipping = Clipping(20.0, 36, 0.001)
    lost, told = lost_colour(clipped, clipping, cut_light(clipped, clipping))
    assert len(told) == 36
    assert not told.any()
    assert not lost.any()
