# SPDX-License-Identifier: GPL-3.0-or-later
"""A camera of the scene as a track for the worker: where it is and what its lens sees in each frame of the plate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

import bpy
import numpy as np
import numpy.typing as npt

from ..motion.retargeting.timing import frames_of_times

Array = npt.NDArray[np.float64]

_OPENCV_FROM_BLENDER = np.diag([1.0, -1.0, -1.0])
"""Blender's cameras look along -Z with Y up, OpenCV's along +Z with Y down."""
_KINDS = {"ORTHO": "orthographic", "PANO": "panoramic", "CUSTOM": "of a shader's own making"}
_SKEW = 1e-3
"""How far a camera's axes may be from standing upright on each other."""
_ZOOM = 0.005
"""By how much of it the focal length may change: matchmoving leaves less, a zoom is more."""
_SHIFT = 0.002
"""By how much of the picture's width the principal point may wander."""
_SHAPE = 0.005
"""By how much of it the picture's width by height may differ from the plate's."""


class CameraTrackError(ValueError):
    """A camera that no track can be read from; the message is for the user."""


@dataclass(frozen=True)
class PlateFrames:
    """The frames of the plate that a take is made of.

    Attributes
    ----------
    size : width and height in pixels, as displayed.
    fps : frames a second of the take.
    count : the take's frames.
    start_seconds : when the first of them is, from the plate's own first frame; None where that is not known.
    """

    size: tuple[int, int]
    fps: float
    count: int
    start_seconds: Optional[float]

    @classmethod
    def inspected(cls, result: Mapping[str, Any]) -> PlateFrames:
        """What the worker's ``inspect_plate`` found."""
        width, height = result["size"]
        return cls((int(width), int(height)), float(result["fps"]), int(result["take_frames"]), result["start_seconds"])


@dataclass(frozen=True)
class CameraTrack:
    """A camera over the plate's frames.

    Attributes
    ----------
    world_from_camera : (T, 4, 4) metres, Z up, OpenCV's axes.
    intrinsics : (3, 3) pixels of the plate, pixel edges at integers.
    camera : the object's name.
    scene_frame : the scene's frame at which the take begins.
    warnings : sentences for the user.
    """

    world_from_camera: Array
    intrinsics: Array
    camera: str
    scene_frame: float
    warnings: tuple[str, ...]

    def write(self, path: Path) -> dict[str, Any]:
        """Writes the track as the worker reads it; returns what the request says of it."""
        np.savez(path, world_from_camera=self.world_from_camera, intrinsics=self.intrinsics)
        source = {"camera": self.camera, "scene_frame": self.scene_frame}
        return {"camera_track": str(path), "camera_track_source": source}


def check_camera(scene: bpy.types.Scene, camera: bpy.types.Object) -> None:
    """Looks whether a track can be read from a camera of the scene, as far as it shows without going through frames.

    Raises CameraTrackError, in the user's words, where none can. Updates the scene, so not for use while drawing.
    """
    if camera.type != "CAMERA":
        raise CameraTrackError(f"{camera.name} is no camera: choose one under Solve, Camera")
    if camera.data.type != "PERSP":
        kind = _KINDS.get(camera.data.type, camera.data.type.lower())
        raise CameraTrackError(
            f"The camera {camera.name} is {kind}: make it a perspective camera, as the one that shot the plate"
        )
    if camera.hide_viewport:
        raise CameraTrackError(
            f"The camera {camera.name} is disabled in viewports, so it does not move: enable it in the Outliner"
        )
    if _layer_of(scene, camera) is None:
        raise CameraTrackError(f"The camera {camera.name} is in a collection that is off: turn that on in the Outliner")


def first_scene_frame(scene: bpy.types.Scene, start_frame: Optional[float], plate: PlateFrames) -> float:
    """The scene's frame at which the take's first frame is seen.

    The plate begins at the scene's first frame, and a range of it later by as much as it begins later; a
    ``start_frame`` that was chosen is that of the take's first frame.

    Raises CameraTrackError where that cannot be told.
    """
    if start_frame is not None:
        return float(start_frame)
    if plate.start_seconds is None:
        raise CameraTrackError(
            "This take does not say where in the plate it begins, so the camera's frames cannot be told: "
            "turn on Start Frame under Apply (--start-frame)"
        )
    return float(frames_of_times([plate.start_seconds], _scene_fps(scene), scene.frame_start)[0])


def read_camera_track(
    scene: bpy.types.Scene, camera: bpy.types.Object, plate: PlateFrames, scene_frame: float
) -> CameraTrack:
    """The way of a camera, however it is moved, in the plate's frames; the scene's current frame is kept.

    Parameters
    ----------
    scene_frame : at which of the scene's frames the take begins; its other frames follow by time.

    Raises CameraTrackError, in the user's words, where the camera is no camera that can have shot the plate.
    """
    check_camera(scene, camera)
    frames = frames_of_times(np.arange(plate.count) / plate.fps, _scene_fps(scene), scene_frame)
    matrices, lenses = _sampled(scene, camera, frames, plate.size)
    world = np.tile(np.eye(4), (len(frames), 1, 1))
    world[:, :3, :3] = _turns(camera, matrices, frames) @ _OPENCV_FROM_BLENDER
    world[:, :3, 3] = matrices[:, :3, 3] * scene.unit_settings.scale_length
    intrinsics = _one_lens(camera, lenses, frames, plate.size)
    warnings = (*_shape_warnings(scene, plate.size), *_rate_warnings(scene, plate, frames))
    return CameraTrack(world, intrinsics, camera.name, float(frames[0]), warnings)


def _scene_fps(scene: bpy.types.Scene) -> float:
    return float(scene.render.fps / scene.render.fps_base)


def _layer_of(scene: bpy.types.Scene, camera: bpy.types.Object) -> Optional[bpy.types.ViewLayer]:
    for layer in scene.view_layers:
        layer.update()  # what was hidden or shown just now
        if camera.name in layer.objects:
            return layer
    return None


def _sampled(
    scene: bpy.types.Scene, camera: bpy.types.Object, frames: Array, size: tuple[int, int]
) -> tuple[Array, Array]:
    """Matrices ``(T, 4, 4)`` in the scene's units and lenses ``(T, 4)``: focal length across and up, principal point.

    The lens is taken from Blender's own projection, which knows of sensor fit and shift. A camera that nothing moves
    is looked at once.
    """
    layer = _layer_of(scene, camera)
    assert layer is not None
    width, height = size
    rows = 1 if _stands_still(camera) else len(frames)
    matrices, lenses = np.empty((rows, 4, 4)), np.empty((rows, 4))
    current, part = scene.frame_current, scene.frame_subframe
    try:
        for row, frame in enumerate(frames[:rows]):
            whole = int(np.floor(frame))
            scene.frame_set(whole, subframe=float(frame - whole))
            evaluated = camera.evaluated_get(layer.depsgraph)
            matrices[row] = evaluated.matrix_world
            view = np.array(camera.calc_matrix_camera(layer.depsgraph, x=width, y=height))
            centre = (width / 2.0 * (1.0 - view[0, 2]), height / 2.0 * (1.0 + view[1, 2]))
            lenses[row] = (view[0, 0] * width / 2.0, view[1, 1] * height / 2.0, *centre)
            if evaluated.data.type != "PERSP":
                raise CameraTrackError(f"The camera {camera.name} is no perspective camera at frame {frame:g}")
    finally:
        scene.frame_set(current, subframe=part)
    count = len(frames)
    return np.repeat(matrices, count // rows, axis=0), np.repeat(lenses, count // rows, axis=0)


def _stands_still(camera: bpy.types.Object) -> bool:
    if camera.parent is not None or len(camera.constraints):
        return False
    return camera.animation_data is None and camera.data.animation_data is None


def _turns(camera: bpy.types.Object, matrices: Array, frames: Array) -> Array:
    """Rotations ``(T, 3, 3)`` of a camera's matrices, whose size does not count for a camera."""
    linear = matrices[:, :3, :3]
    sizes = np.linalg.norm(linear, axis=1, keepdims=True)
    flat = sizes.min(axis=(1, 2)) < 1e-9
    if flat.any() or (np.linalg.det(linear) < 0.0).any():
        raise CameraTrackError(
            f"The camera {camera.name} or what it is parented to is mirrored or scaled to nothing, "
            f"first at frame {frames[flat | (np.linalg.det(linear) < 0.0)][0]:g}: apply its scale"
        )
    axes = linear / sizes
    skewed = np.abs(np.swapaxes(axes, 1, 2) @ axes - np.eye(3)).max(axis=(1, 2)) > _SKEW
    if skewed.any():
        raise CameraTrackError(
            f"The camera {camera.name} is skewed by what it is parented to, first at frame {frames[skewed][0]:g}: "
            "apply the scale of its parents"
        )
    left, _, right = np.linalg.svd(axes)
    return np.asarray(left @ right)


def _one_lens(camera: bpy.types.Object, lenses: Array, frames: Array, size: tuple[int, int]) -> Array:
    """The intrinsics ``(3, 3)`` of a lens that does not change; raises CameraTrackError where it does."""
    middle = np.median(lenses, axis=0)
    changing = np.abs(lenses[:, 0] / middle[0] - 1.0) > _ZOOM
    changing |= np.abs(lenses[:, 2:] - middle[2:]).max(axis=1) > _SHIFT * max(size)
    if changing.any():
        raise CameraTrackError(
            f"The lens of {camera.name} changes between frames {frames[0]:g} and {frames[-1]:g}, by a zoom or a shift, "
            "and the performer can only be solved through one that does not: choose a range of the plate without it"
        )
    return np.array([[middle[0], 0.0, middle[2]], [0.0, middle[1], middle[3]], [0.0, 0.0, 1.0]])


def _shape_warnings(scene: bpy.types.Scene, size: tuple[int, int]) -> list[str]:
    """A sentence where the camera's picture has another shape than the plate, so that the lens may not be the plate's.

    Raises CameraTrackError where that is because the plate is squeezed: HoliRep takes a plate's pixels as square.
    """
    render, (width, height) = scene.render, size
    plain = render.resolution_x / render.resolution_y
    shape = plain * render.pixel_aspect_x / render.pixel_aspect_y
    plate = width / height
    if abs(shape / plate - 1.0) < _SHAPE:
        return []
    if abs(plain / plate - 1.0) < _SHAPE:
        raise CameraTrackError(
            f"The scene's pixels are {render.pixel_aspect_x:g} to {render.pixel_aspect_y:g}, so the plate is squeezed, "
            "and HoliRep takes a plate's pixels as square: use a plate without the squeeze"
        )
    return [
        f"The scene renders {render.resolution_x} x {render.resolution_y}, the plate is {width} x {height}: the "
        "camera's sensor was taken as that of the plate. If the plate was cropped, give the scene the plate's shape"
    ]


def _rate_warnings(scene: bpy.types.Scene, plate: PlateFrames, frames: Array) -> list[str]:
    """A sentence where time and frame numbers part: matchmoving often goes by frames, whatever the rates are."""
    if abs(frames[-1] - frames[0] - (plate.count - 1)) < 0.5:
        return []
    return [
        f"The plate runs at {plate.fps:.5g} fps, the scene at {_scene_fps(scene):.5g}: the camera was read by time, "
        f"the last of {plate.count} frames at the scene's frame {frames[-1]:.2f}. If it was matched frame by frame, "
        "give the scene the plate's frame rate"
    ]
