# SPDX-License-Identifier: GPL-3.0-or-later
"""From a decoded frame to RGB."""

from __future__ import annotations

from typing import Dict

import av
import numpy as np
from av.video.reformatter import VideoReformatter

# PyAV before 17 converts in the thread that asks; later ones start as many threads as there are cores unless told.
_TAKES_THREADS = int(av.__version__.split(".")[0]) >= 17


class Painter:
    """Converts frames by the matrix and range that each names; by BT.601 where it names none, as FFmpeg takes it."""

    def __init__(self, threads: int) -> None:
        """`threads` that convert a frame; 0 for one a core."""
        self._reformatter = VideoReformatter()
        self._options: Dict[str, int] = {"threads": threads} if _TAKES_THREADS else {}

    def rgb(self, frame: av.VideoFrame) -> np.ndarray:
        """RGB uint8 (H, W, 3) of the frame as stored; memory of its own."""
        plane = self._reformatter.reformat(frame, format="rgb24", **self._options).planes[0]
        rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
        return rows[:, : 3 * plane.width].reshape(plane.height, plane.width, 3)
