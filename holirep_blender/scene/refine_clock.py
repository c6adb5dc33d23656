# SPDX-License-Identifier: GPL-3.0-or-later
"""From the scene's frames to the take's time and back."""

from __future__ import annotations

import bpy


def take_start(scene: bpy.types.Scene) -> float:
    """The scene's frame of the take's first frame: as it was applied, else as it would be."""
    shot = scene.holirep
    if shot.refine.has_report:
        return float(shot.refine.start)
    return float(shot.start_frame if shot.use_start_frame else scene.frame_start)


def frame_rate(scene: bpy.types.Scene) -> float:
    """The scene's frames a second."""
    return float(scene.render.fps / scene.render.fps_base)


def seconds_of(scene: bpy.types.Scene, frame: float) -> float:
    """Seconds from the take's first frame at a frame of the scene."""
    return (frame - take_start(scene)) / frame_rate(scene)


def plate_frame(scene: bpy.types.Scene) -> int:
    """The plate's frame at the scene's current one: as far as the take shows it, else the one of the same number."""
    from ..motion.take import Take

    if not scene.holirep.take:
        return int(scene.frame_current)
    try:
        take = Take.load(bpy.path.abspath(scene.holirep.take))
    except (OSError, ValueError):
        return int(scene.frame_current)
    row = round(seconds_of(scene, scene.frame_current) * take.fps)
    return int(take.frame_start + max(0, min(row, take.frame_count - 1)))


def frame_of(scene: bpy.types.Scene, seconds: float) -> int:
    """The scene's frame nearest to a time from the take's first frame."""
    return round(take_start(scene) + seconds * frame_rate(scene))
