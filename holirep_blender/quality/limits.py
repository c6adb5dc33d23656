# SPDX-License-Identifier: GPL-3.0-or-later
"""How far joints are turned beyond what people can do, frame by frame."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..motion.biomechanics.anatomical import anatomical_joints, joint_quaternions
from ..motion.biomechanics.couplings import JointBounds
from ..motion.biomechanics.hinges import elbow_hinges
from ..motion.biomechanics.joint_limits import is_hinge
from ..motion.biomechanics.limit_table import LimitTable
from ..motion.biomechanics.limiting import Bounds, Ellipse
from ..motion.biomechanics.swing import MOTIONS, angles_of
from ..motion.confidence import part_of
from ..motion.take import Take
from .specs import Found

Array = npt.NDArray[np.float64]

PRESET = "athlete"
"""The widest table: beyond it nobody goes, whoever the performer is."""


def beyond_limits(judged: Take) -> Found:
    """Degrees by which the joint that is furthest beyond its hard limits is beyond them."""
    joints = anatomical_joints(judged, elbow_hinges(judged))
    if not joints:
        return Found(missing="The skeleton has none of the joints that have human limits.")
    stacked = angles_of(joint_quaternions(judged, joints), [joint.mirror for joint in joints])
    angles = {joint.name: values for joint, values in zip(joints, stacked)}
    bounds = JointBounds(LimitTable.load(PRESET), angles, angles)
    parts: dict[str, Array] = {}
    for name, values in angles.items():
        over = np.degrees(_over(name, values, bounds))
        if part_of(name).endswith("Hand"):
            continue
        part = part_of(name)
        parts[part] = np.maximum(parts[part], over) if part in parts else over
    if not parts:
        return Found(missing="The skeleton has none of the joints that have human limits.")
    return Found(np.max(np.stack(list(parts.values())), axis=0), parts=parts)


def _over(joint: str, angles: Array, bounds: JointBounds) -> Array:
    """Radians ``(T,)`` beyond the hard limits of a joint with angles ``(T, 3)``."""
    over = np.zeros(len(angles))
    motions = bounds.motions(joint)
    swings = not is_hinge(joint) and "flexion" in motions and "abduction" in motions
    if swings:
        first, second = bounds.of(joint, "flexion"), bounds.of(joint, "abduction")
        radii = Ellipse(first, second).radii(angles[:, 0], angles[:, 1])
        over = np.maximum(over, radii[4] - radii[6])
    for column, motion in enumerate(MOTIONS):
        if motion in motions and not (swings and motion != "rotation"):
            limits = bounds.of(joint, motion)
            values = limits.wrapped(angles[:, 2]) if motion == "rotation" else angles[:, column]
            over = np.maximum(over, _outside(values, limits))
    return over


def _outside(values: Array, limits: Bounds) -> Array:
    return np.asarray(np.maximum(values - limits.hard_high, limits.hard_low - values))
