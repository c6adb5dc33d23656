# SPDX-License-Identifier: GPL-3.0-or-later
"""Which frames count as seen where a clip begins badly."""

from __future__ import annotations

import numpy as np
import pytest

from holirep_blender.motion.geometric.sightings import body_sightings
from holirep_blender.motion.observations import Observations

COUNT, POOR = 40, 10


def seen(face: bool) -> Observations:
    """A clip whose first frames show shoulders, and hands and hips hardly."""
    rows = Observations.empty(COUNT, (640, 480))
    rows.body_image = np.full((COUNT, 33, 3), 200.0)
    rows.body_world = np.zeros((COUNT, 33, 3))
    rows.body_confidence, rows.body_visibility = np.ones(COUNT), np.ones((COUNT, 33))
    rows.body_visibility[:POOR, 13:] = 0.3
    rows.face_confidence = np.full(COUNT, float(face))
    return rows


@pytest.mark.parametrize(("face", "first"), [(True, 0), (False, POOR)])
def test_hanging_arms_are_no_hiding_place(face, first):
    kept = np.flatnonzero(body_sightings(seen(face), 30.0))
    assert kept[0] == first
    assert kept[-1] == COUNT - 1
