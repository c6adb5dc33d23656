# SPDX-License-Identifier: GPL-3.0-or-later
"""By what means the networks are run: MediaPipe's interpreter, or PyTorch on a device, and how much at a time.

The means are `mediapipe`, or the name of a PyTorch device: `cuda:0`, or `cpu`, which is slower than MediaPipe's
interpreter there and shows that the GPU's way of working is right where there is no GPU.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
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
# A device answers many lanes' crops as one batch, and has its networks once.  Each lane follows the stretch before it
# once more, so the longer a lane the better.
DEVICE_LANES = 16
FRAMES_PER_DEVICE_LANE = 24
MOST_FRAMES_PER_DEVICE_LANE = 60
# One reader decodes at most some 400 frames a second of 1080p.
MOST_STRANDS = 4
CORES_PER_STRAND = 4

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


def suitable_lanes(plate: Plate, frames: int) -> int:
    """How many threads follow parts of the plate side by side in a process with MediaPipe's interpreters.

    Two where there are two cores, frames enough, and pictures that are not too large to hold.
    """
    if bytes_held(plate) > MOST_BYTES_PER_LANE:
        return 1
    return max(1, min(available_cores(), frames // FRAMES_PER_LANE, MOST_LANES))


@dataclass(frozen=True)
class DeviceShape:
    """How a part of a plate is worked on with a device: `strands` read side by side, each followed by `lanes` in
    windows of `frames_a_lane` frames a lane.
    """

    strands: int
    lanes: int
    frames_a_lane: int


def device_shape(plate: Plate, frames: int) -> DeviceShape:
    """As many lanes as batches gain from, as the part has frames for, and as the memory holds two windows for."""
    held = 2 * 3 * plate.size[0] * plate.size[1]
    room = memory_for_pictures() // held
    lanes = max(1, min(DEVICE_LANES, frames // FRAMES_PER_DEVICE_LANE, room // FRAMES_PER_DEVICE_LANE))
    strands = max(1, min(MOST_STRANDS, available_cores() // CORES_PER_STRAND, lanes))
    each = max(1, lanes // strands)
    length = min(MOST_FRAMES_PER_DEVICE_LANE, room // (strands * each), -(-frames // (strands * each)))
    return DeviceShape(strands, each, max(1, length))


def memory_for_pictures() -> int:
    """Bytes that pictures may take while a device works: a quarter of the machine's memory."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 4
    except (AttributeError, ValueError, OSError):  # Windows
        return 4 << 30
