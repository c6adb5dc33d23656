# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion capture of people: limits leave it alone, and bring it back where it was corrupted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from holirep_blender.motion.biomechanics.engine import LimitOptions
from holirep_blender.motion.biomechanics.limit_table import LimitTable
from holirep_blender.motion.take import Take
from tests.motion.biomechanics.figures import noisy, swapped
from tests.motion.biomechanics.measures import UPSIDE_DOWN, mean_change, measured, raw_change
from tests.motion.biomechanics.mocap import standing_takes

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def takes(shared_data: Path) -> dict[str, Take]:
    return standing_takes(shared_data)


def test_clean_clips_are_left_alone(takes: dict[str, Take]) -> None:
    chosen = LimitOptions(LimitTable.load("athlete"))
    rows = {name: measured(take, chosen) for name, take in takes.items()}
    assert all(row.beyond_hard == 0 and row.second_change < 1e-6 for row in rows.values())
    everywhere, moving = mean_change([row for name, row in rows.items() if name not in UPSIDE_DOWN])
    assert everywhere < 0.1
    assert moving < 0.2
    # with the frames in which the capture is broken, and the clip whose head is upside down
    raw = raw_change(list(rows.values()))
    assert raw < 0.2
    speeds = {(name, end): ratio for name, row in rows.items() for end, ratio in row.speeds.items()}
    over = {key: ratio for key, ratio in speeds.items() if abs(ratio - 1.0) > 0.03}
    print(f"mean change {everywhere:.3f} degrees ({moving:.3f} of moving joints, {raw:.3f} raw); beyond 3 %: {over}")
    assert over == {}
    accelerations = np.array([row.acceleration for row in rows.values()])
    assert np.median(accelerations) <= 1.0
    assert accelerations.max() < 1.002


@pytest.mark.parametrize("preset", ["average_adult", "athlete"])
def test_corrupted_clips_come_within_limits_without_pops(takes: dict[str, Take], preset: str) -> None:
    chosen = LimitOptions(LimitTable.load(preset))
    for seed, name in enumerate(list(takes)[::6]):
        take = takes[name]
        for corrupted in (noisy(take, 15.0, seed), noisy(take, 20.0, seed, memory=0.93), swapped(take, seed)):
            row = measured(corrupted, chosen)
            assert row.beyond_hard == 0, name
            assert row.second_change < 1e-6, name
            assert row.acceleration < 1.002, name
