# SPDX-License-Identifier: GPL-3.0-or-later
"""The film strip: frames of the plate with what the tracker saw and the skeleton through the take's camera, as SVG."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from ..motion.observations import Observations
from ..motion.take import Camera, Take
from .report_html import jpeg_source

Array = npt.NDArray[np.float64]
Box = Tuple[int, int, int, int]

_MARGIN = 0.12
_NARROWEST, _WIDEST = 0.98, 1.3
"""Width over height of a cut-out; beside each other frames should look alike."""
_BODY_LINES: Tuple[Tuple[int, int], ...] = (
    (11, 12), (11, 13), (13, 15), (12, 14), (14, 16), (11, 23), (12, 24), (23, 24), (23, 25), (25, 27), (24, 26),
    (26, 28), (27, 31), (28, 32), (27, 29), (28, 30),
)  # fmt: skip
"""Limbs between MediaPipe's body points."""


@dataclass(frozen=True)
class StripFrame:
    """A frame of the strip before its picture is read.

    Attributes
    ----------
    plate_frame : number of the plate's frame that shows this frame of the take.
    box : x0, y0, x1, y1 pixels of the plate that are shown.
    tracked : named points in plate pixels, ``body``, ``face`` and ``hands`` ``(N, 2)``, NaN where not found.
    bones : (B, 2, 2) ends of the skeleton's bones in plate pixels, NaN behind the camera; empty without a camera.
    """

    plate_frame: int
    box: Box
    tracked: Dict[str, Array]
    bones: Array


def strip_frames(take: Take, frames: Sequence[int]) -> List[StripFrame]:
    """What is drawn over frames of the plate that a take counts from ``frame_start``; needs no picture."""
    size = _image_size(take)
    if size is None:
        return []
    rows = np.array([min(max(frame - take.frame_start, 0), take.frame_count - 1) for frame in frames], dtype=np.int64)
    bones = _bones(take, rows)
    result = []
    for place, row in enumerate(rows):
        tracked: Dict[str, Array] = {}
        number = int(take.frame_start + row)
        seen = take.observations
        if seen is not None and len(seen):
            at = int(np.argmin(np.abs(seen.times - seen.times[0] - row / take.fps)))
            tracked, number = _tracked(seen, at), _number(seen, at, number)
        result.append(StripFrame(number, _box(tracked, bones[place], size), tracked, bones[place]))
    return result


def strip_picture(frame: StripFrame, jpeg: Optional[bytes], words: str) -> str:
    """A frame as SVG over its picture, or over grey where there is none."""
    x0, y0, x1, y1 = frame.box
    width, height = x1 - x0, y1 - y0
    unit = height / 300.0
    parts = [f'<svg class="still" viewBox="0 0 {width} {height}" role="img" aria-label="{words}">']
    if jpeg is None:
        parts.append(f'<rect width="{width}" height="{height}" fill="#666"/>')
    else:
        size = f'width="{width}" height="{height}"'
        parts.append(f'<image {size} preserveAspectRatio="none" href="{jpeg_source(jpeg)}"/>')
    origin = np.array([x0, y0], dtype=np.float64)
    parts.append(_path("bone-edge", _segments(frame.bones - origin), 3.6 * unit))
    parts.append(_path("bone", _segments(frame.bones - origin), 1.8 * unit))
    body = frame.tracked.get("body")
    if body is not None:
        lines = np.array([[body[a], body[b]] for a, b in _BODY_LINES])
        parts.append(_path("tracked-line", _segments(lines - origin), 0.9 * unit))
    for name, dot in (("face", 1.1), ("hands", 2.0), ("body", 3.4)):
        if name in frame.tracked:
            parts.append(_path("tracked", _dots(frame.tracked[name] - origin), dot * unit))
    return "".join(parts) + "</svg>"


def _image_size(take: Take) -> Optional[Array]:
    if take.observations is not None:
        return take.observations.image_size
    return None if take.camera is None else np.asarray(take.camera.image_size, dtype=np.float64)


def _number(seen: Observations, row: int, otherwise: int) -> int:
    value = float(seen.frame_numbers[row])
    return int(value) if np.isfinite(value) and seen.frame_numbers.any() else otherwise


def _tracked(seen: Observations, row: int) -> Dict[str, Array]:
    points = {
        "body": seen.body_image[row, :, :2],
        "face": seen.face_image[row, ::2, :2],  # every second point of the face is dense enough at this size
        "hands": np.concatenate([seen.left_hand_image[row, :, :2], seen.right_hand_image[row, :, :2]]),
    }
    return {name: each for name, each in points.items() if np.isfinite(each).any()}


def _bones(take: Take, rows: npt.NDArray[np.int64]) -> Array:
    """``(R, B, 2, 2)`` pixels, from a joint's parent to the joint."""
    if take.camera is None:
        return np.zeros((len(rows), 0, 2, 2))
    part = replace(
        take,
        local_rotations=take.local_rotations[rows],
        root_translation=take.root_translation[rows],
        joint_confidence=take.joint_confidence[rows],
        blendshapes=take.blendshapes[rows],
        blendshape_confidence=take.blendshape_confidence[rows],
        contacts=take.contacts[rows],
        observations=None,
    )
    way = np.asarray(take.camera.world_from_camera)
    camera = Camera(take.camera.intrinsics, way[rows if len(way) > 1 else np.zeros_like(rows)], take.camera.image_size)
    points = camera.project(part.world_positions())
    ends = [(parent, joint) for joint, parent in enumerate(take.parents) if parent >= 0]
    return np.stack([points[:, [parent for parent, _ in ends]], points[:, [joint for _, joint in ends]]], axis=2)


def _box(tracked: Dict[str, Array], bones: Array, size: Array) -> Box:
    """The performer with a margin, within the picture, not too narrow and not too wide; else the whole picture."""
    width, height = float(size[0]), float(size[1])
    points = np.concatenate([*tracked.values(), bones.reshape(-1, 2)])
    points = points[np.isfinite(points).all(axis=1)]
    inside = ((points > -0.25 * size) & (points < 1.25 * size)).all(axis=1) if len(points) else np.zeros(0, dtype=bool)
    if not inside.any():
        return 0, 0, round(width), round(height)
    low, high = np.clip(points[inside].min(axis=0), 0, size), np.clip(points[inside].max(axis=0), 0, size)
    margin = _MARGIN * float(max(high - low))
    low, high = np.maximum(low - margin, 0), np.minimum(high + margin, size)
    across, down = float(high[0] - low[0]), float(high[1] - low[1])
    if across < _NARROWEST * down:
        low[0], high[0] = _wider(low[0], high[0], _NARROWEST * down, width)
    elif across > _WIDEST * down:
        low[1], high[1] = _wider(low[1], high[1], across / _WIDEST, height)
    x0, y0, x1, y1 = int(low[0]), int(low[1]), int(np.ceil(high[0])), int(np.ceil(high[1]))
    return x0, y0, max(x1, x0 + 1), max(y1, y0 + 1)


def _wider(low: float, high: float, length: float, limit: float) -> Tuple[float, float]:
    start = min(max((low + high - length) / 2, 0.0), max(limit - length, 0.0))
    return start, min(start + length, limit)


def _segments(lines: Array) -> str:
    known = lines[np.isfinite(lines).all(axis=(1, 2))] if len(lines) else lines
    return "".join(f"M{a[0]:.0f} {a[1]:.0f}L{b[0]:.0f} {b[1]:.0f}" for a, b in known)


def _dots(points: Array) -> str:
    return "".join(f"M{x:.0f} {y:.0f}h0" for x, y in points[np.isfinite(points).all(axis=1)])


def _path(kind: str, words: str, width: float) -> str:
    return f'<path class="{kind}" stroke-width="{width:.2f}" d="{words}"/>' if words else ""
