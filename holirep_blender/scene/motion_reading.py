# SPDX-License-Identifier: GPL-3.0-or-later
"""Any animation of a mapped rig as arrays: what its bones really do in the active action, frame by frame."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Optional

import bpy
import numpy as np
import numpy.typing as npt

from ..motion import rotations
from ..motion.retargeting import RetargetedMotion
from ..motion.rigs import Rig, RigMap
from ..motion.rigs.posed_rest import posed_rest
from .action_channels import ActionChannels, basis_matrices, rotation_property, turns
from .actions import is_tweaked
from .motion_checks import unreadable
from .rig_behaviour import axes_of_location, held_bones, is_plain, mover_of, uses_nla, with_ancestors

Array = npt.NDArray[np.float64]

_TURNED = np.radians(0.01)


class MotionError(ValueError):
    """An animation that cannot be read or changed; the message is for the user, and nothing was changed."""


@dataclass
class ActiveMotion:
    """What the active action and all else make of a rig's bones in ``T`` whole frames.

    Attributes
    ----------
    armature, rig, rig_map : the character; the rig has the hierarchy in which its controls follow each other, and the
        proportions in which it is posed.
    base : the rig with its own hierarchy.
    channels : the active action's F-curves.
    frames : (T,) frames of the scene.
    motion : the bones' poses, those of the mapped bones and of the bones between them (``joints`` None). The space is
        that of the armature in the first frame, so that an object that is animated itself travels too;
        ``location_bone`` is the hips' bone and ``pose_locations`` where its head really is.
    heads : (T, B, 3) where the bones' heads are in that space.
    modes : rotation mode of each bone.
    values : for each bone its rotation property's values ``(T, components)``.
    location_bone : the bone whose location moves the hips, or None.
    locations : (T, 3) location property of that bone.
    location_axes : (T, 3, 3) what a change of that location does in the space of ``motion``.
    object_moves : (T, 4, 4) from each frame's armature space to that of the first frame.
    object_matrix : (4, 4) the object's matrix in the first frame.
    plays_nla : whether NLA tracks play below the active action.
    evaluated : whether the scene was gone through frame by frame, because the rig is not plain.
    held : (B,) whether constraints or drivers act on a bone.
    seconds : how long the reading took.
    """

    armature: bpy.types.Object
    rig: Rig
    rig_map: RigMap
    base: Rig
    channels: ActionChannels
    frames: Array
    motion: RetargetedMotion
    heads: Array
    modes: tuple[str, ...]
    values: list[Array]
    location_bone: Optional[str]
    locations: Array
    location_axes: Array
    object_moves: Array
    object_matrix: Array
    plays_nla: bool
    evaluated: bool
    held: npt.NDArray[np.bool_]
    seconds: float


def check_animation(armature: bpy.types.Object) -> bpy.types.Action:
    """The active action of an armature object. Raises MotionError where there is none that could be changed."""
    name, data = armature.name, armature.animation_data
    if is_tweaked(armature):
        raise MotionError(f"{name} is in the NLA's tweak mode. Leave it first (Tab in the NLA editor).")
    action = data.action if data is not None else None
    if action is None:
        strips = data is not None and any(len(track.strips) for track in data.nla_tracks)
        text = "its motion is on the NLA: make it the active action first" if strips else "there is nothing to change"
        raise MotionError(f"{name} has no active action, {text}.")
    if action.library is not None or not getattr(action, "is_editable", True):
        raise MotionError(f"The action {action.name} is linked from another file. Make it local first.")
    channels = ActionChannels(armature)
    if not _curves_of_bones(channels):
        raise MotionError(f"The action {action.name} has no keys for the bones of {name}.")
    blended = data.action_blend_type != "REPLACE" or data.action_influence < 1.0
    if uses_nla(armature) and blended:
        how = "with an influence below 1" if data.action_blend_type == "REPLACE" else "by another blending than Replace"
        raise MotionError(
            f"The action {action.name} is mixed onto the NLA {how}. Set it to Replace with influence 1, or bake it."
        )
    if any(track.is_solo for track in data.nla_tracks):
        raise MotionError(f"An NLA track of {name} is solo, so its active action does not play. Switch the solo off.")
    if armature.data.pose_position == "REST":
        raise MotionError(f"{name} shows its rest pose. Set Pose Position to Pose first.")
    if armature.mode == "EDIT":
        raise MotionError(f"{name} is in Edit Mode. Leave it first.")
    return action


def action_frames(armature: bpy.types.Object) -> tuple[int, int]:
    """First and last whole frame that hold all keys of the bones in the active action."""
    ends = [curve.range() for curve in _curves_of_bones(ActionChannels(armature))]
    return int(np.floor(min(end[0] for end in ends) + 1e-4)), int(np.ceil(max(end[1] for end in ends) - 1e-4))


def _curves_of_bones(channels: ActionChannels) -> list[bpy.types.FCurve]:
    """The F-curves that move bones and have keys or samples."""
    return [
        curve
        for (path, _), curve in channels.curves.items()
        if path.startswith("pose.bones[") and (len(curve.keyframe_points) or len(curve.sampled_points))
    ]


def read_motion(
    context: bpy.types.Context,
    armature: bpy.types.Object,
    rig: Rig,
    rig_map: RigMap,
    first: int,
    last: int,
    evaluate: Optional[bool] = None,
) -> ActiveMotion:
    """Reads the mapped bones of an armature object in the frames ``first`` to ``last``, both included.

    Where the bones simply follow their parents, the F-curves are computed by numpy. Where anything else acts on them
    (constraints, drivers, the NLA, an object that moves), the scene is gone through frame by frame; it is put
    back to the frame where it was.

    Parameters
    ----------
    rig, rig_map : as ``read_rig`` and ``find_rig_map`` give them; bones that are missing are already left out.
    evaluate : True goes through the scene in any case.

    Raises
    ------
    MotionError : there is no action to read, it holds no numbers, or the rig is not evaluated because it is hidden.
    """
    started = time.perf_counter()
    check_animation(armature)
    channels = ActionChannels(armature)
    followed = rig_map.followed(rig)
    names, joints = _bones(followed, rig_map)
    frames = np.arange(first, last + 1, dtype=np.float64)
    real_parents = [int(parent) for parent in rig.parents]
    chain = with_ancestors([rig.index(name) for name in names], real_parents)
    held = held_bones(armature, rig, chain)
    slow = bool(held) or not is_plain(armature, rig, chain) if evaluate is None else evaluate
    if slow:
        read = _through_the_scene(context, armature, rig, frames)
    else:
        read = _from_curves(armature, channels, rig, chain, real_parents, frames)
    problem = unreadable(rig, read.poses, read.object_matrices, frames)
    if problem:
        raise MotionError(problem)
    poses, moves = read.poses, np.linalg.solve(read.object_matrices[0], read.object_matrices)
    columns = [rig.index(name) for name in names]
    poses = moves[:, None] @ poses
    axes = rotations.normalized(np.swapaxes(poses[:, columns, :3, :3], 2, 3)).swapaxes(2, 3)
    modes = tuple(armature.pose.bones[name].rotation_mode for name in names)
    values = [read.value(name, rotation_property(mode)) for name, mode in zip(names, modes)]
    hips = rig_map.bones["hips"]
    carrier = mover_of(armature, hips)
    motion = RetargetedMotion(
        bone_names=tuple(names),
        joints=tuple(joints),
        rotations=np.stack([turns(mode, value) for mode, value in zip(modes, values)], axis=1),
        pose_rotations=rotations.continuous(rotations.from_matrix(axes)),
        location_bone=hips,
        locations=np.zeros((len(frames), 3)),
        pose_locations=poses[:, rig.index(hips), :3, 3],
    )
    active = ActiveMotion(
        armature=armature,
        rig=followed,
        rig_map=rig_map,
        base=rig,
        channels=channels,
        frames=frames,
        motion=motion,
        heads=poses[:, columns][..., :3, 3],
        modes=modes,
        values=values,
        location_bone=carrier,
        locations=read.value(carrier, "location") if carrier is not None else np.zeros((0, 3)),
        location_axes=axes_of_location(armature, rig, carrier, poses, moves)
        if carrier is not None
        else np.zeros((0, 3, 3)),
        object_moves=moves,
        object_matrix=read.object_matrices[0],
        plays_nla=uses_nla(armature),
        evaluated=slow,
        held=np.array([rig.index(name) in held for name in names]),
        seconds=0.0,
    )
    active.motion = _without_still_bones(active)
    rest = posed_rest(followed, rig_map.bones, active.motion.bone_names, active.motion.pose_rotations, active.heads)
    return replace(active, rig=rest, seconds=time.perf_counter() - started)


class _Read:
    """Pose matrices ``(T, N, 4, 4)`` of all bones, the object's matrices ``(T, 4, 4)`` and the bones' properties."""

    def __init__(self, poses: Array, object_matrices: Array, rig: Rig, values: dict[str, Array]) -> None:
        self.poses, self.object_matrices, self._rig, self._values = poses, object_matrices, rig, values

    def value(self, bone: str, name: str) -> Array:
        """``(T, components)``."""
        return self._values[name][:, self._rig.index(bone)]


_SIZES = {"location": 3, "rotation_quaternion": 4, "rotation_euler": 3, "rotation_axis_angle": 4, "scale": 3}


def _through_the_scene(context: bpy.types.Context, armature: bpy.types.Object, rig: Rig, frames: Array) -> _Read:
    scene, count = context.scene, len(rig.bone_names)
    before = scene.frame_current, scene.frame_subframe
    poses, matrices = np.empty((len(frames), count, 16)), np.empty((len(frames), 4, 4))
    values = {name: np.empty((len(frames), count, size)) for name, size in _SIZES.items()}
    try:
        for row, frame in enumerate(frames):
            scene.frame_set(int(frame))
            evaluated = armature.evaluated_get(context.evaluated_depsgraph_get())
            if row == 0 and not evaluated.is_evaluated:
                raise MotionError(f"{armature.name} is hidden, so what its constraints do is not known. Show it first.")
            evaluated.pose.bones.foreach_get("matrix", poses[row].reshape(-1))
            matrices[row] = evaluated.matrix_world
            for name, stored in values.items():
                evaluated.pose.bones.foreach_get(name, stored[row].reshape(-1))
    finally:
        scene.frame_set(before[0], subframe=before[1])
    return _Read(poses.reshape(-1, count, 4, 4).swapaxes(2, 3), matrices, rig, values)


def _from_curves(
    armature: bpy.types.Object, channels: ActionChannels, rig: Rig, chain: list[int], parents: list[int], frames: Array
) -> _Read:
    count = len(rig.bone_names)
    poses = np.tile(rig.rest, (len(frames), 1, 1, 1))
    values = {name: np.zeros((len(frames), count, size)) for name, size in _SIZES.items()}
    inverse = np.linalg.inv(rig.rest)
    for index in chain:
        bone = armature.pose.bones[rig.bone_names[index]]
        rotation = rotation_property(bone.rotation_mode)
        for name in ("location", rotation, "scale"):
            values[name][:, index] = channels.values(bone, name, frames)
        location = None if bone.bone.use_connect and bone.parent is not None else values["location"][:, index]
        turned = turns(bone.rotation_mode, values[rotation][:, index])
        basis = basis_matrices(location, turned, values["scale"][:, index])
        parent = parents[index]
        rest = rig.rest[index] if parent < 0 else inverse[parent] @ rig.rest[index]
        space = rest[None] if parent < 0 else poses[:, parent] @ rest
        poses[:, index] = space @ basis
    matrices = np.tile(np.array(armature.matrix_world), (len(frames), 1, 1))
    return _Read(poses, matrices, rig, values)


def _bones(rig: Rig, rig_map: RigMap) -> tuple[list[str], list[Optional[str]]]:
    """Mapped bones and those between two of them, parents first, with their joints."""
    joint_of = {rig.index(bone): joint for joint, bone in rig_map.bones.items()}
    chosen: dict[int, Optional[str]] = dict(joint_of)
    for bone in joint_of:
        between: list[int] = []
        current = int(rig.parents[bone])
        while current >= 0 and current not in joint_of:
            between.append(current)
            current = int(rig.parents[current])
        if current >= 0:
            chosen.update({each: chosen.get(each) for each in between})
    order = sorted(chosen, key=lambda bone: (_depth(rig, bone), bone))
    return [rig.bone_names[bone] for bone in order], [chosen[bone] for bone in order]


def _without_still_bones(active: ActiveMotion) -> RetargetedMotion:
    """The motion without bones between that only carry what is below them, as at rest."""
    motion, rig = active.motion, active.rig
    index = {name: column for column, name in enumerate(motion.bone_names)}
    rest = rotations.from_matrix(rotations.normalized(np.swapaxes(rig.rest[:, :3, :3], 1, 2)).swapaxes(1, 2))
    turned = rotations.multiply(
        motion.pose_rotations, rotations.inverse(rest[[rig.index(n) for n in motion.bone_names]])
    )
    keep = []
    for column, (name, joint) in enumerate(zip(motion.bone_names, motion.joints)):
        parent = rig.bone_names[int(rig.parents[rig.index(name)])] if rig.parents[rig.index(name)] >= 0 else ""
        still = joint is None and parent in index
        if not still or float(rotations.angle_between(turned[:, column], turned[:, index[parent]]).max()) > _TURNED:
            keep.append(column)
    active.modes = tuple(active.modes[column] for column in keep)
    active.values = [active.values[column] for column in keep]
    active.held = active.held[keep]
    active.heads = active.heads[:, keep]
    return replace(
        motion,
        bone_names=tuple(motion.bone_names[column] for column in keep),
        joints=tuple(motion.joints[column] for column in keep),
        rotations=motion.rotations[:, keep],
        pose_rotations=motion.pose_rotations[:, keep],
    )


def _depth(rig: Rig, bone: int) -> int:
    depth = 0
    while rig.parents[bone] >= 0:
        bone, depth = int(rig.parents[bone]), depth + 1
    return depth
