# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks on a device, each with its own thread and stream: a batch of one fills little of a GPU, so that several
are computed side by side.
"""

from __future__ import annotations

import threading
import time
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, Optional

import torch
from torch import nn

from .kinds import EXACT, KINDS
from .line import FEW, Line, Replies, Shown

# The largest batch.
MOST = 32
# Whoever has not asked for so long has ended, and larger batches can be recorded.
IDLE_SECONDS = 1.0
PATIENCE_SECONDS = 10.0
"""A device that has failed may never end what it was given."""


def models_of(package: Any) -> Path:
    """The folder of the model files in an installed `mediapipe`."""
    return Path(package.__file__).parent / "modules"


class Engine:
    """Runs the networks of `kinds.KINDS` on a device; `ask` from any thread.  `ready`: all batch sizes are recorded."""

    def __init__(
        self,
        device: str,
        folder: Path,
        *,
        most: int = MOST,
        makers: Optional[Dict[str, Callable[[Path, torch.dtype], nn.Module]]] = None,
    ) -> None:
        self.device = torch.device(device)
        self.ready, self._closed = threading.Event(), threading.Event()
        self._preparing = threading.Thread(target=self._get_ready, name="networks' loading", daemon=True)
        half = self.device.type == "cuda"
        self.lines = {
            # half precision keeps most networks' points within 0.1 % of a region's side, and is twice as fast
            name: Line(
                name,
                self.device,
                partial(make, folder, torch.float16 if half and name not in EXACT else torch.float32),
                most,
            )
            for name, make in (makers or KINDS).items()
        }

    def ask(self, name: str, crop: Shown, replies: Replies) -> None:
        """Put the answer about a crop `(S, S, 3)` uint8 into `replies`: an array `(columns,)`, or the error."""
        self.lines[name].ask(crop, replies)

    def prepare(self) -> None:
        """Begins, once, to load all networks for the smallest batches; all sizes, planned, follow while nobody asks."""
        self._preparing.start()

    def _get_ready(self) -> None:
        steps = [(FEW, False)]
        if self.device.type == "cuda":
            steps += [(FEW << doubled, True) for doubled in range((MOST // FEW).bit_length())]
        for size, planned in steps:
            for line in self.lines.values():
                while planned and self._asked_lately() and not self._closed.is_set():
                    time.sleep(IDLE_SECONDS)
                done = line.prepare(size, planned=planned)
                while not done.wait(IDLE_SECONDS):
                    if self._closed.is_set():
                        return
        self.ready.set()

    def _asked_lately(self) -> bool:
        return time.monotonic() - max(line.asked for line in self.lines.values()) < IDLE_SECONDS

    @property
    def work(self) -> Dict[str, Dict[str, float]]:
        """What was done so far, for those who measure: by network, seconds, crops and batches."""
        lines = self.lines.items()
        return {
            name: {"seconds": line.seconds, "crops": line.crops, "batches": line.batches}
            for name, line in lines
            if line.batches
        }

    def close(self) -> None:
        """Ends the threads when all that was asked is answered, and frees the device's memory."""
        self._closed.set()
        for line in self.lines.values():
            line.close()
        end = time.monotonic() + PATIENCE_SECONDS
        for line in self.lines.values():
            line.wait(max(0.0, end - time.monotonic()))
