# SPDX-License-Identifier: GPL-3.0-or-later
"""Tracking on real footage."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import List, Tuple

import cv2
import numpy as np
import pytest

from holirep_blender.inference.errors import PlateError, TrackingError
from holirep_blender.inference.plate import open_plate
from holirep_blender.inference.tracking import (
    PersonChoice,
    find_people,
    list_people,
    means,
    processes,
    track,
    track_several,
)

sys.path.insert(0, str(Path(__file__).parent))

from crossing import TRAVEL, write_crossing


@pytest.fixture(scope="module")
def video() -> Path:
    folder = Path(__file__).resolve().parents[4] / "shared" / "data" / "video"
    if not folder.is_dir():
        pytest.skip(f"test data is not here: {folder}")
    return folder


def test_nobody_on_the_bare_table(video: Path) -> None:
    """The first visitor's head enters at frame 60; stock MediaPipe reports a body in every frame before."""
    plate = open_plate(video / "one_by_one.mp4", (20, 90))
    people = list_people(plate, processes=1)
    assert len(people) == 1
    assert people[0].first_frame > 58
    seen = np.flatnonzero(track(plate, processes=1).body_confidence > 0) + 20
    assert seen[0] > 58
    assert seen[-1] == 90


def test_nobody_between_visitors(video: Path) -> None:
    """The first visitor has left at frame 200, the second comes from 222 on."""
    plate = open_plate(video / "one_by_one.mp4", (186, 252))
    first, second = list_people(plate, processes=1)
    assert first.last_frame < 205
    assert second.first_frame > 218
    rows = track(plate, PersonChoice("point", 250, (450.0, 220.0)), processes=1)
    seen = rows.frame_numbers[rows.body_confidence > 0]
    assert 218 < seen.min() < 245
    assert np.all(np.isnan(rows.body_image[rows.body_confidence == 0]))
    assert np.all(np.isnan(rows.person_box[rows.body_confidence == 0]))


@pytest.mark.slow
def test_each_visitor_is_a_person(video: Path) -> None:
    people = list_people(open_plate(video / "one_by_one.mp4"))
    spans: List[Tuple[int, int]] = [(person.first_frame, person.last_frame) for person in people]
    # Labelled by eye: when a visitor stands at the table.
    standing = [(91, 185), (241, 430), (541, 675), (781, 850), (961, 1180), (1261, 1340)]
    assert len(spans) == len(standing)
    for (first, last), (begin, end), (_, before) in zip(spans, standing, [(0, 58), *standing]):
        assert before < first <= begin
        assert end <= last < end + 40


def test_poster_is_nobody(video: Path, tmp_path: Path) -> None:
    """A life-size picture of a signer on the wall, before and while the second visitor comes."""
    _, _, signer = next(open_plate(video / "asl_walk.mkv").frames(40, 40))
    picture = cv2.resize(signer[:, 140:500], (180, 240), interpolation=cv2.INTER_AREA)
    noise = np.random.default_rng(2)
    writer = cv2.VideoWriter(str(tmp_path / "poster.mp4"), cv2.VideoWriter_fourcc(*"mp4v"), 10.0, (768, 432))
    for _, _, image in open_plate(video / "one_by_one.mp4", (205, 275)).frames():
        image = image.copy()
        image[20:260, 80:260] = picture
        grainy = np.clip(image + noise.normal(0.0, 2.0, image.shape), 0, 255).astype(np.uint8)
        writer.write(cv2.cvtColor(grainy, cv2.COLOR_RGB2BGR))
    writer.release()
    plate = open_plate(tmp_path / "poster.mp4")
    assert any(found.boxes[0][2] < 300 for found in find_people(plate, 5)), "the poster must look like a person"
    people = list_people(plate, processes=1)
    assert len(people) == 1
    assert people[0].boxes[-1][0] > 300
    rows = track(plate, processes=1)
    assert np.all(rows.body_image[rows.body_confidence > 0][:, [11, 12], 0] > 250)


def test_identity_through_a_crossing(video: Path, tmp_path: Path) -> None:
    truth = write_crossing(video / "one_by_one.mp4", tmp_path / "crossing.mp4")
    plate = open_plate(tmp_path / "crossing.mp4")
    assert len(list_people(plate, processes=1)) == 2
    apart = np.abs(truth["front"] - truth["back"]) > 0.5 * TRAVEL
    choices = [PersonChoice("point", 1, (float(middles[0]), 220.0)) for middles in truth.values()]
    calls: List[int] = []
    processes._idle.clear()
    both = track_several(plate, choices, processes=1, progress=lambda done, total: calls.append(done))
    most = means.suitable_lanes(plate, plate.frame_count)
    assert len(processes._idle[0]._workers) <= most, "two performers on the CPU take no more memory than one"
    assert calls == sorted(calls)
    assert calls[-1] == plate.frame_count
    for (name, middles), rows in zip(truth.items(), both):
        chest = rows.body_image[:, [11, 12, 23, 24], 0].mean(1)
        assert np.isfinite(chest[apart]).mean() > 0.95, name
        assert np.nanmax(np.abs(chest - middles)[apart]) < 40.0, name


@pytest.mark.parametrize("shared_by", ["processes", "lanes"])
def test_one_part_or_two(video: Path, shared_by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plate = open_plate(video / "asl_help.mkv", (1, 50))
    calls: List[Tuple[int, int]] = []
    one = track(plate, processes=1, progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (50, 50)
    assert all(a <= b for (a, _), (b, _) in zip(calls, calls[1:]))
    calls.clear()
    if shared_by == "lanes":
        monkeypatch.setattr(means, "FRAMES_PER_LANE", 20)
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)
        assert means.suitable_lanes(plate, 50) == 2
    count = 2 if shared_by == "processes" else 1
    two = track(plate, processes=count, progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (50, 50)
    assert all(a <= b for (a, _), (b, _) in zip(calls, calls[1:]))
    np.testing.assert_array_equal(one.times, two.times)
    shoulders = np.nanmedian(np.hypot(*(one.body_image[:, 11] - one.body_image[:, 12])[:, :2].T))
    seen = (one.body_visibility > 0.8) & (two.body_visibility > 0.8)
    assert seen.sum() > 50 * 15
    distance = np.hypot(*np.moveaxis((one.body_image - two.body_image)[..., :2], -1, 0))[seen]
    assert distance.mean() < 0.005 * shoulders
    assert np.percentile(distance, 99) < 0.04 * shoulders
    np.testing.assert_allclose(one.face_image, two.face_image, atol=0.05 * shoulders)
    for name in ("left_hand_confidence", "right_hand_confidence"):
        assert np.sum((getattr(one, name) > 0) != (getattr(two, name) > 0)) <= 4, name


def test_hands_are_the_performers_own(video: Path) -> None:
    """Hands lie at their own wrists, and never both on the same hand, though they touch and cross in this clip."""
    rows = track(open_plate(video / "asl_help.mkv"), processes=1)
    both = (rows.left_hand_confidence > 0) & (rows.right_hand_confidence > 0)
    assert both.sum() > 30
    shoulders = np.hypot(*(rows.body_image[:, 11] - rows.body_image[:, 12])[:, :2].T)
    for hand, wrist in ((rows.left_hand_image, 15), (rows.right_hand_image, 16)):
        reach = np.hypot(*(hand[:, 0] - rows.body_image[:, wrist])[:, :2].T) / shoulders
        assert np.nanmax(reach) < 0.6
    apart = np.hypot(*np.moveaxis((rows.left_hand_image - rows.right_hand_image)[both][..., :2], -1, 0))
    assert np.min(np.median(apart, axis=1) / shoulders[both]) > 0.05
    assert np.all(rows.face_confidence > 0.5)
    assert np.all(rows.body_confidence > 0.5)
    assert np.all((rows.left_hand_confidence >= 0) & (rows.left_hand_confidence <= 1))


def test_bystander_is_not_the_performer(video: Path) -> None:
    """In this clip somebody's head and shoulder fill the right edge."""
    rows = track(open_plate(video / "asl_please.mkv", (1, 30)), processes=1)
    assert np.all(np.abs(rows.body_image[:, 0, 0] - 320.0) < 40.0)


def test_people_in_a_frame(video: Path) -> None:
    (person,) = find_people(open_plate(video / "asl_walk.mkv"), 30)
    x0, y0, x1, y1 = person.boxes[0]
    assert 150 < x0 < x1 < 500
    assert y0 < 115 < 400 < y1


def test_nobody_at_the_point(video: Path) -> None:
    plate = open_plate(video / "asl_walk.mkv", (1, 10))
    with pytest.raises(TrackingError, match="nobody was found"):
        track(plate, PersonChoice("point", 5, (5.0, 470.0)), processes=1)


@pytest.mark.parametrize("processes", [1, 2])
def test_plate_that_breaks_off_while_tracking(tmp_path: Path, processes: int) -> None:
    for number in range(1, 21):
        cv2.imwrite(str(tmp_path / f"shot.{number:04d}.png"), np.full((60, 80, 3), number, np.uint8))
    plate = open_plate(tmp_path)
    (tmp_path / "shot.0015.png").write_bytes(b"broken")
    with pytest.raises(PlateError, match=r"shot\.0015\.png"):
        track(plate, processes=processes)


def test_a_last_frame_that_cannot_be_decoded_costs_only_itself(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plate = open_plate(video / "asl_help.mkv", (1, 14))
    decoded = plate.frames
    monkeypatch.setattr(plate, "frames", lambda *part: (item for item in decoded(*part) if item[0] != 14))
    found = track(plate, processes=1).body_confidence > 0
    assert found.tolist() == [True] * 13 + [False]


# On the sample plate: where her hips are, labelled by hand.
FRAMES = np.array([45, 61, 81, 101, 121, 141, 161, 181, 190])
HIPS_X = np.array([1540, 1424, 1220, 1026, 822, 629, 424, 204, 110])


@pytest.mark.slow
def test_sample_plate_follows_the_woman_in_every_frame(repository: Path) -> None:
    path = repository / "build" / "plates" / "demo.mp4"
    if not path.is_file():
        pytest.skip("the sample plate is not here: run the tests with `make test`, which fetches it")
    rows = track(open_plate(path))
    seen = rows.frame_numbers[rows.body_confidence > 0]
    # From behind the tree until only an arm is left in the picture.
    np.testing.assert_array_equal(seen[(seen >= 39) & (seen <= 201)], np.arange(39, 202))
    assert seen.min() >= 35
    assert seen.max() <= 211
    hips = rows.body_image[:, [23, 24], :2].mean(1)
    np.testing.assert_allclose(hips[FRAMES - 1, 0], HIPS_X, atol=45)
    assert np.nanmin(hips[:, 1]) > 600
