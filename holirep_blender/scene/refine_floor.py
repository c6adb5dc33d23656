# SPDX-License-Identifier: GPL-3.0-or-later
"""What the shot wants stood on: a ground object under the character, or the performer's floor picked on the plate."""

from __future__ import annotations

from typing import Optional, Union

import bpy
import numpy as np
import numpy.typing as npt

from ..motion import rotations
from ..motion.contacts.floor import Floor
from ..motion.planting.character_take import CharacterTake, character_take
from ..motion.retargeting import RetargetOptions, retarget
from ..motion.retargeting.timing import at_times
from ..motion.rigs import find_rig_map
from ..motion.take import Take
from .characters import read_rig
from .rig_map_rows import has_rig_map, read_rig_map


def ground_of_object(shot: bpy.types.PropertyGroup, take: Take) -> Floor:
    """The plane through a ground object's origin, across its Z axis, in the world of the character's own take, metres.

    That world is the one that ``character_take`` gives the shot's character when ``take`` is applied to it. Whichever
    side of the plane points up counts. Raises ValueError, in the user's words, where there is no such object in the
    scene, or no character that could stand on it.
    """
    ground = shot.refine.floor_object
    scene = shot.id_data
    if ground is None:
        raise ValueError("Choose the ground: under Floor, a mesh or an empty of the scene")
    if scene.objects.get(ground.name) != ground:
        raise ValueError(f"The ground {ground.name} is not in this scene any more: choose another one under Floor")
    plane = plane_of(ground)
    point, normal = np.array(plane.point), plane.up
    character = _character_take(shot, take)
    own = np.array(shot.character.matrix_world, dtype=np.float64)
    local = np.linalg.solve(own, np.append(point, 1.0))[:3]
    point = rotations.rotate(character.to_world, local * character.scale) + character.origin
    normal = rotations.rotate(character.to_world, own[:3, :3].T @ normal)
    normal = normal if normal[2] >= 0.0 else -normal
    return Floor(_triple(point), _triple(normal))


def plane_of(ground: bpy.types.Object) -> Floor:
    """The plane through an object's origin, across its Z axis, in the scene's world and units; its upper side counts.

    Raises ValueError, in the user's words, where the object is scaled to nothing.
    """
    world = np.array(ground.matrix_world, dtype=np.float64)
    normal = np.cross(world[:3, 0], world[:3, 1])
    if np.linalg.norm(normal) < 1e-12:
        raise ValueError(f"The ground {ground.name} is scaled to nothing: apply its scale or choose another one")
    return Floor(_triple(world[:3, 3]), _triple(normal if normal[2] >= 0.0 else -normal))


def floor_in_scene(scene: bpy.types.Scene, floor: Union[float, str, None]) -> Optional[Floor]:
    """A level floor at a height, or the plane of an object by its name, in the scene's world and units; None for None.

    Raises ValueError, in the user's words, where the scene has no such object.
    """
    if floor is None:
        return None
    if not isinstance(floor, str):
        return Floor((0.0, 0.0, floor))
    ground = scene.objects.get(floor)
    if ground is None:
        raise ValueError(f"This scene has no object named {floor!r} to stand on." if floor else "Choose the ground.")
    return plane_of(ground)


def _character_take(shot: bpy.types.PropertyGroup, take: Take) -> CharacterTake:
    """The first frame of a take on the shot's character, for the space in which that plays."""
    if shot.character is None:
        raise ValueError("Choose a character first: the ground is the one that it stands on")
    rig = read_rig(shot.character)
    rig_map = (read_rig_map(shot) if has_rig_map(shot) else find_rig_map(rig)).without_missing(rig)
    followed, unit = rig_map.followed(rig), shot.id_data.unit_settings.scale_length
    matrix = np.diag([unit, unit, unit, 1.0]) @ np.array(shot.character.matrix_world, dtype=np.float64)
    options = RetargetOptions(space="world" if shot.match_camera else "character")
    motion = retarget(at_times(take, [0.0], take.fps), followed, rig_map, matrix, options)
    return character_take(motion, followed, rig_map, matrix, fps=take.fps)


def _triple(vector: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    return float(vector[0]), float(vector[1]), float(vector[2])


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
