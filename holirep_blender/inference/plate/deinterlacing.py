# SPDX-License-Identifier: GPL-3.0-or-later
"""Interlaced video: one picture a frame out of two moments in alternate rows."""

from __future__ import annotations

from collections import deque
from typing import Deque, Iterator, List, Tuple

import av

Numbered = Tuple[int, av.VideoFrame]
# FFmpeg's bwdif looks at the frame before and the frame after.
LEAD = 1


def deinterlaced(frames: Iterator[Numbered], stream: av.VideoStream) -> Iterator[Numbered]:
    """The same frames, those that are marked as interlaced with the rows of their first field and the others computed
    (bwdif: what stands still keeps all of its rows).  Give at least one frame more at either end than is wanted, so
    that a frame comes out the same wherever reading began.
    """
    graph = av.filter.Graph()
    graph.link_nodes(
        graph.add_buffer(template=stream),
        graph.add("bwdif", "mode=send_frame:deint=interlaced"),
        graph.add("buffersink"),
    ).configure()
    waiting: Deque[int] = deque()
    for number, frame in frames:
        waiting.append(number)
        graph.push(frame)
        yield from _ready(graph, waiting)
    graph.push(None)
    yield from _ready(graph, waiting)


def _ready(graph: av.filter.Graph, waiting: Deque[int]) -> List[Numbered]:
    found: List[Numbered] = []
    while waiting:
        try:
            frame = graph.pull()
        except (BlockingIOError, EOFError):
            break
        found.append((waiting.popleft(), frame))
    return found
