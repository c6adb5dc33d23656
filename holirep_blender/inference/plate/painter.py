# SPDX-License-Identifier: GPL-3.0-or-later
"""From a decoded frame to RGB."""

from __future__ import annotations

from typing import Dict

import av
import numpy as np
from av.video.reformatter import VideoReformatter

# PyAV before 17 (for Python 3.9) converts in the thread that asks, and must be told what the frame itself names.
_OLD = int(av.__version__.split(".")[0]) < 17
_BT709, _BT601 = 1, 5
_LIMITED, _FULL = 1, 2


class Painter:
    """Converts frames by the matrix and range that each names; by BT.601 where it names none, as FFmpeg takes it."""

    def __init__(self, threads: int) -> None:
        """`threads` that convert a frame; 0 for one a core."""
        self._reformatter = VideoReformatter()
        self._threads = threads

    def rgb(self, frame: av.VideoFrame) -> np.ndarray:
        """RGB uint8 (H, W, 3) of the frame as stored; memory of its own."""
        options = _named(frame) if _OLD else {"threads": self._threads}
        plane = self._reformatter.reformat(frame, format="rgb24", **options).planes[0]
        rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
        return rows[:, : 3 * plane.width].reshape(plane.height, plane.width, 3)


def _named(frame: av.VideoFrame) -> Dict[str, int]:
    full = frame.color_range == _FULL or frame.format.name.startswith("yuvj")
    # it looks at these only where the two matrices differ; that of RGB means nothing
    return {
        "dst_colorspace": _BT601 if frame.colorspace == _BT709 else _BT709,
        "src_color_range": _FULL if full else _LIMITED,
        "dst_color_range": _FULL,
    }
