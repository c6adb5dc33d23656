# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks on our own crops say what MediaPipe's own solutions say."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from mediapipe.framework.formats import landmark_pb2
from mediapipe.python import packet_creator

from holirep_blender.inference.plate import open_plate
from holirep_blender.inference.tracking.graphs import landmarks
from holirep_blender.inference.tracking.networks import (
    DETECTORS,
    DetectorNetwork,
    FaceNetwork,
    HandNetwork,
    PoseNetwork,
)
from holirep_blender.inference.tracking.regions import Region, body_region, face_region, hand_region, whole


def frame_of(name: str, number: int) -> np.ndarray:
    path = Path(__file__).resolve().parents[4] / "shared" / "data" / "video" / name
    if not path.is_file():
        pytest.skip(f"test data is not here: {path}")
    return next(open_plate(path).frames(number, number))[2]


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    """A person from the front."""
    return frame_of("asl_help.mkv", 20)


@pytest.fixture(scope="module")
def open_hands() -> np.ndarray:
    """Both hands, apart from each other."""
    return frame_of("asl_learn.mkv", 31)


def pixels(landmarks: object, image: np.ndarray) -> np.ndarray:
    height, width = image.shape[:2]
    return np.array([(p.x * width, p.y * height, p.z * width) for p in landmarks.landmark])  # type: ignore[attr-defined]


def test_region_maps_there_and_back() -> None:
    rng = np.random.default_rng(1)
    image = cv2.GaussianBlur(rng.integers(0, 255, (200, 300, 3), np.uint8), (0, 0), 6)
    region = Region(140.0, 90.0, 100.0, 0.4)
    crop = region.cut(image, 100)
    points = rng.uniform(0.2, 0.8, (50, 3))
    plate = region.to_plate(points)
    sampled = cv2.remap(image, (plate[:, 0] - 0.5).astype(np.float32), (plate[:, 1] - 0.5).astype(np.float32), 1)[:, 0]
    x, y = (points[:, 0] * 100 - 0.5).astype(np.float32), (points[:, 1] * 100 - 0.5).astype(np.float32)
    np.testing.assert_allclose(cv2.remap(crop, x, y, 1)[:, 0].astype(int), sampled, atol=4)


def test_strong_reduction_shows_the_same_place() -> None:
    image = np.zeros((1200, 1600, 3), np.uint8)
    cv2.circle(image, (820, 610), 100, (255, 255, 255), -1)
    region = Region(800.0, 600.0, 1000.0, 0.3)
    ys, xs = np.nonzero(region.cut(image, 128)[..., 0] > 127)
    centre = region.to_plate(np.array([(xs.mean() + 0.5) / 128, (ys.mean() + 0.5) / 128, 0.0]))
    np.testing.assert_allclose(centre[:2], (820.5, 610.5), atol=1.0)


def test_pose_is_mediapipes(picture: np.ndarray) -> None:
    import mediapipe

    network = PoseNetwork()
    found = DetectorNetwork(*DETECTORS["body"]).run(picture, whole(picture))
    answer = network.run(picture, body_region(found[0].points[0], found[0].points[1]))
    with mediapipe.solutions.pose.Pose(static_image_mode=True) as stock:
        result = stock.process(picture)
    expected = pixels(result.pose_landmarks, picture)
    world = np.array([(p.x, p.y, p.z) for p in result.pose_world_landmarks.landmark])
    seen = answer.visibility > 0.8
    assert answer.score > 0.99
    assert seen.sum() > 15
    shoulders = np.hypot(*(expected[11] - expected[12])[:2])
    assert np.abs(answer.image - expected)[seen, :2].mean() < 0.02 * shoulders
    assert np.abs(answer.world - world)[seen].mean() < 0.02

    mirrored = network.run(picture, body_region(answer.centre, answer.circle), mirrored=True)
    assert np.abs(mirrored.image - expected)[seen, :2].mean() < 0.05 * shoulders
    assert np.abs(mirrored.world - world)[seen].mean() < 0.04


def test_face_is_mediapipes(picture: np.ndarray) -> None:
    import mediapipe

    with mediapipe.solutions.face_mesh.FaceMesh(static_image_mode=True, refine_landmarks=True) as stock:
        expected = pixels(stock.process(picture).multi_face_landmarks[0], picture)
    answer = FaceNetwork().run(picture, face_region(expected))
    size = np.ptp(expected[:, 1])
    assert answer.score > 0.9
    assert np.abs(answer.image - expected).mean() < 0.02 * size


def test_hands_are_mediapipes_with_the_performers_sides(open_hands: np.ndarray) -> None:
    import mediapipe

    with mediapipe.solutions.hands.Hands(static_image_mode=True, max_num_hands=2) as stock:
        result = stock.process(open_hands)
    network = HandNetwork()
    assert result.multi_hand_landmarks
    stock_hands = zip(result.multi_hand_landmarks, result.multi_handedness, result.multi_hand_world_landmarks)
    for points, side, world in stock_hands:
        expected = pixels(points, open_hands)
        answer = network.run(open_hands, hand_region(expected))
        size = np.ptp(expected[:, :2], axis=0).max()
        assert answer.score > 0.5
        assert np.abs(answer.image - expected)[:, :2].mean() < 0.06 * size
        metres = np.array([(p.x, p.y, p.z) for p in world.landmark])
        assert np.abs(answer.world - metres).mean() < 0.01
        # MediaPipe's label is for mirrored selfies: its left is the right hand here.
        assert (answer.right > 0.5) == (side.classification[0].label == "Left")


def test_points_are_read_as_the_graph_tells_them() -> None:
    """One after the other by MediaPipe's own reader, with and without what only bodies have."""
    message = landmark_pb2.NormalizedLandmarkList()
    for number in range(5):
        message.landmark.add(x=0.1 * number, y=0.0, z=-number, visibility=0.5, presence=1.0 / (1 + number))
    read = landmarks(packet_creator.create_proto(message), 4)
    expected = [(p.x, p.y, p.z, p.visibility, p.presence) for p in message.landmark[:4]]
    np.testing.assert_array_equal(read, expected)
    for point in message.landmark:
        point.ClearField("visibility")
        point.ClearField("presence")
    np.testing.assert_array_equal(landmarks(packet_creator.create_proto(message), 5)[:4, :3], read[:, :3])
    assert not landmarks(packet_creator.create_proto(message), 5)[:, 3:].any()
