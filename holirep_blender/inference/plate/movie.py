# SPDX-License-Identifier: GPL-3.0-or-later
"""Movies through PyAV's FFmpeg."""

from __future__ import annotations

from pathlib import Path
from typing import Container, Iterator, List, Optional, Tuple

import av
import cv2
import numpy as np

from ..errors import PlateError
from .deinterlacing import LEAD, deinterlaced
from .movie_frames import numbered_frames
from .movie_index import CONVERT, MovieIndex, opened, read_index
from .painter import Painter
from .plate import Plate, check_range
from .rates import exact_rate, frame_times

_TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


def open_movie(path: Path, frame_range: Optional[Tuple[int, int]]) -> Movie:
    """Opens a movie.  Raises PlateError where it cannot be read, is empty, or ends before the range does."""
    index = read_index(path)
    readable = len(index.stamps)
    # A container may round its length to a frame or two more than it holds; what is cut off lacks far more.
    if index.promised - readable > max(2, index.promised // 50):
        readable = max(readable - 1, 1)
        if frame_range is None or frame_range[1] > readable:
            raise PlateError(
                f"{path}: the movie is cut off: it promises {index.promised} frames, but only {readable} can be read. "
                f"Copy it again, or choose the range 1-{readable}."
            )
    if frame_range is not None:
        check_range(path, frame_range, (1, readable))
    return Movie(path, index, frame_range or (1, readable))


def _rate(index: MovieIndex) -> float:
    if index.fps is not None and 0.1 <= index.fps <= 1000.0:
        return exact_rate(index.fps)
    steps = np.diff(index.seconds)
    return exact_rate(1.0 / float(np.median(steps[steps > 0]))) if np.any(steps > 0) else 24.0


class Movie(Plate):
    """A movie; its frames are numbered from 1.  `index` is what its container tells."""

    def __init__(self, path: Path, index: MovieIndex, frame_range: Tuple[int, int]) -> None:
        size = index.size[::-1] if index.turn in (90, 270) else index.size
        fps = _rate(index)
        super().__init__(path, fps, size, frame_times(index.seconds, fps), 1, frame_range)
        self.index = index

    @property
    def starts(self) -> List[int]:  # noqa: D102
        numbers = [int(start) + 1 for start in self.index.starts]
        return [number for number in numbers if self.first_frame <= number <= self.last_frame]

    def _images(self, first: int, last: int, only: Optional[Container[int]]) -> Iterator[Tuple[int, np.ndarray]]:
        def wanted(number: int) -> bool:
            return first <= number <= last and (only is None or number in only)

        reached = 0
        with opened(self.path) as container:
            stream = container.streams.best("video")
            stream.codec_context.thread_count = self.threads
            stream.codec_context.thread_type = "AUTO"
            if self.index.interlaced:
                begin = max(1, first - LEAD)
                source = numbered_frames(self.path, self.index, container, begin, last, lambda number: number >= begin)
                frames = deinterlaced((item for item in source if item[0] >= begin), stream)
            else:
                frames = numbered_frames(self.path, self.index, container, first, last, wanted)
            painter = Painter(self.threads)
            try:
                for number, frame in frames:
                    reached = max(reached, number)
                    if wanted(number):
                        yield number, self._displayed(frame, painter)
                    if number >= last:
                        return
            except av.error.FFmpegError as error:
                raise PlateError(
                    f"{self.path}: cannot be decoded beyond frame {reached} ({error.strerror}). {CONVERT}"
                ) from error
        if reached < last:
            raise PlateError(
                f"{self.path}: the movie ends after frame {reached}, before frame {last}. "
                f"Copy it again, or choose the range {self.first_frame}-{reached}."
            )

    def _displayed(self, frame: av.VideoFrame, painter: Painter) -> np.ndarray:
        image = painter.rgb(frame)
        return cv2.rotate(image, _TURNS[self.index.turn]) if self.index.turn in _TURNS else image
