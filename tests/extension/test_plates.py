# SPDX-License-Identifier: GPL-3.0-or-later
"""Plates as a shot names them: movies, and image sequences by a picture, a folder or a pattern."""

from __future__ import annotations

from pathlib import Path

import pytest

from holirep_blender.scene import shot as shots


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sequence of three pictures, and a file that is none of them."""
    for number in (1001, 1002, 1003):
        (tmp_path / f"shot_{number}.png").write_bytes(b"x")
    (tmp_path / "notes 7.txt").write_bytes(b"x")
    return tmp_path


@pytest.mark.parametrize("name", ["shot_1002.png", "shot_####.png", "shot_%04d.png", ""])
def test_a_sequence_is_named_by_a_picture_a_pattern_or_its_folder(shot, folder, name):
    shot.plate = str(folder / name)
    assert shots.plate_path(shot) == folder / name
    assert shots.is_sequence(shot)
    assert (shot.frame_first, shot.frame_last, shot.person_frame) == (1001, 1003, 1001)
    expected = folder / (name if name == "shot_1002.png" else "shot_1001.png")
    assert shots.picture_of(folder / name) == expected
    taken = shots.new_take_path(folder, folder / name)
    assert taken.name == (f"{folder.name}.001.npz" if not name else "shot.001.npz")


def test_a_range_that_was_chosen_stays(shot, folder):
    shot.use_range, shot.frame_first, shot.frame_last = True, 1002, 1003
    shot.person_kind, shot.person_frame = "POINT", 1003
    shot.plate = str(folder)
    assert (shot.frame_first, shot.frame_last, shot.person_frame) == (1002, 1003, 1003)


def test_the_rate_of_a_sequence_is_the_scenes_unless_it_is_given(shot, folder):
    shot.plate = str(folder)
    render = shot.id_data.render
    render.fps, render.fps_base = 30, 1.001
    out = folder / "take.npz"
    assert shots.replicate_params(shot, "cpu", out, None)["sequence_fps"] == pytest.approx(30 / 1.001)
    shot.sequence_fps = 12.5
    assert shots.replicate_params(shot, "cpu", out, None)["sequence_fps"] == pytest.approx(12.5)


def test_a_movie_is_no_sequence_whatever_it_is_called(shot, tmp_path):
    movie = tmp_path / "take #2.mov"
    movie.write_bytes(b"x")
    shot.plate = str(movie)
    assert shots.plate_path(shot) == movie
    assert not shots.is_sequence(shot)
    assert shots.new_take_path(tmp_path, movie).name == "take #2.001.npz"


def test_a_movie_after_a_sequence_begins_at_its_first_frame(shot, folder):
    shot.plate = str(folder)
    shot.plate = str(folder / "walk.mov")
    assert (shot.frame_first, shot.person_frame) == (1, 1)


@pytest.mark.parametrize(
    ("name", "said"),
    [("empty", "no numbered pictures in the folder"), ("other_####.png", "no numbered pictures called"),
     ("shot_2000.png", "There is no plate at"), ("gone", "There is no plate at")],
)  # fmt: skip
def test_what_is_not_there_is_named(shot, folder, name, said):
    (folder / "empty").mkdir()
    shot.plate = str(folder / name)
    with pytest.raises(ValueError, match=said) as raised:
        shots.plate_path(shot)
    assert name in str(raised.value)
