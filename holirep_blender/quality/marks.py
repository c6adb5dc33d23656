# SPDX-License-Identifier: GPL-3.0-or-later
"""The take's own body points in the picture beside those that the tracker saw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Union

import numpy as np
import numpy.typing as npt

from ..motion import rotations
from ..motion.confidence import part_of
from ..motion.geometric.landmarks import body_attachments, torso_length
from ..motion.skeleton import JOINT_NAMES, t_pose_offsets
from ..motion.take import Take
from .poses import Pose, pose_of
from .timeline import observed_rows

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

VISIBLE = 0.5
"""Visibility from which a tracked point counts (MediaPipe's own default for a point that is believed)."""
_REFERENCE_STATURE = 1.70


@dataclass(frozen=True)
class BodyMarks:
    """``N`` body points over ``T`` frames.

    Attributes
    ----------
    points : (N,) landmark numbers.
    parts : (N,) the part of the body that each belongs to, of ``motion.confidence.PARTS``.
    own : (T, N, 2) the take's points in the picture, pixels.
    seen : (T, N, 2) the tracker's, NaN where it saw none or did not believe it.
    metres : (T, N) metres at the performer that one pixel covers.
    """

    points: npt.NDArray[np.intp]
    parts: tuple[str, ...]
    own: Array
    seen: Array
    metres: Array


def body_marks(take: Take, pose: Optional[Pose] = None) -> Union[BodyMarks, str]:
    """The points, or in the user's words why there are none; ``pose`` is the take's, where it is known already."""
    if take.observations is None:
        return "The take holds no tracked points."
    if take.camera is None:
        return "The take has no camera."
    if take.joint_names != JOINT_NAMES:
        return "The take is not on the performer's skeleton, so where the tracked points sit on it is not known."
    observations, pose = take.observations, pose_of(take) if pose is None else pose
    scale = stature_scale(take.rest_offsets)
    attached = body_attachments(take.rest_offsets, scale)
    joints = [take.joint_names.index(name) for name in attached.joints]
    world = pose.placed[:, joints] + rotations.rotate(pose.turned[:, joints], attached.offsets)
    own = take.camera.project(world)
    camera = take.camera.world_from_camera
    depth = np.einsum("ti,tni->tn", camera[:, :3, 2], world - camera[:, None, :3, 3])
    rows = observed_rows(take, observations)
    seen = rows.of(observations.body_image[..., :2])[:, attached.landmarks]
    shown = rows.of(observations.body_visibility)[:, attached.landmarks] >= VISIBLE
    shown &= (rows.of(observations.body_confidence) > 0.0)[:, None]
    seen = np.where(shown[..., None], seen, np.nan)
    if not np.isfinite(seen).any():
        return "The tracker saw the body in no frame."
    if not np.isfinite(own[np.isfinite(seen).all(axis=2)]).any() or not (depth > 1e-6).any():
        return "The performer is behind the take's camera, or not in its picture."
    focal = float(take.camera.intrinsics[0, 0])
    parts = tuple(part_of(name) for name in attached.joints)
    return BodyMarks(attached.landmarks, parts, own, seen, np.where(depth > 1e-6, depth / focal, np.nan))


def stature_scale(rest_offsets: Array) -> float:
    """Stature over 1.70 m of a performer's skeleton, by its torso."""
    return torso_length(rest_offsets) / torso_length(t_pose_offsets(_REFERENCE_STATURE))
