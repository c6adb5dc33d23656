# SPDX-License-Identifier: GPL-3.0-or-later
"""What a process that follows a part of the plate and the one that has the networks say to each other.

Crops lie in a file that both map, so that a question is two numbers: the network's place in `sizes.NAMES` and the
crop's slot.  An answer is the slot and a row of float32, or the slot and the text of an error.  Where the pictures are
on the device, a question is the region in place of a crop; a picture that is asked for is put into another such file.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Optional, Tuple, TypedDict, Union

import numpy as np

from ...errors import DeviceError
from .sizes import SIZES

# More crops than one client's threads ever ask about at the same time.
SLOTS = 64
_SLOT_BYTES = 3 * max(SIZES.values()) ** 2
QUESTION = struct.Struct("<BH")
# Network, slot, the picture's row, the region's x, y, side and rotation, whether mirrored.
LOOK = struct.Struct("<BHI4d?")
# The picture's row; its answer, of no columns, has a slot of its own.
FETCH = struct.Struct("<I")
FETCHED = SLOTS
GOODBYE = b""
_ANSWER = struct.Struct("<BH")
_ROW, _DEVICE_FAILED, _FAILED = 0, 1, 2
_KINDS = {_DEVICE_FAILED: DeviceError, _FAILED: RuntimeError}


class Pictures(TypedDict):
    """Where the plate's pictures are on the device: the file that says which are there, and the one for a picture that
    is asked for.
    """

    presence: str
    fetched: str
    shape: Tuple[int, int, int]


class Opening(TypedDict):
    """Where the networks are, what shows that one may ask, and the file for one's crops."""

    address: Union[str, Tuple[str, int]]
    key: str
    crops: str
    pictures: Optional[Pictures]


def slots(path: Path, mode: str) -> np.ndarray:
    """The file of crops `(SLOTS, bytes)`; `mode` "w+" makes it, "r" reads what another process writes."""
    mapped = np.memmap(path, np.uint8, mode, shape=(SLOTS, _SLOT_BYTES))  # type: ignore[call-overload]
    return mapped.view(np.ndarray)  # a memmap's own bookkeeping costs more than a slice


def picture_file(path: Path, shape: Tuple[int, int, int], mode: str) -> np.ndarray:
    """The file for a picture (H, W, 3); `mode` "w+" makes it, "r+" writes into another process's."""
    return np.memmap(path, np.uint8, mode, shape=tuple(shape)).view(np.ndarray)  # type: ignore[call-overload,no-any-return]


def crop_in(shared: np.ndarray, slot: int, name: str) -> np.ndarray:
    """The crop `(S, S, 3)` for a network in a slot."""
    side = SIZES[name]
    return shared[slot, : 3 * side * side].reshape(side, side, 3)


def packed(slot: int, answer: Union[np.ndarray, BaseException]) -> bytes:
    """An answer as bytes."""
    if isinstance(answer, BaseException):
        kind = _DEVICE_FAILED if isinstance(answer, DeviceError) else _FAILED
        return _ANSWER.pack(kind, slot) + str(answer).encode()
    return _ANSWER.pack(_ROW, slot) + answer.astype(np.float32, copy=False).tobytes()


def unpacked(message: bytes) -> Tuple[int, Union[np.ndarray, BaseException]]:
    """The inverse of `packed`."""
    kind, slot = _ANSWER.unpack_from(message)
    if kind == _ROW:
        return slot, np.frombuffer(message, np.float32, offset=_ANSWER.size)
    return slot, _KINDS[kind](message[_ANSWER.size :].decode())
