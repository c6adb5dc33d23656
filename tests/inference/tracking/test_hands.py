# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands in sign language: found in clearly more frames than by MediaPipe's holistic solution, and none invented."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, Sequence, Tuple

import numpy as np
import pytest

from holirep_blender.inference.plate import Plate, open_plate
from holirep_blender.inference.tracking import track
from holirep_blender.inference.tracking.hands import FRAMES_BACK, HandFollower
from holirep_blender.inference.tracking.networks import MediaPipeNetworks, PoseNetwork
from holirep_blender.inference.tracking.regions import body_region
from holirep_blender.inference.tracking.scan import Scanner
from holirep_blender.motion.observations import Observations

ALL = ("again", "book", "brother", "help", "learn", "please", "sister", "walk")
SIDES = (("left_hand", 15), ("right_hand", 16))


@pytest.fixture(scope="module")
def video() -> Path:
    folder = Path(__file__).resolve().parents[4] / "shared" / "data" / "video"
    if not folder.is_dir():
        pytest.skip(f"test data is not here: {folder}")
    return folder


def holistic_hands(plate: Plate) -> np.ndarray:
    """In how many frames holistic by itself finds the left and the right hand, whatever it takes for one."""
    import mediapipe

    found = np.zeros(2, int)
    with mediapipe.solutions.holistic.Holistic(refine_face_landmarks=True) as holistic:
        for _, _, image in plate:
            result = holistic.process(image)
            found += (result.left_hand_landmarks is not None, result.right_hand_landmarks is not None)
    return found


def own_hands(rows: Observations) -> np.ndarray:
    """In how many frames we find each; a found hand is a whole one, at its own wrist and not the other one's twin."""
    found = np.zeros(2, int)
    shoulders = np.hypot(*(rows.body_image[:, 11] - rows.body_image[:, 12])[:, :2].T)
    for side, (name, wrist) in enumerate(SIDES):
        seen = getattr(rows, name + "_confidence") > 0
        points = getattr(rows, name + "_image")
        np.testing.assert_array_equal(np.isfinite(points).all((1, 2)), seen)
        reach = np.hypot(*(points[:, 0] - rows.body_image[:, wrist])[:, :2].T) / shoulders
        assert np.all(reach[seen] < 0.6)
        inside = np.all((points[..., :2] > 0) & (points[..., :2] < rows.image_size), axis=2)
        assert np.all(inside[seen].sum(1) >= 1)
        found[side] = seen.sum()
    both = (rows.left_hand_confidence > 0) & (rows.right_hand_confidence > 0)
    apart = np.hypot(*np.moveaxis((rows.left_hand_image - rows.right_hand_image)[both][..., :2], -1, 0))
    assert np.all(np.median(apart, axis=1) / shoulders[both] > 0.03), "both sides lie on one hand"
    return found


def compared(video: Path, names: Sequence[str], capsys: pytest.CaptureFixture) -> Dict[str, Tuple[int, int]]:
    """Hands found in each clip, ours and holistic's, printed as a table."""
    table: Dict[str, Tuple[int, int]] = {}
    lines = ["", "hands found (left + right)    HoliRep          MediaPipe holistic"]
    for name in names:
        plate = open_plate(video / f"asl_{name}.mkv")
        ours, stock = own_hands(track(plate)), holistic_hands(plate)
        table[name] = int(ours.sum()), int(stock.sum())
        lines.append(
            f"  asl_{name:8} {plate.frame_count:4} frames   {ours[0]:4} + {ours[1]:3} = {ours.sum():4}"
            f"   {stock[0]:4} + {stock[1]:3} = {stock.sum():4}"
        )
    total, rival = (sum(pair[i] for pair in table.values()) for i in (0, 1))
    lines.append(f"  together {total} against {rival}: {total / rival:.2f} times as many")
    with capsys.disabled():
        print("\n".join(lines))
    return table


def test_more_hands_than_holistic(video: Path, capsys: pytest.CaptureFixture) -> None:
    """Two clips in which hands move fast, touch, and leave the picture at its lower edge."""
    table = compared(video, ("again", "learn"), capsys)
    assert all(ours > 1.08 * stock for ours, stock in table.values())


@pytest.mark.slow
def test_more_hands_than_holistic_in_every_clip(video: Path, capsys: pytest.CaptureFixture) -> None:
    table = compared(video, ALL, capsys)
    assert all(ours >= stock for ours, stock in table.values())
    assert sum(ours for ours, _ in table.values()) > 1.12 * sum(stock for _, stock in table.values())


def test_hands_out_of_the_picture_stay_lost(video: Path) -> None:
    """In the first frames of this clip both hands hang below the picture's lower edge."""
    rows = track(open_plate(video / "asl_sister.mkv", (1, 12)), processes=1)
    assert np.all(rows.body_confidence > 0)
    assert np.all(rows.left_hand_confidence == 0)
    assert np.all(rows.right_hand_confidence == 0)


def test_a_hand_that_is_found_is_followed_back_into_the_stretch_before(video: Path) -> None:
    plate = open_plate(video / "asl_please.mkv", (20, 31))
    frames = [(number, image) for number, _, image in plate]
    pose, follower = PoseNetwork(), HandFollower(MediaPipeNetworks())
    (sighting,) = Scanner(pose, MediaPipeNetworks()).look(*frames[0])
    place, bodies, hands = sighting, [], []
    for _, image in frames:
        place = pose.run(image, body_region(place.centre, place.circle))
        bodies.append(place)
        follower.start(image, place)
        hands.append(follower.finish(image, place))
    assert all(left is not None and right is not None for left, right in hands)
    known = [left for left, _ in hands]
    for pair in hands[:6]:
        pair[0] = None
    follower.fill(frames[:6], bodies[:6], hands[:6])
    assert not any(left is not None for left, _ in hands[:6])
    follower.fill(frames[6:], bodies[6:], hands[6:])
    found = [left is not None for left, _ in hands[:6]]
    assert found == [index >= 6 - FRAMES_BACK for index in range(6)]
    for (left, _), before in zip(hands[6 - FRAMES_BACK :], known[6 - FRAMES_BACK :]):
        assert np.median(np.hypot(*(left.image - before.image)[:, :2].T)) < 0.1 * np.ptp(before.image[:, :2])
