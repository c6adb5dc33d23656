# SPDX-License-Identifier: GPL-3.0-or-later
"""What an artist's own action says of bones: which channels are keyed, and their values at any frames."""

from __future__ import annotations

from typing import Any, Optional

import bpy
import numpy as np
import numpy.typing as npt

from ..motion import rotations
from ..motion.euler import from_euler
from . import blender_versions

Array = npt.NDArray[np.float64]

ROTATION_PATHS = {"QUATERNION": "rotation_quaternion", "AXIS_ANGLE": "rotation_axis_angle"}
_STEPS_AND_LINES = (0, 1)
"""The values of 'CONSTANT' and 'LINEAR' in Keyframe.interpolation."""


def rotation_property(mode: str) -> str:
    """The property of a pose bone that holds its rotation in a rotation mode."""
    return ROTATION_PATHS.get(mode, "rotation_euler")


def bone_path(bone: str, name: str) -> str:
    """Data path of a pose bone's property."""
    return f'pose.bones["{bpy.utils.escape_identifier(bone)}"].{name}'


class ActionChannels:
    """The F-curves of an object's active action, by data path and index; muted ones are as if not there."""

    def __init__(self, owner: bpy.types.Object) -> None:
        self.owner = owner
        self.action = owner.animation_data.action
        self.curves: dict[tuple[str, int], bpy.types.FCurve] = {}
        self.muted: set[str] = set()
        for curve in blender_versions.fcurves_of(self.action, owner):
            if curve.mute or (getattr(curve.group, "mute", False)):
                self.muted.add(curve.data_path)
            else:
                self.curves[(curve.data_path, curve.array_index)] = curve

    def keyed(self, path: str) -> bool:
        """Whether any component of a property has an F-curve."""
        return any((path, index) in self.curves for index in range(4))

    def values(self, bone: bpy.types.PoseBone, name: str, frames: Array) -> Array:
        """Values ``(T, components)`` of a bone's property at ``frames``; what is not keyed stays as it is now."""
        path = bone_path(bone.name, name)
        now = np.array(getattr(bone, name), dtype=np.float64)
        result = np.tile(now, (len(frames), 1))
        for index in range(len(now)):
            curve = self.curves.get((path, index))
            if curve is not None:
                result[:, index] = evaluated(curve, frames)
        return result

    def container(self) -> Any:
        """What holds this object's F-curves: new ones go there."""
        slot = blender_versions.active_slot(self.owner)
        bags = blender_versions.containers_of(self.action)
        return next(bag for bag in bags if slot is None or bag.slot_handle == slot.handle)


def evaluated(curve: bpy.types.FCurve, frames: Array) -> Array:
    """An F-curve's values ``(T,)``, as ``FCurve.evaluate`` gives them; whole curves at once where they are simple."""
    count = len(curve.keyframe_points)
    if any(not modifier.mute for modifier in curve.modifiers) or count == 0:
        return np.array([curve.evaluate(float(frame)) for frame in frames])
    points = np.empty(count * 2)
    curve.keyframe_points.foreach_get("co", points)
    places, values = points[0::2], points[1::2]
    kinds = np.empty(count, dtype=np.intc)
    curve.keyframe_points.foreach_get("interpolation", kinds)
    if curve.extrapolation == "CONSTANT" and np.isin(kinds, _STEPS_AND_LINES).all() and np.all(np.diff(places) > 0.0):
        result = np.interp(frames, places, values)
        before = np.clip(np.searchsorted(places, frames, side="right") - 1, 0, count - 1)
        return np.asarray(np.where(kinds[before] == 0, values[before], result))
    nearest = np.clip(np.searchsorted(places, frames), 0, count - 1)
    there = np.abs(places[nearest] - frames) < 1e-4
    result = values[nearest].copy()
    for index in np.flatnonzero(~there):
        result[index] = curve.evaluate(float(frames[index]))
    return result


def turns(mode: str, values: Array) -> Array:
    """Unit quaternions ``(T, 4)`` of a rotation property's values in a bone's rotation mode."""
    if mode == "QUATERNION":
        length = np.linalg.norm(values, axis=-1, keepdims=True)
        return np.where(length < 1e-9, rotations.identity(), rotations.normalized(values))
    if mode == "AXIS_ANGLE":
        return rotations.from_axis_angle(values[..., 1:], values[..., 0])
    order = mode[::-1]  # Blender names the order of turns about fixed axes: the last letter is the outermost factor
    return from_euler(np.stack([values[..., "XYZ".index(axis)] for axis in order], axis=-1), order)


def basis_matrices(location: Optional[Array], turned: Array, scale: Optional[Array]) -> Array:
    """``matrix_basis`` of a bone in ``T`` frames, ``(T, 4, 4)``."""
    result = np.tile(np.eye(4), (len(turned), 1, 1))
    result[:, :3, :3] = rotations.to_matrix(turned)
    if scale is not None:
        result[:, :3, :3] *= scale[:, None, :]
    if location is not None:
        result[:, :3, 3] = location
    return result
