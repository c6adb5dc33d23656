# SPDX-License-Identifier: GPL-3.0-or-later
"""From rotations in armature space to the ``matrix_basis`` of bones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .. import rotations

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ParentSpaces:
    """The space in which each driven bone turns.

    ``pose_rotation[b] = pose_rotation[carriers[b]] * offsets[b] * basis[b]``, without the first factor where the
    carrier is -1: nothing that is driven turns that bone's space.

    Attributes
    ----------
    carriers : (B,) index among the driven bones, -1 for none.
    offsets : (B, 4) quaternions.
    """

    carriers: npt.NDArray[np.int64]
    offsets: Array


def plain_parent_spaces(
    driven: Sequence[int], parents: Sequence[int], rest_rotations: Array, inherit_rotation: npt.NDArray[np.bool_]
) -> ParentSpaces:
    """Parent spaces of bones that simply follow their parents; bones that are not driven stay at rest.

    Parameters
    ----------
    driven : indices of the driven bones in the rig.
    parents : parent of each bone of the rig, -1 for none.
    rest_rotations : (N, 4) rest rotation of each bone of the rig in armature space.
    inherit_rotation : (N,) Blender's *Inherit Rotation*; without it a bone keeps the armature's orientation.
    """
    order = {bone: index for index, bone in enumerate(driven)}
    carriers = np.full(len(driven), -1, dtype=np.int64)
    offsets = np.empty((len(driven), 4))
    for index, bone in enumerate(driven):
        offsets[index] = rest_rotations[bone]
        current = bone
        while parents[current] >= 0 and inherit_rotation[current]:
            current = parents[current]
            if current in order:
                carriers[index] = order[current]
                offsets[index] = rotations.multiply(rotations.inverse(rest_rotations[current]), rest_rotations[bone])
                break
    return ParentSpaces(carriers, offsets)


def to_basis(pose_rotations: Array, spaces: ParentSpaces) -> Array:
    """Basis rotations ``(T, B, 4)``, continuous in sign, that give ``pose_rotations (T, B, 4)`` in armature space."""
    carried = np.where(
        (spaces.carriers >= 0)[None, :, None],
        pose_rotations[:, np.maximum(spaces.carriers, 0)],
        rotations.identity(),
    )
    space = rotations.multiply(carried, spaces.offsets)
    basis = rotations.normalized(rotations.multiply(rotations.inverse(space), pose_rotations))
    if len(basis):
        basis[0] = np.where(basis[0, :, :1] < 0.0, -basis[0], basis[0])
    return rotations.continuous(basis)


def carried_basis(pose_rotations: Array, bone: int, carrier: int, offset: Array) -> Array:
    """Basis rotations ``(T, 4)`` of one driven bone whose space is ``pose_rotation[carrier] * offset``.

    ``carrier`` -1 stands for a space that nothing driven turns.
    """
    space = offset if carrier < 0 else rotations.multiply(pose_rotations[:, carrier], offset)
    return rotations.normalized(rotations.multiply(rotations.inverse(space), pose_rotations[:, bone]))
