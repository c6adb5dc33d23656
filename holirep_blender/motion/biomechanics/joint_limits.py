# SPDX-License-Identifier: GPL-3.0-or-later
"""One joint within its limits: its swing by an ellipse or, for hinges, by each angle, then its rotation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import numpy as np
import numpy.typing as npt

from ..skeleton import FINGERS
from .couplings import JointBounds
from .limiting import Ellipse, followed_round, limited_interval, limited_rotation
from .settling import Driver, settled
from .swing import quaternions_of

Array = npt.NDArray[np.float64]


def is_hinge(joint: str) -> bool:
    """Whether a joint bends about one axis, so that its sideways play does not shrink as it bends."""
    if "Thumb" in joint:
        return "Metacarpal" not in joint
    return joint.endswith(("LowerLeg", "LowerArm", "Toes")) or any(finger in joint for finger in FINGERS)


@dataclass(frozen=True)
class Changed:
    """A joint that was changed: its quaternions ``(T, 4)`` and their angles ``(T, 3)``."""

    quaternions: Array
    angles: Array


def limited_joint(
    joint: str, quaternions: Array, angles: Array, bounds: JointBounds, mirror: float
) -> Optional[Changed]:
    """The joint within its limits, or None where all of its ``angles (T, 3)`` already are.

    Frames that do not change keep exactly their quaternions ``(T, 4)``.
    """
    return _changed(quaternions, angles, _limited_angles(joint, angles, bounds), mirror)


def settled_joint(
    joint: str,
    quaternions: Array,
    angles: Array,
    bounds: JointBounds,
    mirror: float,
    before: Array,
    driver: Optional[Driver] = None,
) -> Optional[Changed]:
    """The limited joint so that it jerks no more than ``before (T, 4)``, or None where it does not already.

    ``driver`` is a joint that hands its turn over, with the jerks that are in it.
    """

    def clip(values: Array, frames: npt.NDArray[np.intp]) -> Array:
        return _clipped_angles(joint, values, bounds.at(frames))

    calm = settled(before, quaternions, angles, mirror, clip, driver)
    return None if calm is None else _changed(quaternions, angles, calm, mirror)


def limited_swing(joint: str, angles: Array, bounds: JointBounds, mirror: float) -> tuple[Array, Array]:
    """A joint's swing alone, quaternions ``(T, 4)`` as it is and within its limits."""
    still = np.zeros(len(angles))
    kept = _limited_angles(joint, angles, bounds)
    return (
        quaternions_of(np.column_stack([angles[:, :2], still]), mirror),
        quaternions_of(np.column_stack([kept[:, :2], still]), mirror),
    )


def _changed(quaternions: Array, angles: Array, wanted: Array, mirror: float) -> Optional[Changed]:
    moved = (wanted != angles).any(axis=1)
    if not moved.any():
        return None
    result = quaternions.copy()
    result[moved] = quaternions_of(wanted[moved], mirror)
    return Changed(result, wanted)


def _clipped_angles(joint: str, angles: Array, bounds: JointBounds) -> Array:
    motions = bounds.motions(joint)
    result = angles.copy()
    if is_hinge(joint):
        for column, motion in ((0, "flexion"), (1, "abduction")):
            if motion in motions:
                result[:, column] = bounds.of(joint, motion, result).clipped(result[:, column])
    elif "flexion" in motions and "abduction" in motions:
        ellipse = Ellipse(bounds.of(joint, "flexion"), bounds.of(joint, "abduction"))
        result[:, 0], result[:, 1] = ellipse.clipped(result[:, 0], result[:, 1])
    if "rotation" in motions:
        limits = bounds.of(joint, "rotation", result)
        result[:, 2] = limits.clipped(limits.wrapped(result[:, 2]))
    return result


def _limited_angles(joint: str, angles: Array, bounds: JointBounds) -> Array:
    motions = bounds.motions(joint)
    result = angles.copy()
    if is_hinge(joint):
        result[:, 0], result[:, 1] = _limited_hinge(joint, result, bounds, motions)
    elif "flexion" in motions and "abduction" in motions:
        ellipse = Ellipse(bounds.of(joint, "flexion"), bounds.of(joint, "abduction"))
        result[:, 0], result[:, 1] = ellipse.limited(result[:, 0], result[:, 1])
    if "rotation" in motions:
        result[:, 2] = limited_rotation(result[:, 2], bounds.of(joint, "rotation", result))
    return result


def _limited_hinge(joint: str, angles: Array, bounds: JointBounds, motions: tuple[str, ...]) -> tuple[Array, Array]:
    def limit(flexion: Array, abduction: Array) -> tuple[Array, Array]:
        kept = np.column_stack([flexion, abduction, angles[:, 2]])
        for column, motion in ((0, "flexion"), (1, "abduction")):
            if motion in motions:
                kept[:, column] = limited_interval(kept[:, column], bounds.of(joint, motion, kept))
        return kept[:, 0], kept[:, 1]

    flexion, abduction = angles[:, 0], angles[:, 1]
    outside = np.zeros(len(angles), dtype=bool)
    for values, motion in ((flexion, "flexion"), (abduction, "abduction")):
        if motion in motions:
            limits = bounds.of(joint, motion, angles)
            outside |= (values > limits.soft_high) | (values < limits.soft_low)
    return followed_round(flexion, abduction, outside, limit)
