# SPDX-License-Identifier: GPL-3.0-or-later
"""From what the user named to a plate."""

from __future__ import annotations

from pathlib import Path
from typing import Optional, Sequence, Union

from ..errors import PlateError
from .movie import open_movie
from .plate import Plate
from .sequence import is_pattern, is_picture, open_sequence


def open_plate(
    path: Union[str, Path], frame_range: Optional[Sequence[int]] = None, *, sequence_fps: float = 24.0
) -> Plate:
    """Opens a movie or an image sequence for reading.

    Parameters
    ----------
    path : a movie; or, for an image sequence, its folder, any one of its images, or a pattern (`shot.####.exr`,
        `shot_%04d.png`).
    frame_range : (first, last), inclusive; None for all.  Movies count from 1, sequences by their files' numbers.
    sequence_fps : frames a second of an image sequence, which does not know its own.

    Raises
    ------
    PlateError : the file is missing, empty, damaged or not supported, the range is outside (the valid one is named),
        a sequence has a gap inside the range, or a movie ends before its range does.
    """
    path = Path(path).expanduser()
    wanted = None if frame_range is None else (int(frame_range[0]), int(frame_range[1]))
    if is_pattern(path) and not path.exists():
        return open_sequence(path, wanted, sequence_fps)
    if not path.exists():
        raise PlateError(f"{path}: there is no such file or folder.")
    if path.is_dir() or is_picture(path):
        return open_sequence(path, wanted, sequence_fps)
    if path.stat().st_size == 0:
        raise PlateError(f"{path}: the file is empty.")
    return open_movie(path, wanted)
