# SPDX-License-Identifier: GPL-3.0-or-later
"""What a keyed character really does, read from Blender's evaluated pose."""

from __future__ import annotations

from collections.abc import Mapping

import bpy
import numpy as np

from holirep_blender.motion import rotations
from holirep_blender.motion.retargeting import anatomy, take_rest_positions
from holirep_blender.motion.retargeting.timing import scene_frames
from holirep_blender.motion.take import Take


def evaluated_heads(armature: bpy.types.Object, frame: float) -> dict[str, np.ndarray]:
    """World positions of all bones' heads at a frame of the scene."""
    scene = bpy.context.scene
    scene.frame_set(int(np.floor(frame)), subframe=float(frame - np.floor(frame)))
    evaluated = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
    matrix = np.array(evaluated.matrix_world)
    return {bone.name: matrix[:3, :3] @ np.array(bone.head) + matrix[:3, 3] for bone in evaluated.pose.bones}


def direction_errors(
    take: Take,
    armature: bpy.types.Object,
    bones: Mapping[str, str],
    start: float,
    samples: int = 6,
    space: np.ndarray | None = None,
) -> dict[str, float]:
    """For each joint the largest angle, in degrees, between the take's bone direction and the character's in the world.

    ``bones`` says which bone's head is where each joint is; ``space (3, 3)`` takes the take's world to the scene's.
    """
    scene = bpy.context.scene
    frames = scene_frames(take, scene.render.fps / scene.render.fps_base, start)
    positions, rest = take.world_positions(), take_rest_positions(take)
    turn = np.eye(3) if space is None else space
    errors: dict[str, float] = {}
    for index in np.unique(np.linspace(0, take.frame_count - 1, samples).astype(int)):
        heads = evaluated_heads(armature, frames[index])
        for joint, bone in bones.items():
            following = anatomy.next_joint(joint, rest, bones)
            if joint not in rest or following is None:
                continue
            column = take.joint_names.index
            wanted = rotations.normalized(
                turn @ (positions[index, column(following)] - positions[index, column(joint)])
            )
            got = rotations.normalized(heads[bones[following]] - heads[bone])
            angle = np.degrees(2.0 * np.arcsin(min(np.linalg.norm(wanted - got) / 2.0, 1.0)))
            errors[joint] = max(errors.get(joint, 0.0), float(angle))
    return errors
