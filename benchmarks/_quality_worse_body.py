# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies made worse by graded amounts: each function changes evidence by an amount in the unit of its corruption."""

from __future__ import annotations

from dataclasses import replace
from typing import Callable

import numpy as np
import numpy.typing as npt

from benchmarks._quality_clips import keyed_face
from benchmarks._quality_lights import LightTruth
from holirep_blender.motion import rotations
from holirep_blender.motion.confidence import part_of
from holirep_blender.motion.contacts import Floor
from holirep_blender.motion.skeleton import JOINT_INDEX
from holirep_blender.motion.take import Take
from holirep_blender.quality.evidence import Evidence

Array = npt.NDArray[np.float64]


def both(evidence: Evidence, change: Callable[[Take], Take]) -> Evidence:
    """The evidence with the same change to take and character: what was solved wrongly is keyed wrongly."""
    assert evidence.character is not None
    take = change(evidence.take)
    keys = None if evidence.face_keys is None else keyed_face(take)
    return replace(evidence, take=take, character=change(evidence.character), face_keys=keys)


def noise(evidence: Evidence, light: LightTruth, degrees: float) -> Evidence:
    def change(take: Take) -> Take:
        random = np.random.default_rng(7)
        vectors = np.radians(degrees) * random.normal(size=take.local_rotations.shape[:2] + (3,))
        vectors[:, [part_of(name) == "face" for name in take.joint_names]] = 0.0
        local = rotations.multiply(take.local_rotations, rotations.from_rotation_vector(vectors))
        return replace(take, local_rotations=local)

    return both(evidence, change)


def frozen(evidence: Evidence, light: LightTruth, share: float) -> Evidence:
    def change(take: Take) -> Take:
        rows = held(take.frame_count, share)
        local = take.local_rotations[rows].copy()
        eyes = [index for index, name in enumerate(take.joint_names) if part_of(name) == "face"]
        local[:, eyes] = take.local_rotations[:, eyes]
        return replace(take, local_rotations=local, root_translation=take.root_translation[rows])

    return both(evidence, change)


def held(count: int, share: float) -> npt.NDArray[np.intp]:
    """Rows of a clip whose last part is held as its first frame is."""
    first = min(count - 1, round((1.0 - share) * count))
    return np.minimum(np.arange(count), first)


def smooth(evidence: Evidence, light: LightTruth, seconds: float) -> Evidence:
    def change(take: Take) -> Take:
        blur = blurring(take.frame_count, seconds * take.fps)
        local = rotations.continuous(take.local_rotations)
        blurred = rotations.normalized(np.einsum("st,tjk->sjk", blur, local))
        eyes = [index for index, name in enumerate(take.joint_names) if part_of(name) == "face"]
        blurred[:, eyes] = take.local_rotations[:, eyes]
        return replace(take, local_rotations=blurred, root_translation=blur @ take.root_translation)

    return both(evidence, change)


def blurring(count: int, frames: float) -> Array:
    """Rows of a Gaussian filter of such a standard deviation ``(T, T)``."""
    apart = np.arange(count)[:, None] - np.arange(count)[None, :]
    weights = np.exp(-0.5 * (apart / max(frames, 1e-3)) ** 2)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def swapped(evidence: Evidence, light: LightTruth, share: float) -> Evidence:
    """Left taken for right, so that the performer is solved as seen from behind, in a part of every two seconds."""

    def change(take: Take) -> Take:
        local = take.local_rotations.copy()
        rows = (take.times % 2.0) < 2.0 * share
        about = rotations.from_axis_angle(np.array([0.0, 0.0, 1.0]), np.array(np.pi))
        local[rows, 0] = rotations.multiply(about, local[rows, 0])
        return replace(take, local_rotations=local)

    return both(evidence, change)


def bent(evidence: Evidence, light: LightTruth, degrees: float) -> Evidence:
    """Wrists bent so far."""

    def change(take: Take) -> Take:
        local = take.local_rotations.copy()
        for sign, side in ((1.0, "left"), (-1.0, "right")):
            bend = rotations.from_axis_angle(np.array([0.0, 1.0, 0.0]), np.radians(sign * degrees))
            local[:, JOINT_INDEX[f"{side}Hand"]] = bend
        return replace(take, local_rotations=local)

    return both(evidence, change)


def stretched(evidence: Evidence, light: LightTruth, share: float) -> Evidence:
    def change(take: Take) -> Take:
        offsets = take.rest_offsets.copy()
        rows = [JOINT_INDEX[f"{side}{part}"] for side in ("left", "right") for part in ("LowerArm", "Hand")]
        offsets[rows] *= 1.0 + share
        return replace(take, rest_offsets=offsets)

    return both(evidence, change)


def lost(evidence: Evidence, light: LightTruth, share: float) -> Evidence:
    def change(take: Take) -> Take:
        confidence = take.joint_confidence.copy()
        arms = [index for index, name in enumerate(take.joint_names) if part_of(name).endswith("Arm") or name == "head"]
        lost = np.ix_(np.arange(take.frame_count) < share * take.frame_count, arms)
        confidence[lost] = 0.0
        return replace(take, joint_confidence=confidence)

    return both(evidence, change)


def slide(evidence: Evidence, light: LightTruth, metres: float) -> Evidence:
    """The character glides to and fro over the floor, a metre of way in four seconds for a metre."""
    assert evidence.character is not None
    take = evidence.character
    sway = np.sin(2.0 * np.pi * take.times / 4.0)[:, None] * np.array([1.0, 0.6, 0.0])
    return replace(evidence, character=replace(take, root_translation=take.root_translation + metres * sway))


def raised(evidence: Evidence, light: LightTruth, metres: float) -> Evidence:
    return replace(evidence, floor=Floor((0.0, 0.0, metres)))


def lowered(evidence: Evidence, light: LightTruth, metres: float) -> Evidence:
    return replace(evidence, floor=Floor((0.0, 0.0, -metres)))


def tilted(evidence: Evidence, light: LightTruth, degrees: float) -> Evidence:
    """The world rolled with its camera, as by a camera whose horizon was guessed wrongly; the floor stays level."""
    assert evidence.take.camera is not None
    along = evidence.take.camera.world_from_camera[0, :3, 2] * np.array([1.0, 1.0, 0.0])

    def change(take: Take) -> Take:
        turn = rotations.from_axis_angle(rotations.normalized(along), np.radians(degrees))
        pivot = take.root_translation.mean(axis=0) * np.array([1.0, 1.0, 0.0])
        local = take.local_rotations.copy()
        local[:, 0] = rotations.multiply(turn, local[:, 0])
        camera = take.camera
        if camera is not None:
            pose = camera.world_from_camera.copy()
            matrix = rotations.to_matrix(turn)
            pose[:, :3, :3] = matrix @ pose[:, :3, :3]
            pose[:, :3, 3] = (pose[:, :3, 3] - pivot) @ matrix.T + pivot
            camera = replace(camera, world_from_camera=pose)
        root = rotations.rotate(turn, take.root_translation - pivot) + pivot
        return replace(take, local_rotations=local, root_translation=root, camera=camera)

    return both(evidence, change)


def head(evidence: Evidence, light: LightTruth, degrees: float) -> Evidence:
    return both(evidence, lambda take: turn(take, ("head",), (0.0, 0.0, 1.0), degrees))


def gaze(evidence: Evidence, light: LightTruth, degrees: float) -> Evidence:
    return both(evidence, lambda take: turn(take, ("leftEye", "rightEye"), (0.0, 0.0, 1.0), degrees))


def turn(take: Take, names: tuple[str, ...], axis: tuple[float, float, float], degrees: float) -> Take:
    local = take.local_rotations.copy()
    turn = rotations.from_axis_angle(np.array(axis), np.radians(degrees))
    for name in names:
        local[:, JOINT_INDEX[name]] = rotations.multiply(local[:, JOINT_INDEX[name]], turn)
    return replace(take, local_rotations=local)
