# SPDX-License-Identifier: GPL-3.0-or-later
"""A camera's track as a file, and that a wrong one is said before anything is tracked."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from holirep_blender.inference.camera_tracks import CameraTrackError, camera_settings, track_source
from holirep_blender.inference.errors import UserError
from holirep_blender.inference.replicate import replicate

TRACK = np.tile(np.eye(4), (6, 1, 1))


@pytest.fixture(scope="module")
def plate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plate")
    for number in range(1, 7):
        cv2.imwrite(str(folder / f"shot.{number:04d}.png"), np.full((48, 64, 3), 128, np.uint8))
    return folder / "shot.0001.png"


def test_both_kinds_of_file_are_read(tmp_path):
    assert camera_settings({}) == {}
    np.save(tmp_path / "a.npy", TRACK)
    np.testing.assert_array_equal(camera_settings({"camera_track": str(tmp_path / "a.npy")})["camera_track"], TRACK)
    np.savez(tmp_path / "b.npz", camera_track=TRACK, intrinsics=np.diag([900.0, 900.0, 1.0]))
    settings = camera_settings({"camera_track": str(tmp_path / "b.npz")})
    assert settings["focal_length_px"] == 900.0
    assert len(settings["camera_track"]) == 6


def test_the_lens_of_the_file(tmp_path):
    lens = np.array([[900.0, 0, 410.0], [0, 900.0, 230.0], [0, 0, 1]])
    np.savez(tmp_path / "shifted.npz", world_from_camera=TRACK, intrinsics=lens)
    settings = camera_settings({"camera_track": str(tmp_path / "shifted.npz")})
    assert settings["principal_point"] == (410.0, 230.0)
    np.savez(tmp_path / "plain.npz", world_from_camera=TRACK, intrinsics=np.diag([900.0, 900.0, 1.0]))
    assert "principal_point" not in camera_settings({"camera_track": str(tmp_path / "plain.npz")})
    lens[1, 1] = 1800.0
    np.savez(tmp_path / "squeezed.npz", world_from_camera=TRACK, intrinsics=lens)
    with pytest.raises(CameraTrackError, match=r"squeezed\.npz.*square"):
        camera_settings({"camera_track": str(tmp_path / "squeezed.npz")})


def test_where_a_track_comes_from_is_noted(tmp_path):
    source = {"camera": "Matchmove", "scene_frame": 101.0}
    assert track_source({"camera_track": "a.npz", "camera_track_source": source}) == {"camera_track_source": source}
    assert track_source({"camera_track": "a.npz"}) == {"camera_track_source": None}, "an older track's no more"
    assert track_source({"camera_track_source": source}) == {}


def test_objects_are_not_loaded(tmp_path):
    np.save(tmp_path / "objects.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(CameraTrackError, match=r"objects\.npy"):
        camera_settings({"camera_track": str(tmp_path / "objects.npy")})


@pytest.mark.parametrize(
    ("track", "said"),
    [
        (TRACK[:4], "4 frames, but .* has 6"),
        (TRACK[0], "4 by 4"),
        (TRACK * np.nan, "not numbers"),
        (np.full((6, 4, 4), "x"), "must be numbers"),
    ],
)
def test_a_wrong_track_is_said_before_tracking(plate, tmp_path, track, said):
    np.save(tmp_path / "track.npy", track)
    stages = []
    request = {"plate": str(plate), "out": str(tmp_path / "take.npz"), "camera_track": str(tmp_path / "track.npy")}
    with pytest.raises(UserError, match=said):
        replicate(request, lambda at: stages.append(at.stage))
    assert "Tracking" not in stages
    assert not (tmp_path / "take.npz").exists()
