# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes as a tracker would have seen them: the errors of a pose tracker on clean motion, by position and by rotation.

The model, in lengths of the torso and per coordinate: a constant bias of each joint 3 %, an autoregressive wander of
2.2 % (0.93 from frame to frame at 30 frames a second), white noise of 1 %, and gross errors of 50 % in a share of
frames and joints. The positions are put back on the take's own skeleton by swinging its bones to them, as a solve does.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from holirep_blender.motion import filters, rotations
from holirep_blender.motion.geometric.options import SolveOptions
from holirep_blender.motion.geometric.smoothing import channel_filter
from holirep_blender.motion.skeleton import SIDES
from holirep_blender.motion.take import Take

Array = npt.NDArray[np.float64]

BIAS, WANDER, WHITE, GROSS = 0.03, 0.022, 0.01, 0.5
_CHAINS = tuple((f"{side}{a}", f"{side}{b}") for side in SIDES for a, b in (
    ("UpperLeg", "LowerLeg"), ("LowerLeg", "Foot"), ("UpperArm", "LowerArm"), ("LowerArm", "Hand"),
))  # fmt: skip


def error(shape: tuple[int, ...], fps: float, random: np.random.Generator, scale: float, gross: float = 0.0) -> Array:
    """Errors ``(T, N, 3)``: bias, wander and white noise times ``scale``; ``gross`` is the share of gross errors."""
    share = 0.93 ** (30.0 / fps)
    steps = random.normal(size=shape) * np.sqrt(1.0 - share**2)
    steps[0] = random.normal(size=shape[1:])
    wander = np.empty(shape)
    wander[0] = steps[0]
    for frame in range(1, shape[0]):
        wander[frame] = share * wander[frame - 1] + steps[frame]
    result = BIAS * random.normal(size=(1, *shape[1:])) + WANDER * wander + WHITE * random.normal(size=shape)
    wrong = random.random(shape[:2]) < gross
    return scale * (result + np.where(wrong[..., None], GROSS * random.normal(size=shape), 0.0))


def _torso(take: Take) -> float:
    placed = take.world_positions()
    top = next(take.joint_names.index(name) for name in ("neck", "upperChest", "head") if name in take.joint_names)
    return float(np.median(np.linalg.norm(placed[:, top] - placed[:, 0], axis=-1)))


def tracked(take: Take, seed: int, gross: float = 0.0, level: float = 1.0) -> Take:
    """The take with its joints where a tracker of that noise sees them, on the same skeleton; not smoothed."""
    random = np.random.default_rng(seed)
    placed, turned = take.world_positions(), take.world_rotations()
    noise = error(placed.shape, take.fps, random, _torso(take) * level, gross)
    seen = placed + noise
    index = {name: number for number, name in enumerate(take.joint_names)}
    # the pelvis as a rigid body through its own and the hip joints and the lower spine
    body = [index[name] for name in ("hips", "spine", "chest", "leftUpperLeg", "rightUpperLeg") if name in index]
    hips = _rigid(placed[:, body], seen[:, body])
    turns = np.repeat(hips[:, None], len(index), axis=1)
    for parent, child in _CHAINS:
        if parent in index and child in index:
            bone = placed[:, index[child]] - placed[:, index[parent]]
            turns[:, index[parent]] = rotations.between(bone, seen[:, index[child]] - seen[:, index[parent]])
    for side in SIDES:
        foot, toes = index.get(f"{side}Foot"), index.get(f"{side}Toes")
        if foot is None:
            continue
        if toes is not None:
            bone, wrong = placed[:, toes] - placed[:, foot], seen[:, toes] - seen[:, foot]
        else:  # a point of the foot as far before the ankle as a ball
            bone = rotations.rotate(turned[:, foot], np.array([0.0, -0.13, -0.05]))
            wrong = bone + noise[:, foot] - error((len(bone), 1, 3), take.fps, random, _torso(take) * level)[:, 0]
        turns[:, foot] = rotations.between(bone, wrong)
        if toes is not None:
            turns[:, toes] = turns[:, foot]
    world = rotations.multiply(turns, turned)
    return replace(take, local_rotations=_local(world, take), root_translation=seen[:, 0])


def shaken(take: Take, seed: int, degrees: float = 1.0) -> Take:
    """The take with errors of that kind on its rotations (bias, wander and white noise in the ratio above) and root.

    ``degrees`` is the standard deviation of the wander about each axis of each joint.
    """
    random = np.random.default_rng(seed)
    vectors = error(take.local_rotations.shape[:2] + (3,), take.fps, random, np.radians(degrees) / WANDER)
    local = rotations.multiply(take.local_rotations, rotations.from_rotation_vector(vectors))
    root = take.root_translation + error((take.frame_count, 1, 3), take.fps, random, _torso(take))[:, 0]
    return replace(take, local_rotations=rotations.continuous(local), root_translation=root)


def smoothed(take: Take) -> Take:
    """The take after the solver's usual smoothing."""
    options = SolveOptions()
    joints, root = channel_filter(options, take.fps, "joints"), channel_filter(options, take.fps, "root")
    return replace(
        take,
        local_rotations=filters.filtered_rotations(take.local_rotations, joints),
        root_translation=root(take.root_translation),
    )


def _rigid(points: Array, targets: Array) -> Array:
    """Rotation ``(T, 4)`` that takes points ``(T, N, 3)`` best to targets (Kabsch 1976)."""
    a, b = points - points.mean(1, keepdims=True), targets - targets.mean(1, keepdims=True)
    u, _, vt = np.linalg.svd(np.swapaxes(b, 1, 2) @ a)
    fix = np.repeat(np.eye(3)[None], len(a), axis=0)
    fix[:, 2, 2] = np.linalg.det(u @ vt)
    return rotations.from_matrix(u @ fix @ vt)


def _local(world: Array, take: Take) -> Array:
    local = world.copy()
    for joint, parent in enumerate(take.parents):
        if parent >= 0:
            local[:, joint] = rotations.multiply(rotations.inverse(world[:, parent]), world[:, joint])
    return rotations.continuous(local)
