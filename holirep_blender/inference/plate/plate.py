# SPDX-License-Identifier: GPL-3.0-or-later
"""The plate as the rest of the worker sees it, whatever file it comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Container, Iterator, Optional, Sequence, Tuple

import numpy as np

from ..errors import PlateError

Frame = Tuple[int, float, np.ndarray]


class Plate:
    """A range of frames of a movie or an image sequence, streamed: only one frame is in memory at a time.

    Attributes
    ----------
    path : the file, folder or pattern that was opened.
    fps : nominal frames a second; exact for the broadcast rates (24000/1001, 30000/1001, 60000/1001).
    size : (width, height) in pixels as displayed, after the rotation metadata.
    first_frame, last_frame : numbers of the range's first and last frame, inclusive.
    frame_count : frames in the range.
    times : (frame_count,) seconds from the plate's own first frame; real ones where the frame rate varies.
    threads : how many decode each part that is read; 0 for one a core.  Who reads many parts at a time sets it to 1.
    """

    threads = 0

    def __init__(
        self, path: Path, fps: float, size: Tuple[int, int], times: np.ndarray, start: int, frame_range: Tuple[int, int]
    ) -> None:
        self.path = path
        self.fps = fps
        self.size = size
        self.first_frame, self.last_frame = frame_range
        self._start = start
        self._times = times

    @property
    def frame_count(self) -> int:
        """Frames in the range."""
        return self.last_frame - self.first_frame + 1

    @property
    def times(self) -> np.ndarray:
        """(frame_count,) seconds from the plate's own first frame."""
        return self._times[self.first_frame - self._start : self.last_frame - self._start + 1]

    @property
    def starts(self) -> Sequence[int]:
        """Frames of the range at which reading can begin without the cost of decoding others before; sorted."""
        return range(self.first_frame, self.last_frame + 1)

    def time_of(self, frame: int) -> float:
        """Seconds of a frame number."""
        return float(self._times[frame - self._start])

    def __iter__(self) -> Iterator[Frame]:
        return self.frames()

    def frames(
        self, first: Optional[int] = None, last: Optional[int] = None, only: Optional[Container[int]] = None
    ) -> Iterator[Frame]:
        """Yields (frame number, time in seconds, RGB uint8 (H, W, 3)) for a part of the range, inclusive.

        Where `only` is given, all other frames are passed over without the cost of making pictures of them.  A single
        frame in the middle that cannot be decoded is left out.  Raises PlateError where the part reaches out of the
        range, where the plate ends too early, or where the picture changes its size.
        """
        first = self.first_frame if first is None else first
        last = self.last_frame if last is None else last
        check_range(self.path, (first, last), (self.first_frame, self.last_frame))
        for number, image in self._images(first, last, only):
            check_size(self.path, number, image.shape[1::-1], self.size)
            yield number, self.time_of(number), image

    def _images(self, first: int, last: int, only: Optional[Container[int]]) -> Iterator[Tuple[int, np.ndarray]]:
        raise NotImplementedError


def check_range(path: Path, wanted: Tuple[int, int], valid: Tuple[int, int]) -> None:
    """Raises PlateError, naming the valid range, where `wanted` is not inside `valid` or runs backwards."""
    first, last = wanted
    if first > last:
        raise PlateError(
            f"{path.name}: the range {first}-{last} runs backwards; valid are frames {valid[0]}-{valid[1]}."
        )
    if first < valid[0] or last > valid[1]:
        raise PlateError(
            f"{path.name}: the range {first}-{last} is outside the plate; valid are frames {valid[0]}-{valid[1]}."
        )


def check_size(path: Path, number: int, found: Tuple[int, ...], wanted: Tuple[int, int]) -> None:
    """Raises PlateError where a frame's (width, height) is not the plate's."""
    if tuple(found) != wanted:
        raise PlateError(
            f"{path.name}: frame {number} is {found[0]}×{found[1]}, but the plate is {wanted[0]}×{wanted[1]}. "
            "All frames must have one size; choose a range that does."
        )
