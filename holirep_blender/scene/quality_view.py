# SPDX-License-Identifier: GPL-3.0-or-later
"""What a 3D view that looks through the shot's camera shows: which frame of the take, and where the plate is in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Optional

import bpy
import numpy as np
import numpy.typing as npt

from . import refine_clock
from .actions import MARK
from .quality_picture import PictureTake, PictureView, in_region, picture_take, same_camera, view_of_plate

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class CameraView:
    """A view through a camera.

    Attributes
    ----------
    picture, row : what is shown of the take and its frame; None where nothing can be shown.
    place : where the plate's pixels are in the region; None where the camera is not the take's.
    plate : the image behind the camera; None where there is none.
    corners : (2, 2) lower left and upper right corner of the plate in the region; None without a plate.
    why, why_no_plate : why there is no ``place``, and no ``plate``, in the user's words.
    """

    camera: bpy.types.Object
    picture: Optional[PictureTake]
    row: Optional[int]
    place: Optional[PictureView]
    plate: Optional[bpy.types.Image]
    corners: Optional[Array]
    why: str
    why_no_plate: str


def camera_view(context: bpy.types.Context) -> Optional[CameraView]:
    """What the context's 3D view shows; None where it does not look through a camera, or its overlays are off."""
    space, view = context.space_data, context.region_data
    if view is None or view.view_perspective != "CAMERA" or not space.overlay.show_overlays:
        return None
    camera = space.camera if space.use_local_camera else context.scene.camera
    if camera is None or camera.type != "CAMERA":
        return None
    picture, row, why = _picture(context.scene)
    place: Optional[PictureView] = None
    if picture is not None and row is not None:
        unit = float(context.scene.unit_settings.scale_length)
        matrix = np.array(camera.matrix_world, dtype=np.float64)
        if same_camera(picture.take, row, matrix, unit):
            perspective = np.array(view.perspective_matrix, dtype=np.float64)
            place = view_of_plate(picture.take, row, perspective, size_of(context), unit)
        else:
            why = f"{camera.name} is not where the take's camera is: look through the one that was added with the take"
    plate, why_no_plate = _plate(camera)
    corners: Optional[Array] = None
    if plate is not None and place is not None and picture is not None and picture.take.camera is not None:
        width, height = picture.take.camera.image_size
        corners = place.place([(0.0, height), (width, 0.0)])
    elif plate is not None:
        corners = _fitted(context, camera, plate.size[0] / plate.size[1])
    return CameraView(camera, picture, row, place, plate, corners, why, why_no_plate)


def size_of(context: bpy.types.Context) -> tuple[int, int]:
    """Width and height of the context's region in pixels."""
    return context.region.width, context.region.height


def wiped(corners: Array, share: float, side: str) -> tuple[Array, Array, Array]:
    """What of a picture is on the plate's side of the line.

    Parameters
    ----------
    corners : (2, 2) lower left and upper right corner of the picture in the region.
    share : where the line is, from the left or, for a level line, from the bottom.
    side : ``LEFT``, ``RIGHT``, ``TOP`` or ``BOTTOM``: where the plate is.

    Returns
    -------
    Corners of the plate's part in the region, the same in the picture from 0 to 1, and the line's ends in the region.
    """
    low, high = corners
    axis = _axis(side)
    inner = np.array([[0.0, 0.0], [1.0, 1.0]])
    inner[1 if side in ("LEFT", "BOTTOM") else 0, axis] = share
    ends = np.array([low, high])
    ends[:, axis] = low[axis] + (high[axis] - low[axis]) * share
    return low + (high - low) * inner, inner, ends


def share_at(corners: Array, side: str, place: tuple[float, float]) -> float:
    """Where the line is, 0 to 1, when it runs through a place of the region."""
    axis = _axis(side)
    low, high = corners[:, axis]
    return float(np.clip((place[axis] - low) / max(high - low, 1e-6), 0.0, 1.0))


def _axis(side: str) -> int:
    return 0 if side in ("LEFT", "RIGHT") else 1


def _picture(scene: bpy.types.Scene) -> tuple[Optional[PictureTake], Optional[int], str]:
    """What is shown of the shot's take, its row at the current frame, and why there is none."""
    shot = scene.holirep
    if not shot.take.strip():
        return None, None, "There is no take yet: replicate a performance, or open a take"
    try:
        picture = picture_take(Path(bpy.path.abspath(shot.take.strip())))
    except OSError:
        return None, None, f"There is no take at {shot.take}: open another one"
    except ValueError as error:
        return None, None, str(error)
    if picture.missing:
        return None, None, picture.missing
    take = picture.take
    row = int(np.floor(refine_clock.seconds_of(scene, scene.frame_current_final, take.header) * take.fps + 0.5))
    if not 0 <= row < take.frame_count:
        return picture, None, "The take does not play in this frame"
    return picture, row, ""


def _plate(camera: bpy.types.Object) -> tuple[Optional[bpy.types.Image], str]:
    """The image of the plate behind a camera, HoliRep's own before any other."""
    lens = camera.data
    shown = [each.image for each in lens.background_images if each.source == "IMAGE" and each.image is not None]
    shown.sort(key=lambda image: MARK not in image)
    if not shown or not lens.show_background_images:
        return None, f"{camera.name} shows no plate: apply the take with Plate as Background"
    if not all(shown[0].size):
        return None, f"The plate {Path(shown[0].filepath).name} cannot be read: choose the file again"
    return shown[0], ""


def _fitted(context: bpy.types.Context, camera: bpy.types.Object, aspect: float) -> Array:
    """Corners ``(2, 2)`` of a background picture of a shape (width over height) that fits into the camera's frame."""
    frame = np.array([list(corner) for corner in camera.data.view_frame(scene=context.scene)])
    world = np.array(camera.matrix_world, dtype=np.float64)
    view = np.array(context.region_data.perspective_matrix, dtype=np.float64)
    places = in_region(frame @ world[:3, :3].T + world[:3, 3], view, size_of(context))
    low, high = places.min(axis=0), places.max(axis=0)
    half = 0.5 * (high - low)
    half = (
        np.array([half[0], half[0] / aspect]) if half[0] <= half[1] * aspect else np.array([half[1] * aspect, half[1]])
    )
    middle = 0.5 * (low + high)
    return np.array([middle - half, middle + half])
