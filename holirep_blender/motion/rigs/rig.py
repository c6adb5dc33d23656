# SPDX-License-Identifier: GPL-3.0-or-later
"""An armature as plain arrays: names, hierarchy and rest pose, without Blender."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from .errors import RigError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Rig:
    """The rest state of an armature with B bones.

    Attributes
    ----------
    bone_names : names of the B bones, each once.
    parents : (B,) index of each bone's parent, -1 for a root. Any order is allowed.
    rest : (B, 4, 4) rest matrices in armature space; the columns are the bone's X, Y (along the bone), Z and head.
    lengths : (B,) bone lengths in the armature's units.
    name : the armature's name, for messages.
    properties : for each bone the names of its custom properties (Rigify keeps its IK/FK switches there).
    """

    bone_names: tuple[str, ...]
    parents: IntArray
    rest: FloatArray
    lengths: FloatArray
    name: str = "Armature"
    properties: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        count = len(self.bone_names)
        object.__setattr__(self, "bone_names", tuple(self.bone_names))
        object.__setattr__(self, "parents", np.asarray(self.parents, dtype=np.int64))
        object.__setattr__(self, "rest", np.asarray(self.rest, dtype=np.float64))
        object.__setattr__(self, "lengths", np.asarray(self.lengths, dtype=np.float64))
        if self.parents.shape != (count,) or self.rest.shape != (count, 4, 4) or self.lengths.shape != (count,):
            raise RigError(f"The bones of {self.name} are inconsistent: names, parents and rest matrices must match.")
        if len(self._index) != count:
            raise RigError(f"{self.name} has two bones of the same name.")

    @cached_property
    def _index(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.bone_names)}

    @cached_property
    def children(self) -> tuple[tuple[int, ...], ...]:
        """For each bone the indices of its children."""
        lists: list[list[int]] = [[] for _ in self.bone_names]
        for index, parent in enumerate(self.parents):
            if parent >= 0:
                lists[int(parent)].append(index)
        return tuple(tuple(row) for row in lists)

    @property
    def heads(self) -> FloatArray:
        """(B, 3) heads in armature space."""
        heads: FloatArray = self.rest[:, :3, 3]
        return heads

    @property
    def tails(self) -> FloatArray:
        """(B, 3) tails in armature space."""
        tails: FloatArray = self.heads + self.rest[:, :3, 1] * self.lengths[:, None]
        return tails

    def __contains__(self, bone: object) -> bool:
        return bone in self._index

    def index(self, bone: str) -> int:
        """Index of a bone by name; raises `RigError` where there is none."""
        try:
            return self._index[bone]
        except KeyError:
            raise RigError(f"{self.name} has no bone named {bone}.") from None

    def ancestors(self, index: int) -> list[int]:
        """Indices of the bones above a bone, the nearest first."""
        chain: list[int] = []
        parent = int(self.parents[index])
        while parent >= 0:
            chain.append(parent)
            parent = int(self.parents[parent])
        return chain

    def is_below(self, bone: str, ancestor: str) -> bool:
        """Whether a bone hangs below another one, directly or not."""
        return self.index(ancestor) in self.ancestors(self.index(bone))

    def subtree(self, index: int) -> list[int]:
        """A bone and all bones below it, parents before children."""
        found = [index]
        for bone in found:
            found.extend(self.children[bone])
        return found

    def with_parents(self, parents: Mapping[str, str]) -> Rig:
        """The same rig with some bones hung below others; pairs with a bone it does not have are passed over.

        A control rig moves bones by constraints as well as by parents. With such pairs put right, forward kinematics
        over the hierarchy tells where the controls really go.
        """
        changed = self.parents.copy()
        for bone, parent in parents.items():
            if bone in self._index and parent in self._index:
                changed[self._index[bone]] = self._index[parent]
        return replace(self, parents=changed)


def rig_from_points(
    names: Sequence[str],
    parents: Sequence[str | None],
    heads: FloatArray,
    tails: FloatArray,
    name: str = "Armature",
) -> Rig:
    """A rig from (B, 3) heads and tails in armature space; the bones' rolls are arbitrary.

    Useful for skeletons that come without rest matrices, such as BVH hierarchies.
    """
    order = {bone: index for index, bone in enumerate(names)}
    heads = np.asarray(heads, dtype=np.float64)
    along = np.asarray(tails, dtype=np.float64) - heads
    lengths = np.linalg.norm(along, axis=1)
    y_axes = np.where(lengths[:, None] > 0, along / np.maximum(lengths, 1e-12)[:, None], (0.0, 1.0, 0.0))
    helper = np.where(np.abs(y_axes[:, 2:3]) < 0.9, (0.0, 0.0, 1.0), (1.0, 0.0, 0.0))
    x_axes = np.cross(y_axes, helper)
    x_axes /= np.linalg.norm(x_axes, axis=1, keepdims=True)
    rest = np.tile(np.eye(4), (len(names), 1, 1))
    rest[:, :3, 0], rest[:, :3, 1], rest[:, :3, 2], rest[:, :3, 3] = x_axes, y_axes, np.cross(x_axes, y_axes), heads
    indices = [order[parent] if parent else -1 for parent in parents]
    return Rig(tuple(names), np.array(indices, dtype=np.int64), rest, lengths, name)
