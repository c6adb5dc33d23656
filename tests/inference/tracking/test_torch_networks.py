# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks in PyTorch say what MediaPipe's interpreter says, and the device's way of working is right on any.

All of it runs on the CPU: a GPU differs by its precision and by what it is started with.
"""

from __future__ import annotations

import threading
from pathlib import Path
from queue import SimpleQueue
from typing import Any, List

import cv2
import mediapipe
import numpy as np
import pytest
import torch
from torch import nn

from holirep_blender.inference.errors import PlateError
from holirep_blender.inference.plate import Plate, open_plate
from holirep_blender.inference.tracking import PersonChoice, devices, means, processes
from holirep_blender.inference.tracking.device_picture import DevicePlate, pixels
from holirep_blender.inference.tracking.device_tracker import DeviceTracker
from holirep_blender.inference.tracking.mediapipe_tracker import MediaPipeTracker
from holirep_blender.inference.tracking.networks import MediaPipeNetworks
from holirep_blender.inference.tracking.regions import (
    Region,
    body_region,
    face_region_from_detection,
    hand_region_from_palm,
    head_region_from_body,
    whole,
)
from holirep_blender.inference.tracking.torch_networks import trial
from holirep_blender.inference.tracking.torch_networks.client import Client
from holirep_blender.inference.tracking.torch_networks.engine import Engine, models_of
from holirep_blender.inference.tracking.torch_networks.feed import Feed
from holirep_blender.inference.tracking.torch_networks.line import Line
from holirep_blender.inference.tracking.torch_networks.lookers import TorchNetworks, merged
from holirep_blender.inference.tracking.torch_networks.pictures import Place
from holirep_blender.inference.tracking.torch_networks.service import Service
from holirep_blender.inference.tracking.torch_networks.sizes import SIZES

# Of the region's side: rounding in another order.
ROUNDING = 1e-5


@pytest.fixture(scope="module")
def clip(shared_data: Path) -> Path:
    return shared_data / "video" / "asl_learn.mkv"


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Any:
    """On a busy machine PyTorch's threads wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_every_network_says_what_mediapipes_interpreter_says(clip: Path) -> None:
    image = next(open_plate(clip).frames(31, 31))[2]
    engine = Engine("cpu", models_of(mediapipe))
    stock, own = MediaPipeNetworks(), TorchNetworks(engine)

    def found(kind: str, region: Region) -> List[Any]:
        first, second = stock.detector(kind).run(image, region), own.detector(kind).run(image, region)
        assert len(first) == len(second) > 0
        for one, other in zip(first, second):
            assert one.score == pytest.approx(other.score, abs=1e-4)
            np.testing.assert_allclose(one.box, other.box, atol=ROUNDING * region.side)
            np.testing.assert_allclose(one.points, other.points, atol=ROUNDING * region.side)
        return first

    person = found("body", whole(image))[0]
    region = body_region(person.points[0], person.points[1])
    for mirrored in (False, True):
        body, other = stock.pose().run(image, region, mirrored), own.pose().run(image, region, mirrored)
        assert body.score > 0.9
        np.testing.assert_allclose(other.image, body.image, atol=ROUNDING * region.side)
        np.testing.assert_allclose(other.world, body.world, atol=2e-4)
        np.testing.assert_allclose(other.visibility, body.visibility, atol=1e-4)
        np.testing.assert_allclose(other.circle, body.circle, atol=ROUNDING * region.side)
    detected = found("face", head_region_from_body(body.image))[0]
    square = face_region_from_detection(detected.box, detected.points)
    face, mesh = stock.face().run(image, square), own.face().run(image, square)
    assert face.score > 0.9
    assert mesh.score == pytest.approx(face.score, abs=1e-4)
    np.testing.assert_allclose(mesh.image, face.image, atol=ROUNDING * square.side)
    palm = found("palm", whole(image))[0]
    place = hand_region_from_palm(palm.box, palm.points)
    for lite, mirrored in ((False, False), (False, True), (True, False)):
        hand, again = stock.hand(lite).run(image, place, mirrored), own.hand(lite).run(image, place, mirrored)
        assert hand.score > 0.5
        assert (again.score, again.right) == pytest.approx((hand.score, hand.right), abs=1e-4)
        np.testing.assert_allclose(again.image, hand.image, atol=ROUNDING * place.side)
        np.testing.assert_allclose(again.world, hand.world, atol=1e-5)
    for name, line in engine.lines.items():  # as the first batches on a GPU are computed
        crops = list(np.random.default_rng(1).integers(0, 255, (2, SIZES[name], SIZES[name], 3), np.uint8))
        before = line.answers(crops)
        line.network.graph.lay_out(torch.contiguous_format)
        np.testing.assert_allclose(line.answers(crops), before, atol=2e-4, err_msg=name)
    engine.close()


def test_processes_and_lanes_join_to_what_mediapipe_finds(clip: Path) -> None:
    """The networks run in this process, and two others follow."""
    plate = open_plate(clip, (9, 40))
    stock = MediaPipeTracker().track(plate, PersonChoice(), processes=1)
    done: List[int] = []
    tracker = DeviceTracker("cpu")
    own = tracker.track(plate, PersonChoice(), processes=2, progress=lambda n, total: done.append(n))
    assert devices.used_by(tracker) == {"tracker": "torch", "device": "cpu", "decoding": "cpu"}
    np.testing.assert_array_equal(own.frame_numbers, stock.frame_numbers)
    np.testing.assert_array_equal(own.times, stock.times)
    assert done == sorted(done)
    assert done[-1] == plate.frame_count
    radius = np.nanmedian(np.ptp(stock.body_image[:, :, 1], axis=1)) / 2.0
    # where the region differs a little, so does the answer; rounding decides between two looks that are equally sure
    for group, tolerance, least in (("body", 0.03, 0.97), ("face", 0.02, 0.9), ("left_hand", 0.04, 0.6)):
        first, second = getattr(stock, group + "_image")[..., :2], getattr(own, group + "_image")[..., :2]
        both = np.isfinite(first) & np.isfinite(second)
        assert both.sum() > least * np.isfinite(first).sum() > 0, group
        assert np.percentile(np.abs(second - first)[both], 90) < tolerance * radius, group
    assert means.work_of("cpu")["pose"]["crops"] > 20


def test_another_process_is_answered_in_order_and_told_of_errors(tmp_path: Path) -> None:
    """Asked from here through the very files and connections that another process uses."""
    before = set(threading.enumerate())
    engine = Engine("cpu", Path(), makers={"pose": lambda folder, kind: _Frugal(64), "hand": _failing})
    service = Service(engine)
    client = Client(service.opening(tmp_path / "crops"))
    replies: SimpleQueue[Any] = SimpleQueue()
    for value in range(150):  # more than there are slots
        client.ask("pose", np.full((256, 256, 3), value, np.uint8), replies)
    assert [float(replies.get(timeout=20)[0]) for _ in range(150)] == list(range(150))
    client.ask("hand", np.zeros((224, 224, 3), np.uint8), replies)
    error = replies.get(timeout=20)
    assert isinstance(error, RuntimeError)
    assert "no such weights" in str(error)
    client.close()
    service.close()
    engine.close()
    assert set(threading.enumerate()) <= before


class _Frugal(nn.Module):
    """Says the mean of each crop, and fails as a GPU without memory does for more than a few at a time."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        if len(crops) > self.most:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory.")
        return crops.float().mean((1, 2, 3))[:, None]


def test_squares_are_cut_and_pictures_fetched_where_they_are(clip: Path, tmp_path: Path) -> None:
    """A plate that is read onto the device is to its followers what the plate itself is."""
    plate = open_plate(clip, (9, 12))
    engine = Engine(
        "cpu", Path(), makers={name: lambda folder, kind: _Frugal(64) for name in ("pose", "palm_detector")}
    )
    feed = Feed(plate, engine.device, tmp_path / "presence")
    service = Service(engine, feed)
    client = Client(service.opening(tmp_path / "crops"))
    shown = DevicePlate(plate, client, feed.path)
    frames = {number: (time, image) for number, time, image in plate.frames(9, 12)}
    found = list(shown.frames(10, 12, {9, 10, 12}))
    assert [number for number, _, _ in found] == [10, 12]
    for number, time, picture in found:
        assert (time, picture.shape) == (frames[number][0], frames[number][1].shape)
        np.testing.assert_array_equal(pixels(picture), frames[number][1])
    number, _, picture = found[0]
    reply: SimpleQueue[Any] = SimpleQueue()
    for name, side in (("pose", 90.0), ("pose", 600.0), ("pose", 1300.0), ("palm_detector", 500.0)):
        region = Region(340.2, 150.7, side, 0.4)
        border = cv2.BORDER_CONSTANT if name == "palm_detector" else cv2.BORDER_REPLICATE
        crop = region.cut(frames[number][1], SIZES[name], border)
        for mirrored in (False, True):
            place = Place(feed.pictures, picture.row, region, mirrored, name == "palm_detector")
            squares = torch.empty((2, *crop.shape), dtype=torch.uint8)
            feed.pictures.cut([place, place], SIZES[name], squares)
            np.testing.assert_array_equal(squares[1].numpy(), crop[:, ::-1] if mirrored else crop)
            client.look(name, picture.row, region, mirrored, reply)
            assert float(reply.get(timeout=20)[0]) == pytest.approx(crop.mean(), abs=0.2)
    client.close()
    service.close()
    feed.close()
    engine.close()


@pytest.mark.parametrize("few_cores", [True, False])
def test_a_plate_that_cannot_be_read_to_its_end_says_so(
    few_cores: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads it, the process with the device or its followers, raises what went wrong there."""
    monkeypatch.setattr(processes, "CORES_TO_READ", 1000 if few_cores else 0)
    for number in range(1, 9):
        cv2.imwrite(str(tmp_path / f"shot.{number:04d}.png"), np.full((96, 128, 3), 90, np.uint8))
    plate = open_plate(tmp_path)
    (tmp_path / "shot.0005.png").write_bytes(b"no picture")
    with pytest.raises(PlateError, match=r"shot\.0005"):
        DeviceTracker("cpu").track(plate, PersonChoice(), processes=2)


def _failing(folder: Path, kind: torch.dtype) -> nn.Module:
    raise RuntimeError("no such weights")


@pytest.mark.parametrize(("enough", "halved"), [(5, 4), (1, 1)])
def test_without_memory_the_batch_is_halved_and_the_work_goes_on(enough: int, halved: int) -> None:
    engine = Engine("cpu", Path(), most=16, makers={"pose": lambda folder, kind: _Frugal(enough)})
    crops = [np.full((4, 4, 3), value, np.uint8) for value in range(23)]
    replies: List[SimpleQueue[Any]] = [SimpleQueue() for _ in crops]
    for crop, reply in zip(crops, replies):
        engine.ask("pose", crop, reply)
    assert [float(reply.get(timeout=20)[0]) for reply in replies] == list(range(23))
    assert engine.lines["pose"].most == halved
    engine.close()


class _Recording:
    """Stands for a CUDA graph: the mean of each crop, for at most so many."""

    def __init__(self, most: int, sizes: List[int]) -> None:
        self.most, self.sizes = most, sizes

    def run(self, crops: List[np.ndarray], places: List[Any]) -> np.ndarray:
        assert len(crops) <= self.most
        self.sizes.append(self.most)
        return np.array([[crop.mean()] for crop in crops])


def test_larger_batches_wait_for_their_recording_and_need_not_have_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """The order of things on a GPU, without one."""
    sizes: List[int] = []

    def record(line: Line, size: int, planned: bool) -> None:
        if size > 16:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory.")
        line._graphs[size] = _Recording(size, sizes)  # type: ignore[assignment]

    monkeypatch.setattr(Line, "_record", record)
    line = Line("pose", torch.device("cuda:0"), lambda: _Frugal(0), 32)
    crops = [np.full((4, 4, 3), value, np.uint8) for value in range(20)]
    assert line.answers(crops)[:, 0].tolist() == list(range(20))
    assert sizes == [8, 8, 8]
    for size in (16, 32):
        assert line.prepare(size, planned=True).wait(20)
    assert line.most == 16
    sizes.clear()
    assert line.answers(crops)[:, 0].tolist() == list(range(20))
    assert sizes == [16, 8]
    line.close()
    line.wait(20)


def test_where_not_even_one_crop_fits_whoever_asked_is_told() -> None:
    engine = Engine("cpu", Path(), makers={"pose": lambda folder, kind: _Frugal(0)})
    reply: SimpleQueue[Any] = SimpleQueue()
    engine.ask("pose", np.zeros((4, 4, 3), np.uint8), reply)
    assert isinstance(reply.get(timeout=20), torch.cuda.OutOfMemoryError)
    engine.close()


def test_a_gpu_that_fails_leaves_the_work_to_the_cpu_and_says_why(clip: Path) -> None:
    absent = "cuda:7"
    if torch.cuda.is_available() and torch.cuda.device_count() > 7:
        pytest.skip("this machine has eight GPUs")
    told: List[str] = []
    plate: Plate = open_plate(clip, (30, 33))
    tracker = DeviceTracker(absent, told.append)
    rows = tracker.track(plate, PersonChoice(), processes=1)
    assert (rows.body_confidence > 0).all()
    (text,) = told
    assert absent in text
    assert "CPU" in text
    assert devices.used_by(tracker) == {"tracker": "mediapipe", "device": "cpu"}


def test_the_preference_decides_and_is_answered_where_it_cannot_be_met() -> None:
    told: List[str] = []
    assert isinstance(devices.tracker_on("cpu", told.append), MediaPipeTracker)
    assert told == []
    if not torch.cuda.is_available():
        assert isinstance(devices.tracker_on("auto", told.append), MediaPipeTracker)
        assert told == []
        assert isinstance(devices.tracker_on("cuda:0", told.append), MediaPipeTracker)
        (text,) = told
        assert "cuda:0" in text


def test_the_trial_of_a_device_says_what_is_wrong_with_it() -> None:
    assert trial.problem_on("cpu") is None
    if not torch.cuda.is_available():
        assert trial.problem_on("cuda:0")


def test_boxes_that_overlap_become_their_weighted_mean() -> None:
    boxes = np.array(
        [[0.9, 0.5, 0.5, 0.2, 0.2, 0.4, 0.4], [0.6, 0.52, 0.5, 0.2, 0.2, 0.7, 0.4], [0.8, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]]
    )
    boxes = boxes[np.argsort(-boxes[:, 0])]
    first, second = merged(boxes)
    np.testing.assert_allclose(first, [0.9, (0.45 + 0.312) / 1.5, 0.5, 0.2, 0.2, (0.36 + 0.42) / 1.5, 0.4])
    np.testing.assert_allclose(second, boxes[1])
