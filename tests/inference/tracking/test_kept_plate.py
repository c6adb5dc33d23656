# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures are kept between the passes as far as there is room, and are the same as when they are read again."""

from __future__ import annotations

import contextlib
import gc
import weakref
from pathlib import Path
from types import SimpleNamespace
from typing import List, Tuple, cast

import cv2
import numpy as np
import pytest

from holirep_blender.inference.plate import Plate, open_plate
from holirep_blender.inference.tracking import kept_plate, processes
from holirep_blender.inference.tracking.kept_plate import KeptPlate, pictures_kept, room_for_pictures
from holirep_blender.inference.tracking.plan import Plan


class Counting:
    """A plate that notes what is read of it."""

    def __init__(self, plate: Plate) -> None:
        self._plate = plate
        self.reads: List[Tuple[int, int]] = []

    def __getattr__(self, name: str):
        return getattr(self._plate, name)

    def frames(self, first, last, only=None):
        self.reads.append((first, last))
        return self._plate.frames(first, last, only)


@pytest.fixture
def plate(tmp_path: Path) -> Counting:
    writer = cv2.VideoWriter(str(tmp_path / "grey.mp4"), cv2.VideoWriter_fourcc(*"mp4v"), 25.0, (64, 48))
    for number in range(30):
        writer.write(np.full((48, 64, 3), 8 * number, np.uint8))
    writer.release()
    return Counting(open_plate(tmp_path / "grey.mp4"))


def test_what_was_read_for_the_first_pass_is_not_read_again(plate: Counting) -> None:
    expected = {number: image for number, _, image in plate._plate.frames(1, 30)}
    kept = KeptPlate(plate, 4, 20, 100)
    assert [number for number, _, _ in kept.frames(8, 20, {8, 14, 20})] == [8, 14, 20]
    assert plate.reads == [(4, 20)]
    for number, time, image in kept.frames(4, 20):
        np.testing.assert_array_equal(image, expected[number])
        assert time == plate.time_of(number)
    assert [number for number, _, _ in kept.frames(10, 18, {11, 15})] == [11, 15]
    assert plate.reads == [(4, 20)]
    assert [number for number, _, _ in kept.frames(19, 22)] == [19, 20, 21, 22]
    assert plate.reads == [(4, 20), (19, 22)]


def test_what_there_is_no_room_for_is_read_again(plate: Counting) -> None:
    kept = KeptPlate(plate, 1, 30, 10)
    assert [number for number, _, _ in kept.frames(1, 30, {1, 9, 17, 30})] == [1, 9, 17, 30]
    assert len(kept._held) == 10
    assert [number for number, _, _ in kept.frames(3, 10)] == list(range(3, 11))
    assert plate.reads == [(1, 10), (11, 30)]
    assert [number for number, _, _ in kept.frames(8, 15)] == list(range(8, 16))
    assert plate.reads[2:] == [(8, 15)]


def test_larger_pictures_have_room_for_fewer(plate: Counting) -> None:
    few = pictures_kept(cast(Plate, SimpleNamespace(size=(640, 480))))
    assert few == pytest.approx(pictures_kept(plate) / 100, rel=0.01)
    assert few * 3 * 640 * 480 <= room_for_pictures()


def test_a_containers_limit_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unlimited, limited = tmp_path / "memory.max", tmp_path / "memory.limit_in_bytes"
    unlimited.write_text("max\n")
    monkeypatch.setattr(kept_plate, "LIMITS", (unlimited, limited))
    assert room_for_pictures() > 64 << 20
    limited.write_text(f"{64 << 20}\n")
    assert room_for_pictures() == 16 << 20


@pytest.mark.parametrize("fails", [False, True])
def test_a_job_leaves_no_pictures_behind_however_it_ends(
    plate: Counting, fails: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_idle", [])
    for most in (10, 3):  # a job after another has its own room
        team = processes.InProcess(cast(Plate, plate))
        team._pictures = most

        def report(done: int) -> None:
            if fails:
                raise KeyboardInterrupt

        with contextlib.suppress(KeyboardInterrupt), team:
            team.scan(lambda done: None)
            kept = weakref.ref(team._worker._plate)
            assert len(kept()._held) == most
            team.follow([Plan.of(None, [])], report)
        del team
        gc.collect()
        assert kept() is None
        assert bool(processes._idle) is not fails
