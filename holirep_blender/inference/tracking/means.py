# SPDX-License-Identifier: GPL-3.0-or-later
"""By what means the networks are run: MediaPipe's interpreter, or PyTorch on a device, and how much at a time.

The means are `mediapipe`, or the name of a PyTorch device: `cuda:0`, or `cpu`, which is slower than MediaPipe's
interpreter there and shows that the GPU's way of working is right where there is no GPU.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Dict

from ..plate import Plate
from .answers import Networks
from .plan import bytes_held

if TYPE_CHECKING:
    from .torch_networks.engine import Engine

MEDIAPIPE = "mediapipe"
MOST_LANES = 2
# Each lane follows the last stretch before it once more, and has networks of its own: a quarter of a second to load at
# the first job, and 200 MB.
FRAMES_PER_LANE = 60
# Pictures larger than that are not held twice.
MOST_BYTES_PER_LANE = 512 << 20
# A device answers many lanes' crops as one batch, and has its networks once.
DEVICE_LANES = 16
FRAMES_PER_DEVICE_LANE = 24

_engines: Dict[str, Engine] = {}
"""The warm worker keeps the networks on a device for the next job."""


def networks_for(means: str) -> Networks:
    """The networks by these means.  PyTorch is loaded only where it is to run them."""
    if means == MEDIAPIPE:
        from .networks import MediaPipeNetworks

        return MediaPipeNetworks()
    import mediapipe

    from .torch_networks.engine import Engine, models_of
    from .torch_networks.lookers import TorchNetworks

    if means not in _engines:
        _engines[means] = Engine(means, models_of(mediapipe))
    return TorchNetworks(_engines[means])


def forget(means: str) -> None:
    """Gives up a device's networks, which have failed."""
    _engines.pop(means, None)


def work_of(means: str) -> Dict[str, Dict[str, float]]:
    """What this process's device has done so far: by network, seconds and crops.  Nothing by MediaPipe."""
    if means not in _engines:
        return {}
    work = _engines[means].work
    return {name: {"seconds": work.seconds[name], "crops": work.crops[name]} for name in work.seconds}


def available_cores() -> int:
    """The processor cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows
        return os.cpu_count() or 1


def suitable_lanes(plate: Plate, frames: int, means: str = MEDIAPIPE, share: float = 1.0) -> int:
    """How many threads follow parts of the plate side by side in a process; `share` is its share of the memory.

    By MediaPipe two where there are two cores, frames enough, and pictures that are not too large to hold; on a device
    as many as its batches gain from and the memory holds pictures for.
    """
    if means != MEDIAPIPE:
        most = int(share * memory_for_pictures() // bytes_held(plate))
        return max(1, min(frames // FRAMES_PER_DEVICE_LANE, DEVICE_LANES, most))
    if bytes_held(plate) > MOST_BYTES_PER_LANE:
        return 1
    return max(1, min(available_cores(), frames // FRAMES_PER_LANE, MOST_LANES))


def memory_for_pictures() -> int:
    """Bytes that all processes together may hold pictures in while a device works: a quarter of the machine's."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 4
    except (AttributeError, ValueError, OSError):  # Windows
        return 4 << 30
