# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker's small questions about a plate: what it is, and who is in a frame of it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Callable, Optional

import numpy as np

from ..motion.resampling import resampled_count
from ..protocol.messages import Progress
from .errors import UserError
from .plate import Plate, open_plate


def frame_range_of(request: dict[str, Any]) -> Optional[tuple[int, int]]:
    """The request's `frame_range`, or None for the whole plate; raises UserError for anything but two whole numbers."""
    values = request.get("frame_range")
    if values is None:
        return None
    if not isinstance(values, (list, tuple)) or len(values) != 2 or not all(type(value) is int for value in values):
        raise UserError(f"The frame range must be two whole frame numbers, not {values}.")
    return values[0], values[1]


def plate_path_of(request: dict[str, Any]) -> str:
    """The request's plate; raises UserError where none is named."""
    path = request.get("plate")
    if not isinstance(path, str) or not path.strip():
        raise UserError("No plate is chosen. Choose a movie or an image sequence.")
    return path


def sequence_fps_of(request: dict[str, Any]) -> Optional[float]:
    """The request's frame rate for image sequences, or None; raises UserError for what is no rate."""
    value = request.get("sequence_fps")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not (math.isfinite(value) and value > 0):
        raise UserError(f"The frame rate of the image sequence must be a number above 0, not {value}.")
    return float(value)


def plate_of(request: dict[str, Any], frame_range: Optional[tuple[int, int]]) -> Plate:
    """The request's plate, opened; raises UserError as its parts do."""
    rate = sequence_fps_of(request)
    path = plate_path_of(request)
    return open_plate(path, frame_range) if rate is None else open_plate(path, frame_range, sequence_fps=rate)


def inspect_plate(request: dict[str, Any], report: Callable[[Progress], None]) -> dict[str, Any]:
    """`{fps, size, first_frame, last_frame, frame_count, take_frames, start_seconds, seconds}` of a plate.

    Within `frame_range`, if given, which begins `start_seconds` after the plate does. `take_frames` is how many frames
    a take of it has, evenly spaced as its `fps` says: another number than `frame_count` where the plate's rate varies.
    """
    plate = plate_of(request, frame_range_of(request))
    width, height = plate.size
    return {
        "fps": float(plate.fps),
        "size": [int(width), int(height)],
        "first_frame": int(plate.first_frame),
        "last_frame": int(plate.last_frame),
        "frame_count": int(plate.frame_count),
        "take_frames": resampled_count(plate.times, float(plate.fps)),
        "start_seconds": float(plate.times[0]),
        "seconds": float(plate.frame_count / plate.fps),
    }


def find_people(request: dict[str, Any], report: Callable[[Progress], None]) -> dict[str, Any]:
    """`{frame, size, people: [{box: [x0, y0, x1, y1], confidence}]}` in pixels, in one frame of a plate.

    With `picture`, the path of a PNG file, that frame is written there for the user to see.
    """
    from .tracking import find_people as find

    frame = request.get("frame")
    if type(frame) is not int:
        raise UserError(f"The frame to look for people in must be a whole number, not {frame}.")
    report(Progress("Looking for people", frame=frame))
    plate = plate_of(request, (frame, frame))
    if request.get("picture"):
        _write_frame(plate, str(request["picture"]))
    people = []
    for person in find(plate, frame):
        people.append({"box": person.boxes[0].tolist(), "confidence": float(person.evidence[0])})
    return {"frame": frame, "size": [int(value) for value in plate.size], "people": people}


def _write_frame(plate: Plate, path: str) -> None:
    import cv2

    _, _, picture = next(iter(plate))
    done, data = cv2.imencode(".png", np.ascontiguousarray(picture[..., ::-1]))
    if not done:
        raise UserError(f"The frame could not be written to {path}.")
    Path(path).write_bytes(data.tobytes())
