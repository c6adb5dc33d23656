# SPDX-License-Identifier: GPL-3.0-or-later
"""Rigs without Blender: any proportions, rest pose and bone axes, and forward kinematics as Blender does it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from holirep_blender.motion import rotations
from holirep_blender.motion.skeleton import JOINT_NAMES, JOINT_PARENTS, t_pose_offsets


@dataclass
class PlainRig:
    bone_names: tuple[str, ...]
    parents: np.ndarray
    rest: np.ndarray
    lengths: np.ndarray


@dataclass
class PlainMap:
    bones: dict[str, str] = field(default_factory=dict)


def turn(axis: str, degrees: float) -> np.ndarray:
    return rotations.from_axis_angle(np.eye(3)["XYZ".index(axis)], np.radians(degrees))


REST_POSES: dict[str, dict[str, np.ndarray]] = {
    "T": {},
    "A": {"leftUpperArm": turn("Y", 45), "rightUpperArm": turn("Y", -45)},
    "crouched": {
        "hips": turn("X", 12),
        "spine": turn("X", 10),
        "head": turn("X", -22),
        "leftUpperLeg": turn("X", -70),
        "rightUpperLeg": turn("X", -60),
        "leftLowerLeg": turn("X", 95),
        "rightLowerLeg": turn("X", 80),
        "leftFoot": turn("X", -37),
        "rightFoot": turn("X", -32),
        "leftUpperArm": rotations.multiply(turn("Y", 60), turn("Z", -20)),
        "rightUpperArm": rotations.multiply(turn("Y", -60), turn("Z", 20)),
        "leftLowerArm": turn("Z", -70),
        "rightLowerArm": turn("Z", 60),
    },
}


def posed_rest(pose: str, proportions: np.random.Generator | None = None, height: float = 1.7) -> dict[str, np.ndarray]:
    """Joint positions of a rest pose; each segment gets its own length, alike on both sides."""
    offsets = t_pose_offsets(height)
    if proportions is not None:
        factors = {name: proportions.uniform(0.75, 1.3) for name in JOINT_NAMES}
        for index, name in enumerate(JOINT_NAMES):
            offsets[index] *= factors[name.replace("right", "left")]
    positions, turns = {}, {}
    for index, name in enumerate(JOINT_NAMES):
        parent = JOINT_NAMES[JOINT_PARENTS[index]] if index else None
        above = turns[parent] if parent else rotations.identity()
        positions[name] = (positions[parent] if parent else 0) + rotations.rotate(above, offsets[index])
        turns[name] = rotations.multiply(above, REST_POSES[pose].get(name, rotations.identity()))
    return positions


def build_rig(
    positions: dict[str, np.ndarray], seed: int, space: np.ndarray | None = None, without: tuple[str, ...] = ()
) -> tuple[PlainRig, PlainMap]:
    """A rig with bone axes at random; ``space (3, 3)`` takes canonical axes to the armature's; extra bones in between.

    Joints in ``without`` have bones but are not mapped.
    """
    random = np.random.default_rng(seed)
    axes = np.eye(3) if space is None else space
    names, parents, rest = ["root", "unmapped"], [-1, 0], [np.eye(4), np.eye(4)]
    rest[1][:3, :3] = rotations.to_matrix(rotations.normalized(random.normal(size=4)))
    where = {}
    for index, joint in enumerate(JOINT_NAMES):
        parent = where[JOINT_NAMES[JOINT_PARENTS[index]]] if index else 1
        if joint.endswith("LowerArm"):  # a twist bone in between
            names.append(f"twist {joint}")
            parents.append(parent)
            rest.append(np.eye(4))
            rest[-1][:3, 3] = axes @ positions[joint] * 0.5 + 0.5 * rest[parent][:3, 3]
            parent = len(names) - 1
        matrix = np.eye(4)
        matrix[:3, :3] = rotations.to_matrix(rotations.normalized(random.normal(size=4)))
        matrix[:3, 3] = axes @ positions[joint]
        names.append(f"b_{joint}")
        parents.append(parent)
        rest.append(matrix)
        where[joint] = len(names) - 1
    rig = PlainRig(tuple(names), np.array(parents), np.array(rest), np.full(len(names), 0.1))
    return rig, PlainMap({joint: f"b_{joint}" for joint in JOINT_NAMES if joint not in without})


def forward_kinematics(rig: PlainRig, motion) -> tuple[np.ndarray, np.ndarray]:
    """Pose positions ``(T, N, 3)`` and rotations ``(T, N, 4)`` in armature space of the basis that retargeting gave."""
    count = len(motion.rotations)
    basis = {name: motion.rotations[:, index] for index, name in enumerate(motion.bone_names)}
    heads, turned = np.zeros((count, len(rig.bone_names), 3)), np.zeros((count, len(rig.bone_names), 4))
    rest_turn = rotations.from_matrix(rig.rest[:, :3, :3])
    for index, name in enumerate(rig.bone_names):
        parent = rig.parents[index]
        if parent < 0:
            space, origin = np.tile(rest_turn[index], (count, 1)), np.tile(rig.rest[index, :3, 3], (count, 1))
        else:
            offset = rotations.rotate(
                rotations.inverse(rest_turn[parent]), rig.rest[index, :3, 3] - rig.rest[parent, :3, 3]
            )
            relative = rotations.multiply(rotations.inverse(rest_turn[parent]), rest_turn[index])
            origin = heads[:, parent] + rotations.rotate(turned[:, parent], offset)
            space = rotations.multiply(turned[:, parent], relative)
        if name == motion.location_bone:
            origin = origin + rotations.rotate(space, motion.locations)
        heads[:, index] = origin
        turned[:, index] = rotations.multiply(space, basis.get(name, rotations.identity()))
    return heads, turned
