# SPDX-License-Identifier: GPL-3.0-or-later
"""The method Fusion as the worker runs it: requests, devices, memory, what was not seen, and the take's contents.

The network here has weights drawn at random: what it says is nonsense, but everything around it is the product's.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import save_file  # noqa: E402

from holirep_blender.inference.errors import UserError  # noqa: E402
from holirep_blender.inference.fusion import method as fusion_method  # noqa: E402
from holirep_blender.inference.fusion.face_solving import UNOBSERVABLE  # noqa: E402
from holirep_blender.inference.fusion.finishing import _fingers  # noqa: E402
from holirep_blender.inference.fusion.network import HolisticReplicationNetwork, NetworkSize  # noqa: E402
from holirep_blender.inference.fusion.observed import from_observations  # noqa: E402
from holirep_blender.inference.fusion.second_reading import FILE as SECOND  # noqa: E402
from holirep_blender.inference.fusion.weights import published_sha256  # noqa: E402
from holirep_blender.inference.fusion.windows import predict  # noqa: E402
from holirep_blender.inference.methods import method_of  # noqa: E402
from holirep_blender.inference.solve_again import solve_again  # noqa: E402
from holirep_blender.motion import rotations  # noqa: E402
from holirep_blender.motion.arkit import ARKIT_INDEX  # noqa: E402
from holirep_blender.motion.confidence import part_of  # noqa: E402
from holirep_blender.motion.geometric import SolveOptions  # noqa: E402
from holirep_blender.motion.skeleton import JOINT_INDEX, JOINT_NAMES  # noqa: E402
from holirep_blender.motion.take import CONTACT_NAMES, Take  # noqa: E402
from tests.motion.geometric.performance import FPS, performance  # noqa: E402

TINY = NetworkSize(32, 32, 32, 1, 1, 1, 1, 1)
FRAMES = 32


class Report:
    """Keeps what a job tells."""

    def __init__(self):
        self.fractions, self.warnings = [], []

    def __call__(self, progress):
        self.fractions.append(progress.fraction)

    def warn(self, text):
        self.warnings.append(text)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A user's own file of weights."""
    torch.manual_seed(3)
    network = HolisticReplicationNetwork(TINY)
    network.template.normal_()
    path = tmp_path_factory.mktemp("weights") / "own.safetensors"
    tensors = {name: value.half().contiguous() for name, value in network.state_dict().items()}
    tensors["face_basis"] = torch.randn(52, 478, 3).half() * 0.2
    save_file(tensors, str(path), metadata={"size": json.dumps(TINY.to_dict())})
    return path


@pytest.fixture
def walk():
    """A walk without a face; nobody is seen in its first four frames, nor for a third of a second in its middle."""
    seen = performance(frames=FRAMES)
    rows = seen.observations
    for gap in (slice(0, 4), slice(18, 28)):
        for name in ("body_image", "body_world", "left_hand_image", "right_hand_image"):
            getattr(rows, name)[gap] = np.nan
        for name in ("body_confidence", "left_hand_confidence", "right_hand_confidence"):
            getattr(rows, name)[gap] = 0.0
        rows.body_visibility[gap] = 0.0
    return Take(
        fps=FPS, frame_start=101, local_rotations=seen.take.local_rotations, observations=rows,
        root_translation=seen.take.root_translation, rest_offsets=seen.take.rest_offsets,
        header={"method": "geometric", "plate": {"path": "walk.mov"}, "models": [{"name": "pose", "sha256": "1"}]},
    )  # fmt: skip


@pytest.fixture
def solved(walk, weights, tmp_path):
    """Solves the walk with Fusion and other settings; gives the take and the report."""

    def solve(**settings):
        walk.save(tmp_path / "walk.npz")
        report = Report()
        request = {"take": str(tmp_path / "walk.npz"), "out": str(tmp_path / "new.npz"), "method": "fusion"}
        answer = solve_again({**request, "device": "cpu", "weights": str(weights), **settings}, report)
        return Take.load(answer["take"]), report

    return solve


def test_the_take_has_all_that_geometrics_has(solved, weights):
    take, report = solved()
    assert (take.frame_count, take.frame_start, take.fps) == (FRAMES, 101, FPS)
    assert take.contact_names[: len(CONTACT_NAMES)] == CONTACT_NAMES
    assert take.camera is not None
    assert take.camera.world_from_camera.shape == (FRAMES, 4, 4)
    assert np.isfinite(take.camera.project(take.world_positions())).all(axis=-1).any()
    assert len(take.observations) == FRAMES
    assert take.header["method"] == "fusion"
    assert take.header["plate"] == {"path": "walk.mov"}
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    assert take.header["models"] == [
        {"name": "pose", "sha256": "1"},
        {"name": "own.safetensors", "sha256": digest, "method": "fusion"},
        {"name": SECOND, "sha256": published_sha256()[SECOND], "method": "fusion"},
    ]
    assert take.header["floor_height"] == 0.0
    assert take.header["solve_options"]["performer_height"] is None
    assert report.fractions == sorted(report.fractions)
    assert len(report.fractions) > 3


def test_what_was_not_seen_is_filled_held_and_marked(solved):
    take, _ = solved()
    hips = take.joint_confidence[:, JOINT_INDEX["hips"]]
    assert not take.joint_confidence[:4].any(), "before the performer comes"
    assert np.allclose(take.local_rotations[:4], take.local_rotations[4])
    assert (hips[5:18] > 0.0).all()
    assert hips[23] < 0.5 * hips[17], "deep in the gap"
    fingers = [JOINT_INDEX[name] for name in JOINT_NAMES if part_of(name) == "leftHand"]
    assert take.joint_confidence[23, fingers].max() < 0.5
    assert not take.contacts[18:28].any()
    assert not take.blendshape_confidence.any(), "there is no face in this plate"
    assert not take.blendshapes.any()


def test_shapes_that_cannot_be_seen_are_not_invented(solved, walk):
    rows = walk.observations
    random = np.random.default_rng(2)
    face = random.normal(0.0, 30.0, (478, 3)) + [640.0, 200.0, 0.0]
    rows.face_image[:] = face + random.normal(0.0, 2.0, (FRAMES, 478, 3))
    rows.face_confidence[:] = 1.0
    take, _ = solved()
    columns = [ARKIT_INDEX[name] for name in UNOBSERVABLE]
    assert not take.blendshapes[:, columns].any()
    assert not take.blendshape_confidence[:, columns].any()
    others = [index for index in range(52) if index not in columns]
    assert take.blendshape_confidence[10, others].min() > 0.0


def test_the_given_height_is_the_takes(solved):
    tall, _ = solved(performer_height=2.0)
    rest = Take(
        fps=30.0, frame_start=1, local_rotations=np.tile([1.0, 0, 0, 0], (1, len(JOINT_NAMES), 1)),
        root_translation=tall.rest_offsets[:1], rest_offsets=tall.rest_offsets,
    )  # fmt: skip
    assert rest.world_positions()[0, JOINT_INDEX["head"], 2] == pytest.approx(1.8, abs=0.06), "the head's joint"


def test_solving_again_by_geometry_forgets_the_network(solved, tmp_path):
    solved()
    take = solve_again(
        {"take": str(tmp_path / "new.npz"), "out": str(tmp_path / "old.npz"), "method": "geometric"}, Report()
    )["take"]
    header = Take.load(take).header
    assert header["method"] == "geometric"
    assert header["models"] == [{"name": "pose", "sha256": "1"}]
    assert "fusion" not in header


def test_the_takes_own_method_is_the_default(solved, weights, tmp_path):
    solved()
    request = {"take": str(tmp_path / "new.npz"), "out": str(tmp_path / "again.npz"), "device": "cpu"}
    answer = solve_again({**request, "weights": str(weights)}, Report())
    assert Take.load(answer["take"]).header["method"] == "fusion"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"method": "guessing"}, "no method 'guessing'"),
        ({"method": "geometric", "neutral_frame": 3}, "only with the method Fusion"),
        ({"method": "fusion", "neutral_frame": 2.5}, "number of a frame"),
        ({"method": "fusion", "weights": 7}, "path of a .safetensors"),
        ({"method": "fusion", "weights": "/nowhere/own.safetensors"}, "missing: /nowhere/own.safetensors"),
        ({"method": "fusion", "performer_height": 9.0}, "height"),
    ],
)
def test_wrong_settings_are_told_before_anything_is_done(settings, said):
    with pytest.raises(UserError, match=said):
        method_of(settings, print)


def test_a_neutral_frame_without_a_face_is_told(solved):
    with pytest.raises(UserError, match="No face is seen around frame 110"):
        solved(neutral_frame=110)


def test_a_camera_track_is_the_takes_camera(solved, tmp_path):
    track = np.tile(np.eye(4), (FRAMES, 1, 1))
    track[:, :3, :3] = [[1, 0, 0], [0, 0, 1], [0, -1, 0]]
    track[:, 0, 3] = np.linspace(0.0, 0.5, FRAMES)
    np.savez(tmp_path / "track.npz", world_from_camera=track)
    take, _ = solved(camera_track=str(tmp_path / "track.npz"))
    assert np.allclose(take.camera.world_from_camera, track)
    np.save(tmp_path / "short.npy", track[:5])
    with pytest.raises(UserError, match="has 5 frames, but the take has 32"):
        solved(camera_track=str(tmp_path / "short.npy"))


class Narrow(torch.nn.Module):
    """A network on a device that has memory for no more than two windows."""

    def __init__(self, network, room=2):
        super().__init__()
        self.network, self.room, self.sizes = network, room, []

    @property
    def template(self):
        return self.network.template

    def forward(self, observed):
        self.sizes.append(len(observed.times))
        if len(observed.times) > self.room:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory (injected)")
        return self.network(observed)


def test_out_of_memory_halves_the_batch_and_goes_on():
    torch.manual_seed(4)
    network = HolisticReplicationNetwork(TINY).eval()
    network.template.normal_()
    observed = from_observations(performance(frames=400).observations)
    narrow, told = Narrow(network), []
    with torch.no_grad():
        found = predict(narrow, observed, batch=8, progress=lambda *done: told.append(done))
        whole = predict(network, observed, batch=8)
    assert max(narrow.sizes) == 8
    assert min(narrow.sizes) <= 2
    for field in fields(whole.performance):
        ours, theirs = (getattr(said.performance, field.name) for said in (found, whole))
        assert torch.allclose(ours, theirs, atol=1e-4), field.name
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] == told[-1][1]
    with pytest.raises(torch.cuda.OutOfMemoryError):
        predict(Narrow(network, room=0), observed)


def test_a_gpu_without_room_for_one_window_leaves_the_work_to_the_cpu(walk, weights, monkeypatch):
    loaded = []
    monkeypatch.setattr(fusion_method, "choose_device", lambda wanted: (wanted, None))
    real_load, real_solve = fusion_method.load_trained, fusion_method.solve_fusion
    monkeypatch.setattr(fusion_method, "_loaded", None)
    monkeypatch.setattr(
        fusion_method, "load_trained", lambda found, device: loaded.append(device) or real_load(found, "cpu")
    )

    def solve(*arguments, **named):
        if loaded[-1] != "cpu":
            raise torch.cuda.OutOfMemoryError("CUDA out of memory (injected)")
        return real_solve(*arguments, **named)

    monkeypatch.setattr(fusion_method, "solve_fusion", solve)
    warnings = []
    method = method_of({"method": "fusion", "weights": str(weights), "device": "cuda:0"}, warnings.append)
    take = method.solve(walk.observations, FPS, 1, lambda done: None)
    assert loaded == ["cuda:0", "cpu"]
    assert warnings == ["The GPU cuda:0 has no memory for the network, so the CPU does the work."]
    assert take.header["fusion"]["device"] == "cpu"


def test_fingers_do_not_pop_where_a_hand_is_lost_and_found():
    random = np.random.default_rng(5)
    seen = np.ones(90, bool)
    seen[30:60] = False
    bend = rotations.from_axis_angle(np.array([0.0, 1.0, 0.0]), np.where(seen, 1.4, -0.2)[:, None] * np.ones((90, 15)))
    shaken = rotations.from_rotation_vector(random.normal(0.0, 0.02, (90, 15, 3)))
    fingers = _fingers(rotations.multiply(bend, shaken), seen, 30.0, SolveOptions())
    steps = np.degrees(2.0 * np.arccos(np.clip(np.abs((fingers[1:] * fingers[:-1]).sum(-1)), 0.0, 1.0)))
    assert steps.max() < 15.0
    bent = np.degrees(rotations.to_rotation_vector(fingers)[..., 1])
    assert np.allclose(bent[[5, 85]], np.degrees(1.4), atol=4.0), "what was seen stays"
    assert np.allclose(bent[45], np.degrees(-0.2), atol=6.0), "deep in the gap it is the network's word"
    assert np.isfinite(_fingers(bend[:3], np.zeros(3, bool), 30.0, SolveOptions())).all()
