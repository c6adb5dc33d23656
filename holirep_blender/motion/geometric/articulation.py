# SPDX-License-Identifier: GPL-3.0-or-later
"""An articulated figure whose joints are balls, hinges or rigid, with the derivatives of its points, for whole
clips.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from .. import rotations

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

BALL = "ball"
RIGID = "rigid"
Hinges = Tuple[Tuple[float, float, float], ...]
JointKind = Union[str, Hinges]
"""``BALL``, ``RIGID`` or the axes of successive hinges in the joint's rest frame."""


def skew(vectors: Array) -> Array:
    """Matrices ``(..., 3, 3)`` with ``skew(a) @ b = a × b``."""
    x, y, z = np.moveaxis(vectors, -1, 0)
    zero = np.zeros_like(x)
    rows = [np.stack([zero, -z, y], -1), np.stack([z, zero, -x], -1), np.stack([-y, x, zero], -1)]
    return np.stack(rows, axis=-2)


def exponential(vectors: Array) -> Array:
    """Rotation matrices ``(..., 3, 3)`` of rotation vectors ``(..., 3)``."""
    return rotations.to_matrix(rotations.from_rotation_vector(vectors))


def logarithm(matrices: Array) -> Array:
    """Rotation vectors ``(..., 3)`` of rotation matrices ``(..., 3, 3)``."""
    return rotations.to_rotation_vector(rotations.from_matrix(matrices))


@dataclass
class Pose:
    """A clip of poses: ``local (T, J, 3, 3)``, hinge ``angles (T, H)`` in radians, ``root (T, 3)`` metres."""

    local: Array
    angles: Array
    root: Array

    def part(self, rows: slice) -> Pose:
        """The poses of some of the frames."""
        return Pose(self.local[rows], self.angles[rows], self.root[rows])

    def chosen(self, other: Pose, mask: npt.NDArray[np.bool_]) -> Pose:
        """The pose in the frames where the mask ``(T,)`` is true, the other one elsewhere."""
        return Pose(
            np.where(mask[:, None, None, None], self.local, other.local),
            np.where(mask[:, None], self.angles, other.angles),
            np.where(mask[:, None], self.root, other.root),
        )


class Articulation:
    """Joints with parents, rest offsets ``(J, 3)`` and kinds. Columns of a derivative: root x y z, then the joints'
    freedoms.

    A ball's three freedoms are small turns about the world's axes, a hinge's one is its angle.
    """

    def __init__(self, names: Sequence[str], parents: Sequence[int], offsets: Array, kinds: Mapping[str, JointKind]):
        self.names = tuple(names)
        self.index = {name: row for row, name in enumerate(self.names)}
        self.parents = tuple(int(parent) for parent in parents)
        self.offsets = np.asarray(offsets, dtype=np.float64)
        self.kinds = tuple(kinds.get(name, RIGID) for name in self.names)
        joint_of: list[int] = []
        self.ball_columns: dict[int, int] = {}
        self.hinge_columns: list[int] = []
        self.hinge_joints: list[int] = []
        self.first_hinge: dict[int, int] = {}
        axes: list[tuple[float, float, float]] = []
        for joint, kind in enumerate(self.kinds):
            if kind == BALL:
                self.ball_columns[joint] = 3 + len(joint_of)
                joint_of += [joint] * 3
            elif kind != RIGID:
                self.first_hinge[joint] = len(axes)
                for axis in kind:
                    self.hinge_columns.append(3 + len(joint_of))
                    self.hinge_joints.append(joint)
                    joint_of.append(joint)
                    axes.append(axis)  # type: ignore[arg-type]
        self.freedom_joint: Ints = np.array(joint_of, dtype=np.intp)
        self.hinge_axes = np.array(axes, dtype=np.float64).reshape(-1, 3)
        self.columns = 3 + len(joint_of)
        self._above = np.zeros((len(self.names), len(joint_of)))
        for joint in range(len(self.names)):
            ancestor = joint
            while ancestor >= 0:
                self._above[joint, self.freedom_joint == ancestor] = 1.0
                ancestor = self.parents[ancestor]

    def rest(self, frame_count: int) -> Pose:
        """The rest pose at the origin in every frame."""
        local = np.broadcast_to(np.eye(3), (frame_count, len(self.names), 3, 3)).copy()
        return Pose(local, np.zeros((frame_count, len(self.hinge_axes))), np.zeros((frame_count, 3)))

    def _hinge_rotations(self, angles: Array) -> Array:
        return exponential(self.hinge_axes * angles[..., None])

    def with_hinges(self, pose: Pose) -> Pose:
        """The pose with the hinge joints' matrices made from its angles."""
        local = pose.local.copy()
        turns = self._hinge_rotations(pose.angles)
        for joint, first in self.first_hinge.items():
            matrix = turns[:, first]
            for following in range(first + 1, first + len(self.kinds[joint])):
                matrix = matrix @ turns[:, following]
            local[:, joint] = matrix
        return Pose(local, pose.angles, pose.root)

    def forward(self, pose: Pose) -> tuple[Array, Array]:
        """World rotations ``(T, J, 3, 3)`` and positions ``(T, J, 3)``."""
        turned = np.empty_like(pose.local)
        placed = np.empty(pose.local.shape[:2] + (3,))
        for joint, parent in enumerate(self.parents):
            if parent < 0:
                turned[:, joint], placed[:, joint] = pose.local[:, joint], pose.root
            else:
                turned[:, joint] = turned[:, parent] @ pose.local[:, joint]
                placed[:, joint] = placed[:, parent] + turned[:, parent] @ self.offsets[joint]
        return turned, placed

    def freedom_axes(self, pose: Pose, turned: Array) -> Array:
        """World axes ``(T, D, 3)`` of all freedoms."""
        axes = np.empty((len(turned), len(self.freedom_joint), 3))
        for first in self.ball_columns.values():
            axes[:, first - 3 : first] = np.eye(3)
        turns = self._hinge_rotations(pose.angles) if len(self.hinge_axes) else None
        for joint, first in self.first_hinge.items():
            parent = self.parents[joint]
            frame = turned[:, parent] if parent >= 0 else np.broadcast_to(np.eye(3), (len(turned), 3, 3))
            for hinge in range(first, first + len(self.kinds[joint])):
                axes[:, self.hinge_columns[hinge] - 3] = frame @ self.hinge_axes[hinge]
                if turns is not None:
                    frame = frame @ turns[:, hinge]
        return axes

    def points(self, turned: Array, placed: Array, joints: Ints, offsets: Array) -> Array:
        """World positions ``(T, N, 3)`` of points fixed to joints ``(N,)`` at offsets ``(N, 3)``."""
        return np.asarray(placed[:, joints] + np.einsum("tnij,nj->tni", turned[:, joints], offsets))

    def point_derivatives(self, axes: Array, placed: Array, points: Array, joints: Ints) -> Array:
        """Derivatives ``(T, N, 3, 3 + D)`` of points ``(T, N, 3)`` that are fixed to joints ``(N,)``."""
        count, number = points.shape[:2]
        result = np.zeros((count, number, 3, self.columns))
        result[:, :, :, :3] = np.eye(3)
        # axis × (point − pivot) = axis × point − axis × pivot: one matrix product and one constant per freedom
        pivots = np.cross(axes, placed[:, self.freedom_joint])
        cross: Array = np.einsum("tdij,tnj->tnid", skew(axes), points) - np.swapaxes(pivots, 1, 2)[:, None]
        result[:, :, :, 3:] = cross * self._above[joints][None, :, None, :]
        return result

    def rotation_derivatives(self, axes: Array, joints: Ints) -> Array:
        """Derivatives ``(T, N, 3, 3 + D)`` of the joints' world rotation vectors."""
        result = np.zeros((len(axes), len(joints), 3, self.columns))
        result[:, :, :, 3:] = np.swapaxes(axes, 1, 2)[:, None] * self._above[joints][None, :, None, :]
        return result

    def moved(self, pose: Pose, turned: Array, step: Array) -> Pose:
        """The pose after a step ``(T, 3 + D)``."""
        local = pose.local.copy()
        angles = pose.angles + step[:, self.hinge_columns]
        for joint, first in self.ball_columns.items():
            parent = self.parents[joint]
            turn = step[:, first : first + 3]
            if parent >= 0:
                turn = np.einsum("tji,tj->ti", turned[:, parent], turn)
            local[:, joint] = exponential(turn) @ local[:, joint]
        return self.with_hinges(Pose(local, angles, pose.root + step[:, :3]))
