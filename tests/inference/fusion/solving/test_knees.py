# SPDX-License-Identifier: GPL-3.0-or-later
"""Knees that the network says too bent in all of a clip are straightened as far as the picture shows them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from holirep_blender.inference.fusion.joints import BODY, BUILD_SIZE
from holirep_blender.inference.fusion.solving import Clip, Evidence
from holirep_blender.inference.fusion.solving.descent import body_figure
from holirep_blender.inference.fusion.solving.knees import with_knees_seen
from holirep_blender.inference.fusion.solving.marks import BODY_INDEX, MARK_JOINTS, MARKS, shape_of
from holirep_blender.inference.fusion.solving.terms import state_of
from holirep_blender.motion.geometric.articulation import exponential, logarithm

COUNT, FOCAL = 20, 900.0
TEMPLATE = np.zeros((478, 3))
SHINS = [BODY_INDEX[f"{side}LowerLeg"] for side in ("left", "right")]


def standing(facing, knees):
    """Somebody with bent knees (degrees) four metres before a level camera, turned by ``facing`` degrees."""
    turn = np.zeros((COUNT, len(BODY), 3))
    for side in ("left", "right"):
        turn[:, BODY_INDEX[f"{side}LowerLeg"], 0] = np.radians(knees)
        for part in ("UpperLeg", "Foot"):
            turn[:, BODY_INDEX[side + part], 0] = -np.radians(knees) / 2
    turn[:, 0, 2] = np.radians(facing)
    camera = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
    return Clip(exponential(turn), np.tile([0.0, 4.0, -0.2], (COUNT, 1)), np.zeros(BUILD_SIZE), float(np.log(FOCAL)),
                np.tile(camera, (COUNT, 1, 1)), np.zeros((COUNT, 3)))  # fmt: skip


def evidence(clip, spread=0.02):
    state = state_of(body_figure(), clip, shape_of(clip.build, TEMPLATE))
    points = state.figure.points(state.turned, state.placed, MARK_JOINTS, state.shape.marks) @ clip.turn[0]
    return Evidence(points[..., :2] / points[..., 2:] * FOCAL, np.full((COUNT, len(MARKS)), spread))


def knees(clip):
    return float(np.degrees(logarithm(clip.local[:, SHINS])[..., 0].mean()))


@pytest.mark.parametrize(("facing", "low", "high"), [(90.0, 10.0, 16.0), (0.0, 21.0, 26.0)])
def test_knees_are_straightened_as_far_as_they_are_seen(facing, low, high):
    """From the side most of 15 degrees is taken back, from the front next to nothing."""
    seen = evidence(standing(facing, 10.0))
    assert low < knees(with_knees_seen(standing(facing, 25.0), seen, np.ones(COUNT, dtype=bool), TEMPLATE)) < high


def test_what_is_not_trusted_changes_nothing():
    clip = standing(90.0, 25.0)
    unsure = evidence(standing(90.0, 10.0), spread=np.inf)
    assert with_knees_seen(clip, unsure, np.ones(COUNT, dtype=bool), TEMPLATE) is clip
    sure = replace(unsure, spread=np.full_like(unsure.spread, 0.02))
    assert with_knees_seen(clip, sure, np.zeros(COUNT, dtype=bool), TEMPLATE) is clip
