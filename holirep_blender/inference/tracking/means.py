# SPDX-License-Identifier: GPL-3.0-or-later
"""By what means the networks are run: MediaPipe's interpreter, or PyTorch on a device, and how much at a time.

The means are `mediapipe`, or the name of a PyTorch device: `cuda:0`, or `cpu`, which is slower than MediaPipe's
interpreter there and shows that the GPU's way of working is right where there is no GPU.
"""

from __future__ import annotations

import atexit
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
# While one lane waits for a device's answer, another has work.
DEVICE_LANES = 2

_engines: Dict[str, Engine] = {}
"""The warm worker keeps the networks on a device for the next job."""


def networks_for(means: str) -> Networks:
    """The networks by these means, in this process.  PyTorch is loaded only where it is to run them."""
    if means == MEDIAPIPE:
        from .networks import MediaPipeNetworks

        return MediaPipeNetworks()
    from .torch_networks.lookers import TorchNetworks

    return TorchNetworks(engine_on(means))


def engine_on(device: str) -> Engine:
    """What runs the networks on a PyTorch device in this process; begins to load them."""
    import mediapipe

    from .torch_networks.engine import Engine, models_of

    if device not in _engines:
        _engines[device] = Engine(device, models_of(mediapipe))
        _engines[device].prepare()
        # a thread that is in the middle of something on a device must not be there when Python ends
        atexit.register(forget, device)
    return _engines[device]


def forget(means: str) -> None:
    """Gives up a device's networks, which have failed, and its memory."""
    engine = _engines.pop(means, None)
    if engine is not None:
        engine.close()


def work_of(means: str) -> Dict[str, Dict[str, float]]:
    """What this process's device has done so far: by network, seconds, crops and batches.  Nothing by MediaPipe."""
    return _engines[means].work if means in _engines else {}


def available_cores() -> int:
    """The processor cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows
        return os.cpu_count() or 1


def suitable_lanes(plate: Plate, frames: int, means: str = MEDIAPIPE) -> int:
    """How many threads follow parts of the plate side by side in one process.

    Two where there are two cores, frames enough, and pictures that are not too large to hold; a device's answers are
    waited for without a core.
    """
    if bytes_held(plate) > MOST_BYTES_PER_LANE:
        return 1
    most = min(available_cores(), MOST_LANES) if means == MEDIAPIPE else DEVICE_LANES
    return max(1, min(frames // FRAMES_PER_LANE, most))
