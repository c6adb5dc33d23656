# SPDX-License-Identifier: GPL-3.0-or-later
"""The network's word of a mirrored clip is the mirror of its word."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from holirep_blender.inference.fusion.joints import SOLVED, SOLVED_INDEX  # noqa: E402
from holirep_blender.inference.fusion.mirroring import mirrored, mixed  # noqa: E402
from holirep_blender.inference.fusion.network import HolisticReplicationNetwork, NetworkSize  # noqa: E402
from holirep_blender.inference.fusion.observed import from_observations  # noqa: E402
from holirep_blender.motion.observations import Observations  # noqa: E402

COUNT = 8


def seen():
    random = np.random.default_rng(2)
    rows = Observations.empty(COUNT, (640, 480))
    rows.times, rows.frame_numbers = np.arange(COUNT) / 30.0, np.arange(COUNT) + 1.0
    rows.body_image, rows.body_world = random.uniform(50, 400, (COUNT, 33, 3)), random.normal(0, 0.3, (COUNT, 33, 3))
    rows.body_visibility, rows.body_confidence = random.uniform(0, 1, (COUNT, 33)), np.ones(COUNT)
    rows.left_hand_image, rows.left_hand_world = (
        random.uniform(50, 90, (COUNT, 21, 3)),
        random.normal(0, 1, (COUNT, 21, 3)),
    )
    rows.left_hand_confidence = np.ones(COUNT)
    return from_observations(rows)


@pytest.fixture
def network():
    torch.manual_seed(5)
    made = HolisticReplicationNetwork(NetworkSize(32, 32, 32, 1, 1, 1, 1, 1))
    made.template.normal_()
    for weight in made.decoder.body_head.parameters():
        torch.nn.init.normal_(weight, std=0.2)
    return made.eval()


@torch.no_grad()
def test_a_mirrored_clip_is_told_mirrored(network):
    observed = seen()
    ours = mixed(network(observed)[0], network(mirrored(observed))[0])
    other = mirrored(observed)
    theirs = mixed(network(other)[0], network(mirrored(other))[0])
    row, column = SOLVED_INDEX["leftLowerArm"], SOLVED_INDEX["rightLowerArm"]
    flip = torch.tensor([-1.0, 1.0, 1.0])
    assert torch.allclose(ours.rotations[:, :, row], theirs.rotations[:, :, column] * flip[:, None] * flip, atol=1e-4)
    assert torch.allclose(ours.up, theirs.up * flip, atol=1e-5)
    assert torch.allclose(ours.hips, theirs.hips * flip[:2], atol=1e-4)
    assert torch.allclose(ours.contacts[..., :2], theirs.contacts[..., 2:4], atol=1e-4)
    assert torch.allclose(ours.build, theirs.build, atol=1e-5)
    alone = network(observed)[0]
    assert torch.equal(ours.coefficients, alone.coefficients)
    assert not torch.allclose(ours.rotations, alone.rotations, atol=1e-3)


def test_a_mirror_in_a_mirror_is_the_clip():
    observed = seen()
    twice = mirrored(mirrored(observed))
    for name in ("body_image", "body_world", "body_visibility", "hand_image", "hand_world", "hand_valid", "up"):
        assert torch.allclose(getattr(twice, name), getattr(observed, name), atol=1e-3)
    assert float(replace(mirrored(observed)).hand_valid[..., 1].min()) == 1.0
    assert sorted(SOLVED) == sorted(set(SOLVED))
