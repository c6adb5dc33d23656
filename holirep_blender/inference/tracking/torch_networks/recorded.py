# SPDX-License-Identifier: GPL-3.0-or-later
"""A network on batches of one size as a CUDA graph, which starts all of its hundred and more layers at once."""

from __future__ import annotations

from typing import Any, List, Sequence

import numpy as np
import torch
from torch import nn

from .pictures import Place

_WARM_UPS = 2


class Recorded:
    """The graph, and the memory that carries crops there and answers back.

    Belongs to the thread that makes it, and to that thread's current stream.
    """

    def __init__(
        self, network: nn.Module, count: int, size: int, device: torch.device, pool: Any, *, planned: bool
    ) -> None:
        """`planned`: by NVIDIA's library, which takes a second or more for each network and then computes faster."""
        self._stream = torch.cuda.current_stream(device)
        self._here = torch.zeros((count, size, size, 3), dtype=torch.uint8, pin_memory=True)
        self._crops = self._here.numpy()
        self._there = torch.zeros_like(self._here, device=device, pin_memory=False)
        # float32 is to be float32: NVIDIA's shorter one has the mantissa of half precision
        with torch.backends.cudnn.flags(enabled=planned, allow_tf32=False):
            for _ in range(_WARM_UPS):
                network(self._there)
            self._stream.synchronize()
            self._graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self._graph, pool=pool, stream=self._stream, capture_error_mode="thread_local"):
                self._answers = network(self._there)
        self._back = torch.empty(self._answers.shape, dtype=self._answers.dtype, pin_memory=True)
        self._rows = self._back.numpy()
        self._done = torch.cuda.Event(blocking=True)

    def run(self, crops: List[np.ndarray], places: Sequence[Place]) -> np.ndarray:
        """The answers about crops, and then about squares of pictures on the device: at most as many as the graph was
        recorded for.
        """
        brought, count = len(crops), len(crops) + len(places)
        for number, crop in enumerate(crops):
            self._crops[number] = crop
        if crops:
            self._there[:brought].copy_(self._here[:brought], non_blocking=True)
        if places:
            places[0].pictures.cut(places, self._there.shape[1], self._there[brought:count])
        self._graph.replay()
        self._back[:count].copy_(self._answers[:count], non_blocking=True)
        self._done.record(self._stream)
        self._done.synchronize()
        return self._rows[:count].copy()

    def seconds(self, repeats: int) -> float:
        """Of one run of the graph alone, without copies; in any thread, while nobody asks."""
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        with torch.cuda.stream(self._stream):
            begin.record()
            for _ in range(repeats):
                self._graph.replay()
            end.record()
        self._stream.synchronize()
        return float(begin.elapsed_time(end)) / 1e3 / repeats
