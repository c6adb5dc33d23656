# SPDX-License-Identifier: GPL-3.0-or-later
"""The body: joint rotations, root and camera of a clip from body landmarks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Optional

import numpy as np
import numpy.typing as npt

from .. import gaps, rotations
from ..skeleton import SIDES
from . import camera as cameras
from .articulation import Articulation, Pose
from .camera import View
from .figures import body_figure, body_posture
from .first_pose import first_pose
from .landmarks import (
    ANKLE,
    DIRECTION_PAIRS,
    ELBOW,
    HEEL,
    HIP,
    INDEX_KNUCKLE,
    KNEE,
    LITTLE_KNUCKLE,
    SHOULDER,
    TOE,
    WRIST,
    Attachments,
    body_attachments,
    default_stature,
)
from .proportions import common_ratio, corrected_factors, fitted_scales, measured_ratios, scaled_offsets
from .refinement import HingeAngles, Term, minimise
from .steadying import refined
from .terms import ImagePoints, Orientations

Array = npt.NDArray[np.float64]

_IMAGE_SPREAD = 0.012
"""Standard deviation in metres of a well seen landmark around its place on the skeleton, across the line of sight."""
_DIRECTION_SPREAD = 0.20
"""Standard deviation of a unit vector's components in the world landmarks."""
_HINGE_SPREAD = np.radians(10.0)
"""Standard deviation of an elbow's or a knee's angle in the world landmarks (11° on rendered performers)."""
_LENGTH_ROUNDS, _LENGTH_FRAMES = 2, 80
"""How often pose and bone lengths are fitted in turn, and on about how many frames spread over the clip."""
_WEAK_POINTS = (*HEEL, *TOE, *INDEX_KNUCKLE, *LITTLE_KNUCKLE)


@dataclass
class BodyPoints:
    """Filled body landmarks: ``pixels (T, 33, 2)``, ``world (T, 33, 3)`` metres in the camera's axes, ``trust`` 0..1.

    ``image_size (2,)`` and ``centre (2,)``, where the optical axis meets the picture, are in pixels.
    ``trust (T, 33)`` counts for all of a landmark, ``direction_trust (T, 33)`` besides for its direction in ``world``.
    """

    pixels: Array
    world: Array
    trust: Array
    direction_trust: Array
    image_size: Array
    centre: Array
    fps: float


@dataclass
class BodySolution:
    """What the body's refinement found, in the world of ``view``: the camera's own place is the origin, if not given.

    ``rest_offsets (55, 3)``; ``scale`` stature over the reference's.
    """

    figure: Articulation
    pose: Pose
    view: View
    focal: float
    rest_offsets: Array
    scale: float
    legs_seen: bool
    image: ImagePoints
    hinges: HingeAngles
    wanted: Optional[Orientations]

    def turned(self, rotation: Array) -> BodySolution:
        """The same solution in a world turned by ``rotation (3, 3)`` about a still camera at the origin."""
        local = self.pose.local.copy()
        local[:, 0] = rotation @ local[:, 0]
        view = View.still(rotation @ self.view.turn[0])
        wanted = self.wanted
        return replace(
            self,
            pose=Pose(local, self.pose.angles, self.pose.root @ rotation.T),
            view=view,
            image=replace(self.image, view=view, directions=self.image.directions @ rotation.T),
            wanted=None if wanted is None else replace(wanted, targets=rotation @ wanted.targets),
        )


def image_trust(points: BodyPoints) -> Array:
    """Weights ``(T, 33)`` 0..1: by trust, less for points outside the picture and for the loosely defined ones.

    MediaPipe gives guessed points a visibility near 0 and hidden but plausible ones about a half.
    """
    ramp = np.clip((points.trust - 0.1) / 0.5, 0.0, 1.0)
    inside = np.all((points.pixels >= 0.0) & (points.pixels <= points.image_size), axis=-1)
    weights = ramp * ramp * (3.0 - 2.0 * ramp) * np.where(inside, 1.0, 0.3)
    weights[:, _WEAK_POINTS] *= 0.6
    weights[:, :11] *= 0.7
    return np.where(weights < 0.03, 0.0, weights)


def solve_body(
    points: BodyPoints,
    focal: float,
    performer_height: Optional[float],
    orientations: dict[str, tuple[Array, Array]],
    steady: bool,
    view: Optional[View] = None,
) -> BodySolution:
    """Fits the body figure to the landmarks of a clip.

    Parameters
    ----------
    focal : pixels.
    performer_height : metres, or None to estimate it.
    orientations : per joint wanted rotations ``(T, 3, 3)`` in the camera's axes turned to the level world, i.e.
        before the camera's tilt is known, and weights ``(T,)`` per radian.
    steady : whether neighbouring frames steady each other firmly; otherwise only as much as depth needs.
    view : the camera where it is known, else it stands still at the origin and its tilt is estimated.
    """
    weights = image_trust(points)
    centre = points.centre
    total = np.maximum(weights.sum(1), 1e-9)[:, None]
    middle = np.sum(points.pixels * weights[..., None], axis=1) / total
    local = np.einsum("tij,tnj->tni", cameras.facing_rays(middle, focal, centre), points.world)
    legs = np.minimum(points.trust[:, ANKLE].min(1), points.trust[:, HIP].min(1))
    up = local[:, SHOULDER].mean(1) - local[:, ANKLE].mean(1)
    if view is None:
        view = View.still(cameras.upright_camera(up, np.where(legs > 0.5, legs, 0.0)))
    ratios = measured_ratios(points.world, points.trust)
    scale, _ = fitted_scales(ratios, performer_height)
    legs_seen = bool(np.median(legs) > 0.3)

    metric = local * scale / common_ratio(ratios)
    shift, _ = cameras.placed(metric, points.pixels, weights, focal, centre)
    fallback = np.array([0.0, 0.0, 3.0])
    shift = gaps.fill_channels(shift, np.isfinite(shift).all(axis=1), points.fps, fallback)
    world = view.world(metric + shift[:, None])
    directions = view.aligned(local)
    plane = (points.pixels - centre) / focal
    lifted = np.concatenate([plane, np.ones_like(plane[..., :1])], axis=-1) * (metric + shift[:, None])[..., 2:]
    _, factors = fitted_scales(measured_ratios(lifted, weights), scale * default_stature())
    figure = body_figure(scaled_offsets(scale, factors))
    pose = first_pose(figure, world, world[:, HIP].mean(1))
    hinges = _hinge_term(figure, pose, weights)
    some = slice(0, None, max(1, len(pose.root) // _LENGTH_FRAMES))
    sample = pose.part(some)
    for round_number in range(_LENGTH_ROUNDS + 1):
        offsets = scaled_offsets(scale, factors)
        figure = body_figure(offsets)
        attachments = body_attachments(offsets, scale)
        image = _image_term(figure, attachments, plane, weights, view, directions, weights * points.direction_trust)
        wanted = _wanted(figure, orientations, view)
        terms = terms_of(figure, image, hinges, wanted, legs_seen)
        if round_number < _LENGTH_ROUNDS:
            sample, _ = minimise(figure, sample, [term.part(some) for term in terms], 4)
            factors = _corrected(figure, sample, image.part(some), attachments, factors, scale)
    pose = refined(figure, pose, terms, view, points.fps, steady)
    return BodySolution(figure, pose, view, focal, offsets, scale, legs_seen, image, hinges, wanted)


def _wanted(figure: Articulation, orientations: dict[str, tuple[Array, Array]], view: View) -> Optional[Orientations]:
    if not orientations:
        return None
    joints = np.array([figure.index[name] for name in orientations], dtype=np.intp)
    targets = np.stack([matrices for matrices, _ in orientations.values()], axis=1)
    weights = np.stack([weight for _, weight in orientations.values()], axis=1)
    return Orientations(joints, view.turn[:, None] @ cameras.WORLD_FROM_LEVEL_CAMERA.T @ targets, weights)


def _hinge_term(figure: Articulation, measured: Pose, weights: Array) -> HingeAngles:
    """The angles of elbows and knees that the first pose read off the world landmarks.

    Near a straight limb a small error of a bone's length in the picture would otherwise bend it far.
    """
    trust = np.zeros_like(measured.angles)
    for side, name in enumerate(SIDES):
        for joint, landmarks in (("LowerArm", (SHOULDER, ELBOW, WRIST)), ("LowerLeg", (HIP, KNEE, ANKLE))):
            hinge = figure.first_hinge[figure.index[name + joint]]
            trust[:, hinge] = weights[:, [pair[side] for pair in landmarks]].min(axis=1)
    return HingeAngles(measured.angles.copy(), trust / _HINGE_SPREAD**2)


def terms_of(
    figure: Articulation, image: ImagePoints, hinges: HingeAngles, wanted: Optional[Orientations], legs_seen: bool
) -> list[Term]:
    """The terms of the body's refinement; a performer whose legs are out of the picture stands."""
    terms: list[Term] = [image, hinges, body_posture(figure, standing=not legs_seen)]
    return terms if wanted is None else [*terms, wanted]


def _image_term(
    figure: Articulation,
    attachments: Attachments,
    plane: Array,
    weights: Array,
    view: View,
    directions: Array,
    along: Array,
) -> ImagePoints:
    row_of = {int(landmark): row for row, landmark in enumerate(attachments.landmarks)}
    pairs = np.array([(row_of[a], row_of[b]) for a, b in DIRECTION_PAIRS], dtype=np.intp)
    ends = np.array(DIRECTION_PAIRS, dtype=np.intp)
    bone = rotations.normalized(directions[:, ends[:, 1]] - directions[:, ends[:, 0]])
    trust = np.minimum(along[:, ends[:, 0]], along[:, ends[:, 1]])
    return ImagePoints(
        joints=np.array([figure.index[name] for name in attachments.joints], dtype=np.intp),
        offsets=attachments.offsets,
        plane=plane[:, attachments.landmarks],
        weights=np.sqrt(weights[:, attachments.landmarks]) / _IMAGE_SPREAD,
        view=view,
        pairs=pairs,
        directions=bone,
        direction_weights=np.sqrt(trust) / _DIRECTION_SPREAD,
    )


def _corrected(
    figure: Articulation,
    pose: Pose,
    image: ImagePoints,
    attachments: Attachments,
    factors: dict[str, float],
    scale: float,
) -> dict[str, float]:
    turned, placed = figure.forward(pose)
    points = figure.points(turned, placed, image.joints, image.offsets)
    local = image.view.local(points)
    depth = np.median(local[..., 2:], axis=1, keepdims=True)
    count = len(points)
    solved, wanted = np.zeros((count, 33, 2)), np.zeros((count, 33, 2))
    weights, lengths = np.zeros((count, 33)), np.ones((33, 33))
    rows = attachments.landmarks
    solved[:, rows] = local[..., :2] / np.maximum(local[..., 2:], 0.2) * depth
    wanted[:, rows] = image.plane * depth
    weights[:, rows] = (image.weights * _IMAGE_SPREAD) ** 2
    distance = np.linalg.norm(points[:, :, None] - points[:, None], axis=-1)
    lengths[np.ix_(rows, rows)] = np.median(distance, axis=0)
    return corrected_factors(factors, scale, solved, wanted, lengths, weights)
