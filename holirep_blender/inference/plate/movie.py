# SPDX-License-Identifier: GPL-3.0-or-later
"""Movies through OpenCV's FFmpeg."""

from __future__ import annotations

from pathlib import Path
from typing import Container, Iterator, Optional, Tuple

import cv2
import numpy as np

from ..errors import PlateError
from .plate import Plate, check_range
from .rates import exact_rate, frame_times

_TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
# Frames to go back at each further attempt where a seek landed behind the frame that was asked for.
_STEPS_BACK = (0, 30, 150, 600)


def _open(path: Path, raw: bool = False, threads: int = 0) -> cv2.VideoCapture:
    """A reader; `threads` that decode, 0 for as many as FFmpeg likes: one a core."""
    options = [cv2.CAP_PROP_N_THREADS, threads] if threads else []
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, options)
    # Some builds of OpenCV turn the picture by themselves and some do not; we always do it ourselves, once.
    capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 0)
    if raw:
        capture.set(cv2.CAP_PROP_FORMAT, -1)
    return capture


def _stamps(path: Path) -> np.ndarray:
    """Presentation times in seconds of all packets, sorted: reads the container without decoding a picture."""
    capture = _open(path, raw=True)
    stamps = []
    while capture.grab():
        stamps.append(capture.get(cv2.CAP_PROP_POS_MSEC) / 1000.0)
    capture.release()
    return np.sort(np.array(stamps))


def open_movie(path: Path, frame_range: Optional[Tuple[int, int]]) -> Movie:
    """Opens a movie.  Raises PlateError where it cannot be read, is empty, or ends before the range does."""
    capture = _open(path)
    if not capture.isOpened():
        raise PlateError(
            f"{path}: cannot be read as a movie; the file is damaged, or its codec is not supported. "
            "Convert it to H.264 in MP4 or to an image sequence."
        )
    promised = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    fps = float(capture.get(cv2.CAP_PROP_FPS))
    turn = round(capture.get(cv2.CAP_PROP_ORIENTATION_META)) % 360
    decoded, image = capture.read()
    capture.release()
    stamps = _stamps(path)
    if len(stamps) == 0:
        raise PlateError(f"{path}: the movie has no frames.")
    if not decoded:
        raise PlateError(
            f"{path}: not one frame can be decoded; the file is damaged, or its codec is not supported. "
            "Convert it to H.264 in MP4 or to an image sequence."
        )
    if not 0.1 <= fps <= 1000.0:
        steps = np.diff(stamps)
        fps = 1.0 / float(np.median(steps[steps > 0])) if np.any(steps > 0) else 24.0
    fps = exact_rate(fps)
    readable = len(stamps)
    # A container may round its length to a frame or two more than it holds; what is cut off lacks far more.
    if promised - readable > max(2, promised // 50):
        readable = max(readable - 1, 1)
        if frame_range is None or frame_range[1] > readable:
            raise PlateError(
                f"{path}: the movie is cut off: it promises {promised} frames, but only {readable} can be read. "
                f"Copy it again, or choose the range 1-{readable}."
            )
    if frame_range is not None:
        check_range(path, frame_range, (1, readable))
    height, width = image.shape[:2]
    size = (height, width) if turn in (90, 270) else (width, height)
    return Movie(path, fps, size, stamps, turn, frame_range or (1, readable))


class Movie(Plate):
    """A movie; its frames are numbered from 1."""

    def __init__(
        self,
        path: Path,
        fps: float,
        size: Tuple[int, int],
        stamps: np.ndarray,
        turn: int,
        frame_range: Tuple[int, int],
    ) -> None:
        super().__init__(path, fps, size, frame_times(stamps, fps), 1, frame_range)
        self._stamps = stamps
        self._turn = turn
        steps = np.diff(stamps)
        # Without times that tell the frames apart, only counting from the start is exact.
        self._stamped = bool(len(stamps) == 1 or np.all(steps > 1e-4))

    def _images(self, first: int, last: int, only: Optional[Container[int]]) -> Iterator[Tuple[int, np.ndarray]]:
        capture, number = self._sought(first)
        image: Optional[np.ndarray] = None
        try:
            while number <= last:
                if number >= first and (only is None or number in only):
                    decoded, image = capture.retrieve(image)  # what is handed out is a copy
                    if decoded:
                        yield number, self._displayed(image)
                if number == last:
                    return
                if not capture.grab():
                    raise PlateError(
                        f"{self.path}: the movie ends after frame {number}, before frame {last}. "
                        f"Copy it again, or choose the range {self.first_frame}-{number}."
                    )
                number = self._number(capture, number + 1)
        finally:
            capture.release()

    def _sought(self, first: int) -> Tuple[cv2.VideoCapture, int]:
        """A capture that holds a grabbed frame at or before `first`, with that frame's number.

        OpenCV seeks by counting at a constant rate, which is off where the rate varies: the landing is checked
        against the frames' own times, and further back is tried until it is not behind the target.
        """
        if self._stamped and first > 1:
            for back in _STEPS_BACK:
                target = first - back
                if target <= 1:
                    break
                capture = _open(self.path, threads=self.threads)
                capture.set(cv2.CAP_PROP_POS_FRAMES, target - 1)
                if capture.grab():
                    number = self._number(capture, target)
                    if number <= first:
                        return capture, number
                capture.release()
        capture = _open(self.path, threads=self.threads)
        if not capture.grab():
            raise PlateError(f"{self.path}: the movie can no longer be read; it was moved or changed meanwhile.")
        return capture, 1

    def _number(self, capture: cv2.VideoCapture, counted: int) -> int:
        if not self._stamped:
            return counted
        stamp = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000.0
        after = int(np.searchsorted(self._stamps, stamp))
        near = [index for index in (after - 1, after) if 0 <= index < len(self._stamps)]
        return 1 + min(near, key=lambda index: abs(float(self._stamps[index]) - stamp))

    def _displayed(self, image: np.ndarray) -> np.ndarray:
        image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        return cv2.rotate(image, _TURNS[self._turn]) if self._turn in _TURNS else image
