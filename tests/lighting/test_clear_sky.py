# SPDX-License-Identifier: GPL-3.0-or-later
"""The model of a clear sky against what is measured under one."""

from __future__ import annotations

import numpy as np
import pytest

from holirep_blender.lighting.clear_sky import air_mass, sun_colour, sun_over_sky


def test_air_mass():
    """1 overhead, 2 at 30 degrees, 38 at the horizon (Kasten and Young's table)."""
    assert air_mass(np.radians(90)) == pytest.approx(1.0, abs=0.001)
    assert air_mass(np.radians(30)) == pytest.approx(1.994, abs=0.005)
    assert air_mass(0.0) == pytest.approx(37.92, rel=0.01)


def test_a_high_sun_in_clear_air_gives_several_times_the_skys_light():
    """About 100,000 lux direct against 12,000 to 20,000 of the sky."""
    assert 4.5 < sun_over_sky(np.radians(60), 3.0) < 9.0
    assert sun_over_sky(np.radians(60), 6.0) < sun_over_sky(np.radians(60), 3.0) < sun_over_sky(np.radians(60), 2.0)
    level = [sun_over_sky(np.radians(high), 3.0) * np.sin(np.radians(high)) for high in (3, 30)]
    assert level[0] < 0.3 * level[1], "on level ground a low sun gives little"


def test_a_low_sun_is_red():
    high, low = sun_colour(np.radians(60), 3.0), sun_colour(np.radians(4), 3.0)
    assert high[2] > 0.7
    assert low[2] < 0.35 * low[0]
    assert low[0] == 1.0
