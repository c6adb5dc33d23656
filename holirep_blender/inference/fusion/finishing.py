# SPDX-License-Identifier: GPL-3.0-or-later
"""What a solved take still needs: the face against the neutral one, what was not seen, and trust in every channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import numpy as np
import numpy.typing as npt

from ...motion import filters, gaps, rotations
from ...motion.arkit import ARKIT_INDEX, ARKIT_NAMES
from ...motion.geometric import SolveOptions
from ...motion.geometric.gaze import Gaze, solve_gaze
from ...motion.geometric.hands import hand_sightings
from ...motion.geometric.head import Face
from ...motion.geometric.smoothing import channel_filter
from ...motion.observations import Observations
from ...motion.skeleton import FINGERS, JOINT_INDEX, SIDES, finger_joints
from ...motion.take import Take
from .face_solving import UNOBSERVABLE, fit_face
from .lids import lids_of
from .neutral import Neutral
from .weights import Trained

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_JAW_OPEN = np.radians(22.0)
_YAW, _PITCH = np.radians(32.0), np.radians(24.0)
"""Turn of an eye whose look coefficient is 1, as the network was trained."""
_SMALL_FACE = 60.0
"""Pixels between the eyes below which lips and brows get noisy."""
_EYES = ((33, 133), (362, 263))
_EASED, _CALM_HZ = 0.45, 2.0
"""Seconds within which a hand that is lost or found changes from what was seen to what the network thinks, and how slow
it is there.
"""
_FEWEST = 12
"""Frames that a filter needs."""


@dataclass(frozen=True)
class Sight:
    """What was seen: ``body (T,)`` frames in which the body can be solved, and the face freed from the head's pose."""

    body: Mask
    face: Face


def finished(
    take: Take, rows: Observations, sight: Sight, trained: Trained, neutral: Optional[Neutral], options: SolveOptions
) -> Take:
    """The take with its face solved and its confidences true; ``rows`` are the frames of the take."""
    _face(take, rows, sight, trained, neutral, options)
    confidence = take.joint_confidence
    for joint in range(confidence.shape[1]):
        confidence[:, joint] = gaps.confidence_into_gaps(confidence[:, joint], sight.body, take.fps)
    for side in SIDES:
        trust = getattr(rows, f"{side}_hand_confidence")
        seen = hand_sightings(getattr(rows, f"{side}_hand_image"), trust, take.fps)
        reaching = gaps.confidence_into_gaps(trust, seen, take.fps)
        columns = [JOINT_INDEX[joint] for finger in FINGERS for joint in finger_joints(side, finger)]
        confidence[:, columns] = np.minimum(confidence[:, columns], reaching[:, None])
        take.local_rotations[:, columns] = _fingers(take.local_rotations[:, columns], seen, take.fps, options)
    in_face = gaps.confidence_into_gaps(sight.face.confidence, sight.face.valid, take.fps)
    confidence[:, [JOINT_INDEX[name] for name in ("leftEye", "rightEye", "jaw")]] = in_face[:, None]
    take.joint_confidence = np.clip(confidence, 0.0, 1.0)
    take.contacts = take.contacts * sight.body[:, None]
    return take


def _fingers(local: Array, seen: Mask, fps: float, options: SolveOptions) -> Array:
    """Fingers ``(T, 15, 4)`` that leave what was seen, and come back to it, over :data:`_EASED` seconds."""
    if seen.any() and not seen.all():
        away = np.clip(gaps.distance_to_valid(seen) / (_EASED * fps), 0.0, 1.0)
        share = (away**2 * (3.0 - 2.0 * away))[:, None]
        local = rotations.slerp(gaps.fill_rotations(local, seen, fps), local, np.broadcast_to(share, local.shape[:2]))
    local = filters.filtered_rotations(rotations.continuous(local), channel_filter(options, fps, "fingers"))
    if len(local) <= _FEWEST:
        return local
    near = gaps.border_nearness(seen, fps, _EASED)[:, None]
    calm = filters.filtered_rotations(local, lambda values: filters.zero_phase(values, fps, _CALM_HZ))
    return np.asarray(rotations.slerp(local, calm, np.broadcast_to(near, local.shape[:2])))


def _face(
    take: Take, rows: Observations, sight: Sight, trained: Trained, neutral: Optional[Neutral], options: SolveOptions
) -> None:
    """Coefficients, eyes and jaw with their confidence, into the take."""
    face, fps = sight.face, take.fps
    said = take.blendshapes.copy()
    found, certain = _coefficients(said, face, trained, neutral)
    gaze = _against_neutral(solve_gaze(face, fps), neutral)
    _look(found, gaze)
    apart = _eyes_apart(rows.face_image[face.valid])
    lids = [ARKIT_INDEX["eyeBlinkLeft"], ARKIT_INDEX["eyeBlinkRight"]]
    rest = np.zeros(2) if neutral is None else np.median(said[neutral.frames][:, lids], axis=0)
    found[:, lids] = lids_of(said[:, lids], rest, face, gaze, apart)
    found[:, [ARKIT_INDEX[name] for name in UNOBSERVABLE]] = 0.0
    if not face.valid.any():
        found = np.zeros_like(found)
    smooth = channel_filter(options, fps, "face")
    near = gaps.border_nearness(face.valid, fps)
    filled = gaps.fill_channels(found, face.valid, fps, 0.0)
    if len(filled) > _FEWEST:
        filled += near[:, None] * (filters.zero_phase(filled, fps, 1.5) - filled)
    take.blendshapes = np.clip(smooth(filled), 0.0, 1.0)
    trust = gaps.confidence_into_gaps(face.confidence, face.valid, fps)
    certain = certain * min(1.0, apart / _SMALL_FACE)
    certain[[ARKIT_INDEX[name] for name in UNOBSERVABLE]] = 0.0
    take.blendshape_confidence = np.clip(trust[:, None] * certain, 0.0, 1.0)
    columns = [JOINT_INDEX["leftEye"], JOINT_INDEX["rightEye"]]
    eyes = gaps.fill_rotations(gaze.rotations(), face.valid, fps, rotations.identity((2,)))
    take.local_rotations[:, columns] = filters.filtered_rotations(eyes, smooth)
    jaw = take.blendshapes[:, ARKIT_INDEX["jawOpen"]] * _JAW_OPEN
    take.local_rotations[:, JOINT_INDEX["jaw"]] = rotations.from_axis_angle(np.array([1.0, 0.0, 0.0]), jaw)


def _coefficients(said: Array, face: Face, trained: Trained, neutral: Optional[Neutral]) -> tuple[Array, Array]:
    """Coefficients ``(T, 52)`` and how certain each is ``(52,)``, from the network's word ``said (T, 52)``.

    What the network says of the neutral face is the performer's build, not an expression.
    """
    if neutral is None:
        return said, np.ones(len(ARKIT_NAMES))
    against = np.clip(said - np.median(said[neutral.frames], axis=0), 0.0, 1.0)
    if trained.face_basis is None:
        return against, np.ones(len(ARKIT_NAMES))
    basis, template = trained.face_basis, trained.network.template.double().cpu().numpy()
    return fit_face(face.points, neutral.points, basis, template, against, face.valid)


def _against_neutral(gaze: Gaze, neutral: Optional[Neutral]) -> Gaze:
    """The gaze from where the eyes look in the neutral face, which looks ahead."""
    if neutral is None or not neutral.given:
        return gaze
    ahead = [np.median(values[neutral.frames], axis=0) for values in (gaze.yaw, gaze.pitch)]
    return Gaze(gaze.yaw - ahead[0], gaze.pitch - ahead[1])


def _look(coefficients: Array, gaze: Gaze) -> None:
    """Writes the look coefficients of a gaze; the left eye's column is the first."""
    for column, (side, outwards) in enumerate((("Left", 1.0), ("Right", -1.0))):
        out, up = outwards * gaze.yaw[:, column] / _YAW, gaze.pitch[:, column] / _PITCH
        for name, value in (("Out", out), ("In", -out), ("Up", up), ("Down", -up)):
            coefficients[:, ARKIT_INDEX[f"eyeLook{name}{side}"]] = np.clip(value, 0.0, 1.0)


def _eyes_apart(image: Array) -> float:
    """Pixels between the middles of the eyes, the median over points ``(T, 478, 3)``; 0 where there are none."""
    if not len(image):
        return 0.0
    middles = [image[:, pair, :2].mean(axis=1) for pair in _EYES]
    return float(np.median(np.linalg.norm(middles[1] - middles[0], axis=-1)))
