# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the pelvis of the character goes."""

from __future__ import annotations

from typing import Optional

import numpy as np
import numpy.typing as npt

from .anatomy import Positions, leg_length, pelvis_centre
from .options import RetargetOptions

Array = npt.NDArray[np.float64]

_HIGH_ANKLE = 0.15
"""By how much of the leg's length an ankle may be higher over the sole than that of the performer."""


def leg_ratio(source: Positions, target: Positions) -> float:
    """The character's leg length by the performer's, in its unit per metre; without legs, the trunk's."""
    performer, character = leg_length(source), leg_length(target)
    if performer > 1e-9 and character > 1e-9:
        return character / performer
    for first, second in (("hips", "neck"), ("hips", "head"), ("leftUpperArm", "rightUpperArm")):
        if all(name in skeleton for name in (first, second) for skeleton in (source, target)):
            lengths = [float(np.linalg.norm(skeleton[second] - skeleton[first])) for skeleton in (source, target)]
            if min(lengths) > 1e-9:
                return lengths[1] / lengths[0]
    return 1.0


def _height_correction(source: Positions, target: Positions, up: Array, ratio: float) -> float:
    """What to add to the scaled height of the pelvis, so that an ankle that is at rest height stays at rest height."""
    ankles = [name for name in ("leftFoot", "rightFoot") if name in source and name in target]
    if not ankles:
        centre_source, centre_target = pelvis_centre(source), pelvis_centre(target)
        if centre_source is None or centre_target is None:
            return 0.0
        return float(np.dot(centre_target, up) - ratio * centre_source[2])
    performer = min(float(source[name][2]) for name in ankles)
    character = min(float(np.dot(target[name], up)) for name in ankles)
    return character - ratio * performer


def pelvis_path(
    centre: Array,
    source: Positions,
    target: Positions,
    axes: Array,
    world_from_armature: Optional[Array],
    options: RetargetOptions,
    floor: float = 0.0,
) -> Array:
    """The path of the point between the hip joints in armature space, ``(T, 3)``.

    Parameters
    ----------
    centre : (T, 3) that point's path in the take's world, metres.
    source, target : rest positions of the joints; the source's in the take's world, its floor at Z = 0, the target's
        in armature space, whose origin is taken as the floor's height.
    axes : (3, 3) the performer's left, back and up in armature space.
    world_from_armature : (4, 4) the object's matrix; used for the world space only.
    options : the space and whether the root travels.
    floor : height of the performer's floor in the take's world; heights over it are scaled to the character's legs. In
        the world space the character stands on that floor too, in its own space on its own.
    """
    rest = pelvis_centre(target)
    start = rest if rest is not None else np.zeros(3)
    path = np.array(centre, dtype=np.float64)
    if options.root == "in_place":
        path[:, :2] = path[:1, :2]
    ratio = leg_ratio(source, target)
    if options.space == "character" or world_from_armature is None:
        up = axes[:, 2]
        height = ratio * (path[:, 2] - floor) + _height_correction(source, target, up, ratio)
        level = ratio * (path[:, :2] - path[:1, :2])
        base = start - np.dot(start, up) * up
        return np.asarray(base + level @ axes[:, :2].T + height[:, None] * up)
    linear, origin = world_from_armature[:3, :3], world_from_armature[:3, 3]
    scale = float(np.cbrt(abs(np.linalg.det(linear))))
    placed = {name: linear @ point for name, point in target.items()}
    up = linear @ axes[:, 2]
    up = up / np.linalg.norm(up)
    # heights along the character's own up, so that a character whose object is turned keeps its ankle height
    correction = _height_correction(source, placed, up, ratio * scale)
    if abs(correction) > _HIGH_ANKLE * leg_length(placed):
        correction = 0.0  # the object's origin is not the character's floor
    path[:, 2] = floor + ratio * scale * (path[:, 2] - floor) + correction
    return np.asarray(np.linalg.solve(linear, (path - origin).T).T)
