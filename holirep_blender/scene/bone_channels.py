# SPDX-License-Identifier: GPL-3.0-or-later
"""A bone's rotation in the way the bone itself has it: quaternion, one of six Euler orders, or axis and angle."""

from __future__ import annotations

from collections.abc import Sequence

import bpy
import numpy as np
import numpy.typing as npt

from ..motion import rotations
from ..motion.euler import continuous_euler
from .actions import Channel

Array = npt.NDArray[np.float64]

_PATHS = {"QUATERNION": "rotation_quaternion", "AXIS_ANGLE": "rotation_axis_angle"}


def rotation_channels(bones: Sequence[bpy.types.PoseBone], basis: Array) -> list[Channel]:
    """The keys of basis rotations ``(T, B, 4)``, each in its bone's rotation mode, which stays as it is."""
    values: dict[int, Array] = {}
    modes = [bone.rotation_mode for bone in bones]
    for mode in dict.fromkeys(modes):
        columns = [column for column, each in enumerate(modes) if each == mode]
        if mode not in _PATHS:  # all bones of one order at once: frames must be gone through one by one
            values.update(zip(columns, np.moveaxis(_blender_euler(basis[:, columns], mode), 1, 0)))
    channels = []
    for column, (bone, mode) in enumerate(zip(bones, modes)):
        path = f'pose.bones["{bpy.utils.escape_identifier(bone.name)}"].{_PATHS.get(mode, "rotation_euler")}'
        if mode == "QUATERNION":
            values[column] = basis[:, column]
        elif mode == "AXIS_ANGLE":
            values[column] = _axis_angle(basis[:, column])
        channels.append(Channel(path, bone.name, values[column]))
    return channels


def location_channel(bone: bpy.types.PoseBone, locations: Array) -> Channel:
    """The keys of basis locations ``(T, 3)``."""
    path = f'pose.bones["{bpy.utils.escape_identifier(bone.name)}"]'
    return Channel(f"{path}.location", bone.name, locations)


def locked_channels(bone: bpy.types.PoseBone, with_location: bool) -> bool:
    """Whether the artist has locked a channel that is to be keyed."""
    locked = any(bone.lock_rotation) or (with_location and any(bone.lock_location))
    four = bone.rotation_mode in ("QUATERNION", "AXIS_ANGLE") and bone.lock_rotations_4d
    return bool(locked or (four and bone.lock_rotation_w))


def _blender_euler(basis: Array, mode: str) -> Array:
    """Angles ``(T, N, 3)`` about X, Y and Z for Blender's rotation mode."""
    # Blender names the order in which the axes are turned about fixed axes, so the last letter is the outermost factor
    order = mode[::-1]
    angles = continuous_euler(basis, order)
    return np.stack([angles[..., order.index(axis)] for axis in "XYZ"], axis=-1)


def _axis_angle(basis: Array) -> Array:
    """``(T, 4)``: angle in radians and axis; from frame to frame the axis does not flip and the angle does not jump."""
    turned = rotations.continuous(basis)
    sine = np.linalg.norm(turned[:, 1:], axis=-1)
    angle = 2.0 * np.arctan2(sine, turned[:, 0])
    axis = np.tile(np.array([0.0, 1.0, 0.0]), (len(turned), 1))
    for frame in range(len(turned)):
        if sine[frame] > 1e-7:
            axis[frame] = turned[frame, 1:] / sine[frame]
        elif frame:
            axis[frame] = axis[frame - 1]
        if frame and np.dot(axis[frame], axis[frame - 1]) < 0.0:
            axis[frame], angle[frame] = -axis[frame], -angle[frame]
    return np.concatenate([np.unwrap(angle, period=2.0 * np.pi)[:, None], axis], axis=-1)
