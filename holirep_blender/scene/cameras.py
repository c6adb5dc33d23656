# SPDX-License-Identifier: GPL-3.0-or-later
"""The solved camera of a take as a Blender camera."""

from __future__ import annotations

from typing import Optional

import bpy
import numpy as np
import numpy.typing as npt
from mathutils import Matrix

from ..motion import rotations
from ..motion.retargeting.timing import scene_frames
from ..motion.take import Camera, Take
from .actions import MARK, Channel, Rollback, is_tweaked, put_in_place, take_away, write_action

Array = npt.NDArray[np.float64]

SENSOR_WIDTH = 36.0
"""Millimetres. Any width gives the same picture; the focal length is told for a full-frame sensor."""
PLATE, CHARACTER = "holirep_plate", "holirep_character"
"""Custom properties of a solved camera: the plate that it was solved from, and the name of whom it was made for."""
# Blender's cameras look along -Z with Y up, OpenCV's along +Z with Y down
_BLENDER_FROM_OPENCV = np.diag([1.0, -1.0, -1.0])


class CameraError(ValueError):
    """A camera that cannot be made; the message is for the user."""


def add_solved_camera(
    scene: bpy.types.Scene,
    take: Take,
    frame_start: float,
    *,
    character: Optional[bpy.types.Object] = None,
    name: str = "HoliRep Camera",
    make_active: bool = True,
    set_render_size: bool = False,
) -> tuple[bpy.types.Object, list[str]]:
    """The take's solved camera as a camera object of the scene.

    A scene has one for each plate and character: where HoliRep made one before, it is used again.

    Parameters
    ----------
    frame_start : the scene's frame of the take's first frame.
    character : whom the take was applied to.
    make_active : make it the scene's camera.
    set_render_size : give the scene the plate's resolution.

    Returns
    -------
    The object, and sentences for the user: where the scene's resolution is of another shape than the plate, or where
    keys of the artist's hold the camera.
    Raises CameraError where the take has no camera, or where the camera cannot be keyed now.
    """
    if take.camera is None:
        raise CameraError("The take has no solved camera. Replicate the plate again.")
    with Rollback() as rollback:
        found = _made_before(scene, take, character)
        if found is None:
            found = _new_camera(scene, name, rollback)
        _check_not_tweaked(found)
        found[PLATE], found[CHARACTER] = _plate_of(take), character.name if character is not None else ""
        _set_lens(found.data, take.camera, rollback)
        if set_render_size:
            give_resolution(scene, take.camera.image_size, rollback)
        warnings = _shape_warning(scene, take.camera)
        warnings += _set_pose(scene, found, take, frame_start, rollback)
        if make_active:
            scene.camera = found
    return found, warnings


def give_resolution(scene: bpy.types.Scene, image_size: Array, rollback: Rollback) -> None:
    """Lets the scene render at a plate's width and height ``(2,)``, in square pixels."""
    width, height = (round(float(size)) for size in image_size)
    rollback.set(scene.render, resolution_x=width, resolution_y=height, resolution_percentage=100)
    rollback.set(scene.render, pixel_aspect_x=1.0, pixel_aspect_y=1.0)


def _new_camera(scene: bpy.types.Scene, name: str, rollback: Rollback) -> bpy.types.Object:
    lens = bpy.data.cameras.new(name)
    rollback.add(lambda: bpy.data.cameras.remove(lens))
    made = bpy.data.objects.new(name, lens)
    rollback.add(lambda: bpy.data.objects.remove(made))
    made[MARK] = "camera"
    scene.collection.objects.link(made)
    return made


def _made_before(
    scene: bpy.types.Scene, take: Take, character: Optional[bpy.types.Object]
) -> Optional[bpy.types.Object]:
    """The scene's own camera for the take's plate and the character; a character that is gone gave its camera up."""
    for candidate in sorted(scene.objects, key=lambda each: each.name):
        if candidate.type != "CAMERA" or MARK not in candidate or candidate.library is not None:
            continue
        whose = candidate.get(CHARACTER, "")
        same = character is None or whose in ("", character.name) or whose not in scene.objects
        if same and candidate.get(PLATE, "") in ("", _plate_of(take)):
            return candidate
    return None


def _plate_of(take: Take) -> str:
    plate = take.header.get("plate", "")
    if isinstance(plate, dict):  # older takes name the path alone
        plate = plate.get("path", "")
    return plate if isinstance(plate, str) else ""


def _check_not_tweaked(camera: bpy.types.Object) -> None:
    if is_tweaked(camera) or is_tweaked(camera.data):
        raise CameraError(f"{camera.name} is in the NLA's tweak mode. Leave it first (Tab in the NLA editor).")


def _set_lens(lens: bpy.types.Camera, camera: Camera, rollback: Rollback) -> None:
    """Blender's lens for intrinsics in pixels, whose pixel edges are at integers and whose origin is top left."""
    width, height = (float(size) for size in camera.image_size)
    rollback.set(lens, type="PERSP", sensor_fit="HORIZONTAL", sensor_width=SENSOR_WIDTH)
    rollback.set(lens, lens=float(camera.intrinsics[0, 0]) * SENSOR_WIDTH / width)
    rollback.set(lens, shift_x=(width / 2.0 - float(camera.intrinsics[0, 2])) / width)
    rollback.set(lens, shift_y=(float(camera.intrinsics[1, 2]) - height / 2.0) / width)


def _shape_warning(scene: bpy.types.Scene, camera: Camera) -> list[str]:
    render, (width, height) = scene.render, camera.image_size
    shape = render.resolution_x * render.pixel_aspect_x / (render.resolution_y * render.pixel_aspect_y)
    if abs(shape - float(width) / float(height)) < 0.005:
        return []
    return [
        f"The scene renders {render.resolution_x} x {render.resolution_y}, the plate is {width:g} x {height:g}: the "
        "camera matches in width, but top and bottom differ. Turn on Set Resolution under Apply "
        "(--set-resolution) and apply again."
    ]


def _set_pose(
    scene: bpy.types.Scene, found: bpy.types.Object, take: Take, frame_start: float, rollback: Rollback
) -> list[str]:
    assert take.camera is not None
    matrices = np.array(take.camera.world_from_camera)
    matrices[:, :3, :3] = matrices[:, :3, :3] @ _BLENDER_FROM_OPENCV
    matrices[:, :3, 3] /= scene.unit_settings.scale_length
    rollback.set(found, rotation_mode="QUATERNION")
    before = found.matrix_world.copy()
    rollback.add(lambda: setattr(found, "matrix_world", before))
    found.matrix_world = Matrix(matrices[0].tolist())
    if np.abs(matrices - matrices[:1]).max() < 1e-7:
        take_away(found, rollback)()
        if found.animation_data is not None and found.animation_data.action is not None:
            return [f"{found.name} has keys of your own: they stay, and may hold it away from the solved place."]
        return []
    turns = rotations.continuous(rotations.from_matrix(matrices[:, :3, :3]))
    fps = scene.render.fps / scene.render.fps_base
    channels = [
        Channel("location", "Object Transforms", matrices[:, :3, 3]),
        Channel("rotation_quaternion", "Object Transforms", turns),
    ]
    frames = scene_frames(take, fps, frame_start)
    action = write_action(found, f"{found.name} Move", "camera", frames, channels, rollback)
    put_in_place(found, action, to_nla=False, keep_previous_on_nla=True, rollback=rollback)()
    return []
