# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands: the palm's orientation and fifteen finger joints from 21 points, by hinges that bend one way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .. import filters, gaps, rotations
from ..skeleton import FINGERS, JOINT_INDEX, finger_joints
from . import camera as cameras
from .articulation import BALL, Articulation, Ints, JointKind, Pose
from .refinement import Posture, Pull, minimise
from .smoothing import ChannelFilter
from .terms import BoneDirections

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_PALM = (0, 1, 5, 9, 13, 17)
_PALM_WEIGHTS = np.array([1.0, 0.3, 1.0, 1.0, 1.0, 1.0])
_DIRECTION_SPREAD = 0.15
_TIP_SHARE = {"Thumb": 0.016, "Index": 0.0115, "Middle": 0.0125, "Ring": 0.0125, "Little": 0.0105}
"""Length of each finger's last bone over the stature (Buryanov & Kotiuk 2010)."""
# Radians: rest (a relaxed hand), spread, lower and upper limit of the hinges of a finger, bending inwards positive.
_SIDEWAYS = (0.0, 0.15, -0.40, 0.40)
_KNUCKLE = (0.35, 0.8, -0.35, 1.65)
_MIDDLE = (0.45, 0.9, 0.0, 1.95)
_END = (0.25, 0.35, 0.0, 1.40)
_THUMB_MIDDLE = (0.15, 0.5, -0.2, 1.2)
_THUMB_END = (0.20, 0.5, -0.2, 1.4)
_THUMB_ROOT_SPREAD = 0.35
_SMALL_PALM = 20.0
"""Pixels from wrist to knuckles below which the palm's side is a guess."""
_FLIP_ANGLE = np.radians(40.0)
_SHORTEST_SIGHTING = 0.1
"""Seconds; a hand found for less between misses is not believed."""


@dataclass
class HandPoints:
    """A hand in the camera's axes: ``shape (T, 21, 3)`` of any size about any origin, filled where not ``valid
    (T,)``.
    """

    side: str
    shape: Array
    valid: Mask
    confidence: Array


@dataclass
class Fingers:
    """Local rotations ``(T, 15, 4)`` of the finger joints ``names``, and the confidence ``(T,)``."""

    names: tuple[str, ...]
    local: Array
    confidence: Array


def hand_sightings(image: Array, confidence: Array, fps: float) -> Mask:
    """Frames ``(T,)`` in which the hand's points ``(T, 21, 3)`` are believed."""
    finite = np.isfinite(image).all(axis=(1, 2)) & (confidence > 0.0)
    return gaps.without_islands(finite, round(_SHORTEST_SIGHTING * fps))


def hand_points(
    side: str, image: Array, world: Array, confidence: Array, focal: float, centre: Array, times: Array, fps: float
) -> HandPoints:
    """The hand's points turned to the camera's axes.

    The picture gives x and y, the tracker's metric points (where it has them) the depth; both are seen along the hand's
    own ray (:func:`cameras.facing_rays`).
    """
    valid = hand_sightings(image, confidence, fps)
    metric = np.isfinite(world).all(axis=(1, 2))
    shape = image - image[:, :1]
    flat, deep = shape[..., :2], world - world[:, :1]
    scale = np.sum(flat * deep[..., :2], axis=(1, 2)) / np.maximum(np.sum(deep[..., :2] ** 2, axis=(1, 2)), 1e-12)
    usable = metric & (scale > 0.0)
    shape[..., 2] = np.where(usable[:, None], deep[..., 2] * scale[:, None], shape[..., 2])
    turned = np.einsum("tij,tnj->tni", cameras.facing_rays(image[:, 0, :2], focal, centre), shape)
    turned[~valid] = np.nan
    return HandPoints(side, gaps.fill_points(turned, times), valid, np.where(valid, confidence, 0.0))


def _palm_rest(side: str, rest_offsets: Array) -> Array:
    names = [f"{side}ThumbMetacarpal"] + [finger_joints(side, finger)[0] for finger in FINGERS[1:]]
    return np.array([np.zeros(3)] + [rest_offsets[JOINT_INDEX[name]] for name in names])


def aligned(source: Array, target: Array, weights: Array) -> Array:
    """Rotations ``(T, 3, 3)`` that turn points ``source (N, 3)`` onto ``target (T, N, 3)`` best (Kabsch 1976)."""
    total = weights.sum()
    a = source - (source * weights[:, None]).sum(0) / total
    b = target - (target * weights[:, None]).sum(1, keepdims=True) / total
    covariance = np.einsum("tni,nj,n->tij", b, a, weights)
    u, _, vt = np.linalg.svd(covariance)
    sign = np.linalg.det(u @ vt)
    u[..., 2] *= sign[:, None]
    return np.asarray(u @ vt)


def palm_rotations(points: HandPoints, rest_offsets: Array, fps: float) -> Array:
    """Rotations ``(T, 3, 3)`` of the hand joint in the level camera's world, calmed where the hand is lost or found.

    Identity where the hand was never seen.
    """
    if not points.valid.any():
        return np.broadcast_to(np.eye(3), (len(points.valid), 3, 3)).copy()
    rest = _palm_rest(points.side, rest_offsets)
    world = points.shape[:, _PALM] @ cameras.WORLD_FROM_LEVEL_CAMERA.T
    turned = rotations.from_matrix(aligned(rest, world, _PALM_WEIGHTS))
    calm = filters.filtered_rotations(turned, lambda values: filters.zero_phase(values, fps, 1.5))
    return rotations.to_matrix(rotations.slerp(turned, calm, gaps.border_nearness(points.valid, fps)))


def palm_trust(points: HandPoints, turned: Array, fps: float) -> Array:
    """How far each frame's palm rotation ``(T, 3, 3)`` may be believed, ``(T,)`` 0..1.

    By confidence, which reaches half a second into gaps so that a lost hand keeps its turn for a while; by the palm's
    size in
    the picture, for small palms are often seen from the wrong side; and by agreement with the neighbouring frames.
    """
    quaternions = rotations.from_matrix(turned)
    calm = filters.filtered_rotations(quaternions, lambda values: filters.zero_phase(values, fps, 2.0))
    steady = np.exp(-((rotations.angle_between(quaternions, calm) / _FLIP_ANGLE) ** 2))
    palm = np.linalg.norm(points.shape[:, 9] - points.shape[:, 0], axis=-1)
    large = np.clip((palm - _SMALL_PALM) / _SMALL_PALM, 0.15, 1.0)
    reaching = gaps.confidence_into_gaps(points.confidence, points.valid, fps, reach=0.5)
    return np.asarray(reaching * np.where(np.isfinite(palm), large, 0.0) * steady)


def _hand_figure(side: str, rest_offsets: Array) -> Articulation:
    sign = 1.0 if side == "left" else -1.0
    bend, turn = (0.0, sign, 0.0), (0.0, 0.0, sign)
    thumb = tuple(np.array([1.0, sign, sign]) / np.sqrt(3.0))
    names, parents = [f"{side}Hand"], [-1]
    kinds: dict[str, JointKind] = {f"{side}Hand": BALL}
    for finger in FINGERS:
        joints = finger_joints(side, finger)
        for position, name in enumerate(joints):
            parents.append(0 if position == 0 else len(names) - 1)
            names.append(name)
        kinds[joints[0]] = BALL if finger == "Thumb" else (turn, bend)
        kinds[joints[1]] = kinds[joints[2]] = (thumb,) if finger == "Thumb" else (bend,)
    offsets = np.array([rest_offsets[JOINT_INDEX[name]] for name in names])
    offsets[0] = 0.0
    return Articulation(names, parents, offsets, kinds)


def _hand_posture(figure: Articulation) -> Posture:
    count = len(figure.names)
    rows: list[tuple[float, float, float, float]] = []
    for joint in figure.first_hinge:
        name = figure.names[joint]
        if "Thumb" in name:
            rows.append(_THUMB_END if name.endswith("Distal") else _THUMB_MIDDLE)
        elif name.endswith("Proximal"):
            rows += [_SIDEWAYS, _KNUCKLE]
        else:
            rows.append(_END if name.endswith("Distal") else _MIDDLE)
    table = np.array(rows)
    ball = np.zeros((count, 3))
    ball[1] = _THUMB_ROOT_SPREAD**-2
    reference = np.broadcast_to(np.eye(3), (count, 3, 3)).copy()
    return Posture(reference, ball, table[:, 0], table[:, 1] ** -2.0, table[:, 2], table[:, 3])


def _bones(figure: Articulation, scale: float) -> tuple[Ints, Array, Ints]:
    """Joints and offsets of the 21 points, and the 20 pairs of points that are bones."""
    joints, offsets, pairs = [0], [np.zeros(3)], []
    for number, finger in enumerate(FINGERS):
        base = 1 + 3 * number
        for position in range(3):
            pairs.append((0 if position == 0 else len(joints) - 1, len(joints)))
            joints.append(base + position)
            offsets.append(np.zeros(3))
        pairs.append((len(joints) - 1, len(joints)))
        joints.append(base + 2)
        offsets.append(rotations.normalized(figure.offsets[base + 2]) * _TIP_SHARE[finger] * 1.7 * scale)
    return np.array(joints, dtype=np.intp), np.array(offsets), np.array(pairs, dtype=np.intp)


def solve_fingers(points: HandPoints, rest_offsets: Array, scale: float, fps: float, smooth: ChannelFilter) -> Fingers:
    """Finger rotations of a clip.

    Where the hand is not seen the fingers relax; near the borders of such spans they are low-passed, so that neither
    losing
    nor finding the hand makes them jump. ``smooth`` is the filter that the user chose.
    """
    figure = _hand_figure(points.side, rest_offsets)
    posture = _hand_posture(figure)
    count = len(points.valid)
    relaxed = Pose(
        np.broadcast_to(np.eye(3), (1, len(figure.names), 3, 3)).copy(), posture.hinge_rest[None], np.zeros((1, 3))
    )
    if points.valid.any():
        pose = _fitted(figure, posture, points, scale, fps)
        near = gaps.border_nearness(points.valid, fps)
        angles = gaps.fill_channels(pose.angles, points.valid, fps, posture.hinge_rest)
        angles += near[:, None] * (filters.zero_phase(angles, fps, 1.5) - angles)
        # limits are soft in the fit, and a filter overshoots; what is left beyond them is measuring error
        angles = np.clip(smooth(angles), posture.hinge_low, posture.hinge_high)
        thumb = gaps.fill_rotations(rotations.from_matrix(pose.local[:, 1]), points.valid, fps, rotations.identity())
        calm = filters.filtered_rotations(thumb, lambda values: filters.zero_phase(values, fps, 1.5))
        local = np.broadcast_to(np.eye(3), (count, len(figure.names), 3, 3)).copy()
        thumb = filters.filtered_rotations(rotations.slerp(thumb, calm, near), smooth)
        local[:, 1] = rotations.to_matrix(thumb)
        pose = figure.with_hinges(Pose(local, angles, np.zeros((count, 3))))
    else:
        single = figure.with_hinges(relaxed)
        pose = Pose(
            np.repeat(single.local, count, axis=0), np.repeat(single.angles, count, axis=0), np.zeros((count, 3))
        )
    confidence = gaps.confidence_into_gaps(points.confidence, points.valid, fps)
    return Fingers(figure.names[1:], rotations.continuous(rotations.from_matrix(pose.local[:, 1:])), confidence)


def _fitted(figure: Articulation, posture: Posture, points: HandPoints, scale: float, fps: float) -> Pose:
    joints, offsets, pairs = _bones(figure, scale)
    world = points.shape @ cameras.WORLD_FROM_LEVEL_CAMERA.T
    bone = world[:, pairs[:, 1]] - world[:, pairs[:, 0]]
    length = np.linalg.norm(bone, axis=-1)
    typical = np.median(length[points.valid], axis=0)
    # a bone drawn much shorter than usual points at the camera: its direction is poorly known
    clear = np.clip(length / np.maximum(typical, 1e-9), 0.3, 1.0)
    term = BoneDirections(joints, offsets, pairs, rotations.normalized(bone), clear / _DIRECTION_SPREAD)
    start = figure.rest(len(world))
    start.local[:, 0] = aligned(
        np.array([np.zeros(3)] + [figure.offsets[1 + 3 * number] for number in range(5)]),
        world[:, _PALM],
        _PALM_WEIGHTS,
    )
    start.angles[:] = posture.hinge_rest
    pose = figure.with_hinges(start)
    for iterations, spread in ((5, 1.0), (2, 0.15)):
        target = figure.with_hinges(
            Pose(
                rotations.to_matrix(
                    filters.filtered_rotations(
                        rotations.from_matrix(pose.local), lambda values: filters.zero_phase(values, fps, 6.0)
                    )
                ),
                filters.zero_phase(pose.angles, fps, 6.0),
                pose.root,
            )
        )
        pull = Pull(
            target,
            np.full(len(figure.names), spread**-2.0),
            np.full(len(figure.hinge_axes), spread**-2.0),
            np.eye(3),
        )
        pose, _ = minimise(figure, target, [term, posture, pull], iterations)
    return pose
