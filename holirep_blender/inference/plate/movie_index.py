# SPDX-License-Identifier: GPL-3.0-or-later
"""What a movie's container tells about its frames; no picture is decoded for it but the first."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple, Union

import av
import numpy as np

from ..errors import PlateError

CONVERT = "Convert it to H.264 in MP4 or to an image sequence."
# MPEG program streams are sought by bytes, and land in the middle of a picture.
_FROM_THE_BEGINNING = {"mpeg"}
# AVI numbers pictures as they are decoded, which is not how they are shown where some are made from later ones.
_BY_DECODING = "avi"


@dataclass(frozen=True)
class MovieIndex:
    """`stamps` (T,) presentation times of all frames in units of `unit` seconds, sorted; `starts` (K,) the indices of
    those at which decoding can begin.  `size` is (width, height) as stored, `turn` the quarter turns clockwise in
    degrees by which it is to be displayed.  `promised`: frames that the container claims to have.  `exact`: whether
    the stamps tell the frames apart; where not, only counting from the first one is exact.
    `interlaced`: whether a picture holds two moments, in alternate rows.  `codec` and
    `pixels`: FFmpeg's names.
    """

    stamps: np.ndarray
    starts: np.ndarray
    unit: Fraction
    size: Tuple[int, int]
    turn: int
    fps: Optional[float]
    promised: int
    exact: bool
    interlaced: bool
    codec: str
    pixels: str

    @property
    def seconds(self) -> np.ndarray:
        """(T,) the stamps in seconds."""
        return self.stamps * float(self.unit)

    @cached_property
    def _places(self) -> Dict[int, int]:
        return {int(stamp): index for index, stamp in enumerate(self.stamps)}

    def index_at(self, stamp: int) -> int:
        """The frame nearest to a stamp, counted from 0."""
        if stamp in self._places:
            return self._places[stamp]
        after = int(np.searchsorted(self.stamps, stamp))
        near = [index for index in (after - 1, after) if 0 <= index < len(self.stamps)]
        return min(near, key=lambda index: abs(int(self.stamps[index]) - stamp))

    def start_before(self, index: int) -> int:
        """The last frame at or before `index` at which decoding can begin."""
        at = int(np.searchsorted(self.starts, index, side="right"))
        return int(self.starts[at - 1]) if at else 0


def opened(path: Path, **options: Any) -> av.container.InputContainer:
    """The movie's container.  Raises PlateError where FFmpeg does not know it or its codec, or it holds no pictures."""
    try:
        # cameras write names in other encodings than UTF-8
        container = av.open(str(path), metadata_errors="replace", **options)
    except (av.error.FFmpegError, OSError) as error:
        raise PlateError(
            f"{path}: cannot be read as a movie; the file is damaged, or its codec is not supported. {CONVERT}"
        ) from error
    if not container.streams.video:
        container.close()
        raise PlateError(f"{path}: there are no pictures in this file, only sound or data; choose the movie.")
    if container.streams.best("video").codec_context is None:
        container.close()
        raise PlateError(f"{path}: its codec is not supported. {CONVERT}")
    return container


def stamp_of(item: Union[av.Packet, av.VideoFrame]) -> Optional[int]:
    """Presentation time in the stream's units, or where there is none that of decoding."""
    return item.pts if item.pts is not None else item.dts


def decoded(packet: av.Packet) -> List[av.VideoFrame]:
    """What a packet completes; nothing where it is damaged."""
    try:
        return packet.decode()
    except av.error.InvalidDataError:
        return []


def read_index(path: Path) -> MovieIndex:
    """Reads the whole container once.  Raises PlateError where it holds no frame, or none can be decoded."""
    picture: Optional[av.VideoFrame] = None
    rows: List[Tuple[Optional[int], bool]] = []
    with opened(path) as container:
        stream = container.streams.best("video")
        stream.codec_context.thread_count = 1
        for packet in packets(path, container, stream):
            if packet.size and not packet.is_discard:
                rows.append((stamp_of(packet), packet.is_keyframe))
            if picture is None:
                with contextlib.suppress(av.error.FFmpegError):
                    picture = next(iter(decoded(packet)), None)
        rate = stream.average_rate or stream.guessed_rate
        length = (container.duration or 0) / av.time_base
        counted, reordered = stream.frames, stream.codec_context.has_b_frames
        unit, kind = Fraction(stream.time_base), container.format.name
        codec = stream.codec_context.codec.canonical_name
    if not rows:
        raise PlateError(f"{path}: the movie has no frames.")
    if picture is None:
        raise PlateError(
            f"{path}: not one frame can be decoded; the file is damaged, or its codec is not supported. {CONVERT}"
        )
    order = sorted(range(len(rows)), key=lambda row: rows[row][0] or 0)
    stamps = np.array([rows[row][0] or 0 for row in order], np.int64)
    starts = np.array([index for index, row in enumerate(order) if rows[row][1]], np.int64)
    exact = all(stamp is not None for stamp, _ in rows) and bool(np.all(np.diff(stamps) > 0))
    exact = exact and not (reordered and kind == _BY_DECODING)
    # beyond the last one; before it there are fewer than the nominal rate says where the rate varies
    lacking = length - float(stamps[-1] * unit)
    promised = counted or (len(rows) + max(round(lacking * rate) - 1, 0) if rate else 0)
    return MovieIndex(
        stamps=stamps,
        starts=starts if exact and kind not in _FROM_THE_BEGINNING else np.zeros(1, np.int64),
        unit=unit,
        size=(picture.width, picture.height),
        turn=-picture.rotation % 360,
        fps=float(rate) if rate else None,
        promised=promised,
        exact=exact,
        interlaced=bool(picture.interlaced_frame),
        codec=codec,
        pixels=picture.format.name,
    )


def packets(path: Path, container: av.container.InputContainer, stream: av.VideoStream) -> Iterator[av.Packet]:
    """The stream's packets, and an empty one at the end; a file that is cut off ends early."""
    try:
        yield from container.demux(stream)
    except (av.error.FFmpegError, OSError) as error:
        if not isinstance(error, (av.error.InvalidDataError, av.error.EOFError)):
            raise PlateError(f"{path}: cannot be read ({error.strerror}).") from error
