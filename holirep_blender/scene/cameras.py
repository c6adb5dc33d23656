# SPDX-License-Identifier: GPL-3.0-or-later
"""The solved camera of a take as a Blender camera, and the plate behind the character through it."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
import numpy.typing as npt
from mathutils import Matrix

from ..motion import rotations
from ..motion.retargeting.timing import scene_frames
from ..motion.take import Camera, Take
from . import blender_versions
from .actions import MARK, Channel, Rollback, put_in_place, write_action

Array = npt.NDArray[np.float64]

SENSOR_WIDTH = 36.0
"""Millimetres. Any width gives the same picture; the focal length is told for a full-frame sensor."""
MOVIE_SUFFIXES = frozenset({".mp4", ".mov", ".mkv", ".avi", ".webm", ".m4v", ".mpg", ".mpeg", ".mts", ".mxf", ".wmv"})
# Blender's cameras look along -Z with Y up, OpenCV's along +Z with Y down
_BLENDER_FROM_OPENCV = np.diag([1.0, -1.0, -1.0])


class CameraError(ValueError):
    """A camera that cannot be made; the message is for the user."""


def add_solved_camera(
    scene: bpy.types.Scene,
    take: Take,
    frame_start: float,
    *,
    name: str = "HoliRep Camera",
    make_active: bool = True,
    set_render_size: bool = False,
) -> tuple[bpy.types.Object, list[str]]:
    """The take's solved camera as a camera object; one that HoliRep made before under that name is used again.

    Parameters
    ----------
    frame_start : the scene's frame of the take's first frame.
    make_active : make it the scene's camera.
    set_render_size : give the scene the plate's resolution.

    Returns
    -------
    The object, and sentences for the user: where the scene's resolution is of another shape than the plate.
    Raises CameraError where the take has no camera.
    """
    if take.camera is None:
        raise CameraError("The take has no solved camera. Replicate the plate again.")
    existing = bpy.data.objects.get(name)
    if existing is not None and existing.type == "CAMERA" and MARK in existing:
        found = existing
    else:
        found = bpy.data.objects.new(name, bpy.data.cameras.new(name))
        found[MARK] = "camera"
    if found.name not in scene.objects:
        scene.collection.objects.link(found)
    _set_lens(found.data, take.camera)
    width, height = (round(float(size)) for size in take.camera.image_size)
    if set_render_size:
        scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = width, height, 100
        scene.render.pixel_aspect_x = scene.render.pixel_aspect_y = 1.0
    warnings = _shape_warning(scene, take.camera)
    _set_pose(scene, found, take, frame_start)
    if make_active:
        scene.camera = found
    return found, warnings


def show_plate(
    scene: bpy.types.Scene, camera: bpy.types.Object, plate: Path, take: Take, frame_start: float
) -> list[str]:
    """Shows the plate behind the character through a camera, each plate frame at the scene's frame of its time.

    Replaces the plate that HoliRep showed before. Returns sentences for the user. Raises CameraError where the plate's
    file is missing or Blender cannot read it.
    """
    if not plate.is_file():
        raise CameraError(f"There is no plate at {plate}. Choose the file again.")
    try:
        image = bpy.data.images.load(str(plate), check_existing=True)
    except RuntimeError as error:
        raise CameraError(f"Blender cannot read {plate.name} as a background: {error}") from error
    image.source = "MOVIE" if plate.suffix.lower() in MOVIE_SUFFIXES else "SEQUENCE"
    for stale in [each for each in camera.data.background_images if each.image and MARK in each.image]:
        camera.data.background_images.remove(stale)
    image[MARK] = "plate"
    camera.data.show_background_images = True
    background = camera.data.background_images.new()
    background.source, background.image, background.display_depth = "IMAGE", image, "BACK"
    background.alpha, background.frame_method = 1.0, "FIT"
    background.show_on_foreground = False
    if image.source == "MOVIE":
        image.colorspace_settings.name = "sRGB"
    _play(scene, camera, background, take, frame_start)
    width, height = take.camera.image_size if take.camera is not None else image.size
    if image.size[0] and abs(image.size[0] / image.size[1] - float(width) / float(height)) > 0.01:
        return [
            f"Blender shows the plate as {image.size[0]} x {image.size[1]}, it was tracked as {width:g} x {height:g}: "
            "its file asks to be turned. Turn the background image of the camera to match."
        ]
    return []


def _set_lens(lens: bpy.types.Camera, camera: Camera) -> None:
    """Blender's lens for intrinsics in pixels, whose pixel edges are at integers and whose origin is top left."""
    width, height = (float(size) for size in camera.image_size)
    lens.type, lens.sensor_fit, lens.sensor_width = "PERSP", "HORIZONTAL", SENSOR_WIDTH
    lens.lens = float(camera.intrinsics[0, 0]) * SENSOR_WIDTH / width
    lens.shift_x = (width / 2.0 - float(camera.intrinsics[0, 2])) / width
    lens.shift_y = (float(camera.intrinsics[1, 2]) - height / 2.0) / width


def _shape_warning(scene: bpy.types.Scene, camera: Camera) -> list[str]:
    render, (width, height) = scene.render, camera.image_size
    shape = render.resolution_x * render.pixel_aspect_x / (render.resolution_y * render.pixel_aspect_y)
    if abs(shape - float(width) / float(height)) < 0.005:
        return []
    return [
        f"The scene renders {render.resolution_x} x {render.resolution_y}, the plate is {width:g} x {height:g}: the "
        "camera matches in width, but top and bottom differ. Turn on Set Scene Resolution under Apply "
        "(--set-resolution) and apply again."
    ]


def _set_pose(scene: bpy.types.Scene, found: bpy.types.Object, take: Take, frame_start: float) -> None:
    assert take.camera is not None
    matrices = np.array(take.camera.world_from_camera)
    matrices[:, :3, :3] = matrices[:, :3, :3] @ _BLENDER_FROM_OPENCV
    matrices[:, :3, 3] /= scene.unit_settings.scale_length
    found.rotation_mode = "QUATERNION"
    found.matrix_world = Matrix(matrices[0].tolist())
    if np.abs(matrices - matrices[:1]).max() < 1e-7:
        if found.animation_data is not None and found.animation_data.action is not None:
            blender_versions.assign_action(found, None)
        return
    turns = rotations.continuous(rotations.from_matrix(matrices[:, :3, :3]))
    fps = scene.render.fps / scene.render.fps_base
    channels = [
        Channel("location", "Object Transforms", matrices[:, :3, 3]),
        Channel("rotation_quaternion", "Object Transforms", turns),
    ]
    with Rollback() as rollback:
        frames = scene_frames(take, fps, frame_start)
        action = write_action(found, f"{found.name} Move", "camera", frames, channels, rollback)
        put_in_place(found, action, to_nla=False, keep_previous_on_nla=False, rollback=rollback)()


def _play(
    scene: bpy.types.Scene, camera: bpy.types.Object, background: bpy.types.bpy_struct, take: Take, frame_start: float
) -> None:
    """Lets the plate run by time. Where the rates differ Blender cannot; there the offset is keyed for each frame."""
    user, image = background.image_user, background.image
    first = round(frame_start)
    last_plate_frame = take.frame_start + take.frame_count - 1
    fps = scene.render.fps / scene.render.fps_base
    count = int(np.ceil((take.frame_count - 1) / take.fps * fps)) + 1
    # Blender holds the picture after so many frames of the scene, before it adds the offset
    user.frame_duration = max(int(image.frame_duration), last_plate_frame, count)
    user.frame_start, user.frame_offset = first, take.frame_start - 1
    user.use_auto_refresh = True
    path = f"background_images[{len(camera.data.background_images) - 1}].image_user.frame_offset"
    if abs(take.fps - fps) < 1e-6 and abs(first - frame_start) < 1e-6:
        return
    frames = first + np.arange(count)
    wanted = np.floor((frames - frame_start) / fps * take.fps + 0.5).clip(0, take.frame_count - 1)
    offsets = take.frame_start + wanted - (frames - first + 1)
    with Rollback() as rollback:
        channel = Channel(path, "Plate", offsets)
        action = write_action(camera.data, f"{camera.name} Plate", "plate", frames, [channel], rollback)
        put_in_place(camera.data, action, to_nla=False, keep_previous_on_nla=False, rollback=rollback)()
