# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a whole plate onto a device, several parts side by side: by NVIDIA's decoders, or by the processor's cores."""

from __future__ import annotations

import contextlib
import copy
import threading
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Iterator, List, Optional, Tuple

import av
import numpy as np
import torch

from ...errors import DeviceError
from ...plate import Plate
from ...plate.nvdec import NoDeviceReading, device_reader, said
from ..device_picture import AWAITED, FAILED, MISSING, THERE, presence
from ..kept_plate import room_for_pictures
from ..means import available_cores
from ..plan import split
from .pictures import PictureStore, bytes_a_picture

# Of the device's free memory, the share that a plate may take.
SHARE_OF_DEVICE = 0.25
# Four readers get the most out of the seven decoders of an H200; more of them wait for each other.
DECODERS = 4
PARTS_PER_READER = 2


def _room(device: torch.device) -> int:
    return int(SHARE_OF_DEVICE * torch.cuda.mem_get_info(device)[0]) if device.type == "cuda" else room_for_pictures()


def feed_of(plate: Plate, device: torch.device, path: Path) -> Optional[Feed]:
    """Begins to read a plate; None where it is too long for the device's memory.  `path`: the file of `presence`."""
    if bytes_a_picture(plate.size) * plate.frame_count > _room(device):
        return None
    try:
        return Feed(plate, device, path)
    except torch.cuda.OutOfMemoryError:
        return None


def spans(plate: Plate, most: int) -> List[Tuple[int, int]]:
    """At most so many parts (first, last), which begin where decoding can begin, so that no frame is decoded twice."""
    pieces = split(plate, plate.first_frame, plate.last_frame, most)
    starts = np.array(
        [plate.first_frame, *(each for each in plate.starts if plate.first_frame < each <= plate.last_frame)]
    )
    begins = sorted({int(starts[np.abs(starts - first).argmin()]) for first, _ in pieces} | {plate.first_frame})
    return [(first, after - 1) for first, after in zip(begins, [*begins[1:], plate.last_frame + 1])]


class Feed:
    """The plate's `pictures`, in the order of its range; `error` is what went wrong, `decoding` what decodes: "nvdec",
    or "cpu" with the reason.
    """

    def __init__(self, plate: Plate, device: torch.device, path: Path) -> None:
        self.error: Optional[BaseException] = None
        self.path = path
        self._plate, self._device, self._closing = plate, device, False
        self.pictures = PictureStore(device, plate.size, plate.frame_count)
        self._presence = presence(path, plate.frame_count, "w+")
        self._reader: Any = None
        self.decoding = "cpu"
        if device.type == "cuda":
            try:
                self._reader, self.decoding = device_reader(plate, str(device)), "nvdec"
            except NoDeviceReading as error:
                self.decoding = f"cpu: {error}"
        readers = DECODERS if self._reader is not None else available_cores()
        self._spans: SimpleQueue[Tuple[int, int]] = SimpleQueue()
        found = spans(plate, PARTS_PER_READER * readers)
        for span in found:
            self._spans.put(span)
        readers = min(readers, len(found))
        # where there are fewer parts than cores, each is decoded by several
        self._cores = max(1, available_cores() // readers)
        self._threads: List[threading.Thread] = []
        for _ in range(readers):
            self._threads.append(threading.Thread(target=self._work, name="plate's reader", daemon=True))
            self._threads[-1].start()

    def wait(self) -> None:
        """Until all is read, or reading has failed."""
        for thread in self._threads:
            thread.join()

    def close(self) -> None:
        """Ends the reading and frees the device's memory; nothing is cut any more."""
        self._closing = True
        self.wait()
        self.pictures.forget()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    def _work(self) -> None:
        with contextlib.suppress(Empty):
            while not self._closing:
                self._read(*self._spans.get_nowait())

    def _read(self, first: int, last: int) -> None:
        begin, end = first - self._plate.first_frame, last - self._plate.first_frame + 1
        left = MISSING
        try:
            with torch.no_grad(), self._stream() as stream:
                under_way: List[Tuple[int, Any]] = []
                for number, picture in self._frames(first, last):
                    if self._closing:
                        return
                    row = number - self._plate.first_frame
                    self.pictures.put(row, picture)
                    under_way.append((row, None if stream is None else stream.record_event()))
                    if len(under_way) > 1:  # the device has two to do
                        self._tell(*under_way.pop(0))
                for each in under_way:
                    self._tell(*each)
        except Exception as error:
            failed = isinstance(error, (RuntimeError, av.error.FFmpegError))
            self.error = DeviceError(f"{self._device}: {said(error)}") if failed else error
            left = FAILED
        finally:
            part = self._presence[begin:end]
            part[part == AWAITED] = left

    def _tell(self, row: int, done: Any) -> None:
        if done is not None:
            done.synchronize()
        self._presence[row] = THERE

    @contextlib.contextmanager
    def _stream(self) -> Iterator[Any]:
        if self._device.type != "cuda":
            yield None
            return
        stream = torch.cuda.Stream(self._device)
        with torch.cuda.stream(stream):
            yield stream

    def _frames(self, first: int, last: int) -> Iterator[Tuple[int, torch.Tensor]]:
        if self._reader is not None:
            yield from self._reader.frames(first, last)
            return
        plate = copy.copy(self._plate)
        plate.threads = self._cores
        for number, _, image in plate.frames(first, last):
            yield number, torch.from_numpy(image).to(self._device)
