# SPDX-License-Identifier: GPL-3.0-or-later
"""From what the network says to a take: one world, a camera, a floor, and trust in every channel."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Callable, Optional

import numpy as np
import numpy.typing as npt
import torch

from ...motion import filters, rotations
from ...motion.arkit import ARKIT_INDEX, ARKIT_NAMES
from ...motion.geometric import SolveOptions
from ...motion.observations import Observations
from ...motion.resampling import resampled
from ...motion.skeleton import JOINT_INDEX, JOINT_NAMES, SIDES
from ...motion.take import CONTACT_NAMES, Camera, Take
from .joints import REFERENCE_STATURE, SOLVED, rest_offsets
from .network import HolisticReplicationNetwork
from .observed import from_observations
from .rotations import gravity_view
from .windows import Predicted, predict

Array = npt.NDArray[np.float64]

UNOBSERVABLE = ("tongueOut", "cheekPuff", "jawForward", "mouthDimpleLeft", "mouthDimpleRight")
"""Coefficients that the face's points hardly show; they are marked with no confidence."""
_JAW_OPEN = np.radians(22.0)
_TRUSTED_ANGLE, _TRUSTED_COEFFICIENT = np.radians(20.0), 0.25
"""Expected errors at which confidence is one half."""
_DEPTH_CUTOFF = 1.5
"""Hertz; distance from the camera is seen worst of all and people do not leap along the view more often."""
_HEEL, _BALL = np.array([0.0, 0.045, -0.0663]), np.array([0.0, 0.0, -0.0204])


def solve_fusion(
    network: HolisticReplicationNetwork,
    observations: Observations,
    options: SolveOptions,
    *,
    neutral: Optional[npt.ArrayLike] = None,
    progress: Optional[Callable[[float], None]] = None,
) -> Take:
    """A take from observations by the network.

    Parameters
    ----------
    observations : the picture's middle is taken for the principal point, whatever the options say.
    options : as for the geometric solve; the smoothing is not asked for, the network's word is smooth.
    neutral : (478, 3) the performer's face at rest, in any pose and size; None where it is not known.
    progress : told how much is done, 0 to 1.

    The world has its floor at z = 0 and its origin under the performer's first place; the camera looks along +Y. Where
    the camera's track is given, the world is the track's. Raises ValueError where the plate's times cannot be used.
    """
    fps = options.fps or 30.0
    rows = resampled(observations, fps)
    track = options.camera_track
    observed = from_observations(
        rows,
        focal_length_px=options.focal_length_px,
        performer_height=options.performer_height,
        up=None if track is None else track[:, 2, :3],
        neutral=neutral,
    )

    def told(done: int, of_all: int) -> None:
        if progress is not None:
            progress(done / of_all)

    said = with_height(predict(network, observed, progress=told), options.performer_height)
    return take_of(said, rows, fps=fps, frame_start=options.frame_start, camera_track=track)


def with_height(said: Predicted, height: Optional[float]) -> Predicted:
    """The same performance by somebody exactly as tall as was given, and as much farther away or nearer."""
    if height is None:
        return said
    build = said.performance.build.clone()
    wanted = math.log(height / REFERENCE_STATURE)
    factor = math.exp(wanted - float(build[0, 0]))
    build[:, 0] = wanted
    return replace(said, performance=replace(said.performance, build=build), place=said.place * factor)


def take_of(
    said: Predicted, rows: Observations, *, fps: float, frame_start: int, camera_track: Optional[Array] = None
) -> Take:
    """The take that a prediction over ``rows`` means; ``camera_track (T, 4, 4)`` is the world from the camera."""
    performance, count = said.performance, len(rows)
    up = performance.up[0].double().numpy()
    if camera_track is None:
        # one camera on sticks: its tilt is the clip's, not each frame's
        steady = rotations.normalized(np.median(up, axis=0))
        world_from_camera = np.tile(np.eye(4), (count, 1, 1))
        world_from_camera[:, :3, :3] = gravity_view(torch.as_tensor(steady)).numpy().T
    else:
        world_from_camera = camera_track.copy()
    local = rotations.identity((count, len(JOINT_NAMES)))
    columns = [JOINT_INDEX[name] for name in SOLVED]
    local[:, columns] = rotations.from_matrix(performance.rotations[0].double().numpy())
    offsets = np.zeros((len(JOINT_NAMES), 3))
    offsets[columns] = rest_offsets(performance.build)[0].double().numpy()
    scale = float(performance.build[0, 0].exp())
    for name, place in (
        ("leftEye", (0.0315, -0.085, 0.071)),
        ("rightEye", (-0.0315, -0.085, 0.071)),
        ("jaw", (0.0, -0.0255, 0.017)),
    ):
        offsets[JOINT_INDEX[name]] = np.array(place) * scale
    trust = 1.0 / (1.0 + (performance.spread[0].double().numpy() / _TRUSTED_ANGLE) ** 2)
    confidence = np.zeros((count, len(JOINT_NAMES)))
    confidence[:, columns] = trust * _seen(rows)[:, None]
    _add_face(local, confidence, said, rows)

    place = said.place[0].double().numpy()
    depth = (
        np.exp(filters.zero_phase(np.log(np.maximum(place[:, 2:], 0.1)), fps, _DEPTH_CUTOFF))
        if count > 12
        else place[:, 2:]
    )
    place = place / np.maximum(place[:, 2:], 0.1) * depth
    turn = world_from_camera[:, :3, :3]
    if camera_track is not None:
        heading = turn @ gravity_view(torch.as_tensor(turn[:, 2, :])).numpy()
        local[:, 0] = rotations.multiply(rotations.from_matrix(heading), local[:, 0])
    middle = np.einsum("tij,tj->ti", turn, place) + world_from_camera[:, :3, 3]
    pelvis = (offsets[JOINT_INDEX["leftUpperLeg"]] + offsets[JOINT_INDEX["rightUpperLeg"]]) / 2.0
    root = middle - rotations.rotate(local[:, 0], pelvis)
    touching = 1.0 / (1.0 + np.exp(-performance.contacts[0, :, : len(CONTACT_NAMES)].double().numpy()))
    take = Take(
        fps=fps,
        frame_start=frame_start,
        local_rotations=rotations.continuous(local),
        root_translation=root,
        rest_offsets=offsets,
        joint_confidence=confidence,
        contacts=touching * _seen(rows)[:, None],
    )
    height = _floor(take, scale)
    if camera_track is None:
        origin = np.array([root[0, 0], root[0, 1], height])
        take.root_translation = root - origin
        world_from_camera[:, :3, 3] -= origin
        height = 0.0
    coefficients = performance.coefficients[0].double().numpy()
    expected = performance.coefficient_spread[0].double().numpy() / _TRUSTED_COEFFICIENT
    sure = (rows.face_confidence / (1.0 + expected.T**2)).T
    sure[:, [ARKIT_INDEX[name] for name in UNOBSERVABLE]] = 0.0
    take.blendshapes, take.blendshape_confidence = np.clip(coefficients, 0.0, 1.0), np.clip(sure, 0.0, 1.0)
    focal = float(said.focal[0])
    intrinsics = np.array([[focal, 0.0, 0.0], [0.0, focal, 0.0], [0.0, 0.0, 1.0]])
    intrinsics[:2, 2] = rows.image_size / 2.0
    take.camera = Camera(intrinsics, world_from_camera, rows.image_size)
    take.observations = rows
    take.header = {"method": "fusion", "floor_height": height}
    return take


def _seen(rows: Observations) -> Array:
    return np.clip(np.nan_to_num(rows.body_confidence), 0.0, 1.0)


def _add_face(local: Array, confidence: Array, said: Predicted, rows: Observations) -> None:
    """Eyes and jaw from gaze and coefficients, into ``local`` and ``confidence``."""
    gaze = said.performance.gaze[0].double().numpy()
    for number, name in enumerate(("leftEye", "rightEye")):
        yaw = rotations.from_axis_angle(np.array([0.0, 0.0, 1.0]), gaze[:, 2 * number])
        pitch = rotations.from_axis_angle(np.array([-1.0, 0.0, 0.0]), gaze[:, 2 * number + 1])
        local[:, JOINT_INDEX[name]] = rotations.multiply(yaw, pitch)
        confidence[:, JOINT_INDEX[name]] = rows.face_confidence
    opening = said.performance.coefficients[0, :, ARKIT_NAMES.index("jawOpen")].double().numpy() * _JAW_OPEN
    local[:, JOINT_INDEX["jaw"]] = rotations.from_axis_angle(np.array([1.0, 0.0, 0.0]), opening)
    confidence[:, JOINT_INDEX["jaw"]] = rows.face_confidence


def _floor(take: Take, scale: float) -> float:
    """Height of the floor: of the soles where they are believed to touch it, else of the lowest sole."""
    turned, placed = take.world_rotations(), take.world_positions()
    points = []
    for side in SIDES:
        for part, offset in (("Foot", _HEEL), ("Toes", _BALL)):
            joint = JOINT_INDEX[side + part]
            points.append(placed[:, joint, 2] + rotations.rotate(turned[:, joint], offset * scale)[:, 2])
    heights = np.stack(points, axis=1)
    touching = take.contacts > 0.5
    if touching.sum() >= 5:
        return float(np.median(heights[touching]))
    return float(np.quantile(heights.min(axis=1), 0.1))
