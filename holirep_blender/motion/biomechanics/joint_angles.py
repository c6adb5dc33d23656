# SPDX-License-Identifier: GPL-3.0-or-later
"""Anatomical joint angles of a take: flexion, abduction and rotation of every joint."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..take import Take
from .anatomical import anatomical_joints, joint_quaternions
from .hinges import elbow_hinges
from .swing import MOTIONS, angles_of

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class JointAngles:
    """Angles of a clip. ``names (N)``: "leftLowerLeg.flexion" …; ``values (T, N)``: radians, 0 in the T-pose."""

    names: tuple[str, ...]
    values: Array

    def degrees(self, name: str) -> Array:
        """One angle ``(T,)`` in degrees. Raises KeyError where the take lacks the joint."""
        if name not in self.names:
            raise KeyError(name)
        return np.asarray(np.degrees(self.values[:, self.names.index(name)]))


def joint_angles(take: Take) -> JointAngles:
    """Angles of every joint but hips, eyes and jaw, against the joint before it; signs as ``anatomical.axes_of`` says.

    The joint's rotation is split into a swing of its length, given by its rotation vector's parts about the axes of
    flexion and abduction, and a rotation about its length before that (Grassia 1998; no Euler angles, so no gimbal).
    Where the length points exactly backwards (a half turn) the rotation is not defined and taken as none.
    """
    joints = anatomical_joints(take, elbow_hinges(take))
    angles = angles_of(joint_quaternions(take, joints), [joint.mirror for joint in joints])
    names = tuple(f"{joint.name}.{motion}" for joint in joints for motion in MOTIONS)
    return JointAngles(names, np.moveaxis(angles, 0, 1).reshape(take.frame_count, -1))
