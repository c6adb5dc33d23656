# SPDX-License-Identifier: GPL-3.0-or-later
"""Weights: the published ones by hash, a user's own by path, eight bits, and what is said of those that do not do."""

from __future__ import annotations

import hashlib
import json

import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import save_file  # noqa: E402

from holirep_blender.inference.fusion import weights  # noqa: E402
from holirep_blender.inference.fusion.network import HolisticReplicationNetwork, NetworkSize  # noqa: E402
from holirep_blender.inference.fusion.weights import (  # noqa: E402
    FILE,
    WeightsError,
    find_weights,
    load_network,
    load_trained,
    published_sha256,
    quantised,
    restored,
)

TINY = NetworkSize(32, 32, 32, 1, 1, 1, 1, 1)


@pytest.fixture
def network():
    torch.manual_seed(3)
    return HolisticReplicationNetwork(TINY).eval()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A package folder for weights of its own."""
    monkeypatch.setattr(weights, "FOLDER", tmp_path)
    monkeypatch.setattr(weights, "TABLE", tmp_path / "weights.json")
    (tmp_path / "weights.json").write_text("{}")
    return tmp_path


def save(network, path, **more):
    tensors = {name: value.half().contiguous() for name, value in network.state_dict().items()}
    save_file({**tensors, **more}, str(path), metadata={"size": json.dumps(TINY.to_dict())})


def publish(folder):
    digest = hashlib.sha256((folder / FILE).read_bytes()).hexdigest()
    (folder / "weights.json").write_text(json.dumps({FILE: digest}))
    return digest


def test_missing_and_changed_weights_are_named_with_the_way_out(folder, network):
    with pytest.raises(WeightsError, match=r"missing: .*fusion\.safetensors.*Geometric") as caught:
        find_weights()
    assert caught.value.kind == "runtime"
    save(network, folder / FILE)
    with pytest.raises(WeightsError, match="damaged or were changed"):
        find_weights()
    digest = publish(folder)
    found = find_weights()
    assert found.published
    assert found.sha256 == digest
    data = bytearray((folder / FILE).read_bytes())
    data[-1] ^= 1
    (folder / FILE).write_bytes(bytes(data))
    with pytest.raises(WeightsError, match="damaged or were changed"):
        find_weights()


def test_own_weights_are_taken_by_path_and_noted_as_such(tmp_path, network):
    path = tmp_path / "own.safetensors"
    with pytest.raises(WeightsError, match=r"own\.safetensors.*Choose another") as caught:
        find_weights(path)
    assert caught.value.kind == "disk"
    save(network, path, face_basis=torch.ones(52, 478, 3, dtype=torch.float16))
    found = find_weights(path)
    assert not found.published
    trained = load_trained(found)
    assert trained.network.size == TINY
    assert trained.face_basis is not None
    assert trained.face_basis.shape == (52, 478, 3)
    assert not any(parameter.requires_grad for parameter in trained.network.parameters())


@pytest.mark.parametrize("damage", ["cut", "text", "other network", "no size"])
def test_a_file_that_is_not_weights_is_named(tmp_path, network, damage):
    path = tmp_path / "own.safetensors"
    save(network, path)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:1000])
    elif damage == "text":
        path.write_text("no weights at all")
    elif damage == "other network":
        save_file({"layer": torch.zeros(3)}, str(path), metadata={"size": json.dumps(TINY.to_dict())})
    else:
        save_file({"layer": torch.zeros(3)}, str(path))
    with pytest.raises(WeightsError, match=r"own\.safetensors.*Choose another"):
        load_network(path)


def test_eight_bits_come_back_within_half_a_step(tmp_path, network):
    state = network.state_dict()
    small = quantised(state, smallest=64)
    assert any(values.dtype == torch.int8 for values in small.values())
    back = restored(small)
    assert back.keys() == state.keys()
    for name, values in state.items():
        step = values.abs().amax() / 127.0 if values.numel() else 0.0
        assert (back[name] - values).abs().max() <= 0.51 * step + 1e-3 * values.abs().amax() + 1e-6, name
    path = tmp_path / "small.safetensors"
    save_file(small, str(path), metadata={"size": json.dumps(TINY.to_dict())})
    loaded = load_network(path).state_dict()
    assert all(torch.equal(loaded[name], back[name]) for name in back)
    del small[next(name for name in small if name.endswith(".scale"))]
    save_file(small, str(path), metadata={"size": json.dumps(TINY.to_dict())})
    with pytest.raises(WeightsError, match="not weights"):
        load_network(path)


def test_the_published_weights_are_those_of_the_table():
    """Holds whether or not this checkout has weights: each file of the table is there, and is what it says."""
    for name, digest in published_sha256().items():
        path = weights.FOLDER / name
        assert hashlib.sha256(path.read_bytes()).hexdigest() == digest
        assert path.with_suffix(".md").is_file(), "a card beside it"
    assert sum(path.stat().st_size for path in weights.FOLDER.glob("*.safetensors")) <= 40e6
    assert {path.name for path in weights.FOLDER.glob("*.safetensors")} == set(published_sha256())
