# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes to limit: single poses, random and lively ones, and the ways in which captured motion goes wrong."""

from __future__ import annotations

import dataclasses

import numpy as np

from holirep_blender.motion import rotations
from holirep_blender.motion.skeleton import JOINT_INDEX, JOINT_NAMES, JOINT_PARENTS, mirrored, t_pose_offsets
from holirep_blender.motion.take import Take

JOINTS = len(JOINT_NAMES)


def still_take(frames: int = 1, fps: float = 30.0) -> Take:
    """The canonical T-pose."""
    offsets = t_pose_offsets()
    root = np.tile(offsets[0], (frames, 1))
    return Take(fps, 1, rotations.identity((frames, JOINTS)), root, offsets)


def posed(**turns: np.ndarray) -> Take:
    """The T-pose with some joints turned; each turn is a rotation vector ``(3,)`` or ``(T, 3)`` in radians."""
    frames = max(np.atleast_2d(turn).shape[0] for turn in turns.values())
    take = still_take(frames)
    for joint, turn in turns.items():
        take.local_rotations[:, JOINT_INDEX[joint]] = rotations.from_rotation_vector(np.atleast_2d(turn))
    return take


def random_take(frames: int, seed: int = 0) -> Take:
    """Any rotation at every joint."""
    random = np.random.default_rng(seed)
    return dataclasses.replace(
        still_take(frames), local_rotations=rotations.normalized(random.normal(size=(frames, JOINTS, 4)))
    )


def lively_take(frames: int, seed: int = 0, reach: float = 0.6, noise: float = 0.0) -> Take:
    """Every joint swings smoothly, ``reach`` radians and more about each axis, with white noise if asked for."""
    random = np.random.default_rng(seed)
    clock = np.arange(frames)[:, None, None] / 30.0
    phase, pace = random.uniform(0.0, 6.0, (1, JOINTS, 3)), random.uniform(0.5, 3.0, (1, JOINTS, 3))
    waves = reach * random.normal(size=(1, JOINTS, 3)) * np.sin(clock * pace + phase)
    waves = waves + noise * random.normal(size=waves.shape)
    return dataclasses.replace(still_take(frames), local_rotations=rotations.from_rotation_vector(waves))


def noisy(take: Take, degrees: float, seed: int = 0, memory: float = 0.0) -> Take:
    """The take with noise on every joint; ``memory`` is the share that stays from frame to frame (0: white)."""
    random = np.random.default_rng(seed)
    noise = random.normal(size=take.local_rotations.shape[:2] + (3,))
    for frame in range(1, take.frame_count if memory else 0):
        noise[frame] = memory * noise[frame - 1] + np.sqrt(1.0 - memory**2) * noise[frame]
    turned = rotations.multiply(take.local_rotations, rotations.from_rotation_vector(np.radians(degrees) * noise))
    return dataclasses.replace(take, local_rotations=turned)


def swapped(take: Take, seed: int = 0) -> Take:
    """The take with left and right exchanged in some short stretches, as trackers do."""
    random = np.random.default_rng(seed)
    local = take.local_rotations.copy()
    columns = {name: column for column, name in enumerate(take.joint_names)}
    other = [columns.get(mirrored(name), column) for name, column in columns.items()]
    for _ in range(max(1, take.frame_count // 60)):
        first = int(random.integers(0, take.frame_count))
        last = min(take.frame_count, first + int(random.integers(1, 8)))
        local[first:last] = local[first:last][:, other]
    return dataclasses.replace(take, local_rotations=local)


def at_rest_in(take: Take, frame: int) -> Take:
    """The same motion of the same body with one of its poses as the rest pose."""
    turned = take.world_rotations()
    rest = turned[frame]
    hips = rotations.inverse(rest[0])  # the body faces the same way at rest
    rest = rotations.multiply(hips, rest)
    world = rotations.multiply(turned, rotations.inverse(rest))
    local, offsets = world.copy(), take.rest_offsets.copy()
    for joint, parent in enumerate(take.parents):
        if parent >= 0:
            local[:, joint] = rotations.multiply(rotations.inverse(world[:, parent]), world[:, joint])
            offsets[joint] = rotations.rotate(rest[parent], take.rest_offsets[joint])
    return dataclasses.replace(take, local_rotations=local, rest_offsets=offsets)


def without(take: Take, absent: set[str]) -> Take:
    """The take without some joints; what hung on them hangs on their parents."""
    keep = [index for index, name in enumerate(take.joint_names) if name not in absent]
    world, positions = take.world_rotations(), np.zeros((JOINTS, 3))
    for joint, parent in enumerate(JOINT_PARENTS):
        positions[joint] = take.rest_offsets[joint] + (positions[parent] if parent >= 0 else 0.0)
    parents, local, offsets = [], world[:, keep].copy(), positions[keep].copy()
    for number, joint in enumerate(keep):
        parent = take.parents[joint]
        while parent >= 0 and parent not in keep:
            parent = take.parents[parent]
        parents.append(keep.index(parent) if parent >= 0 else -1)
        if parent >= 0:
            local[:, number] = rotations.multiply(rotations.inverse(world[:, parent]), world[:, joint])
            offsets[number] = positions[joint] - positions[parent]
    return Take(
        take.fps, 1, local, take.root_translation, offsets, tuple(take.joint_names[j] for j in keep), tuple(parents)
    )


def angular_accelerations(take: Take) -> np.ndarray:
    """Of every joint, ``(T - 2, J)`` degrees per second squared."""
    local = take.local_rotations
    steps = rotations.to_rotation_vector(rotations.multiply(rotations.inverse(local[:-1]), local[1:]))
    return np.degrees(np.linalg.norm(np.diff(steps, axis=0), axis=-1)) * take.fps**2
