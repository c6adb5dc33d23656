# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an animation that was read makes sense: numbers that are none, stray keys, sizes that nobody has."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..motion.rigs import Rig, RigMap

Array = npt.NDArray[np.float64]

_STATURE = 1.7
"""Metres from the lowest to the highest mapped bone of a grown human, about."""
_SMALLEST, _TALLEST = 0.1, 10.0
"""Statures in metres of characters that may be meant so: a doll, a giant."""
_FURTHEST = 1e5
"""Times its own size from where it began that a character may go; further, single precision holds no millimetres."""


def unreadable(rig: Rig, poses: Array, object_matrices: Array, frames: Array) -> str:
    """What is wrong with evaluated poses, in the user's words; empty where nothing is.

    Parameters
    ----------
    poses : (T, N, 4, 4) of the rig's bones, in the armature. object_matrices : (T, 4, 4). frames : (T,) of the scene.
    """
    broken = ~np.isfinite(poses).all(axis=(2, 3))
    if broken.any():
        row = int(np.argmax(broken.any(axis=1)))
        where = f"{rig.bone_names[int(np.argmax(broken[row]))]} in frame {frames[row]:g}"
        return f"{rig.name} has keys that are not numbers: see {where}. Delete those keys."
    if not np.isfinite(object_matrices).all():
        row = int(np.argmax(~np.isfinite(object_matrices).all(axis=(1, 2))))
        return f"The object {rig.name} is at no place in frame {frames[row]:g}: its keys are not numbers. Delete them."
    if np.abs(np.linalg.det(object_matrices[:, :3, :3])).min() < 1e-27:
        return f"The object {rig.name} is scaled to nothing: give it a scale first."
    size = float(np.ptp(rig.heads, axis=0).max()) or 1.0
    away = np.linalg.norm(poses[:, :, :3, 3] - poses[:1, :, :3, 3], axis=-1).max(axis=1)
    if away.max() > _FURTHEST * size:
        return (
            f"{rig.name} is {away.max() / size:.0g} times its own size away in frame {frames[np.argmax(away)]:g}: "
            "look for a stray key there."
        )
    return ""


def measured_at(rig: Rig, rig_map: RigMap, matrix: Array) -> tuple[float, str]:
    """What to multiply metres with so that a character has a size that bodies have, and what to tell the user.

    A rig in centimetres whose object is not scaled down is a hundred times a human's size: nothing that is known of
    how fast and how low feet stand, or of strength, is true of it as it is.

    Parameters
    ----------
    matrix : (4, 4) of the object, in metres.
    """
    heads = rig.heads[[rig.index(bone) for bone in rig_map.bones.values()]]
    stature = float(np.ptp(heads @ matrix[:3, :3].T, axis=0).max())
    if stature <= 0.0 or _SMALLEST <= stature <= _TALLEST:
        return 1.0, ""
    words = f"{stature:.3g} m" if stature >= 0.01 else f"{1000.0 * stature:.2g} mm"
    return _STATURE / stature, f"{rig.name} is {words} tall: measured as if it were {_STATURE:g} m."
