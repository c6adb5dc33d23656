# SPDX-License-Identifier: GPL-3.0-or-later
"""Movies decoded by the video engines of an NVIDIA GPU (NVDEC), through PyAV's FFmpeg; the pictures stay on the GPU."""

from __future__ import annotations

import ctypes
import sys
from typing import TYPE_CHECKING, Any, Container, Dict, Iterator, List, Optional, Sequence, Tuple

import av
import numpy as np

from ..errors import PlateError
from .movie import Movie
from .movie_frames import numbered_frames
from .movie_index import opened
from .plate import Plate, check_size

if TYPE_CHECKING:
    import torch

DRIVER_LIBRARY = "nvcuvid.dll" if sys.platform == "win32" else "libnvcuvid.so.1"
# Codecs whose pictures are defined to the bit, whoever decodes them; and how the processor's decoder hands them out.
_EXACT = {"h264", "hevc", "vp8", "vp9", "av1"}
_PIXELS = {"yuv420p", "yuvj420p"}
# PyAV hands out pictures on a GPU from this version on.
_FIRST_PYAV = 17
_FULL_RANGE = 2
"""FFmpeg's AVCOL_RANGE_JPEG."""
# Pictures are converted several at a time, so many pixels (four of 1920 x 1080, which take 0.2 GB meanwhile).
_PIXELS_AT_ONCE = 4 * 1920 * 1088
# The first picture must be that of FFmpeg's own decoder: 99 of 100 values by so many levels.
_SAME = 3


class NoDeviceReading(Exception):
    """The GPU cannot decode this plate; the text says why, for the user."""


def device_reader(plate: Plate, device: str) -> DeviceReader:
    """Who decodes the plate on a GPU (`cuda:N`).  Raises NoDeviceReading with the reason where that cannot be done.

    It is tried: the first picture must come out, and be that of the processor's decoder.
    """
    if not isinstance(plate, Movie):
        raise NoDeviceReading("images are read by the processor")
    index = plate.index
    if index.codec not in _EXACT:
        raise NoDeviceReading(f"movies in {index.codec} are decoded by the processor")
    if index.pixels not in _PIXELS:
        raise NoDeviceReading(f"pictures of the kind {index.pixels} are decoded by the processor")
    if index.interlaced:
        raise NoDeviceReading("interlaced pictures are put together by the processor")
    if any(side % 2 for side in index.size):
        raise NoDeviceReading("the pictures have an odd number of rows or columns")
    if not index.exact:
        raise NoDeviceReading("the movie does not tell the times of its frames")
    if int(av.__version__.split(".")[0]) < _FIRST_PYAV:
        raise NoDeviceReading(f"PyAV {av.__version__} cannot leave pictures on a GPU; that needs Python 3.10 or newer")
    try:
        ctypes.CDLL(DRIVER_LIBRARY)
    except OSError:
        raise NoDeviceReading(
            f"the NVIDIA driver’s video library ({DRIVER_LIBRARY}) is not there; in a container it comes with the "
            "driver capability “video”"
        ) from None
    found = DeviceReader(plate, device)
    found.try_first()
    return found


class DeviceReader:
    """Reads a movie's frames as tensors; several threads may read at a time, each with a decoder of its own."""

    def __init__(self, movie: Movie, device: str) -> None:
        self._movie, self._device = movie, device

    def frames(
        self, first: int, last: int, only: Optional[Container[int]] = None
    ) -> Iterator[Tuple[int, torch.Tensor]]:
        """Yields (frame number, RGB uint8 (H, W, 3) on the device) as `Plate.frames` does.

        The tensors are made on the device's default stream; what the calling thread does next on its current stream
        comes after.
        """
        import torch

        def wanted(number: int) -> bool:
            return first <= number <= last and (only is None or number in only)

        movie, reached = self._movie, 0
        torch.cuda.set_device(self._device)
        torch.empty(1, device=self._device)  # this thread has the device's context from here on
        width, height = movie.size
        most = max(1, _PIXELS_AT_ONCE // (width * height))
        numbers: List[int] = []
        found: List[av.VideoFrame] = []
        with opened(movie.path, hwaccel=_acceleration(self._device)) as container:
            for number, frame in numbered_frames(movie.path, movie.index, container, first, last, wanted):
                reached = max(reached, number)
                if wanted(number):
                    check_size(movie.path, number, (frame.width, frame.height), movie.index.size)
                    numbers.append(number)
                    found.append(frame)
                if len(found) == most or number >= last:
                    yield from zip(numbers, self._displayed(found))
                    numbers, found = [], []
                if number >= last:
                    return
            yield from zip(numbers, self._displayed(found))
        if reached < last:
            raise PlateError(
                f"{movie.path}: the movie ends after frame {reached}, before frame {last}. "
                f"Copy it again, or choose the range {movie.first_frame}-{reached}."
            )

    def try_first(self) -> None:
        """Raises NoDeviceReading where the first picture does not come out as it does from the processor."""
        number = self._movie.first_frame
        try:
            found = [image.cpu().numpy() for _, image in self.frames(number, number)]
        except (PlateError, av.error.FFmpegError, RuntimeError, TypeError) as error:
            raise NoDeviceReading(f"the GPU does not decode it ({said(error)})") from error
        wanted = [image for _, _, image in self._movie.frames(number, number)]
        if len(found) != len(wanted) or any(not _alike(*pair) for pair in zip(found, wanted)):
            raise NoDeviceReading("the GPU decodes it to other pictures than the processor")

    def _displayed(self, frames: Sequence[av.VideoFrame]) -> Sequence[torch.Tensor]:
        """Several at a time: what Python does for a picture takes longer than what the device does."""
        import torch

        from .nv12 import rgb_of

        if not frames:
            return ()
        if any(frame.format.name != "cuda" or frame.sw_format.name != "nv12" for frame in frames):
            raise NotImplementedError(f"pictures of the kind {frames[0].format.name}")
        default, current = torch.cuda.default_stream(self._device), torch.cuda.current_stream(self._device)
        with torch.cuda.stream(default):
            # without a stream: FFmpeg writes on the default one, and so do we
            planes = [[torch.from_dlpack(plane.__dlpack__()) for plane in frame.planes] for frame in frames]
            luma, chroma = zip(*planes)
            images = rgb_of(list(luma), list(chroma), int(frames[0].colorspace), frames[0].color_range == _FULL_RANGE)
            turns = self._movie.index.turn // 90
            images = torch.rot90(images, -turns, (1, 2)).contiguous() if turns else images
        if current != default:
            current.wait_stream(default)
            images.record_stream(current)
        return images.unbind()


def _acceleration(device: str) -> Any:
    from av.codec.hwaccel import HWAccel

    # PyTorch's context, as it is: FFmpeg would ask for other flags of it.
    options: Dict[str, str] = {"primary_ctx": "0", "current_ctx": "1"}
    number = device.split(":")[-1] if ":" in device else "0"
    return HWAccel("cuda", device=number, allow_software_fallback=False, options=options, is_hw_owned=True)


def said(error: BaseException) -> str:
    """One line; where a plate's error hides the device's, that one."""
    if isinstance(error, PlateError):
        return "no picture comes out" if error.__cause__ is None else said(error.__cause__)
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _alike(found: np.ndarray, wanted: np.ndarray) -> bool:
    return found.shape == wanted.shape and bool(
        np.percentile(np.abs(found.astype(np.int16) - wanted.astype(np.int16)), 99) <= _SAME
    )
