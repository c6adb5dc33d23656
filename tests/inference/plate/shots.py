# SPDX-License-Identifier: GPL-3.0-or-later
"""Movies whose frames tell their numbers, for tests."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Dict, Tuple

import av
import cv2
import numpy as np

SIZE = (160, 120)
COUNT = 40


def picture(number: int) -> np.ndarray:
    """A BGR frame that tells its number: a bright bar whose place is the number."""
    image = np.full((SIZE[1], SIZE[0], 3), 40, np.uint8)
    cv2.rectangle(image, (4 * (number - 1), 0), (4 * number - 1, SIZE[1]), (60, 200, 240), -1)
    return image


def number_of(image: np.ndarray) -> int:
    """The number that an RGB frame tells."""
    return int(np.argmax(image[..., 0].astype(float).mean(0).reshape(-1, 4).mean(1))) + 1


def write_movie(path: Path, code: str, fps: float, count: int = COUNT) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*code), fps, SIZE)
    assert writer.isOpened()
    for number in range(1, count + 1):
        writer.write(picture(number))
    writer.release()
    return path


def encoded(path: Path, codec: str, pixels: str = "", size: Tuple[int, int] = SIZE, **tags: int) -> Path:
    """A movie of the same pictures by another codec; `tags` are set in its header (`color_range`, `colorspace`).

    In a thread of its own: SVT-AV1 makes the thread that encodes a real-time one, where it may, and it stays so.
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(_encode, path, codec, pixels, size, tags).result()


def _encode(path: Path, codec: str, pixels: str, size: Tuple[int, int], tags: Dict[str, int]) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, 25)
        context = stream.codec_context
        context.width, context.height = size
        context.pix_fmt = pixels or av.codec.Codec(codec, "w").video_formats[0].name
        for name, value in tags.items():
            setattr(context, name, value)
        for number in range(1, COUNT + 1):
            image = cv2.resize(picture(number), size, interpolation=cv2.INTER_NEAREST)
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            container.mux(stream.encode(frame.reformat(format=context.pix_fmt, **_destination(tags))))
        container.mux(stream.encode(None))
    return path


def _destination(tags: Dict[str, int]) -> Dict[str, int]:
    names = {"colorspace": "dst_colorspace", "color_range": "dst_color_range"}
    return {names[name]: value for name, value in tags.items() if name in names}


def interlaced(path: Path, step: int = 8) -> Path:
    """A bright bar that moves by `step` pixels from one field to the next, 2 * `step` a frame, 10 frames."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg2video", 25)
        context = stream.codec_context
        context.width, context.height, context.pix_fmt, context.bit_rate = *SIZE, "yuv420p", 4_000_000
        context.flags |= int(av.codec.context.Flags.interlaced_dct | av.codec.context.Flags.interlaced_me)
        for number in range(10):
            image = np.full((SIZE[1], SIZE[0]), 40, np.uint8)
            for field in (0, 1):
                left = step * (2 * number + field)
                image[field::2, left : left + 20] = 220
            chroma = np.full((SIZE[1] // 2, SIZE[0]), 128, np.uint8)
            frame = av.VideoFrame.from_ndarray(np.vstack([image, chroma]), format="yuv420p")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
