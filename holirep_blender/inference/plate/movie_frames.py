# SPDX-License-Identifier: GPL-3.0-or-later
"""From a container to decoded frames with their numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Iterator, Tuple

import av

from .movie_index import MovieIndex, decoded, packets, stamp_of

# Codecs whose decoders are told picture by picture what to leave out; AV1's leaves out all such pictures or none.
_LEAVING_OUT = {"h264", "hevc", "mpeg2video", "mpeg4"}


def numbered_frames(
    path: Path,
    index: MovieIndex,
    container: av.container.InputContainer,
    first: int,
    last: int,
    wanted: Callable[[int], bool],
) -> Iterator[Tuple[int, av.VideoFrame]]:
    """The decoded frames with their numbers, counted from 1, from the last place before `first` at which decoding can
    begin, at least to `last`.  Pictures that no other is made from are not decoded where nobody wants them.
    """
    context, counted = container.streams.best("video").codec_context, 0
    for packet in _packets(path, index, container, first):
        stamp = stamp_of(packet)
        if index.exact and stamp is not None and index.codec in _LEAVING_OUT:
            number = index.index_at(stamp) + 1
            context.skip_frame = "DEFAULT" if number == last or wanted(number) else "NONREF"
        for frame in decoded(packet):
            stamp, counted = stamp_of(frame), counted + 1
            yield index.index_at(stamp) + 1 if index.exact and stamp is not None else counted, frame


def _packets(path: Path, index: MovieIndex, container: av.container.InputContainer, first: int) -> Iterator[av.Packet]:
    """The packets from where decoding can begin for `first`."""
    stream = container.streams.best("video")
    start = index.start_before(first - 1)
    stamp = int(index.stamps[start])
    # Some containers are sought by times of presentation, some by those of decoding, which lie before them.
    for offset in (stamp, stamp - int(1 / index.unit), int(index.stamps[0])) if start else ():
        try:
            container.seek(offset, stream=stream)
        except av.error.FFmpegError:
            continue  # the container has no index; it is still where it was
        source = packets(path, container, stream)
        packet = next(source, None)
        landed = None if packet is None else stamp_of(packet)
        if packet is not None and landed is not None and landed <= stamp:
            yield packet
            yield from source
            return
    yield from packets(path, container, stream)
