# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tracker a job gets: on the GPU where the user's preference and the machine allow, else on the CPU."""

from __future__ import annotations

import importlib.metadata
from typing import Callable, Dict

from ..runtime_report import choose_device
from .device_tracker import DeviceTracker
from .interface import Tracker, get_tracker, is_replaced
from .means import MEDIAPIPE


def tracker_on(wanted: str, tell: Callable[[str], None]) -> Tracker:
    """The tracker for a device preference: `auto`, `cpu` or `cuda:N`.

    `tell` is told, in the user's words, why the CPU does the work of a GPU that was asked for.  A studio's own tracker
    under the default's name is used as it is.
    """
    if is_replaced() or wanted == "cpu" or (wanted == "auto" and not _has_gpu_build()):
        return get_tracker()
    device, warning = choose_device(wanted)
    if warning is not None:
        tell(warning)
    return get_tracker() if device == "cpu" else DeviceTracker(device, tell)


def used_by(tracker: Tracker) -> Dict[str, str]:
    """What has run the networks, for the take's header: after a device has failed, MediaPipe's interpreter.

    For a device, `decoding` says what decoded the plate as well: "nvdec", or "cpu" with the reason.
    """
    if isinstance(tracker, DeviceTracker) and tracker.used != MEDIAPIPE:
        return {"tracker": tracker.name, "device": tracker.used, "decoding": tracker.decoding}
    return {"tracker": MEDIAPIPE if isinstance(tracker, DeviceTracker) else tracker.name, "device": "cpu"}


def _has_gpu_build() -> bool:
    """Whether the runtime's PyTorch can use a GPU at all, without the second that loading it takes."""
    try:
        return not importlib.metadata.version("torch").endswith("+cpu")
    except importlib.metadata.PackageNotFoundError:
        return False
