# SPDX-License-Identifier: GPL-3.0-or-later
"""Publishing weights: what is written loads as the package's own, and a second time replaces the first."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tomllib

torch = pytest.importorskip("torch")

from safetensors.torch import save_file  # noqa: E402

from holirep_blender.inference.fusion import weights  # noqa: E402
from holirep_blender.inference.fusion.network import HolisticReplicationNetwork, NetworkSize  # noqa: E402
from training import publish as publishing  # noqa: E402

TINY = NetworkSize(32, 32, 32, 1, 1, 1, 1, 1)


@pytest.mark.parametrize("eight_bit", [False, True])
def test_published_weights_are_the_packages_own(tmp_path, monkeypatch, eight_bit):
    folder, run = tmp_path / "trained", tmp_path / "run"
    folder.mkdir(), run.mkdir()
    monkeypatch.setattr(weights, "FOLDER", folder)
    monkeypatch.setattr(weights, "TABLE", folder / "weights.json")
    licences = tmp_path / "licences.toml"
    licences.write_text("# all\n\n" + "\n".join(
        f'[[licence]]\nname = "{name}"\nlicence = "MIT"\nsource = "there"\n' for name in ("One", "Two")
    ))  # fmt: skip
    monkeypatch.setattr(publishing, "LICENCES", licences)
    network = HolisticReplicationNetwork(TINY)
    tensors = {name: value.half().contiguous() for name, value in network.state_dict().items()}
    save_file(tensors, str(run / "weights.safetensors"), metadata={"size": json.dumps(TINY.to_dict())})
    (run / "weights.md").write_text(
        "| file | `weights.safetensors`, 1.0 MB, half precision, 5 p |\n| SHA-256 | `00` |\n"
    )
    moves = np.random.default_rng(1).normal(size=(52, 468, 3)).astype(np.float16)
    np.savez(tmp_path / "pack.npz", face_expressions=moves)
    for _ in range(2):
        publishing.publish(run, tmp_path / "pack.npz", eight_bit=eight_bit)
    found = weights.find_weights()
    assert found.published
    trained = weights.load_trained(found)
    assert np.allclose(trained.face_basis[:, :468], moves, atol=1e-3)
    entries = tomllib.loads(licences.read_text())["licence"]
    assert [entry["name"] for entry in entries] == ["One", publishing.NAME, "Two"]
    assert entries[1]["sha256"] == found.sha256
    assert "EIA-0196217" in entries[1]["source"]
    card = (folder / "fusion.md").read_text()
    assert found.sha256 in card
    assert "`fusion.safetensors`" in card
    monkeypatch.setattr(publishing, "_LARGEST", 10.0)
    with pytest.raises(ValueError, match="eight-bit"):
        publishing.publish(run, tmp_path / "pack.npz", eight_bit=eight_bit)
