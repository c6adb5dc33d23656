# SPDX-License-Identifier: GPL-3.0-or-later
"""One network on a device with a thread of its own, which gathers what is asked of it and answers it in batches.

Whoever asks waits for its answer, and while a batch is computed the next one gathers by itself: the more followers
there are, the larger the batches.  Batches are filled up to a few fixed sizes, so that a CUDA graph can be recorded for
each.  The first one, of the smallest size, is there in a fifth of a second; it does without NVIDIA's library, which
plans each layer for one to five seconds a network, and then computes the detectors three times as fast, the others up
to twice.  A larger batch is cut into recorded ones until its size is ready.
"""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Callable, Dict, List, Protocol, Sequence, Tuple, Union

import numpy as np
import torch
from torch import nn

from ...errors import DeviceError
from .pictures import Place
from .recorded import Recorded
from .sizes import SIZES

# A crop `(S, S, 3)` uint8, or where to cut one.
Shown = Union[np.ndarray, Place]
# The smallest batch; sizes between it and the largest double.
FEW = 8
_RECORDING = threading.RLock()
"""PyTorch records one graph at a time, and networks that are made ready side by side take longer."""


@dataclass
class _Preparation:
    size: int
    planned: bool
    done: threading.Event


class Replies(Protocol):
    """Where an answer goes."""

    def put(self, answer: Any) -> None:
        """Takes a row `(columns,)` or an error."""


class Line:
    """Runs the network that `make` returns; `ask` from any thread.

    Where the device's memory does not suffice for a batch, batches are halved for good and the work goes on; an answer
    is an error only where not even a single crop fits.  `seconds`, `crops` and `batches` say what was done so far,
    `asked` when (`time.monotonic`) the last batch was answered.
    """

    def __init__(self, name: str, device: torch.device, make: Callable[[], nn.Module], most: int) -> None:
        self.name, self.most = name, most
        self.seconds, self.crops, self.batches, self.asked = 0.0, 0, 0, -math.inf
        self._device, self._make = device, make
        self._network: Any = None
        self._unplanned: Any = None
        self._graphs: Dict[int, Recorded] = {}
        self._pool: Any = None
        self._asked: SimpleQueue[Any] = SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name=f"network {name}", daemon=True)
        self._thread.start()

    def ask(self, crop: Shown, replies: Replies) -> None:
        """Put the answer about a crop `(S, S, 3)` uint8, or a place where to cut one, into `replies`."""
        self._asked.put([(crop, replies)])

    def answers(self, crops: Sequence[Shown]) -> np.ndarray:
        """The answers `(B, columns)` about several crops; raises what went wrong."""
        replies: List[SimpleQueue[Any]] = [SimpleQueue() for _ in crops]
        self._asked.put(list(zip(crops, replies)))
        rows = [each.get() for each in replies]
        for row in rows:
            if isinstance(row, BaseException):
                raise row
        return np.stack(rows)

    def prepare(self, size: int, *, planned: bool) -> threading.Event:
        """Gets ready for batches of a size ahead of the first question; the event says that it is done.

        `planned`: with the plans of NVIDIA's library.  What is wrong is told with the first answer.
        """
        done = threading.Event()
        self._asked.put(_Preparation(size, planned, done))
        return done

    def close(self) -> None:
        """Ends the thread when all that was asked is answered, and frees what it holds."""
        self._asked.put(None)

    def wait(self, patience: float) -> None:
        """Until the thread has ended, but at most so long."""
        self._thread.join(patience)

    def _serve(self) -> None:
        torch.set_grad_enabled(False)  # in this thread
        while True:
            batch: List[Tuple[Shown, Replies]] = []
            item: Any = None  # no crop is held while waiting: it may lie in a file that is to be removed
            item = self._asked.get()
            while isinstance(item, list):
                batch += item
                if len(batch) >= self.most:
                    break
                try:
                    item = self._asked.get_nowait()
                except Empty:
                    break
            if batch:
                self._answer(batch)
                self.asked = time.monotonic()
            if item is None:
                self._network = self._unplanned = self._pool = None
                self._graphs.clear()
                return
            if isinstance(item, _Preparation):
                with _RECORDING:
                    self._prepare(item.size, item.planned)
                item.done.set()

    def _prepare(self, size: int, planned: bool) -> None:
        try:
            if self._device.type != "cuda":
                self._run([np.zeros((SIZES[self.name],) * 2 + (3,), np.uint8)])
            elif size <= self.most and (planned or size not in self._graphs):
                self._record(size, planned)
        except (RuntimeError, AssertionError) as error:
            if planned and _lacks_memory(error):
                self.most = max(FEW, size // 2)  # what is recorded already goes on

    def _answer(self, batch: List[Tuple[Shown, Replies]]) -> None:
        begun = time.perf_counter()
        batch.sort(key=lambda item: isinstance(item[0], Place))  # squares to be cut follow those that are cut
        try:
            rows = self._all([crop for crop, _ in batch])
        except Exception as error:  # whoever asked raises it
            # what PyTorch says of a device that fails, whichever of its errors it is
            failed = isinstance(error, (RuntimeError, AssertionError)) and self._device.type == "cuda"
            told = DeviceError(f"{self._device}: {str(error).strip().splitlines()[0]}") if failed else error
            for _, replies in batch:
                replies.put(told)
            return
        self.seconds += time.perf_counter() - begun
        self.crops += len(batch)
        self.batches += 1
        for row, (_, replies) in zip(rows, batch):
            replies.put(row)

    def _all(self, crops: List[Shown]) -> np.ndarray:
        done: List[np.ndarray] = []
        while crops:
            part = crops[: self.most]
            try:
                done.append(self._run(part))
            except RuntimeError as error:
                if self.most == 1 or not _lacks_memory(error):
                    raise
                self.most = max(1, min(self.most, len(part)) // 2)
                self._graphs.clear()
                self._network = self._unplanned = self._pool = None
                if self._device.type == "cuda":
                    torch.cuda.empty_cache()
                continue
            crops = crops[len(part) :]
        return np.concatenate(done)

    @property
    def network(self) -> nn.Module:
        """The network on the device."""
        if self._network is None:
            self._network = self._make().to(self._device).eval().requires_grad_(False)
        return self._network  # type: ignore[no-any-return]

    def seconds_without_copies(self, repeats: int) -> float:
        """How long the device takes for one of the largest batches when nothing is brought or fetched."""
        recorded = self._graphs.get(self.most)
        return float("nan") if recorded is None else recorded.seconds(repeats)

    def _run(self, shown: List[Shown]) -> np.ndarray:
        if self._device.type != "cuda":
            crops, places = _apart(shown)
            there = [torch.from_numpy(np.stack(crops))] if crops else []
            if places:
                there.append(torch.empty((len(places), *(SIZES[self.name],) * 2, 3), dtype=torch.uint8))
                places[0].pictures.cut(places, SIZES[self.name], there[-1])
            return np.asarray(self.network(torch.cat(there)).numpy())
        if not self._graphs:
            self._record(min(FEW, self.most), planned=False)
        size = min((each for each in self._graphs if each >= len(shown)), default=max(self._graphs))
        graph, starts = self._graphs[size], range(0, len(shown), size)
        return np.concatenate([graph.run(*_apart(shown[start : start + size])) for start in starts])

    def _record(self, size: int, planned: bool) -> None:
        with _RECORDING:
            if self._pool is None:
                # a network's graphs run one after the other on one stream, so that they can share their memory
                self._pool = torch.cuda.graph_pool_handle()
                torch.cuda.set_device(self._device)
                torch.cuda.set_stream(torch.cuda.Stream(self._device))
            network = self.network if planned else self._without_plans()
            self._graphs[size] = Recorded(network, size, SIZES[self.name], self._device, self._pool, planned=planned)
            if planned:
                self._unplanned = None  # the graph of the smallest size, which comes first, no longer needs it

    def _without_plans(self) -> nn.Module:
        """The network as PyTorch's own kernels for convolutions want it."""
        if self._unplanned is None:
            self._unplanned = self._make().to(self._device).eval().requires_grad_(False)
            self._unplanned.graph.lay_out(torch.contiguous_format)
        return self._unplanned  # type: ignore[no-any-return]


def _apart(shown: Sequence[Shown]) -> Tuple[List[np.ndarray], List[Place]]:
    crops = [each for each in shown if not isinstance(each, Place)]
    return crops, [each for each in shown if isinstance(each, Place)]


def _lacks_memory(error: BaseException) -> bool:
    """Whether a device's memory did not suffice; the end of a recording that failed for it hides that."""
    kinds = (error, error.__context__, error.__cause__)
    return any(isinstance(each, torch.cuda.OutOfMemoryError) for each in kinds)
