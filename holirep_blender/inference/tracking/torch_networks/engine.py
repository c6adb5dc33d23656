# SPDX-License-Identifier: GPL-3.0-or-later
"""One thread that owns a device: gathers the crops that many followers ask about, and runs them as batches.

Whoever asks waits for its answer, and while a batch is computed the next one gathers by itself: the more followers
there are, the larger the batches.  Batches are filled up to a few fixed sizes, so that a CUDA graph, which starts a
whole network at once, can be recorded for each.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Callable, Deque, Dict, List, Optional, Tuple

import numpy as np
import torch
from torch import nn

from ...errors import DeviceError
from .kinds import EXACT, KINDS, SIZES

# The largest batch, and the smallest; sizes between them double.
MOST = 32
FEW = 8
_WARM_UPS = 2


def models_of(package: Any) -> Path:
    """The folder of the model files in an installed `mediapipe`."""
    return Path(package.__file__).parent / "modules"


@dataclass
class Work:
    """What was done so far, for those who measure: seconds and crops by network, and batches in all."""

    seconds: Dict[str, float] = field(default_factory=dict)
    crops: Dict[str, int] = field(default_factory=dict)
    batches: int = 0


class Engine:
    """Runs the networks of `kinds.KINDS` on a device; `ask` from any thread.

    Where the device's memory does not suffice for a batch, batches are halved for good and the work goes on; an answer
    is an error only where not even a single crop fits.
    """

    def __init__(
        self,
        device: str,
        folder: Path,
        *,
        most: int = MOST,
        makers: Optional[Dict[str, Callable[[Path, torch.dtype], nn.Module]]] = None,
    ) -> None:
        self.device = torch.device(device)
        self.most = most
        self.work = Work()
        self._half = self.device.type == "cuda"
        self._folder, self._makers = folder, makers or KINDS
        self._networks: Dict[str, nn.Module] = {}
        self._graphs: Dict[Tuple[str, int], _Recorded] = {}
        self._pool: Any = None
        self._asked: SimpleQueue[Any] = SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="networks", daemon=True)
        self._thread.start()

    def ask(self, name: str, crop: np.ndarray, replies: SimpleQueue[Any]) -> None:
        """Put the answer about a crop `(S, S, 3)` uint8 into `replies`: an array `(columns,)`, or the error."""
        self._asked.put((name, crop, replies))

    def close(self) -> None:
        """Ends the thread when all that was asked is answered."""
        self._asked.put(None)
        self._thread.join()

    def _serve(self) -> None:
        waiting: Dict[str, Deque[Tuple[np.ndarray, SimpleQueue[Any]]]] = {}
        closing = False
        while not (closing and not waiting):
            try:
                item = self._asked.get(block=not waiting)
            except Empty:
                item = False
            if item is None:
                closing = True
            elif item:
                waiting.setdefault(item[0], deque()).append(item[1:])
                continue  # there may be more
            elif waiting:
                name = next(iter(waiting))  # the one that waits for longest
                queued = waiting.pop(name)
                batch = [queued.popleft() for _ in range(min(len(queued), self.most))]
                if queued:
                    waiting[name] = queued
                self._answer(name, batch)

    def _answer(self, name: str, batch: List[Tuple[np.ndarray, SimpleQueue[Any]]]) -> None:
        begun = time.perf_counter()
        try:
            rows = self.run(name, [crop for crop, _ in batch])
        except Exception as error:  # whoever asked raises it
            # what PyTorch says of a device that fails, whichever of its errors it is
            failed = isinstance(error, (RuntimeError, AssertionError)) and self.device.type == "cuda"
            for _, replies in batch:
                replies.put(DeviceError(f"{self.device}: {str(error).strip().splitlines()[0]}") if failed else error)
            return
        for row, (_, replies) in zip(rows, batch):
            replies.put(row)
        work = self.work
        work.seconds[name] = work.seconds.get(name, 0.0) + time.perf_counter() - begun
        work.crops[name] = work.crops.get(name, 0) + len(batch)
        work.batches += 1

    def run(self, name: str, crops: List[np.ndarray]) -> np.ndarray:
        """The answers `(B, columns)` about any number of crops, in this thread."""
        done: List[np.ndarray] = []
        while crops:
            part = crops[: self.most]
            try:
                done.append(self._run(name, part))
            except RuntimeError as error:
                if self.most == 1 or not _lacks_memory(error):
                    raise
                self.most = max(1, min(self.most, len(part)) // 2)
                self._graphs.clear()
                self._pool = None
                if self.device.type == "cuda":
                    torch.cuda.empty_cache()
                continue
            crops = crops[len(part) :]
        return np.concatenate(done)

    def network(self, name: str) -> nn.Module:
        """The network of that name on the device."""
        if name not in self._networks:
            # half precision keeps the points within 0.3 % of a region's side, and is twice as fast
            kind = torch.float16 if self._half and name not in EXACT else torch.float32
            network = self._makers[name](self._folder, kind).to(self.device).eval().requires_grad_(False)
            self._networks[name] = network
        return self._networks[name]

    def seconds_without_copies(self, name: str, repeats: int) -> float:
        """How long the device takes for one of the largest batches when nothing is brought or fetched."""
        recorded = self._graphs.get((name, self.most))
        if recorded is None:
            return float("nan")
        return recorded.seconds(repeats)

    def _run(self, name: str, crops: List[np.ndarray]) -> np.ndarray:
        network = self.network(name)
        if self.device.type != "cuda":
            with torch.no_grad():
                return np.asarray(network(torch.from_numpy(np.stack(crops))).numpy())
        size = FEW
        while size < len(crops):
            size *= 2
        size = min(size, self.most)
        key = (name, size)
        if key not in self._graphs:
            self._graphs[key] = _Recorded(network, size, SIZES[name], self.device, self._memory())
        return self._graphs[key].run(crops)

    def _memory(self) -> Any:
        if self._pool is None:
            # the graphs run one after the other, so that they can share their memory
            self._pool = torch.cuda.graph_pool_handle()
        return self._pool


def _lacks_memory(error: BaseException) -> bool:
    """Whether a device's memory did not suffice; the end of a recording that failed for it hides that."""
    kinds = (error, error.__context__, error.__cause__)
    return any(isinstance(each, torch.cuda.OutOfMemoryError) for each in kinds)


class _Recorded:
    """A network on batches of one size as a CUDA graph, with the memory that carries crops there and answers back."""

    def __init__(self, network: nn.Module, count: int, size: int, device: torch.device, pool: Any) -> None:
        self._stream = torch.cuda.Stream(device)
        self._here = torch.zeros((count, size, size, 3), dtype=torch.uint8, pin_memory=True)
        self._crops = self._here.numpy()
        # float32 is to be float32: NVIDIA's shorter one has the mantissa of half precision
        exact = torch.backends.cudnn.flags(enabled=True, allow_tf32=False)
        with torch.cuda.device(device), torch.cuda.stream(self._stream), torch.no_grad(), exact:
            self._there = torch.zeros_like(self._here, device=device, pin_memory=False)
            for _ in range(_WARM_UPS):
                network(self._there)
            self._stream.synchronize()
            torch.cuda.empty_cache()  # the graph takes memory of its own
            self._graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self._graph, pool=pool, stream=self._stream, capture_error_mode="thread_local"):
                self._answers = network(self._there)
            self._back = torch.empty(self._answers.shape, dtype=self._answers.dtype, pin_memory=True)

    def run(self, crops: List[np.ndarray]) -> np.ndarray:
        """The answers about at most as many crops as the graph was recorded for."""
        count = len(crops)
        for place, crop in enumerate(crops):
            self._crops[place] = crop
        with torch.cuda.stream(self._stream), torch.no_grad():
            self._there[:count].copy_(self._here[:count], non_blocking=True)
            self._graph.replay()
            self._back[:count].copy_(self._answers[:count], non_blocking=True)
            self._stream.synchronize()
        return self._back[:count].numpy().copy()

    def seconds(self, repeats: int) -> float:
        """Of one run of the graph alone."""
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        with torch.cuda.stream(self._stream):
            begin.record()
            for _ in range(repeats):
                self._graph.replay()
            end.record()
        self._stream.synchronize()
        return float(begin.elapsed_time(end)) / 1e3 / repeats
