# SPDX-License-Identifier: GPL-3.0-or-later
"""The floor that the shot asks for, as a plane in the take's world."""

from __future__ import annotations

import bpy
import numpy as np
import numpy.typing as npt

from ..motion.contacts.floor import Floor
from ..motion.take import Take


def floor_of_object(shot: bpy.types.PropertyGroup) -> Floor:
    """The plane through a ground object's origin, across its Z axis, metres.

    In the character's own space; or, with *Match Camera*, in the scene's world. The side that points up counts.
    Raises ValueError, in the user's words, where there is no such object in the scene.
    """
    ground = shot.refine.floor_object
    scene = shot.id_data
    if ground is None:
        raise ValueError("Choose the ground: under Floor, a mesh or an empty of the scene")
    if scene.objects.get(ground.name) != ground:
        raise ValueError(f"The ground {ground.name} is not in this scene any more: choose another one under Floor")
    world = np.array(ground.matrix_world, dtype=np.float64)
    point, normal = world[:3, 3], np.cross(world[:3, 0], world[:3, 1])
    if np.linalg.norm(normal) < 1e-12:
        raise ValueError(f"The ground {ground.name} is scaled to nothing: apply its scale or choose another one")
    if shot.character is not None and not shot.match_camera:
        own = np.array(shot.character.matrix_world, dtype=np.float64)
        point = np.linalg.solve(own, np.append(point, 1.0))[:3]
        point *= np.linalg.norm(own[:3, 2])  # metres: the character's own scale is part of its size
        normal = own[:3, :3].T @ normal
    normal = normal if normal[2] >= 0.0 else -normal
    scale = scene.unit_settings.scale_length
    return Floor(tuple(float(value) for value in point * scale), tuple(float(value) for value in normal))


def floor_on_plate(take: Take, plate_frame: int, corners: npt.ArrayLike) -> Floor:
    """The floor by the corners ``(4, 2)`` of a rectangle on it, in pixels of a plate frame.

    Raises ValueError, in the user's words, where none were picked or they make no floor.
    """
    from ..motion.contacts.plate_floor import floor_from_corners

    points = np.asarray(corners, dtype=np.float64)
    if not points.any():
        raise ValueError("Pick the floor first: under Floor, Pick on Plate, then click a rectangle's four corners")
    if take.camera is None:
        raise ValueError("The take has no solved camera, so a floor cannot be picked on its plate: choose another one")
    return floor_from_corners(take, plate_row(take, plate_frame), points)


def plate_row(take: Take, plate_frame: int) -> int:
    """The take's row, from 0, that shows a frame of the plate, by time where the take was resampled."""
    plate = take.header.get("plate")
    rate = float(plate.get("fps") or take.fps) if isinstance(plate, dict) else take.fps
    row = round((plate_frame - take.frame_start) / rate * take.fps)
    return int(np.clip(row, 0, max(take.frame_count - 1, 0)))
