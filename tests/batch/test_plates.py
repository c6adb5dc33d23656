# SPDX-License-Identifier: GPL-3.0-or-later
"""Which plates are image sequences, and which frames those have."""

from __future__ import annotations

from holirep_blender.batch.plates import is_sequence, numbers_of


def test_a_number_after_the_pattern_is_no_frame(tmp_path):
    for number in (1, 2, 3):
        (tmp_path / f"shot_{number:02d}_v2.png").touch()
    assert numbers_of(tmp_path / "shot_##_v2.png") == {("shot_", "_v2.png"): {1, 2, 3}}


def test_a_movie_that_is_there_is_no_sequence_whatever_its_name(tmp_path):
    movie = tmp_path / "take#2.mov"
    assert is_sequence(movie)
    movie.touch()
    assert not is_sequence(movie)
