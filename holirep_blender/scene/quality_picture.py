# SPDX-License-Identifier: GPL-3.0-or-later
"""What the overlay shows of a take in the plate's picture, and where a plate's pixel is in a 3D view; plain numpy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

import numpy as np
import numpy.typing as npt

from ..motion.contacts import contact_points, contacts_of
from ..motion.geometric.landmarks import body_attachments
from ..motion.refining.performer import own_floor
from ..motion.take import Take
from ..quality.marks import BodyMarks, body_marks
from ..quality.poses import pose_of
from ..quality.table import BY_NAME
from ..quality.timeline import observed_rows

Array = npt.NDArray[np.float64]

POINT_BOUNDS, SLIDE_BOUNDS = ((spec.good, spec.bad) for spec in (BY_NAME["reprojection"], BY_NAME["foot_slide"]))
"""Centimetres at the performer from which on a point, and a sliding foot, is not green any more, and is red."""
_GOOD, _MIDDLE, _BAD = (0.25, 0.85, 0.35), (1.0, 0.8, 0.2), (0.95, 0.2, 0.2)
UNSEEN = (0.6, 0.6, 0.6)
"""Colour of what there is nothing to compare with."""
_FACE_STEP = 3


@dataclass(frozen=True)
class PictureTake:
    """A take in its own plate's picture, ``T`` frames, pixels from the top left corner.

    Attributes
    ----------
    missing : why nothing is shown; empty where something is.
    tracked : (T, N, 2) the points of hands and face that the tracker saw, NaN where it saw none.
    marks : the body's points beside the take's own; None where they cannot be compared.
    mark_joints : (M,) the joint that each of those points sits on.
    off : (T, M) centimetres between the two at the performer.
    joints : (T, J, 2) the take's joints, NaN behind the camera.
    bones : (B, 2) joints at the ends of each bone.
    contacts : names of what touches. places : (T, P, 2). touching : (T, P). slide : (T, P) centimetres since it began.
    """

    take: Take
    missing: str
    tracked: Array
    marks: Optional[BodyMarks]
    mark_joints: tuple[int, ...]
    off: Array
    joints: Array
    bones: npt.NDArray[np.intp]
    contacts: tuple[str, ...]
    places: Array
    touching: npt.NDArray[np.bool_]
    slide: Array


@dataclass(frozen=True)
class PictureView:
    """Where the plate's picture is in a region: ``origin`` of its top left corner, a pixel to the right, and one down.

    All ``(2,)`` in pixels of the region, from its bottom left corner.
    """

    origin: Array
    across: Array
    down: Array

    def place(self, pixels: npt.ArrayLike) -> Array:
        """Places ``(..., 2)`` in the region of the plate's pixels ``(..., 2)``."""
        values = np.asarray(pixels, dtype=np.float64)
        return self.origin + values[..., :1] * self.across + values[..., 1:] * self.down

    def pixel(self, places: npt.ArrayLike) -> Array:
        """The plate's pixels ``(..., 2)`` at places of the region."""
        axes = np.stack([self.across, self.down], axis=1)
        return np.asarray((np.asarray(places, dtype=np.float64) - self.origin) @ np.linalg.inv(axes).T)


_kept: tuple[Any, Optional[PictureTake]] = (None, None)
"""File, time and size of the take that was shown last, and what is shown of it."""


def picture_take(path: Path) -> PictureTake:
    """What is shown of a take's file, read anew only where the file changed. Raises ValueError or OSError."""
    global _kept
    state = path.stat()
    key = (str(path), state.st_mtime_ns, state.st_size)
    if _kept[0] != key or _kept[1] is None:
        _kept = (key, picture_of_take(Take.load(path)))
    assert _kept[1] is not None
    return _kept[1]


def picture_of_take(take: Take) -> PictureTake:
    """What is shown of a take; what it does not hold is empty."""
    count, joints = take.frame_count, len(take.joint_names)
    nothing = np.zeros((count, 0))
    placed = take.world_positions()
    camera = take.camera
    own = camera.project(placed) if camera is not None else np.full((count, joints, 2), np.nan)
    marks = body_marks(take, pose_of(take))
    found = None if isinstance(marks, str) else marks
    off = nothing if found is None else 100.0 * np.linalg.norm(found.own - found.seen, axis=-1) * found.metres
    points = contact_points(take)
    world = points.world(take)
    contacts = contacts_of(take, own_floor(take)) if points.names and count else None
    touching = np.zeros((count, len(points.names)), dtype=bool)
    if contacts is not None:
        touching = np.stack([contacts.touching(name) for name in points.names], axis=1)
    return PictureTake(
        take=take,
        missing="The take has no camera: replicate the plate again" if camera is None else "",
        tracked=_tracked(take),
        marks=found,
        mark_joints=_mark_joints(take) if found is not None else (),
        off=off,
        joints=own,
        bones=_bones(take),
        contacts=points.names,
        places=camera.project(world) if camera is not None else np.full((*world.shape[:2], 2), np.nan),
        touching=touching,
        slide=_slide(world, touching),
    )


def view_of_plate(take: Take, row: int, perspective: Array, size: tuple[int, int], unit: float) -> PictureView:
    """Where the take's plate is in a region of ``size`` pixels that looks through the take's camera.

    ``perspective (4, 4)`` is the region's, ``unit`` metres for each of the scene's units. All that the view does to
    what the camera shows (zoom, shift, another shape of the picture) is in that matrix.
    """
    assert take.camera is not None
    pose, inverse = take.camera.world_from_camera[row], np.linalg.inv(take.camera.intrinsics)
    width, height = take.camera.image_size
    corners = np.array([[0.0, 0.0, 1.0], [width, 0.0, 1.0], [0.0, height, 1.0]])
    world = (corners @ inverse.T) @ pose[:3, :3].T + pose[:3, 3]
    left, right, below = in_region(world / unit, perspective, size)
    return PictureView(left, (right - left) / width, (below - left) / height)


def in_region(points: npt.ArrayLike, perspective: Array, size: tuple[int, int]) -> Array:
    """Places ``(..., 2)`` in a region of points ``(..., 3)`` of the scene; NaN behind the view."""
    world = np.asarray(points, dtype=np.float64)
    shown = world @ perspective[:, :3].T + perspective[:, 3]
    depth = shown[..., 3:]
    share = np.where(depth > 1e-9, shown[..., :2] / np.where(depth > 1e-9, depth, 1.0), np.nan)
    return np.asarray((share + 1.0) * 0.5 * np.array(size, dtype=np.float64))


def same_camera(take: Take, row: int, matrix: Array, unit: float) -> bool:
    """Whether a camera object's world matrix ``(4, 4)`` is where the take's camera is in a frame.

    One that moves may be on its way to the next frame, because the scene's frames lie between the take's.
    """
    assert take.camera is not None
    poses = take.camera.world_from_camera[max(row - 1, 0) : row + 2, :3]
    pose = take.camera.world_from_camera[row, :3]
    on_its_way = np.abs(poses - pose).max(axis=(0, 1))
    axes = pose[:, :3] @ np.diag([1.0, -1.0, -1.0])  # Blender's cameras look along -Z with Y up
    moved = float(np.abs(matrix[:3, 3] * unit - pose[:, 3]).max())
    turned = float(np.abs(matrix[:3, :3] - axes).max())
    return moved < 0.02 + float(on_its_way[3]) and turned < 0.01 + float(on_its_way[:3].max())


def colours_of(values: npt.ArrayLike, bounds: tuple[float, float]) -> Array:
    """Colours ``(..., 3)``: green up to the first bound, red from the second on, grey where there is no value."""
    share = (np.asarray(values, dtype=np.float64) - bounds[0]) / (bounds[1] - bounds[0])
    share = np.clip(share, 0.0, 1.0)[..., None]
    half = np.nan_to_num(share) * 2.0
    low, middle, high = np.array(_GOOD), np.array(_MIDDLE), np.array(_BAD)
    mixed = np.where(half < 1.0, low + (middle - low) * half, middle + (high - middle) * (half - 1.0))
    return np.where(np.isfinite(share), mixed, np.array(UNSEEN))


def _tracked(take: Take) -> Array:
    """Hands and some of the face in the take's rows ``(T, N, 2)``; the body's points are the marks."""
    seen = take.observations
    if seen is None or not len(seen):
        return np.full((take.frame_count, 0, 2), np.nan)
    rows = observed_rows(take, seen)
    hands = [rows.of(points[..., :2]) for points in (seen.left_hand_image, seen.right_hand_image)]
    face = rows.of(seen.face_image[:, ::_FACE_STEP, :2])
    return np.concatenate([*hands, face], axis=1)


def _bones(take: Take) -> npt.NDArray[np.intp]:
    """Bones of the body and the hands; eyes and jaw are not drawn."""
    hidden = {"leftEye", "rightEye", "jaw"}
    pairs = [
        (parent, joint)
        for joint, parent in enumerate(take.parents)
        if parent >= 0 and take.joint_names[joint] not in hidden
    ]
    return np.array(pairs, dtype=np.intp).reshape(-1, 2)


def _mark_joints(take: Take) -> tuple[int, ...]:
    """The joints that the points of ``body_marks`` sit on."""
    return tuple(take.joint_names.index(name) for name in body_attachments(take.rest_offsets, 1.0).joints)


def _slide(world: Array, touching: npt.NDArray[np.bool_]) -> Array:
    """Centimetres ``(T, P)`` between each touching point and the middle of where it was while it touched."""
    from ..motion.gaps import spans

    result = np.full(touching.shape, np.nan)
    for point in range(touching.shape[1]):
        for first, end in spans(touching[:, point]):
            places = world[first:end, point]
            result[first:end, point] = 100.0 * np.linalg.norm(places - np.median(places, axis=0), axis=1)
    return result
