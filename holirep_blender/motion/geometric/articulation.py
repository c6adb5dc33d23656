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
Floats = npt.NDArray[np.float32]

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


@dataclass(frozen=True)
class Group:
    """Points that only some of a figure's freedoms move, so that their equations are small.

    ``points (N,)`` rows of the points, of which the first ``own`` are listed in this group alone; ``pairs (M,)`` rows
    of the pairs of points that are listed here, and ``ends (M, 2)`` their points as positions in ``points``;
    ``columns (C,)`` of the derivatives that are not zero.
    """

    points: Ints
    own: int
    pairs: Ints
    ends: Ints
    columns: Ints


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
        self.balls: Ints = np.array(list(self.ball_columns), dtype=np.intp)
        self.ball_table: Ints = np.array(list(self.ball_columns.values()), dtype=np.intp)[:, None] + np.arange(3)
        self._above = np.zeros((len(self.names), 3 + len(joint_of)), dtype=np.float32)
        self._above[:, :3] = 1.0
        for joint in range(len(self.names)):
            ancestor = joint
            while ancestor >= 0:
                self._above[joint, 3:][self.freedom_joint == ancestor] = 1.0
                ancestor = self.parents[ancestor]
        self._limbs = self._limbs_of_joints()
        self._groups: dict[tuple[bytes, bytes], list[Group]] = {}

    def _limbs_of_joints(self) -> Ints:
        """A number for each joint: a limb begins below every joint of three children or more (pelvis, chest, palm)."""
        children = np.bincount([parent for parent in self.parents if parent >= 0], minlength=len(self.names))
        limbs: list[int] = []
        for joint, parent in enumerate(self.parents):
            begins = parent < 0 or children[parent] >= 3
            limbs.append(joint if begins else limbs[parent])
        return np.array(limbs, dtype=np.intp)

    def groups(self, joints: Ints, pairs: Ints) -> list[Group]:
        """The points fixed to joints ``(N,)`` by limbs; a pair ``(M, 2)`` of points is with the limb further out, or,
        where none of its two limbs hangs below the other, with others of its kind in a group without own points.
        """
        key = joints.tobytes(), pairs.tobytes()
        if key not in self._groups:
            self._groups[key] = self._grouped(joints, pairs)
        return self._groups[key]

    def _grouped(self, joints: Ints, pairs: Ints) -> list[Group]:
        limbs = self._limbs[joints]
        of_limb = {int(limb): self._above[joints[limbs == limb]].any(axis=0) for limb in limbs}
        home = np.full(len(pairs), -1, dtype=np.intp)
        for row, (first, second) in enumerate(limbs[pairs]):
            for outer, inner in ((int(first), int(second)), (int(second), int(first))):
                if not np.any(of_limb[inner] & ~of_limb[outer]):
                    home[row] = outer
        result = []
        for limb in [*of_limb, -1]:
            own, held = np.flatnonzero(limbs == limb), np.flatnonzero(home == limb)
            points = [*own, *sorted(set(pairs[held].ravel()) - set(own))]
            if points:
                place = {point: position for position, point in enumerate(points)}
                ends = np.array([[place[point] for point in pair] for pair in pairs[held]], dtype=np.intp)
                rows = np.array(points, dtype=np.intp)
                columns = np.flatnonzero(self._above[joints[rows]].any(axis=0))
                result.append(Group(rows, len(own), held, ends.reshape(-1, 2), columns))
        return result

    def ball_frames(self, turned: Array) -> Array:
        """World rotations ``(T, B, 3, 3)`` of the ball joints' parents."""
        parents = np.array(self.parents, dtype=np.intp)[self.balls]
        frames = turned[:, parents]
        frames[:, parents < 0] = np.eye(3)
        return frames

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

    def point_derivatives(self, axes: Array, placed: Array, points: Array, joints: Ints, columns: Ints) -> Floats:
        """Derivatives ``(T, 3, N, C)`` by some columns of points ``(T, N, 3)`` that are fixed to joints ``(N,)``.

        They are in single precision: they direct the steps of a solver, whose residuals and sums are not.
        """
        result = np.empty((len(points), 3, len(joints), len(columns)), dtype=np.float32)
        result[..., columns < 3] = np.eye(3, dtype=np.float32)[:, None, columns[columns < 3]]
        moving = columns[columns >= 3] - 3
        pivots = placed[:, self.freedom_joint[moving]]
        axis = axes[:, moving].astype(np.float32)
        # axis × (point − pivot) = axis × point − axis × pivot: one constant per freedom
        centre = placed[:, :1]
        constant = np.cross(axis, (pivots - centre).astype(np.float32))
        place = (points - centre).astype(np.float32)[..., None]
        axis = axis[:, None]
        inside = self._above[np.ix_(joints, columns[columns >= 3])]
        first = int(np.sum(columns < 3))
        for row in range(3):
            following, last = (row + 1) % 3, (row + 2) % 3
            value = axis[..., following] * place[:, :, last]
            value -= axis[..., last] * place[:, :, following]
            value -= constant[:, None, :, row]
            np.multiply(value, inside, out=result[:, row, :, first:])
        return result

    def rotation_derivatives(self, axes: Array, joints: Ints, columns: Ints) -> Floats:
        """Derivatives ``(T, 3, N, C)`` by some columns of the joints' world rotation vectors, in single precision."""
        result = np.zeros((len(axes), 3, len(joints), len(columns)), dtype=np.float32)
        moving = columns[columns >= 3]
        inside = self._above[np.ix_(joints, moving)]
        result[..., columns >= 3] = np.swapaxes(axes[:, moving - 3], 1, 2)[:, :, None] * inside
        return result

    def moved(self, pose: Pose, turned: Array, step: Array) -> Pose:
        """The pose after a step ``(T, 3 + D)``."""
        local = pose.local.copy()
        angles = pose.angles + step[:, self.hinge_columns]
        turn = np.swapaxes(self.ball_frames(turned), -1, -2) @ step[:, self.ball_table][..., None]
        local[:, self.balls] = exponential(turn[..., 0]) @ local[:, self.balls]
        return self.with_hinges(Pose(local, angles, pose.root + step[:, :3]))
