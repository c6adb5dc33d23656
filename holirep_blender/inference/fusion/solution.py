# SPDX-License-Identifier: GPL-3.0-or-later
"""From observations to a take: the network, the solve after it, a camera, a floor, and trust in every channel."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Callable, Optional

import numpy as np
import numpy.typing as npt
import torch

from ...motion import rotations
from ...motion.arkit import ARKIT_INDEX, ARKIT_NAMES
from ...motion.biomechanics.engine import LimitOptions, limited
from ...motion.contacts import ContactOptions, Contacts, Floor, detect_contacts
from ...motion.geometric import SolveOptions
from ...motion.observations import Observations
from ...motion.resampling import resampled
from ...motion.skeleton import JOINT_INDEX, JOINT_NAMES, SIDES
from ...motion.take import CONTACT_NAMES, Camera, Take
from .footing import standing
from .joints import BODY, REFERENCE_STATURE, SOLVED, rest_offsets
from .lid_reading import shut_eyes
from .network import HolisticReplicationNetwork
from .observed import from_observations
from .second_reading import second_reading
from .solving import Clip, Given, evidence_of, solved, start_of
from .surface import BALL, HEEL
from .windows import Predicted, predict

Array = npt.NDArray[np.float64]

UNOBSERVABLE = ("tongueOut", "cheekPuff", "jawForward", "mouthDimpleLeft", "mouthDimpleRight")
"""Coefficients that the face's points hardly show; they are marked with no confidence."""
_JAW_OPEN = np.radians(22.0)
_TRUSTED_ANGLE, _TRUSTED_COEFFICIENT = np.radians(20.0), 0.25
"""Expected errors at which confidence is one half."""
_NETWORK_SHARE = 0.6
"""Of the time that the network takes of both."""


def solve_fusion(
    network: HolisticReplicationNetwork,
    observations: Observations,
    options: SolveOptions,
    *,
    neutral: Optional[npt.ArrayLike] = None,
    progress: Optional[Callable[[float], None]] = None,
) -> Take:
    """A take from observations: the network's word, then the clip that agrees with picture, ground and limits.

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
            progress(_NETWORK_SHARE * done / of_all)

    def later(share: float) -> None:
        if progress is not None:
            progress(_NETWORK_SHARE + (1.0 - _NETWORK_SHARE) * share)

    said = with_height(predict(network, observed, progress=told), options.performer_height)
    second = second_reading()
    template = network.template.cpu()
    said = replace(said, performance=shut_eyes(second.lids, observed, said.performance, template, fps))
    start = start_of(
        said,
        rows,
        template.double().numpy(),
        fps=fps,
        camera_track=track,
        lens_known=options.focal_length_px is not None,
    )
    floorless = options.floor == "none"
    contacts = np.zeros_like(start.contacts) if floorless else standing(second.feet, said, start, start.clip, rows)
    start = replace(start, contacts=contacts)
    given = Given(
        focal=options.focal_length_px is not None, height=options.performer_height is not None, camera=track is not None
    )
    clip = solved(start, evidence_of(rows, rows.image_size / 2.0), given, told=later)
    if not floorless:
        # the solve is told which soles stand; the solved motion shows it more sharply
        contacts = standing(second.feet, said, start, clip, rows)
    take = limited(take_of(said, rows, clip, contacts, options=replace(options, fps=fps)), LimitOptions())[0]
    return take if floorless else _touching(take, contacts, _seen(rows))


def _touching(take: Take, stands: Array, seen: Array) -> Take:
    """The take with its contacts: soles ``(T, 4)`` as they were read, all else as the motion shows it."""
    floor = Floor((0.0, 0.0, take.header["floor_height"]))
    found = detect_contacts(take, floor, ContactOptions(planted=False))
    confidence = found.confidence.copy()
    confidence[:, [found.names.index(name) for name in CONTACT_NAMES]] = stands
    return Contacts(found.names, confidence * seen[:, None]).to_take(take)


def with_height(said: Predicted, height: Optional[float]) -> Predicted:
    """The same performance by somebody exactly as tall as was given, and as much farther away or nearer."""
    if height is None:
        return said
    build = said.performance.build.clone()
    wanted = math.log(height / REFERENCE_STATURE)
    factor = math.exp(wanted - float(build[0, 0]))
    build[:, 0] = wanted
    return replace(said, performance=replace(said.performance, build=build), place=said.place * factor)


def take_of(said: Predicted, rows: Observations, clip: Clip, contacts: Array, *, options: SolveOptions) -> Take:
    """The take of a clip, as the network said it or solved; ``contacts (T, 4)`` 0..1. Nothing is limited yet."""
    performance, count = said.performance, len(rows)
    local = rotations.identity((count, len(JOINT_NAMES)))
    columns = [JOINT_INDEX[name] for name in SOLVED]
    local[:, columns] = rotations.from_matrix(performance.rotations[0].double().numpy())
    local[:, [JOINT_INDEX[name] for name in BODY]] = rotations.from_matrix(clip.local)
    build = torch.as_tensor(clip.build)[None].float()
    offsets = np.zeros((len(JOINT_NAMES), 3))
    offsets[columns] = rest_offsets(build)[0].double().numpy()
    scale = float(np.exp(clip.build[0]))
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
    take = Take(
        fps=options.fps or 30.0,
        frame_start=options.frame_start,
        local_rotations=rotations.continuous(local),
        root_translation=clip.root,
        rest_offsets=offsets,
        joint_confidence=confidence,
        contacts=contacts * _seen(rows)[:, None],
    )
    height = _floor(take, scale)
    world_from_camera = np.tile(np.eye(4), (count, 1, 1))
    world_from_camera[:, :3, :3], world_from_camera[:, :3, 3] = clip.turn, clip.place
    if options.camera_track is None:
        origin = np.array([clip.root[0, 0], clip.root[0, 1], height])
        take.root_translation = clip.root - origin
        world_from_camera[:, :3, 3] -= origin
        height = 0.0
    coefficients = performance.coefficients[0].double().numpy()
    expected = performance.coefficient_spread[0].double().numpy() / _TRUSTED_COEFFICIENT
    sure = (rows.face_confidence / (1.0 + expected.T**2)).T
    sure[:, [ARKIT_INDEX[name] for name in UNOBSERVABLE]] = 0.0
    take.blendshapes, take.blendshape_confidence = np.clip(coefficients, 0.0, 1.0), np.clip(sure, 0.0, 1.0)
    focal = float(np.exp(clip.focal))
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
    turned, placed = take.world()
    points = []
    for side in SIDES:
        for part, offset in (("Foot", np.array(HEEL)), ("Toes", np.array(BALL))):
            joint = JOINT_INDEX[side + part]
            points.append(placed[:, joint, 2] + rotations.rotate(turned[:, joint], offset * scale)[:, 2])
    heights = np.stack(points, axis=1)
    touching = take.contacts > 0.5
    if touching.sum() >= 5:
        return float(np.median(heights[touching]))
    return float(np.quantile(heights.min(axis=1), 0.1))
