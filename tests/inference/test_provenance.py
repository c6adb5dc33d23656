# SPDX-License-Identifier: GPL-3.0-or-later
"""What a take says of its origin, and the rate of image sequences."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest

from holirep_blender.inference import provenance
from holirep_blender.inference.errors import UserError
from holirep_blender.inference.plate import open_plate
from holirep_blender.inference.plate_requests import find_people, inspect_plate
from holirep_blender.inference.provenance import Fingerprints, plate_facts, software
from holirep_blender.inference.replicate import replicate
from holirep_blender.motion.take import Take
from holirep_blender.protocol.messages import Progress

# The plate package switches OpenEXR on before OpenCV is first used; hence after it.
import cv2  # isort: skip

REPOSITORY = Path(__file__).resolve().parents[2]
NTSC = 30000 / 1001


class Report:
    """Keeps what a job warns of."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def __call__(self, progress: Progress) -> None: ...

    def warn(self, message: str) -> None:
        self.warnings.append(message)


@pytest.fixture(scope="module")
def movie() -> Path:
    """The sample plate that make fetches."""
    path = REPOSITORY / "build" / "plates" / "demo.mp4"
    if not path.is_file():
        pytest.skip(f"the sample plate is not here: {path}")
    return path


@pytest.fixture(scope="module")
def sequence(movie: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Frames 20 to 31 of the sample plate at half its size, as walk.1020.jpg … walk.1031.jpg."""
    folder = tmp_path_factory.mktemp("plate") / "walk"
    folder.mkdir()
    for number, _, image in open_plate(movie, (20, 31)):
        small = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(folder / f"walk.{1000 + number}.jpg"), small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
    return folder


def sha256(*parts: bytes) -> str:
    return hashlib.sha256(b"".join(parts)).hexdigest()


def listed_models() -> dict[str, str]:
    """Model file to sum, from the list of everything that computes a result."""
    text = (REPOSITORY / "holirep_blender" / "licences.toml").read_text(encoding="utf-8")
    return dict(re.findall(r'mediapipe/modules/(\S+\.tflite)"\nsha256 = "([0-9a-f]{64})"', text))


def test_a_jpeg_sequence_has_the_rate_that_the_request_gives_it(sequence, tmp_path):
    request = {"plate": str(sequence), "sequence_fps": 29.97, "processes": 1, "out": str(tmp_path / "a.npz")}
    facts = inspect_plate(request, Report())
    assert (facts["fps"], facts["seconds"]) == (NTSC, pytest.approx(12 / NTSC))
    assert (facts["take_frames"], facts["start_seconds"]) == (12, 0.0)
    part = inspect_plate({**request, "frame_range": [1023, 1026]}, Report())
    assert (part["take_frames"], part["start_seconds"]) == (4, pytest.approx(3 / NTSC))
    result = replicate(request, Report())
    assert (result["fps"], result["frames"]) == (NTSC, 12)
    take = Take.load(tmp_path / "a.npz")
    assert take.fps == NTSC
    np.testing.assert_allclose(take.observations.times, np.arange(12) / NTSC)
    files = sorted(sequence.iterdir())
    table = "".join(f"{file.name}\0{file.stat().st_size}\n" for file in files).encode()
    assert take.header["plate"] == {
        "path": str(sequence),
        "kind": "sequence",
        "sha256": sha256(table, files[0].read_bytes(), files[-1].read_bytes()),
        "sha256_of": "names and sizes, first and last file",
        "frame_range": [1020, 1031],
        "start_seconds": 0.0,
        "size": [884, 497],
        "fps": NTSC,
        "rate": "given",
        "sequence_fps": 29.97,
    }


def test_without_a_rate_a_sequence_counts_as_24_and_the_take_says_that_it_is_assumed(sequence):
    assert inspect_plate({"plate": str(sequence), "sequence_fps": None}, Report())["fps"] == 24.0
    facts = plate_facts(open_plate(sequence), None, None)
    assert (facts["rate"], facts["fps"], facts["sequence_fps"]) == ("assumed", 24.0, None)


@pytest.mark.parametrize("rate", [0, -25.0, float("nan"), float("inf"), "25", True, [25]])
def test_what_is_no_rate_is_refused(rate, sequence, tmp_path):
    request = {"plate": str(sequence), "frame": 1020, "sequence_fps": rate, "out": str(tmp_path / "a.npz")}
    for method in (inspect_plate, find_people, replicate):
        with pytest.raises(UserError, match="frame rate of the image sequence must be a number above 0"):
            method(request, Report())


def models_in_graphs(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Fills with the model files of every graph that is built from now on."""
    from holirep_blender.inference.tracking import networks, processes
    from holirep_blender.inference.tracking.graphs import Network

    monkeypatch.setattr(processes, "_idle", [])  # networks that an earlier job left are not built again
    found: set[str] = set()
    original, trimmed = Network.__init__, networks.trimmed

    def noted(self, *arguments, **more):
        original(self, *arguments, **more)
        found.update(re.findall(r"mediapipe/modules/(\S+\.tflite)", self._graph.text_config))

    def trimmed_and_noted(model, outputs):
        found.add(model)
        return trimmed(model, outputs)

    monkeypatch.setattr(Network, "__init__", noted)
    monkeypatch.setattr(networks, "trimmed", trimmed_and_noted)
    return found


def test_a_movie_keeps_its_own_rate_and_the_take_says_where_it_comes_from(movie, tmp_path, monkeypatch):
    loaded = models_in_graphs(monkeypatch)
    before = datetime.now(timezone.utc) - timedelta(seconds=1)
    request = {"plate": str(movie), "frame_range": [20, 27], "sequence_fps": 12, "processes": 1, "method": "geometric"}
    request["out"] = str(tmp_path / "a.npz")
    replicate(request, Report())
    header = Take.load(tmp_path / "a.npz").header
    assert header["plate"] == {
        "path": str(movie),
        "kind": "movie",
        "sha256": sha256(movie.read_bytes()),
        "sha256_of": "file",
        "frame_range": [20, 27],
        "size": [1768, 994],
        "fps": 30.0,
        "rate": "constant",
        "sequence_fps": None,
        "start_seconds": pytest.approx(19 / 30.0),
    }
    # MediaPipe's palm graph names both its models and takes the full one where it is told nothing else.
    assert {model["name"] for model in header["models"]} == loaded - {"palm_detection/palm_detection_lite.tflite"}
    assert {model["name"]: model["sha256"] for model in header["models"]}.items() <= listed_models().items()
    assert header["packages"]["mediapipe"] == "0.10.21"
    assert re.fullmatch(r"\d+\.\d+\.\d+", header["holirep"])
    assert header["request"] == request
    assert header["solve_options"]["smoothing"]
    assert before <= datetime.fromisoformat(header["created"]) <= datetime.now(timezone.utc)


def test_a_plate_that_is_gone_before_it_is_hashed(sequence, tmp_path):
    folder = tmp_path / "walk"
    folder.mkdir()
    for file in sequence.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    plate = open_plate(folder)
    (folder / "walk.1031.jpg").unlink()
    fingerprints = Fingerprints(plate)
    with pytest.raises(FileNotFoundError):
        fingerprints.wait(lambda: None)
    assert fingerprints.plate_sha256 is None
    assert len(fingerprints.models) == len(provenance.MODELS)


def test_the_time_is_the_one_that_reproducible_runs_name(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert software()["created"] == "2023-11-14T22:13:20+00:00"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "soon")
    assert datetime.fromisoformat(software()["created"]).year > 2023
