# SPDX-License-Identifier: GPL-3.0-or-later
"""A body that hardly moves is looked at in every second frame, and nobody can tell from the result."""

from __future__ import annotations

from pathlib import Path
from typing import List, Optional

import numpy as np
import pytest

from holirep_blender.inference.plate import open_plate
from holirep_blender.inference.tracking import body as bodies
from holirep_blender.inference.tracking.answers import PoseAnswer
from holirep_blender.inference.tracking.body import JOINTS, BodyFollower, Numbered
from holirep_blender.inference.tracking.networks import MediaPipeNetworks, PoseNetwork
from holirep_blender.inference.tracking.plan import Plan
from holirep_blender.inference.tracking.scan import Scanner


class CountedPose(PoseNetwork):
    """The pose network, with the number of its runs."""

    runs = 0

    def run(self, *arguments: object, **named: object) -> PoseAnswer:
        self.runs += 1
        return super().run(*arguments, **named)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def pose() -> CountedPose:
    return CountedPose()


@pytest.fixture(scope="module")
def calm_frames() -> List[Numbered]:
    """Two seconds of a signer whose trunk and head are at rest while the hands move."""
    folder = Path(__file__).resolve().parents[4] / "shared" / "data" / "video"
    if not folder.is_dir():
        pytest.skip(f"test data is not here: {folder}")
    return [(number, image) for number, _, image in open_plate(folder / "asl_book.mkv").frames(1, 60)]


def followed(pose: CountedPose, frames: List[Numbered]) -> List[Optional[PoseAnswer]]:
    """Follows from a sighting in the first frame, in stretches as the tracker does."""
    number, image = frames[0]
    sighting = max(
        Scanner(pose, MediaPipeNetworks()).look(number, image),
        key=lambda each: float(np.hypot(*(each.circle - each.centre))),
    )
    follower = BodyFollower(pose, {number: bodies.Place(sighting.centre, sighting.circle)}, {}, *_nobody())
    pose.runs = 0
    answers = follower.follow(frames[:1])
    for first in range(1, len(frames), 8):
        answers += follower.follow(frames[first : first + 8])
    return answers


def _nobody() -> tuple:
    plan = Plan.of(None, [])
    return plan.look, plan.other_looks


def test_a_calm_body_costs_less_and_is_the_same(
    pose: CountedPose, calm_frames: List[Numbered], monkeypatch: pytest.MonkeyPatch
) -> None:
    quick, runs = followed(pose, calm_frames), pose.runs
    monkeypatch.setattr(bodies, "CALM", 0.0)
    every = followed(pose, calm_frames)
    assert runs < 0.8 * pose.runs
    apart = []
    for one, other in zip(quick, every):
        assert one is not None
        assert other is not None
        torso = np.hypot(*(other.image[[11, 12], :2].mean(0) - other.image[[23, 24], :2].mean(0)))
        seen = JOINTS & (other.visibility > 0.5)
        apart.append(np.hypot(*(one.image - other.image)[seen, :2].T) / torso)
    together = np.concatenate(apart)
    assert np.median(together) < 0.01
    assert np.percentile(together, 99) < 0.06
    print(f"{runs} runs instead of {pose.runs}; apart by {np.median(together):.4f} of the torso in the median")


def test_a_still_picture_stays_still(pose: CountedPose, calm_frames: List[Numbered]) -> None:
    image = calm_frames[0][1]
    answers = followed(pose, [(number, image) for number in range(1, 26)])
    # a look at every second frame, one more at the start, and the second looks that end each stretch
    assert pose.runs < 20
    found = [answer for answer in answers if answer is not None]
    assert len(found) == 25
    seen = JOINTS & (np.min([answer.visibility for answer in found], axis=0) > 0.5)  # legs out of the picture wander
    points = np.stack([answer.image[seen, :2] for answer in found])
    torso = np.hypot(*(found[5].image[[11, 12], :2].mean(0) - found[5].image[[23, 24], :2].mean(0)))
    assert np.abs(points[5:] - points[5]).max() < 0.04 * torso  # a wrist at the picture's edge is the least sure
