# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits of joints that share them with no others, as those of legs: asked for again and again by solvers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .. import rotations
from ..take import Take
from .anatomical import anatomical_joints, carried
from .couplings import JointBounds
from .engine import LimitOptions
from .joint_limits import limited_joint, settled_joint
from .swing import angles_of

Array = npt.NDArray[np.float64]


class OwnLimits:
    """Some joints of a take, each of which keeps its own limits as in ``engine.limited``.

    Parameters
    ----------
    take : shows how the body is built, and what carries the joints.
    columns : of the joints in the take; negative ones are not there.
    """

    def __init__(self, take: Take, columns: Sequence[int], options: LimitOptions) -> None:
        names = [take.joint_names[column] if column >= 0 else "" for column in columns]
        joints = anatomical_joints(take, only=frozenset(name for name in names if options.affects(name)))
        # drivers of couplings first: knees before hips
        self._joints = sorted(joints, key=lambda joint: not joint.name.endswith("LowerLeg"))
        self._places = [names.index(joint.name) for joint in self._joints]
        self._above = [carried(take, joint) for joint in self._joints]
        self._into = np.array([joint.into for joint in self._joints]).reshape(-1, 4, 4)
        self._angles: dict[str, Array] = {}
        self._bounds = JointBounds(options.table, [joint.name for joint in self._joints], self._angles)
        self._strength = options.strength

    def limited(self, local: Array, settle: bool = True) -> Array:
        """Local rotations ``(T, N, 4)`` of the joints within their limits; those that are stay exactly as they are.

        ``settle`` : whether what limits change is smoothed where it would jerk, which takes most of the time.
        """
        result = local.copy()
        if not self._joints:
            return result
        turned = np.swapaxes(local[:, self._places], 0, 1)
        for number, above in enumerate(self._above):
            if above is not None:
                turned[number] = rotations.multiply(above, turned[number])
        joined = rotations.normalized(turned @ np.swapaxes(self._into, 1, 2))
        angles = angles_of(joined, [joint.mirror for joint in self._joints])
        self._angles.update((joint.name, each) for joint, each in zip(self._joints, angles))
        for number, joint in enumerate(self._joints):
            before = joined[number]
            kept = limited_joint(joint.name, before, angles[number], self._bounds, joint.mirror)
            if kept is None:
                continue
            self._angles[joint.name] = kept.angles
            calm = None
            if settle:
                calm = settled_joint(joint.name, kept.quaternions, kept.angles, self._bounds, joint.mirror, before)
            if calm is not None:
                kept = calm
                self._angles[joint.name] = kept.angles
            now = kept.quaternions
            if self._strength < 1.0:
                now = rotations.slerp(before, now, np.asarray(self._strength))
            now, above = now @ joint.into, self._above[number]
            if above is not None:
                now = rotations.multiply(rotations.inverse(above), now)
            result[:, self._places[number]] = rotations.continuous(now)
        return result
