# SPDX-License-Identifier: GPL-3.0-or-later
"""Retargeting: a take on any rig, whatever both rest poses, bone axes and proportions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Optional, Protocol

import numpy as np
import numpy.typing as npt

from .. import rotations
from ..take import Take
from . import anatomy
from .anatomy import OWN_SHAPE, TORSO, Positions
from .local_space import plain_parent_spaces, to_basis
from .options import BoneInheritance, RetargetedMotion, RetargetError, RetargetOptions
from .root import leg_ratio, pelvis_path
from .standing_feet import hanging_feet, sole_tilts

Array = npt.NDArray[np.float64]


class RigLike(Protocol):
    """What retargeting needs to know of a rig; see ``motion.rigs.rig.Rig``."""

    @property
    def bone_names(self) -> tuple[str, ...]:
        """The rig's bones."""

    @property
    def parents(self) -> npt.NDArray[np.int64]:
        """(N,) index of each bone's parent, -1 for none."""

    @property
    def rest(self) -> Array:
        """(N, 4, 4) rest matrices in armature space; columns X, Y, Z, head."""

    @property
    def lengths(self) -> Array:
        """(N,) lengths of the bones."""


class RigMapLike(Protocol):
    """What retargeting needs to know of a rig map; see ``motion.rigs.rig_map.RigMap``."""

    @property
    def bones(self) -> dict[str, str]:
        """Joint to bone."""


@dataclass
class _Target:
    """The rig as retargeting sees it: where its joints are, and how it stands at rest."""

    names: tuple[str, ...]
    index: dict[str, int]
    parents: list[int]
    rest_rotations: Array
    heads: Array
    bones: dict[str, int]
    positions: dict[str, Array]
    tips: dict[str, Array]
    axes: Array
    held: npt.NDArray[np.bool_]


def retarget(
    take: Take,
    rig: RigLike,
    rig_map: RigMapLike,
    object_matrix: Optional[npt.ArrayLike] = None,
    options: Optional[RetargetOptions] = None,
    *,
    inheritance: Optional[BoneInheritance] = None,
    joint_positions: Optional[Positions] = None,
) -> RetargetedMotion:
    """Puts a take on a rig.

    Each joint's rotation from its rest pose is carried over through anatomical frames of both rest poses
    (``anatomy.rest_rotations``); then each segment is swung until its direction equals the performer's in every frame,
    also where one skeleton has more spine bones than the other.

    Parameters
    ----------
    take : ``T`` frames.
    rig : the character's bones at rest in armature space.
    rig_map : which joint drives which bone.
    object_matrix : (4, 4) the armature object's world matrix; needed for the world space only.
    options : see ``RetargetOptions``.
    inheritance : how the bones follow their parents; plainly, if left out.
    joint_positions : rest positions of joints in armature space that differ from their bones' heads, as with the
        controls of control rigs, whose pivots are where the hand can grab them.

    Raises
    ------
    RetargetError : no bone of the rig is mapped to a joint of the take, or the object is scaled to nothing.
    """
    chosen = options or RetargetOptions()
    behaviour = inheritance or BoneInheritance.plain(len(rig.bone_names))
    matrix = np.eye(4) if object_matrix is None else np.asarray(object_matrix, dtype=np.float64)
    warnings: list[str] = []
    source_rest = take_rest_positions(take)
    target = _read_target(rig, rig_map, source_rest, joint_positions or {}, behaviour.held)
    to_armature = target.axes if chosen.space == "character" else _world_to_armature(matrix, warnings)

    source_frames = anatomy.rest_rotations(source_rest, np.eye(3), own_shape=chosen.own_shape)
    source_frames.update(hanging_feet(source_rest, sole_tilts(take, source_rest)))
    target_frames = anatomy.rest_rotations(target.positions, target.axes, target.tips, own_shape=chosen.own_shape)
    world_rotations, world_positions = take.world()
    column = {name: index for index, name in enumerate(take.joint_names)}
    to_rotation = rotations.from_matrix(to_armature)

    turns: dict[str, Array] = {}
    directions: dict[str, tuple[str, Array]] = {}
    for joint in target.bones:
        following = anatomy.next_joint(joint, source_rest, target.positions)
        turned = _mean_rotation([world_rotations[:, column[name]] for name in _absorbed(joint, following, column)])
        rest_change = rotations.multiply(source_frames[joint], rotations.inverse(target_frames[joint]))
        turns[joint] = rotations.multiply(to_rotation, rotations.multiply(turned, rest_change))
        if following is not None:
            segment = world_positions[:, column[following]] - world_positions[:, column[joint]]
            directions[joint] = (following, rotations.normalized(segment @ to_armature.T))

    driven, joints, poses = _driven_bones(target, turns, directions, chosen)
    spaces = plain_parent_spaces(driven, target.parents, target.rest_rotations, behaviour.rotation)
    location_bone, pose_locations, locations, travel = None, np.zeros((0, 3)), np.zeros((0, 3)), np.zeros((0, 3))
    if "hips" in target.bones:
        sides = [column[f"{side}UpperLeg"] for side in ("left", "right") if f"{side}UpperLeg" in column]
        two_legs = len(sides) == 2 and {"leftUpperLeg", "rightUpperLeg"} <= set(target.positions)
        centre = world_positions[:, sides].mean(axis=1) if two_legs else world_positions[:, column["hips"]]
        floor = float(take.header.get("floor_height") or 0.0)
        path = pelvis_path(centre, source_rest, target.positions, target.axes, matrix, chosen, floor)
        if chosen.root == "in_place":
            travelling = replace(chosen, root="travelling")
            moving = pelvis_path(centre, source_rest, target.positions, target.axes, matrix, travelling, floor)
            travel = moving - path
        bone = target.bones["hips"]
        ends = ["leftUpperLeg", "rightUpperLeg"] if two_legs else ["hips"]
        reach = [_reach(target, turns, target.bones.get(end), target.positions[end]) for end in ends]
        head = path - np.mean(reach, axis=0)
        carrier = bone
        while behaviour.connected[carrier] and target.parents[carrier] >= 0:
            carrier = target.parents[carrier]
        moved = head - target.heads[bone]
        location_bone, pose_locations = target.names[carrier], moved + target.heads[carrier]
        axes_of = carrier if behaviour.local_location[carrier] else target.parents[carrier]
        location_axes = target.rest_rotations[axes_of] if axes_of >= 0 else rotations.identity()
        locations = rotations.rotate(rotations.inverse(location_axes), moved)
    else:
        warnings.append("No bone is mapped to the hips: the character does not travel.")
    if chosen.space == "world":
        _warn_of_size(leg_ratio(source_rest, target.positions) * _scale(matrix), warnings)
    return RetargetedMotion(
        bone_names=tuple(target.names[bone] for bone in driven),
        joints=tuple(joints),
        rotations=to_basis(poses, spaces),
        pose_rotations=poses,
        location_bone=location_bone,
        locations=locations,
        pose_locations=pose_locations,
        directions=directions,
        warnings=tuple(warnings),
        options=chosen,
        inheritance=inheritance,
        joint_positions={joint: np.asarray(point) for joint, point in (joint_positions or {}).items()},
        axes=target.axes,
        travel=travel,
    )


def take_rest_positions(take: Take) -> dict[str, Array]:
    """Rest position of each joint of a take in its world, ``(3,)`` metres, the floor at Z = 0."""
    positions: list[Array] = []
    for joint, parent in enumerate(take.parents):
        base = positions[parent] if parent >= 0 else np.zeros(3)
        positions.append(base + take.rest_offsets[joint])
    return dict(zip(take.joint_names, positions))


def _reach(target: _Target, turns: dict[str, Array], bone: Optional[int], point: Array) -> Array:
    """From the head of the hips' bone to ``point (3,)`` of the rest pose, as it is carried in each frame: ``(T, 3)``.

    ``bone`` is the bone that begins there. Not in every rig do the legs hang on the hips: a Biped's hang on the spine.
    """
    joint_of = {number: joint for joint, number in target.bones.items()}
    hips = target.bones["hips"]
    carriers: list[int] = []
    current = target.parents[bone] if bone is not None and bone != hips else -1
    while current >= 0 and current != hips:
        if current in joint_of:
            carriers.append(current)
        current = target.parents[current]
    if current != hips:
        carriers = []
    total = np.zeros((len(turns["hips"]), 3))
    start = target.heads[hips]
    for carrier, following in zip([hips, *carriers[::-1]], [*carriers[::-1], None]):
        end = point if following is None else target.heads[following]
        total += rotations.rotate(turns[joint_of[carrier]], end - start)
        start = end
    return total


def _read_target(
    rig: RigLike, rig_map: RigMapLike, source: Positions, overrides: Positions, held: npt.NDArray[np.bool_]
) -> _Target:
    names = tuple(rig.bone_names)
    index = {name: number for number, name in enumerate(names)}
    bones = {joint: index[bone] for joint, bone in rig_map.bones.items() if bone in index and joint in source}
    if not bones:
        raise RetargetError("No bone of this rig is mapped to a joint of the take. Fill in the rig map first.")
    rest = np.asarray(rig.rest, dtype=np.float64)
    heads = rest[:, :3, 3]
    positions = {joint: np.asarray(overrides.get(joint, heads[bone])) for joint, bone in bones.items()}
    positions.update({joint: np.asarray(point) for joint, point in overrides.items() if joint in source})
    parents = [int(parent) for parent in rig.parents]
    tips = {}
    for joint, bone in bones.items():
        children = [heads[child] for child, parent in enumerate(parents) if parent == bone]
        apart = [head for head in children if np.linalg.norm(head - heads[bone]) > 1e-3 * rig.lengths[bone]]
        if len(apart) == 1:  # tails are a matter of taste, above all in imported rigs; only joints count
            tips[joint] = apart[0]
    rest_rotations = rotations.from_matrix(rotations.normalized(np.swapaxes(rest[:, :3, :3], 1, 2)).swapaxes(1, 2))
    axes = anatomy.body_axes(positions)
    return _Target(names, index, parents, rest_rotations, heads, bones, positions, tips, axes, held)


def _world_to_armature(matrix: Array, warnings: list[str]) -> Array:
    """The rotation from the world to the armature's space; scale left out."""
    if _scale(matrix) < 1e-9:
        raise RetargetError("The armature object is scaled to nothing: give it a scale first.")
    u, stretch, v = np.linalg.svd(matrix[:3, :3])
    if stretch[0] > 1.001 * stretch[2]:
        warnings.append("The armature object is not scaled evenly: directions in the world are only nearly right.")
    rotation = u @ v
    if np.linalg.det(rotation) < 0.0:
        raise RetargetError(
            "The armature object has a negative scale. Apply its scale, or play in the character's space."
        )
    return np.asarray(rotation.T)


def _scale(matrix: Array) -> float:
    return float(np.cbrt(abs(np.linalg.det(matrix[:3, :3]))))


def _warn_of_size(ratio: float, warnings: list[str]) -> None:
    if abs(ratio - 1.0) > 0.15:
        warnings.append(
            f"The character's legs are {ratio:.2f} times as long as the performer's: it will not cover the performer "
            f"in the picture. Scale the character by {1.0 / ratio:.2f} for that."
        )


def _absorbed(joint: str, following: Optional[str], source: dict[str, int]) -> list[str]:
    """The source's joints that one torso joint of the target stands for."""
    chain = list(TORSO)
    if joint not in chain or joint == "hips" or following not in [*chain, "head"]:
        return [joint]
    last = chain.index(following) if following in chain else len(chain)
    return [name for name in chain[chain.index(joint) : last] if name in source]


def _mean_rotation(parts: list[Array]) -> Array:
    """Mean of rotations ``(T, 4)`` that lie near each other (Gramkow 2001: the normalised sum of quaternions)."""
    total = parts[0].copy()
    for part in parts[1:]:
        total += np.where(np.sum(part * parts[0], axis=-1, keepdims=True) < 0.0, -part, part)
    return rotations.normalized(total)


def _driven_bones(
    target: _Target, turns: dict[str, Array], directions: dict[str, tuple[str, Array]], options: RetargetOptions
) -> tuple[list[int], list[Optional[str]], Array]:
    """Bones to drive, parents first, with their joints and pose rotations ``(T, B, 4)``.

    ``turns`` is corrected in place, so that each segment points where ``directions`` says.
    """
    shared: dict[int, Array] = {}
    mapped = set(target.bones.values())
    for joint, (following, wanted) in directions.items():
        between = _bones_between(target, joint, following, mapped) if options.share_spine else []
        points = [target.positions[joint], *(target.heads[bone] for bone in between), target.positions[following]]
        segments = np.diff(np.array(points), axis=0)
        fractions = np.arange(1, len(between) + 1) / (len(between) + 1)
        parts = [turns[joint]]
        if between and following in turns:
            parts += [rotations.slerp(turns[joint], turns[following], np.full(len(wanted), part)) for part in fractions]
        else:
            between = []
            segments = segments.sum(axis=0, keepdims=True)
        if not (options.own_shape and joint in OWN_SHAPE):
            reached = sum(rotations.rotate(part, segment) for part, segment in zip(parts, segments))
            correction = rotations.between(np.asarray(reached), wanted)
            parts = [rotations.multiply(correction, part) for part in parts]
        turns[joint] = parts[0]
        shared.update(zip(between, parts[1:]))
    poses = {bone: (joint, turns[joint]) for joint, bone in target.bones.items()}
    every: dict[int, tuple[Optional[str], Array]] = {bone: (None, turn) for bone, turn in shared.items()}
    every.update(poses)
    driven = sorted(every, key=lambda bone: (_depth(bone, target.parents), bone))
    stacked = np.stack([every[bone][1] for bone in driven], axis=1)
    return driven, [every[bone][0] for bone in driven], rotations.multiply(stacked, target.rest_rotations[driven])


def _bones_between(target: _Target, joint: str, following: str, mapped: set[int]) -> list[int]:
    """Unmapped bones from one spine bone to the next, in that order; empty elsewhere than in the spine."""
    if joint not in TORSO or joint not in target.bones or following not in target.bones:
        return []
    chain: list[int] = []
    bone = target.parents[target.bones[following]]
    while bone >= 0 and bone != target.bones[joint]:
        if bone in mapped or target.held[bone]:
            return []
        chain.append(bone)
        bone = target.parents[bone]
    return chain[::-1] if bone >= 0 else []


def _depth(bone: int, parents: list[int]) -> int:
    depth = 0
    while parents[bone] >= 0:
        bone, depth = parents[bone], depth + 1
    return depth
