# SPDX-License-Identifier: GPL-3.0-or-later
"""A first pose straight from the landmarks' directions, from which the refinement starts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .. import rotations
from .articulation import Articulation, Pose
from .landmarks import ANKLE, ELBOW, HIP, KNEE, SHOULDER, WRIST

Array = npt.NDArray[np.float64]


def _transposed(matrices: Array) -> Array:
    return np.swapaxes(matrices, -1, -2)


def trunk_frames(points: Array, lower: tuple[int, int], across: tuple[int, int]) -> Array:
    """World rotations ``(T, 3, 3)`` of the trunk from world points ``(T, 33, 3)``.

    X runs from the right to the left landmark of ``across``, Z up from the middle of the hips to that of the shoulders.
    """
    up = points[:, SHOULDER].mean(1) - points[:, HIP].mean(1)
    side = points[:, across[0]] - points[:, across[1]]
    if lower == across:  # the pelvis: its own axis is trusted, the trunk's direction completes it
        frame = rotations.frame(side, up)
        return np.stack([frame[..., 0], -frame[..., 2], frame[..., 1]], axis=-1)
    frame = rotations.frame(up, side)
    return np.stack([frame[..., 1], -np.cross(frame[..., 1], frame[..., 0]), frame[..., 0]], axis=-1)


def _hinged(
    parent: Array, upper: Array, lower: Array, rest_upper: Array, rest_axis: Array, default_axis: Array
) -> tuple[Array, Array]:
    """World rotation ``(T, 3, 3)`` of a limb's first bone and its hinge's angle ``(T,)``.

    The hinge's axis is perpendicular to both bones; near a straight limb it fades into ``default_axis (T, 3)``.
    """
    upper, lower = rotations.normalized(upper), rotations.normalized(lower)
    normal = np.cross(upper, lower)
    bend = np.linalg.norm(normal, axis=-1, keepdims=True)
    share = np.clip((bend - 0.15) / 0.25, 0.0, 1.0)
    axis = share * rotations.normalized(normal) + (1.0 - share) * default_axis
    frame = rotations.frame(upper, axis)
    rest = rotations.frame(rest_upper, rest_axis)
    turned = frame @ _transposed(rest)
    return turned, np.arctan2(bend[..., 0], np.sum(upper * lower, axis=-1))


def first_pose(figure: Articulation, points: Array, hips: Array) -> Pose:
    """Pose of the body figure from world points.

    Parameters
    ----------
    points : (T, 33, 3) landmarks in world axes (about any origin), without NaN.
    hips : (T, 3) world position of the hips.
    """
    count = len(points)
    pose = figure.rest(count)
    pose.root[:] = hips
    pelvis = trunk_frames(points, HIP, HIP)
    thorax = trunk_frames(points, HIP, SHOULDER)
    row = figure.index
    pose.local[:, row["hips"]] = pelvis
    step = rotations.to_rotation_vector(rotations.from_matrix(_transposed(pelvis) @ thorax)) / 3.0
    third = rotations.to_matrix(rotations.from_rotation_vector(step))
    for name in ("spine", "chest", "upperChest"):
        pose.local[:, row[name]] = third
    for side, (sign, name) in enumerate(((1.0, "left"), (-1.0, "right"))):
        upper = points[:, ELBOW[side]] - points[:, SHOULDER[side]]
        lower = points[:, WRIST[side]] - points[:, ELBOW[side]]
        # the T-pose elbow bends about −Z on the left: from pointing sideways to pointing forwards
        axis = np.array([0.0, 0.0, -sign])
        hanging = thorax @ np.array([-1.0, 0.0, 0.0])
        turned, angle = _hinged(thorax, upper, lower, np.array([sign, 0.0, 0.0]), axis, hanging)
        pose.local[:, row[f"{name}UpperArm"]] = _transposed(thorax) @ turned
        pose.angles[:, figure.first_hinge[row[f"{name}LowerArm"]]] = -sign * angle
        upper = points[:, KNEE[side]] - points[:, HIP[side]]
        lower = points[:, ANKLE[side]] - points[:, KNEE[side]]
        axis = np.array([1.0, 0.0, 0.0])
        # near a straight leg the knee's axis is the pelvis's side axis; a wrong sign would bend the knee forwards
        normal = np.cross(upper, lower)
        forwards = np.sum(normal * pelvis[..., 0], axis=-1) < 0.0
        lower = np.where(forwards[:, None], upper, lower)
        turned, angle = _hinged(pelvis, upper, lower, np.array([0.0, 0.0, -1.0]), axis, pelvis[..., 0])
        pose.local[:, row[f"{name}UpperLeg"]] = _transposed(pelvis) @ turned
        pose.angles[:, figure.first_hinge[row[f"{name}LowerLeg"]]] = angle
    return figure.with_hinges(pose)
