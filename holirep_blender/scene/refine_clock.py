# SPDX-License-Identifier: GPL-3.0-or-later
"""From the scene's frames to the take's time and back."""

from __future__ import annotations

from typing import Any, Mapping, Optional

import bpy

Header = Mapping[str, Any]


def take_start(scene: bpy.types.Scene, header: Optional[Header] = None) -> float:
    """The scene's frame of the take's first frame: as it was applied, else as it would be.

    ``header`` is the take's, which says where a camera of the scene was read, if it was solved with one.
    """
    shot = scene.holirep
    if shot.refine.was_applied or shot.refine.has_report:  # files of earlier versions say the second alone
        return float(shot.refine.start)
    wanted = wanted_start(shot, header or {})
    return float(scene.frame_start if wanted is None else wanted)


def wanted_start(shot: bpy.types.PropertyGroup, header: Header) -> Optional[float]:
    """The scene's frame at which a take is to begin; None for the scene's first.

    A take that was solved with a camera of the scene belongs where that camera was read, unless the shot says else.
    """
    if shot.use_start_frame:
        return float(shot.start_frame)
    read_at = camera_source(header).get("scene_frame")
    return None if read_at is None else float(read_at)


def camera_source(header: Header) -> dict[str, Any]:
    """What a take's header says of the scene's camera that it was solved with; empty where there was none."""
    source = header.get("camera_track_source")
    return source if isinstance(source, dict) else {}


def frame_rate(scene: bpy.types.Scene) -> float:
    """The scene's frames a second."""
    return float(scene.render.fps / scene.render.fps_base)


def seconds_of(scene: bpy.types.Scene, frame: float, header: Optional[Header] = None) -> float:
    """Seconds from the take's first frame at a frame of the scene; ``header`` as for ``take_start``."""
    return (frame - take_start(scene, header)) / frame_rate(scene)


def plate_frame(scene: bpy.types.Scene) -> int:
    """The plate's frame at the scene's current one: as far as the take shows it, else the one of the same number."""
    from ..motion.take import Take

    if not scene.holirep.take:
        return int(scene.frame_current)
    try:
        take = Take.load(bpy.path.abspath(scene.holirep.take))
    except (OSError, ValueError):
        return int(scene.frame_current)
    row = round(seconds_of(scene, scene.frame_current, take.header) * take.fps)
    return int(take.frame_start + max(0, min(row, take.frame_count - 1)))


def frame_of(scene: bpy.types.Scene, seconds: float) -> int:
    """The scene's frame nearest to a time from the take's first frame."""
    return round(take_start(scene) + seconds * frame_rate(scene))
