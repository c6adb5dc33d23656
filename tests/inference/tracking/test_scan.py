# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking at single frames: who was alone and clearly seen there is not checked by the pose network each time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Dict, List

import numpy as np
import pytest

from holirep_blender.inference.plate import open_plate
from holirep_blender.inference.tracking.answers import PoseAnswer
from holirep_blender.inference.tracking.networks import MediaPipeNetworks, PoseNetwork
from holirep_blender.inference.tracking.regions import Region
from holirep_blender.inference.tracking.scan import Scanner


class CountingPose(PoseNetwork):
    """The network itself, which also counts its runs."""

    runs = 0

    def run(self, image: np.ndarray, region: Region, mirrored: bool = False) -> PoseAnswer:
        self.runs += 1
        return super().run(image, region, mirrored)


@pytest.fixture(scope="module")
def pose() -> CountingPose:
    return CountingPose()


@pytest.fixture(scope="module")
def frames() -> Dict[int, np.ndarray]:
    path = Path(__file__).resolve().parents[4] / "shared" / "data" / "video" / "asl_walk.mkv"
    if not path.is_file():
        pytest.skip(f"test data is not here: {path}")
    return {number: image for number, _, image in open_plate(path).frames(25, 41, {25, 33, 41})}


def runs_of(scanner: Scanner, pose: CountingPose, frame: int, image: np.ndarray, thorough: bool) -> List[int]:
    """How many people are found, and by how many runs of the pose network."""
    before = pose.runs
    return [len(scanner.look(frame, image, thorough)), pose.runs - before]


def test_who_was_alone_is_believed_at_the_same_place(pose: CountingPose, frames: Dict[int, np.ndarray]) -> None:
    scanner, fresh = Scanner(pose, MediaPipeNetworks()), Scanner(pose, MediaPipeNetworks())
    assert runs_of(scanner, pose, 25, frames[25], True) == [1, 2]
    assert runs_of(scanner, pose, 33, frames[33], False) == [1, 0]
    (copied,) = scanner.look(41, frames[41], False)
    (checked,) = fresh.look(41, frames[41], True)
    assert np.hypot(*(copied.centre - checked.centre)) < 0.1 * checked.radius
    assert abs(copied.radius / checked.radius - 1.0) < 0.1
    assert np.abs(copied.box - checked.box).max() < 0.25 * checked.radius
    np.testing.assert_array_equal(copied.view, checked.view)


def test_a_second_candidate_or_another_part_is_checked(pose: CountingPose, frames: Dict[int, np.ndarray]) -> None:
    scanner = Scanner(pose, MediaPipeNetworks())
    scanner.look(25, frames[25], True)
    found = scanner.detect(frames[33])
    elsewhere = replace(found[0], score=0.5, points=found[0].points + 3.0 * np.ptp(found[0].points[:2]))
    before = pose.runs
    scanner.check(33, frames[33], [*found, elsewhere], False)
    assert pose.runs > before
    scanner.restart()
    assert runs_of(scanner, pose, 41, frames[41], False)[1] > 0
