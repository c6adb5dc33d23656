# SPDX-License-Identifier: GPL-3.0-or-later
"""From observations to a take, by geometry alone."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import filters, gaps, rotations
from ..arkit import ARKIT_INDEX, ARKIT_NAMES
from ..contacts import ContactOptions, Contacts, Floor, detect_contacts
from ..extending import extended
from ..observations import Observations
from ..resampling import resampled
from ..skeleton import JOINT_INDEX, JOINT_NAMES, SIDES
from ..take import Camera, Take
from . import camera as cameras
from .articulation import Pose
from .body import BodyPoints, BodySolution, image_trust, solve_body
from .camera import View
from .expressions import coefficient_confidence, solve_expressions
from .figures import BODY_JOINTS
from .gaze import solve_gaze
from .ground import contacts, floor_height, ground_line, grounded, levelled, planted, stood
from .hands import Fingers, hand_points, hand_sightings, palm_rotations, palm_trust, solve_fingers
from .head import Face, solve_face
from .landmarks import ANKLE, ELBOW, HEEL, HIP, KNEE, SHOULDER, TOE, WRIST, default_offsets
from .options import SolveError, SolveOptions
from .sightings import body_points, body_sightings
from .smoothing import channel_filter

Array = npt.NDArray[np.float64]

_JAW_OPEN = np.radians(22.0)
_HAND_WEIGHT, _HEAD_WEIGHT = 1.0 / np.radians(10.0), 1.0 / np.radians(4.0)
"""One over the standard deviation of the palm's and the head's measured rotation."""
_LANDMARKS_OF: dict[str, tuple[int, ...]] = {
    "hips": HIP, "spine": (*HIP, *SHOULDER), "chest": (*HIP, *SHOULDER), "upperChest": SHOULDER, "neck": (*SHOULDER, 0),
    "head": (0, 7, 8), "Shoulder": SHOULDER, "UpperArm": (*SHOULDER, *ELBOW), "LowerArm": (*ELBOW, *WRIST), "Hand":
    WRIST,
    "UpperLeg": (*HIP, *KNEE), "LowerLeg": (*KNEE, *ANKLE), "Foot": (*ANKLE, *HEEL, *TOE), "Toes": TOE,
}  # fmt: skip


@dataclass
class _Parts:
    """What was found in the frames between the first and the last in which the performer was seen."""

    body: BodySolution
    face: Face
    fingers: dict[str, Fingers]
    valid: npt.NDArray[np.bool_]


def solve(observations: Observations, options: SolveOptions) -> Take:
    """Solves a performance geometrically.

    Joint rotations, root, static camera, fingers, gaze, jaw, ARKit coefficients and foot contacts from the points of
    MediaPipe's trackers. What was not seen is filled and has confidence 0 deep inside a gap. The world has its floor at
    z = 0 and its origin under the performer's first place; the camera looks roughly along +Y. Where the camera's track
    is given, the world is the track's.

    Raises SolveError where the performer was not seen in any frame, and where the camera's track does not fit.
    """
    fps = options.fps if options.fps is not None else _average_rate(observations.times)
    try:
        rows = resampled(observations, fps)
    except ValueError as error:
        raise SolveError(f"The plate's times cannot be used: {error}.") from error
    valid = body_sightings(rows, fps)
    if not valid.any():
        raise SolveError(
            "The performer was not found in any frame of the plate. Choose another performer, or a range in which the "
            "performer is seen."
        )
    track = options.camera_track
    if track is not None and len(track) != len(valid):
        raise SolveError(
            f"The camera track has {len(track)} frames, but the take has {len(valid)}: it needs one row for each frame."
        )
    first, last = int(np.argmax(valid)), len(valid) - 1 - int(np.argmax(valid[::-1]))
    span = slice(first, last + 1)
    part = options if track is None else replace(options, camera_track=track[span])
    take = extended(_solved_span(rows.part(span), valid[span], fps, part), first, len(valid) - 1 - last, observations)
    if track is not None and take.camera is not None:
        take.camera.world_from_camera = track.copy()
    return take


def _average_rate(times: Array) -> float:
    if len(times) < 2 or not times[-1] > times[0]:
        return 30.0
    return float((len(times) - 1) / (times[-1] - times[0]))


def _solved_span(rows: Observations, valid: npt.NDArray[np.bool_], fps: float, options: SolveOptions) -> Take:
    centre = rows.image_size / 2.0 if options.principal_point is None else np.array(options.principal_point)
    hand_weights = {side: _hand_weight(rows, side, fps) for side in SIDES}
    points = body_points(rows, valid, hand_weights, centre, fps)
    focal = options.focal_length_px
    if focal is None:
        focal = cameras.estimated_focal(points.world, points.pixels, image_trust(points), rows.image_size)
    face = solve_face(rows.face_image, rows.face_confidence, focal, centre, rows.times, fps)
    hands = {
        side: hand_points(
            side,
            getattr(rows, f"{side}_hand_image"),
            getattr(rows, f"{side}_hand_world"),
            getattr(rows, f"{side}_hand_confidence"),
            focal,
            centre,
            rows.times,
            fps,
        )
        for side in SIDES
    }
    wanted: dict[str, tuple[Array, Array]] = {}
    if face.valid.any():
        reaching = gaps.confidence_into_gaps(face.confidence, face.valid, fps, reach=0.5)
        wanted["head"] = (face.rotation, _HEAD_WEIGHT * reaching)
    for side, hand in hands.items():
        if hand.valid.any():
            palm = palm_rotations(hand, default_offsets(), fps)
            wanted[f"{side}Hand"] = (palm, _HAND_WEIGHT * palm_trust(hand, palm, fps))
    steady = options.smoothing != "none"
    view = None if options.camera_track is None else View.tracked(options.camera_track)
    body = solve_body(points, focal, options.performer_height, wanted, steady, view)
    if view is not None:
        _check_upright(body)
    smooth = channel_filter(options, fps, "fingers")
    fingers = {side: solve_fingers(hand, body.rest_offsets, body.scale, fps, smooth) for side, hand in hands.items()}
    return _assembled(rows, points, _Parts(body, face, fingers, valid), fps, options)


def _hand_weight(rows: Observations, side: str, fps: float) -> Array:
    confidence = getattr(rows, f"{side}_hand_confidence")
    valid = hand_sightings(getattr(rows, f"{side}_hand_image"), confidence, fps)
    return np.asarray(confidence * _away_from_gaps(valid, fps))


def _away_from_gaps(valid: npt.NDArray[np.bool_], fps: float) -> Array:
    """Weight ``(T,)`` that rises from near 0 at the borders of gaps to 1 a quarter of a second inside what was seen."""
    return np.where(valid, 1.0 - 0.95 * gaps.border_nearness(valid, fps, 0.25), 0.0)


def _check_upright(body: BodySolution) -> None:
    """Raises SolveError where a given track makes most of the clip's poses stand on their heads."""
    placed = body.figure.forward(body.pose)[1]
    neck, hips = (placed[:, body.figure.index[name], 2] for name in ("neck", "hips"))
    if np.median(neck - hips) < 0.0:
        raise SolveError(
            "With this camera track the performer is upside down. The track must be in OpenCV's axes (X right, Y down, "
            "Z forward; a Blender camera's Y and Z are the other way round) in a world whose Z is up."
        )


def _grounded(parts: _Parts, fps: float, options: SolveOptions) -> tuple[BodySolution, float]:
    """The body on the floor, and the floor's height.

    The world's origin is then at the performer's start, on the floor, unless the camera's track gives the world.
    """
    body = parts.body
    given = options.camera_track is not None
    if options.floor == "estimate" and not given:
        body = levelled(body, parts.valid)
    height = floor_height(body, parts.valid)
    if options.floor == "estimate" and body.legs_seen:
        body = grounded(body, ground_line(body, parts.valid, fps), height)
        line = ground_line(body, parts.valid, fps)
        touching = contacts(body, line, fps) * parts.valid[:, None]
        body = planted(body, touching, height, fps, options.smoothing != "none")
    elif options.floor == "estimate":
        body = stood(body, height, fps, options.smoothing != "none")
    if given:
        return body, height
    origin = np.array([body.pose.root[0, 0], body.pose.root[0, 1], height])
    pose = Pose(body.pose.local, body.pose.angles, body.pose.root - origin)
    return replace(body, pose=pose, view=View(body.view.turn, body.view.place - origin)), 0.0


def _assembled(rows: Observations, points: BodyPoints, parts: _Parts, fps: float, options: SolveOptions) -> Take:
    body, height = _grounded(parts, fps, options)
    count = len(parts.valid)
    local = rotations.identity((count, len(JOINT_NAMES)))
    smooth = channel_filter(options, fps, "joints")
    quaternions = gaps.fill_rotations(rotations.from_matrix(body.pose.local), parts.valid, fps)
    columns = [JOINT_INDEX[name] for name in BODY_JOINTS]
    local[:, columns] = filters.filtered_rotations(quaternions, smooth)
    root = channel_filter(options, fps, "root")(gaps.fill_channels(body.pose.root, parts.valid, fps))
    confidence = _body_confidence(points.trust, parts, fps)
    for fingers in parts.fingers.values():
        columns = [JOINT_INDEX[name] for name in fingers.names]
        local[:, columns] = fingers.local
        confidence[:, columns] = fingers.confidence[:, None]

    gaze = solve_gaze(parts.face, fps)
    seen = parts.face.valid
    raw = solve_expressions(parts.face, gaze)
    near = gaps.border_nearness(seen, fps)
    filled = gaps.fill_channels(raw, seen, fps, 0.0)
    filled += near[:, None] * (filters.zero_phase(filled, fps, 1.5) - filled)
    face_filter = channel_filter(options, fps, "face")
    coefficients = np.clip(face_filter(filled), 0.0, 1.0)
    face_confidence = gaps.confidence_into_gaps(parts.face.confidence, seen, fps)
    coefficient_trust = face_confidence[:, None] * np.array([coefficient_confidence(name) for name in ARKIT_NAMES])
    eyes = gaps.fill_rotations(gaze.rotations(), seen, fps, rotations.identity((2,)))
    eye_columns = [JOINT_INDEX["leftEye"], JOINT_INDEX["rightEye"]]
    local[:, eye_columns] = filters.filtered_rotations(eyes, face_filter)
    jaw = coefficients[:, ARKIT_INDEX["jawOpen"]] * _JAW_OPEN
    local[:, JOINT_INDEX["jaw"]] = rotations.from_axis_angle(np.array([1.0, 0.0, 0.0]), jaw)
    confidence[:, [*eye_columns, JOINT_INDEX["jaw"]]] = face_confidence[:, None]

    world_from_camera = np.zeros((count, 4, 4))
    world_from_camera[:, :3, :3] = body.view.turn
    world_from_camera[:, :3, 3] = body.view.place
    world_from_camera[:, 3, 3] = 1.0
    intrinsics = np.array([[body.focal, 0.0, 0.0], [0.0, body.focal, 0.0], [0.0, 0.0, 1.0]])
    intrinsics[:2, 2] = points.centre
    take = Take(
        fps=fps,
        frame_start=options.frame_start,
        local_rotations=rotations.continuous(local),
        root_translation=root,
        rest_offsets=body.rest_offsets,
        joint_confidence=np.clip(confidence, 0.0, 1.0),
        blendshapes=coefficients,
        blendshape_confidence=np.clip(coefficient_trust, 0.0, 1.0),
        camera=Camera(intrinsics, world_from_camera, rows.image_size),
        header={"method": "geometric", "solve_options": _noted(options), "floor_height": float(height)},
    )
    if options.floor != "estimate":
        return take
    # feet that this solve has put to rest are not yet those of planted motion, whose contacts are known to the frame
    found = detect_contacts(take, Floor((0.0, 0.0, height)), ContactOptions(planted=False))
    return Contacts(found.names, found.confidence * parts.valid[:, None]).to_take(take)


def _noted(options: SolveOptions) -> dict[str, Any]:
    """The options for a take's header; of a camera's track, which the take's camera holds, only that it was given."""
    noted = {item.name: getattr(options, item.name) for item in fields(options)}
    noted["camera_track"] = None if options.camera_track is None else "given"
    return noted


def _body_confidence(trust: Array, parts: _Parts, fps: float) -> Array:
    result = np.zeros((len(trust), len(JOINT_NAMES)))
    for name in BODY_JOINTS:
        key = name if name in _LANDMARKS_OF else name.replace("left", "").replace("right", "")
        landmarks = _LANDMARKS_OF[key]
        if key != name:  # of a pair the side's own landmarks only
            parity = 1 if name.startswith("left") else 0
            landmarks = tuple(landmark for landmark in landmarks if landmark % 2 == parity)
        seen = gaps.confidence_into_gaps(trust[:, landmarks].mean(axis=1), parts.valid, fps)
        result[:, JOINT_INDEX[name]] = seen
    return result
