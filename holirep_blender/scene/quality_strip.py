# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of the film strip: the plate's frames, cut out around the performer and made small."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Optional

import bpy
import numpy as np

from ..quality.report_strip import StripFrame
from .pictures import Pixels, jpeg_of, plate_frames, shown

_HEIGHT = 380
"""Pixels of a still at most; the page shows it at about 240, paper somewhat sharper."""
ASPECT_TOLERANCE = 0.02


def plate_of(header: Mapping[str, Any]) -> str:
    """The plate's path as a take's header tells it; empty where it tells none."""
    plate = header.get("plate")
    return str(plate.get("path") or "") if isinstance(plate, Mapping) else str(plate or "")


def shot_plate(shot: bpy.types.PropertyGroup) -> Optional[Path]:
    """The plate that a shot names."""
    return Path(bpy.path.abspath(shot.plate)) if shot.plate.strip() else None


def plate_file(header: Mapping[str, Any], shot: Optional[Path]) -> Optional[Path]:
    """Where a take's plate is: as its header tells, else the shot's."""
    told = plate_of(header)
    return Path(told) if told and (shot is None or Path(told).exists()) else shot


def strip_jpegs(
    plate: Optional[Path], frames: Sequence[StripFrame], size: Sequence[float]
) -> tuple[list[Optional[bytes]], list[str]]:
    """A JPEG for each frame, None where there is none, and why not, ``""`` where there is.

    ``size``: width and height of the plate as the take knows it. Raises nothing that a plate could be the reason of.
    """
    if plate is None:
        return [None] * len(frames), ["The take does not say where its plate is"] * len(frames)
    pictures: list[Optional[bytes]] = []
    reasons: list[str] = []
    try:
        with plate_frames(plate) as read:
            for frame in frames:
                scale = min(1.0, _HEIGHT / (frame.box[3] - frame.box[1]))
                try:
                    pixels = read(frame.plate_frame, scale)
                    pictures.append(jpeg_of(shown(_cut(pixels, frame, size, plate))))
                    reasons.append("")
                except OSError as error:
                    pictures.append(None)
                    reasons.append(str(error))
    except OSError as error:
        return [None] * len(frames), [str(error)] * len(frames)
    return pictures, reasons


def other_shape(plate: Path, pixels: Pixels, size: Sequence[float]) -> str:
    """That a plate is not the one that the take was made of."""
    height, width = pixels.shape[:2]
    return f"The plate {plate.name} is {width} x {height} pixels, the take was made of {size[0]:g} x {size[1]:g}"


def _cut(pixels: Pixels, frame: StripFrame, size: Sequence[float], plate: Path) -> Pixels:
    """The frame's box out of a picture of the plate at any scale. Raises OSError where it is of another shape."""
    height, width = pixels.shape[:2]
    across = width / float(size[0])
    if abs(across - height / float(size[1])) > ASPECT_TOLERANCE * across:
        raise OSError(other_shape(plate, pixels, size))
    x0, y0, x1, y1 = (round(value * across) for value in frame.box)
    part = pixels[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)]
    factor = max(1, round(part.shape[0] / _HEIGHT))
    rows, columns = (length // factor * factor for length in part.shape[:2])
    if factor == 1 or not rows or not columns:
        return part
    return np.asarray(part[:rows, :columns].reshape(rows // factor, factor, columns // factor, factor, -1).mean((1, 3)))
