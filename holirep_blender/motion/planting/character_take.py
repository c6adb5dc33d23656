# SPDX-License-Identifier: GPL-3.0-or-later
"""A character's animation as a take on its own skeleton, and back to its bones."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional

import numpy as np
import numpy.typing as npt

from .. import rotations
from ..retargeting import BoneInheritance, RetargetedMotion
from ..retargeting.anatomy import Positions, body_axes, leg_length
from ..retargeting.motion import RigLike, RigMapLike
from ..take import Take
from .rig_rest import rest_rotations
from .toe_bones import unmoved_toes, with_toes

Array = npt.NDArray[np.float64]

_ANKLE_RANGE = (0.02, 0.60)
"""Heights of the lowest ankle over the armature's origin, as shares of the leg, with which the origin is believed to
lie on the floor; short legs in big shoes included."""
_ANKLE_HEIGHT = 0.08
"""Height of an ankle over the floor as a share of the leg (Drillis & Contini 1966), where the origin does not tell."""
ROOT = "armature"
"""Name of the joint that stands in as the root where no driven bone carries all others."""


@dataclass
class CharacterTake:
    """A character's animation as a take, with what is needed to go back; made by :func:`character_take`.

    Attributes
    ----------
    take : the driven bones as joints: mapped ones by their VRM names, others by their bones' names. Metres.
    bones : (J,) for each joint of the take its row among the motion's bones, -1 for a root that only carries.
    rig : the rig, and how its bones follow their parents.
    inheritance : see ``BoneInheritance``.
    axes : (4,) quaternion from the take's rest frame (left, back, up) to armature space.
    to_world : (4,) quaternion from armature space to the take's world.
    origin : (3,) metres, the armature's origin in the take's world.
    scale : metres per unit of the armature.
    toes : joint to bone of toes that the motion does not drive; planted feet roll over them all the same.
    space : ``"character"`` or ``"world"``, see ``RetargetOptions``.
    in_place : whether the motion's root stays in place; the take travels all the same, so that contacts mean something.
    """

    take: Take
    bones: npt.NDArray[np.int64]
    rig: RigLike
    inheritance: BoneInheritance
    axes: Array
    to_world: Array
    origin: Array
    scale: float
    toes: dict[str, str] = field(default_factory=dict)
    space: str = "character"
    in_place: bool = False


def character_take(
    motion: RetargetedMotion,
    rig: RigLike,
    rig_map: RigMapLike,
    object_matrix: Optional[npt.ArrayLike] = None,
    *,
    fps: float = 30.0,
    frame_start: int = 1,
) -> CharacterTake:
    """The take of a motion on its rig; ``motion.options.space`` says in whose world.

    In the space ``"character"`` the take's world is the character's own: metres, Z up, facing -Y, the rest pose's floor
    at Z = 0. In the space ``"world"`` it is the scene's world in metres. Bones between driven ones are taken as rigid.
    A motion whose root stays in place travels in the take; :func:`to_motion` takes the travel out again.

    Parameters
    ----------
    motion : ``T`` frames.
    rig : in the hierarchy that the motion was made for (``rig_map.followed(rig)`` for control rigs).
    object_matrix : (4, 4) the armature object's world matrix in metres; its scale tells the armature's unit.

    Raises
    ------
    ValueError : a bone of the motion is not in the rig, or the object is scaled to nothing.
    """
    toes = unmoved_toes(motion, rig, rig_map)
    motion = with_toes(motion, rig, toes)
    index = {name: number for number, name in enumerate(rig.bone_names)}
    missing = [name for name in motion.bone_names if name not in index]
    if missing:
        raise ValueError(f"The rig has no bone named {missing[0]}: the motion was made for another rig.")
    matrix = np.eye(4) if object_matrix is None else np.asarray(object_matrix, dtype=np.float64)
    scale = float(np.cbrt(abs(np.linalg.det(matrix[:3, :3]))))
    if scale < 1e-9:
        raise ValueError("The armature object is scaled to nothing: give it a scale first.")
    inheritance = motion.inheritance or BoneInheritance.plain(len(rig.bone_names))
    heads = np.asarray(rig.rest, dtype=np.float64)[:, :3, 3]
    driven = [index[name] for name in motion.bone_names]
    points = {bone: heads[bone] for bone in driven}
    mapped = {bone: joint for bone, joint in zip(driven, motion.joints) if joint is not None}
    points.update({bone: motion.joint_positions.get(joint, points[bone]) for bone, joint in mapped.items()})
    positions = {joint: points[bone] for bone, joint in mapped.items()}
    axes = body_axes(positions) if motion.axes is None else motion.axes
    base = rotations.from_matrix(axes)

    order, parents, bones = _hierarchy(driven, [int(parent) for parent in rig.parents], motion, index)
    carrier = index[motion.location_bone] if motion.location_bone is not None else -1
    at = [points[bone] if bone >= 0 else (heads[carrier] if carrier >= 0 else np.zeros(3)) for bone in order]
    rest = rotations.rotate(rotations.inverse(base), np.array(at)) * scale
    floor = _rest_floor({joint: rest[order.index(bone)] for bone, joint in mapped.items()})
    rest[:, 2] -= floor
    offsets = rest - np.where((np.array(parents) >= 0)[:, None], rest[np.maximum(parents, 0)], 0.0)

    if motion.options.space == "world":
        u, _, v = np.linalg.svd(matrix[:3, :3])
        to_world, origin = rotations.from_matrix(u @ v), matrix[:3, 3]
    else:
        to_world, origin = rotations.inverse(base), np.array([0.0, 0.0, -floor])
    count = len(motion.pose_rotations)
    turned = rotations.multiply(motion.pose_rotations, rotations.inverse(rest_rotations(rig)[driven]))
    world = rotations.identity((count, len(order)))
    rows = np.array(bones)
    have = rows >= 0
    world[:, have] = rotations.multiply(rotations.multiply(to_world, turned[:, rows[have]]), base)
    world[:, ~have] = rotations.multiply(to_world, base)
    local = world.copy()
    for joint, parent in enumerate(parents):
        if parent >= 0:
            local[:, joint] = rotations.multiply(rotations.inverse(world[:, parent]), world[:, joint])

    root = np.tile(at[0], (count, 1))
    if carrier >= 0:
        pivot = heads[order[0]] if order[0] >= 0 else at[0]
        root = motion.pose_locations + (pivot - heads[carrier])
        if order[0] >= 0:  # the joint may lie apart from its bone's head
            root = root + rotations.rotate(turned[:, bones[0]], at[0] - pivot)
    if len(motion.travel):
        root = root + motion.travel
    names = []
    for bone in order:
        name = mapped[bone] if bone in mapped else (rig.bone_names[bone] if bone >= 0 else ROOT)
        names.append(f"{name} (bone)" if bone not in mapped and name in positions else name)
    take = Take(
        fps=fps,
        frame_start=frame_start,
        local_rotations=rotations.continuous(rotations.normalized(local)),
        root_translation=rotations.rotate(to_world, root * scale) + origin,
        rest_offsets=offsets,
        joint_names=tuple(names),
        parents=tuple(parents),
        header={"source": "character", "in_place": bool(len(motion.travel))},
    )
    return CharacterTake(
        take,
        rows,
        rig,
        inheritance,
        base,
        to_world,
        origin,
        scale,
        toes,
        motion.options.space,
        bool(len(motion.travel)),
    )


def _hierarchy(
    driven: list[int], above: list[int], motion: RetargetedMotion, index: dict[str, int]
) -> tuple[list[int], list[int], list[int]]:
    """Bones in the order of the take's joints, -1 for a stand-in root; their parents there; their rows in the motion.

    A joint hangs on the nearest driven bone above its own. Where that leaves several roots, or the hips' travel is that
    of a bone which carries others too, a stand-in root carries them.
    """
    row = {bone: number for number, bone in enumerate(driven)}
    carriers: dict[int, int] = {}
    depth: dict[int, int] = {}
    for bone in driven:
        current, steps = above[bone], 0
        while current >= 0 and current not in row:
            current = above[current]
        carriers[bone] = current
        current = bone
        while above[current] >= 0:
            current, steps = above[current], steps + 1
        depth[bone] = steps
    order = sorted(driven, key=lambda bone: (depth[bone], bone))
    roots = [bone for bone in order if carriers[bone] < 0]
    if len(roots) > 1 or motion.location_bone is None:
        order = [-1, *order]
    elif order[0] != roots[0]:
        order = [roots[0], *(bone for bone in order if bone != roots[0])]
    place = {bone: number for number, bone in enumerate(order)}
    parents = [-1, *(place[carriers[bone]] if carriers[bone] >= 0 else 0 for bone in order[1:])]
    return order, parents, [row.get(bone, -1) for bone in order]


def _rest_floor(rest: Positions) -> float:
    """Height of the rest pose's floor over the armature's origin: the origin's own, unless the feet belie that."""
    ankles = [float(rest[name][2]) for name in ("leftFoot", "rightFoot") if name in rest]
    lowest = min((float(point[2]) for point in rest.values()), default=0.0)
    leg = leg_length(rest)
    if not ankles or leg < 1e-9:
        return min(lowest, 0.0)
    ankle = min(ankles)
    if _ANKLE_RANGE[0] * leg <= ankle <= _ANKLE_RANGE[1] * leg and lowest > -0.01 * leg:
        return 0.0
    return min(ankle - _ANKLE_HEIGHT * leg, lowest)
