# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures are kept between the passes as far as there is room, and are the same as when they are read again."""

from __future__ import annotations

from pathlib import Path
from typing import List, Tuple

import cv2
import numpy as np
import pytest

from holirep_blender.inference.plate import Plate, open_plate
from holirep_blender.inference.tracking.kept_plate import KeptPlate, pictures_kept


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
    assert len(plate.reads) == 1
    assert [number for number, _, _ in kept.frames(8, 15)] == list(range(8, 16))
    assert plate.reads[1:] == [(8, 15)]


def test_the_room_depends_on_the_pictures_alone(plate: Counting) -> None:
    assert pictures_kept(plate) > 1000
