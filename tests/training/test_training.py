# SPDX-License-Identifier: GPL-3.0-or-later
"""The training script itself on a CPU: a few tiny steps, resumed; and the synthetic scenes it learns from."""

from __future__ import annotations

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("cv2")

from holirep_blender.inference.fusion.rotations import compose  # noqa: E402
from holirep_blender.inference.fusion.weights import load_network  # noqa: E402
from training.losses import posed  # noqa: E402
from training.metrics import LANDMARKS, TWELVE, aligned  # noqa: E402
from training.synthesis.chance import Chance  # noqa: E402
from training.synthesis.scene import Stage  # noqa: E402
from training.train import main as train_main  # noqa: E402


@pytest.fixture(scope="module")
def batch(pack):
    with np.load(pack) as stored:
        stage = Stage(dict(stored), torch.device("cpu"), held_out=False)
    return stage, *stage.batch(Chance(5, torch.device("cpu")), 12, 16, vary=True)


def test_the_truth_is_what_was_projected(batch):
    _, observed, truth = batch
    pose = posed(truth.rotations, truth.offsets, truth.up, truth.hips, truth.focal, observed.image_size / 2)
    knees = pose.picture[:, :, [TWELVE[8], TWELVE[9]]]
    seen = truth.points[:, :, 25, 2] > 0.5
    apart = (knees - truth.picture[:, :, 25:27]).norm(dim=-1).amax(-1)
    size = truth.focal[:, None] / truth.points[..., 25, 2].clamp_min(0.3)
    # the tracker's marks lie a little beside the joints, by a few centimetres at most
    assert float((apart / size)[seen].max()) < 0.06
    turned = compose(truth.rotations, truth.rotations.transpose(-1, -2))
    assert torch.allclose(turned, torch.eye(3).expand_as(turned), atol=1e-4)


def test_the_emulated_tracker_is_about_as_good_as_the_real_one(batch):
    _, observed, truth = batch
    pose = posed(truth.rotations, truth.offsets, truth.up, truth.hips, truth.focal, observed.image_size / 2)
    valid = observed.body_valid > 0
    error = 1000.0 * aligned(observed.body_world[:, :, LANDMARKS][valid], pose.camera[:, :, TWELVE][valid]).mean()
    assert 45.0 < float(error) < 130.0


def test_the_same_seed_gives_the_same_batch(batch):
    stage, observed, truth = batch
    again, same = stage.batch(Chance(5, torch.device("cpu")), 12, 16, vary=True)
    assert torch.equal(again.body_image, observed.body_image)
    assert torch.equal(same.coefficients, truth.coefficients)


def test_training_runs_resumes_and_leaves_weights(pack, tmp_path):
    arguments = ["--pack", str(pack), "--out", str(tmp_path), "--smoke", "--device", "cpu"]
    assert train_main(arguments) == 0
    assert train_main([*arguments, "--resume", str(tmp_path / "state.pt")]) == 0
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    steps = [line["step"] for line in lines if "total" in line]
    assert steps == [1, 2, 3, 4, 5, 6]
    assert all(np.isfinite(line["total"]) for line in lines if "total" in line)
    assert any(line.get("evaluate") == "held out without face" for line in lines)
    assert load_network(tmp_path / "weights.safetensors").template.abs().sum() > 0.0
