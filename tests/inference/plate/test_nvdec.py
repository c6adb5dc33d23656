# SPDX-License-Identifier: GPL-3.0-or-later
"""Movies decoded on an NVIDIA GPU: the processor's pictures, or a reason why not."""

from __future__ import annotations

import ctypes
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Tuple

import av
import cv2
import numpy as np
import pytest
import torch

from holirep_blender.inference.plate import open_plate
from holirep_blender.inference.plate.nv12 import rgb_of
from holirep_blender.inference.plate.nvdec import DRIVER_LIBRARY, NoDeviceReading, device_reader
from holirep_blender.inference.plate.painter import Painter
from tests.inference.plate.shots import SIZE, encoded


def has_video_engine() -> bool:
    try:
        ctypes.CDLL(DRIVER_LIBRARY)
    except OSError:
        return False
    return torch.cuda.is_available()


needs_gpu = pytest.mark.skipif(not has_video_engine(), reason="needs an NVIDIA GPU and its driver's video library")


@pytest.mark.parametrize(("matrix", "full"), [(1, False), (1, True), (5, False), (5, True), (9, False)])
def test_colours_are_those_of_the_converter_on_the_processor(matrix: int, full: bool) -> None:
    """Noise, so that every value meets every other, also where the result is clipped."""
    height, width = 96, 128
    values = np.random.default_rng(3).integers(0, 256, (height * 3 // 2, width), np.uint8)
    frame = av.VideoFrame.from_ndarray(values, format="yuv420p")
    frame.colorspace, frame.color_range = matrix, 2 if full else 1
    chroma = values[height:].reshape(2, height // 2, width // 2).transpose(1, 2, 0).copy()
    (found,) = rgb_of([torch.from_numpy(values[:height])], [torch.from_numpy(chroma)], matrix, full).numpy()
    wanted = Painter(1).rgb(frame)
    assert np.abs(found.astype(int) - wanted).max() <= 1
    assert np.mean(found != wanted) < 0.01


@pytest.mark.skipif(has_video_engine(), reason="there is a GPU with its driver")
def test_without_a_driver_the_reason_says_so(tmp_path: Path) -> None:
    plate = open_plate(encoded(tmp_path / "shot.mp4", "libx264"))
    with pytest.raises(NoDeviceReading, match="driver"):
        device_reader(plate, "cuda:0")


@pytest.mark.parametrize(
    ("codec", "pixels", "size", "reason"),
    [
        ("prores_ks", "yuv422p10le", SIZE, "prores"),
        ("ffv1", "yuv420p", SIZE, "ffv1"),
        ("mpeg4", "yuv420p", SIZE, "mpeg4"),
        ("libx264", "yuv422p10le", SIZE, "yuv422p10le"),
        ("libx264", "yuv444p", (161, 121), "yuv444p"),
    ],
)
def test_what_the_gpu_does_not_decode_has_a_reason(
    tmp_path: Path, codec: str, pixels: str, size: Tuple[int, int], reason: str
) -> None:
    plate = open_plate(encoded(tmp_path / "shot.mkv", codec, pixels, size))
    with pytest.raises(NoDeviceReading, match=reason):
        device_reader(plate, "cuda:0")


def test_images_are_read_by_the_processor(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "shot.0001.png"), np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(NoDeviceReading, match="images"):
        device_reader(open_plate(tmp_path / "shot.0001.png"), "cuda:0")


@needs_gpu
@pytest.mark.parametrize("name", ["asl_brother.mkv", "one_by_one.mp4"])
def test_the_gpu_gives_the_same_pictures(shared_data: Path, name: str) -> None:
    """From the start, from the middle of a group, a single frame, only some, and in several threads."""
    plate = open_plate(shared_data / "video" / name)
    reader = device_reader(plate, "cuda:0")
    wanted = {number: image for number, _, image in plate.frames(1, 60)}
    for first, last, only in ((1, 60, None), (37, 60, None), (45, 45, None), (2, 60, {5, 17, 18, 59})):
        found = {number: image.cpu().numpy() for number, image in reader.frames(first, last, only)}
        assert list(found) == [n for n in range(first, last + 1) if n in wanted and (only is None or n in only)]
        for number, image in found.items():
            np.testing.assert_array_equal(image, wanted[number])

    def part(first: int) -> bool:
        images = reader.frames(first, first + 9)
        return all(np.array_equal(image.cpu().numpy(), wanted[number]) for number, image in images)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(part, (1, 11, 21, 31, 41, 51)))
