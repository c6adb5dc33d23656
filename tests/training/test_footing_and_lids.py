# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of the small networks on a CPU, and what the published one says of feet that it was never trained on."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tomllib

torch = pytest.importorskip("torch")
pytest.importorskip("cv2")

from holirep_blender.inference.fusion import weights  # noqa: E402
from holirep_blender.inference.fusion.second_reading import FILE, second_reading  # noqa: E402
from training import footing, footing_clips, lids, publish_second  # noqa: E402
from training import publish as publishing  # noqa: E402
from training.captured import Captured  # noqa: E402


@pytest.fixture(scope="module")
def clips(pack, tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    footing_clips.main(["--pack", str(pack), "--out", str(folder), "--held-out", "--clips", "4", "--seed", "7"])
    return folder


def test_the_published_feet_read_motion_never_trained_on(clips):
    held = footing.Clips(sorted(clips.glob("*.npz")), torch.device("cpu"))
    assert held.readings.shape[1:4] == (2, 2, footing_clips.FRAMES)
    seen = footing.figures(second_reading().feet, held)
    assert seen["after the solve"] > 0.75
    assert seen["after the solve"] > seen["fusion network"] - 0.05


def test_training_and_publishing(pack, clips, tmp_path, monkeypatch):
    run = tmp_path / "run"
    words = ["--out", str(run), "--smoke", "--device", "cpu"]
    footing.main(["--clips", str(clips), "--held-out", str(clips), *words])
    lids.main(["--pack", str(pack), *words])
    monkeypatch.setattr(weights, "FOLDER", tmp_path)
    monkeypatch.setattr(weights, "TABLE", tmp_path / "weights.json")
    licences = tmp_path / "licences.toml"
    licences.write_text("# all\n\n" + '[[licence]]\nname = "One"\n\n' * 2)
    monkeypatch.setattr(publishing, "LICENCES", licences)
    target = publish_second.publish(run)
    assert target.name == FILE
    read = second_reading.__wrapped__()
    assert read.weights.sha256 == json.loads((tmp_path / "weights.json").read_text())[FILE]
    assert publish_second.NAME in [entry["name"] for entry in tomllib.loads(licences.read_text())["licence"]]
    assert read.weights.sha256 in target.with_suffix(".md").read_text()


def test_contacts_of_captured_frames(pack):
    with np.load(pack) as stored:
        packed = {name: stored[name] for name in stored.files}
    packed["first"] = packed["first"] + 1
    name = str(packed["names"][1])
    begin = int(packed["lengths"][0])
    stands = Captured(packed).standing(name, np.array([0, 1, 9]))
    assert (stands == packed["contacts"][[begin, begin, begin + 8], :4]).all(), "before its first frame it holds"
    packed["flat"][1] = False
    assert Captured(packed).standing(name, np.array([0])) is None
