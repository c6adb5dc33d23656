# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a GPU decodes movies: a small one, made for it, decoded there and by the processor."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Optional

import av
import numpy as np

from ..errors import PlateError
from .nvdec import NoDeviceReading, device_reader, said
from .opening import open_plate

WIDTH, HEIGHT, FRAMES = 320, 180, 12


def problem_on(device: str) -> Optional[str]:
    """Why H.264 cannot be decoded on a device, in words; None where it comes out as from the processor."""
    with tempfile.TemporaryDirectory(prefix="holirep-trial-") as folder:
        path = Path(folder) / "trial.mp4"
        _write(path)
        try:
            reader = device_reader(open_plate(path), device)
            return None if len(list(reader.frames(1, FRAMES))) == FRAMES else "frames are missing"
        except (NoDeviceReading, PlateError, av.error.FFmpegError, RuntimeError) as error:
            return said(error)


def _write(path: Path) -> None:
    slope = np.add.outer(np.arange(HEIGHT), np.arange(WIDTH)).astype(np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", 25)
        stream.codec_context.width, stream.codec_context.height = WIDTH, HEIGHT
        stream.codec_context.pix_fmt = "yuv420p"
        for number in range(FRAMES):
            image = np.dstack([np.roll(slope, 9 * number, axis) for axis in (0, 1, 1)])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))
