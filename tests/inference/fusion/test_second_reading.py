# SPDX-License-Identifier: GPL-3.0-or-later
"""The small networks that read once more: their file, their clock, and eyes that shut."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from holirep_blender.inference.fusion import second_reading as second  # noqa: E402
from holirep_blender.inference.fusion import weights  # noqa: E402
from holirep_blender.inference.fusion.lid_reading import SHUT, shut_eyes  # noqa: E402
from holirep_blender.inference.fusion.observed import from_observations  # noqa: E402
from holirep_blender.inference.fusion.ticks import Ticks  # noqa: E402
from holirep_blender.motion.observations import Observations  # noqa: E402

SECONDS = 2.0


@pytest.fixture(scope="module")
def trained():
    return weights.load_trained(weights.find_weights())


def test_a_changed_file_is_told(tmp_path, monkeypatch):
    shutil.copy(weights.FOLDER / second.FILE, tmp_path)
    (tmp_path / "weights.json").write_text(json.dumps({second.FILE: "00"}))
    monkeypatch.setattr(weights, "FOLDER", tmp_path)
    monkeypatch.setattr(weights, "TABLE", tmp_path / "weights.json")
    with pytest.raises(weights.WeightsError, match="damaged or were changed"):
        second.second_reading.__wrapped__()
    (tmp_path / second.FILE).unlink()
    with pytest.raises(weights.WeightsError, match="missing"):
        second.second_reading.__wrapped__()


@pytest.mark.parametrize("fps", [24.0, 30.0, 60.0])
def test_the_clock_goes_there_and_back(fps):
    count = round(SECONDS * fps)
    slow = np.sin(np.arange(count) / fps * 3.0)[:, None, None] * np.ones((1, 2, 3))
    ticks = Ticks(count, fps)
    assert abs(len(ticks) - 30 * SECONDS) <= 1
    inside = slice(0, count - 2)
    assert np.allclose(ticks.to_frames(ticks.of_frames(slow))[inside], slow[inside], atol=0.01)


def face(trained, shut, fps):
    """A face in the picture's middle, 100 pixels between the eyes, whose left and right eye are ``shut (T, 2)``."""
    basis, template = trained.face_basis, trained.network.template.double().numpy()
    moved = template + np.einsum("te,eni->tni", shut, basis[list(SHUT)])
    pixels = 100.0 / np.linalg.norm(template[33] - template[263])
    rows = Observations.empty(len(shut), (640, 480))
    rows.times, rows.frame_numbers = np.arange(len(shut)) / fps, np.arange(len(shut)) + 1.0
    # the camera looks along the face's back: its X, Y, Z are the face's X, -Z, Y
    rows.face_image = moved[..., [0, 2, 1]] * np.array([1.0, -1.0, 1.0]) * pixels + np.array([320.0, 240.0, 0.0])
    rows.face_confidence = np.ones(len(shut))
    return from_observations(rows)


@pytest.mark.parametrize("fps", [30.0, 60.0])
def test_a_blink_and_a_wink_are_read(trained, fps):
    times = np.arange(round(SECONDS * fps)) / fps
    blink, wink = (np.clip(1.35 - np.abs(times - middle) / 0.15 * 1.35, 0.0, 1.0) for middle in (0.6, 1.4))
    truth = np.stack([np.maximum(blink, wink), blink], axis=1)
    observed = face(trained, truth, fps)
    with torch.no_grad():
        said = trained.network(observed)[0]
        found = shut_eyes(second.second_reading().lids, observed, said, trained.network.template, fps)
    found = found.coefficients[0, :, SHUT].numpy()
    clear = np.abs(truth - 0.5) > 0.35
    assert ((found > 0.5) == (truth > 0.5))[clear].all()
