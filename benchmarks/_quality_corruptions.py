# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways to make a take worse by graded amounts, and which scores each of them concerns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Callable

import numpy as np
import numpy.typing as npt

from benchmarks._quality_clips import keyed_face
from benchmarks._quality_lights import LightTruth
from holirep_blender.motion import rotations
from holirep_blender.motion.arkit import ARKIT_INDEX, ARKIT_NAMES, mirrored
from holirep_blender.motion.confidence import part_of
from holirep_blender.motion.contacts import Floor
from holirep_blender.motion.skeleton import JOINT_INDEX
from holirep_blender.motion.take import Take
from holirep_blender.quality.evidence import Evidence

Array = npt.NDArray[np.float64]
Make = Callable[[Evidence, LightTruth, float], Evidence]

BODY, FACE, LIGHT = "body", "face", "lighting_realism"
TIME, CROSS, SPACE = "temporal_coherence", "cross_modal_consistency", "environmental_integration"


@dataclass(frozen=True)
class Corruption:
    """``amounts`` in ``unit``; ``own``: the scores that measure it, which must fall; ``touched``: scores whose subject
    it changes too, from which nothing is demanded. All other scores must stay. ``measure``: the one that is meant
    first, whose own score must fall too; without it a take is not judged by this (feet below the edge of the picture).
    """

    name: str
    unit: str
    amounts: tuple[float, ...]
    make: Make
    own: tuple[str, ...]
    touched: tuple[str, ...] = ()
    measure: str = ""


def _both(evidence: Evidence, change: Callable[[Take], Take]) -> Evidence:
    """The evidence with the same change to take and character: what was solved wrongly is keyed wrongly."""
    assert evidence.character is not None
    take = change(evidence.take)
    keys = None if evidence.face_keys is None else keyed_face(take)
    return replace(evidence, take=take, character=change(evidence.character), face_keys=keys)


def _noise(evidence: Evidence, light: LightTruth, degrees: float) -> Evidence:
    def change(take: Take) -> Take:
        random = np.random.default_rng(7)
        vectors = np.radians(degrees) * random.normal(size=take.local_rotations.shape[:2] + (3,))
        vectors[:, [part_of(name) == "face" for name in take.joint_names]] = 0.0
        local = rotations.multiply(take.local_rotations, rotations.from_rotation_vector(vectors))
        return replace(take, local_rotations=local)

    return _both(evidence, change)


def _frozen(evidence: Evidence, light: LightTruth, share: float) -> Evidence:
    def change(take: Take) -> Take:
        rows = _held(take.frame_count, share)
        local = take.local_rotations[rows].copy()
        eyes = [index for index, name in enumerate(take.joint_names) if part_of(name) == "face"]
        local[:, eyes] = take.local_rotations[:, eyes]
        return replace(take, local_rotations=local, root_translation=take.root_translation[rows])

    return _both(evidence, change)


def _held(count: int, share: float) -> npt.NDArray[np.intp]:
    """Rows of a clip whose last part is held as its first frame is."""
    first = min(count - 1, round((1.0 - share) * count))
    return np.minimum(np.arange(count), first)


def _smooth(evidence: Evidence, light: LightTruth, seconds: float) -> Evidence:
    def change(take: Take) -> Take:
        blur = _blur(take.frame_count, seconds * take.fps)
        local = rotations.continuous(take.local_rotations)
        blurred = rotations.normalized(np.einsum("st,tjk->sjk", blur, local))
        eyes = [index for index, name in enumerate(take.joint_names) if part_of(name) == "face"]
        blurred[:, eyes] = take.local_rotations[:, eyes]
        return replace(take, local_rotations=blurred, root_translation=blur @ take.root_translation)

    return _both(evidence, change)


def _blur(count: int, frames: float) -> Array:
    """Rows of a Gaussian filter of such a standard deviation ``(T, T)``."""
    apart = np.arange(count)[:, None] - np.arange(count)[None, :]
    weights = np.exp(-0.5 * (apart / max(frames, 1e-3)) ** 2)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _swapped(evidence: Evidence, light: LightTruth, share: float) -> Evidence:
    """Left taken for right, so that the performer is solved as seen from behind, in a part of every two seconds."""

    def change(take: Take) -> Take:
        local = take.local_rotations.copy()
        rows = (take.times % 2.0) < 2.0 * share
        about = rotations.from_axis_angle(np.array([0.0, 0.0, 1.0]), np.array(np.pi))
        local[rows, 0] = rotations.multiply(about, local[rows, 0])
        return replace(take, local_rotations=local)

    return _both(evidence, change)


def _bent(evidence: Evidence, light: LightTruth, degrees: float) -> Evidence:
    """Wrists bent so far."""

    def change(take: Take) -> Take:
        local = take.local_rotations.copy()
        for sign, side in ((1.0, "left"), (-1.0, "right")):
            bend = rotations.from_axis_angle(np.array([0.0, 1.0, 0.0]), np.radians(sign * degrees))
            local[:, JOINT_INDEX[f"{side}Hand"]] = bend
        return replace(take, local_rotations=local)

    return _both(evidence, change)


def _stretched(evidence: Evidence, light: LightTruth, share: float) -> Evidence:
    def change(take: Take) -> Take:
        offsets = take.rest_offsets.copy()
        rows = [JOINT_INDEX[f"{side}{part}"] for side in ("left", "right") for part in ("LowerArm", "Hand")]
        offsets[rows] *= 1.0 + share
        return replace(take, rest_offsets=offsets)

    return _both(evidence, change)


def _body_lost(evidence: Evidence, light: LightTruth, share: float) -> Evidence:
    def change(take: Take) -> Take:
        confidence = take.joint_confidence.copy()
        arms = [index for index, name in enumerate(take.joint_names) if part_of(name).endswith("Arm") or name == "head"]
        lost = np.ix_(np.arange(take.frame_count) < share * take.frame_count, arms)
        confidence[lost] = 0.0
        return replace(take, joint_confidence=confidence)

    return _both(evidence, change)


def _slide(evidence: Evidence, light: LightTruth, metres: float) -> Evidence:
    """The character glides to and fro over the floor, a metre of way in four seconds for a metre."""
    assert evidence.character is not None
    take = evidence.character
    sway = np.sin(2.0 * np.pi * take.times / 4.0)[:, None] * np.array([1.0, 0.6, 0.0])
    return replace(evidence, character=replace(take, root_translation=take.root_translation + metres * sway))


def _raised(evidence: Evidence, light: LightTruth, metres: float) -> Evidence:
    return replace(evidence, floor=Floor((0.0, 0.0, metres)))


def _lowered(evidence: Evidence, light: LightTruth, metres: float) -> Evidence:
    return replace(evidence, floor=Floor((0.0, 0.0, -metres)))


def _tilted(evidence: Evidence, light: LightTruth, degrees: float) -> Evidence:
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

    return _both(evidence, change)


def _head(evidence: Evidence, light: LightTruth, degrees: float) -> Evidence:
    return _both(evidence, lambda take: _turn(take, ("head",), (0.0, 0.0, 1.0), degrees))


def _gaze(evidence: Evidence, light: LightTruth, degrees: float) -> Evidence:
    return _both(evidence, lambda take: _turn(take, ("leftEye", "rightEye"), (0.0, 0.0, 1.0), degrees))


def _turn(take: Take, names: tuple[str, ...], axis: tuple[float, float, float], degrees: float) -> Take:
    local = take.local_rotations.copy()
    turn = rotations.from_axis_angle(np.array(axis), np.radians(degrees))
    for name in names:
        local[:, JOINT_INDEX[name]] = rotations.multiply(local[:, JOINT_INDEX[name]], turn)
    return replace(take, local_rotations=local)


def _face(evidence: Evidence, change: Callable[[Array], Array]) -> Evidence:
    def changed(take: Take) -> Take:
        return replace(take, blendshapes=np.clip(change(take.blendshapes), 0.0, 1.0))

    return _both(evidence, changed)


def _face_noise(evidence: Evidence, light: LightTruth, size: float) -> Evidence:
    random = np.random.default_rng(9)
    noise = random.normal(size=evidence.take.blendshapes.shape)
    return _face(evidence, lambda values: values + size * noise)


def _face_frozen(evidence: Evidence, light: LightTruth, share: float) -> Evidence:
    return _face(evidence, lambda values: values[_held(len(values), share)])


def _keys_frozen(evidence: Evidence, light: LightTruth, share: float) -> Evidence:
    """The character's face keys end before the take does."""
    keys = keyed_face(evidence.take)
    return replace(evidence, face_keys=replace(keys, made=keys.made[_held(len(keys.made), share)]))


def _face_smooth(evidence: Evidence, light: LightTruth, seconds: float) -> Evidence:
    return _face(evidence, lambda values: _blur(len(values), seconds * evidence.take.fps) @ values)


def _face_swapped(evidence: Evidence, light: LightTruth, share: float) -> Evidence:
    other = [ARKIT_INDEX[mirrored(name)] for name in ARKIT_NAMES]
    return _face(evidence, lambda values: (1.0 - share) * values + share * values[:, other])


def _no_blinks(evidence: Evidence, light: LightTruth, share: float) -> Evidence:
    return _face(evidence, lambda values: values * _only(("eyeBlink",), 1.0 - share))


def _open_lips(evidence: Evidence, light: LightTruth, size: float) -> Evidence:
    """Lips that stay apart when they should meet."""
    closed = 1.0 - np.clip(evidence.take.blendshapes[:, ARKIT_INDEX["jawOpen"]] / 0.1, 0.0, 1.0)
    added = np.zeros((len(closed), len(ARKIT_NAMES)))
    for name in ("mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight"):
        added[:, ARKIT_INDEX[name]] = size * closed
    return _face(evidence, lambda values: values + added)


def _overdriven(evidence: Evidence, light: LightTruth, gain: float) -> Evidence:
    return _face(evidence, lambda values: values * (1.0 + gain))


def _face_lost(evidence: Evidence, light: LightTruth, share: float) -> Evidence:
    def change(take: Take) -> Take:
        confidence = take.blendshape_confidence.copy()
        confidence[(take.times % 2.0) < 2.0 * share] = 0.0
        return replace(take, blendshape_confidence=confidence)

    return _both(evidence, change)


def _face_late(evidence: Evidence, light: LightTruth, milliseconds: float) -> Evidence:
    take = evidence.take
    late = np.arange(take.frame_count) - milliseconds / 1000.0 * take.fps
    rows = np.clip(late, 0.0, take.frame_count - 1.0)
    low = np.floor(rows).astype(int)
    high, share = np.minimum(low + 1, take.frame_count - 1), (rows - low)[:, None]
    return _face(evidence, lambda values: (1.0 - share) * values[low] + share * values[high])


def _only(prefixes: tuple[str, ...], factor: float) -> Array:
    return np.array([factor if name.startswith(prefixes) else 1.0 for name in ARKIT_NAMES])


def _lit(**how: float) -> Callable[[Evidence, LightTruth, float], Evidence]:
    (name,) = how

    def make(evidence: Evidence, light: LightTruth, amount: float) -> Evidence:
        frames = evidence.take.frame_count
        value: object = amount
        if name == "exposure":
            value = np.full(frames, amount)
        if name == "flicker":
            noise = np.random.default_rng(3).normal(size=frames)
            return replace(evidence, lighting=light.evidence(frames, exposure=amount * noise))
        return replace(evidence, lighting=light.evidence(frames, **{name: value}))  # type: ignore[arg-type]

    return make


CORRUPTIONS: tuple[Corruption, ...] = (
    Corruption("body trembles", "°", (0.5, 1, 1.5, 2, 3, 4), _noise, (BODY, TIME), (SPACE, CROSS), "jitter"),
    Corruption(
        "body frozen", "share", (0.1, 0.2, 0.35, 0.5, 0.7, 0.9), _frozen, (BODY, TIME), (SPACE, CROSS), "following"
    ),
    Corruption("body smoothed", "s", (0.1, 0.2, 0.3, 0.45, 0.7, 1), _smooth, (BODY, TIME), (SPACE, CROSS), "following"),
    Corruption(
        "sides swapped",
        "share",
        (0.05, 0.1, 0.15, 0.25, 0.35, 0.45),
        _swapped,
        (BODY,),
        (TIME, CROSS, SPACE),
        "reprojection",
    ),
    Corruption("wrists overbent", "°", (90, 100, 105, 110, 115, 120), _bent, (BODY,), (TIME,), "limits"),
    Corruption("arms stretched", "share", (0.1, 0.2, 0.3, 0.4, 0.5, 0.7), _stretched, (BODY,), (TIME,), "bone_length"),
    Corruption("body lost", "share", (0.1, 0.2, 0.35, 0.5, 0.7, 0.9), _body_lost, (BODY,), (), "drop_outs"),
    Corruption("feet slide", "m", (0.02, 0.04, 0.06, 0.1, 0.15, 0.2), _slide, (BODY,), (), "foot_slide"),
    Corruption("floor raised", "m", (0.02, 0.03, 0.04, 0.05, 0.06, 0.07), _raised, (BODY, SPACE), (), "penetration"),
    Corruption("floor lowered", "m", (0.02, 0.03, 0.04, 0.05, 0.06, 0.07), _lowered, (SPACE,), (), "feet_on_floor"),
    Corruption("world tilted", "°", (3, 5, 7, 9, 11, 14), _tilted, (SPACE,), (BODY,), "horizon"),
    Corruption("head turned", "°", (10, 15, 20, 25, 30, 40), _head, (CROSS,), (BODY,), "head_pose"),
    Corruption("gaze turned", "°", (8, 12, 16, 20, 26, 32), _gaze, (CROSS,), (), "gaze"),
    Corruption("face late", "ms", (40, 60, 80, 100, 125, 150), _face_late, (CROSS,), (FACE, TIME), "in_step"),
    Corruption(
        "face trembles", "coefficient", (0.05, 0.1, 0.15, 0.2, 0.3, 0.4), _face_noise, (FACE, TIME), (), "face_jitter"
    ),
    Corruption(
        "face frozen", "share", (0.1, 0.2, 0.35, 0.5, 0.7, 0.9), _face_frozen, (FACE, TIME), (CROSS,), "face_following"
    ),
    Corruption(
        "face smoothed", "s", (0.1, 0.15, 0.2, 0.3, 0.5, 0.8), _face_smooth, (FACE, TIME), (CROSS,), "face_following"
    ),
    Corruption(
        "face keys frozen", "share", (0.1, 0.2, 0.35, 0.5, 0.7, 0.9), _keys_frozen, (FACE, TIME), (), "face_keys"
    ),
    Corruption("face swapped", "share", (0.15, 0.3, 0.45, 0.6, 0.8, 1), _face_swapped, (FACE,), (TIME,), "symmetry"),
    Corruption("blinks missing", "share", (0.2, 0.35, 0.5, 0.65, 0.8, 1), _no_blinks, (FACE,), (TIME,), "blinks"),
    Corruption(
        "lips stay open", "weight", (0.15, 0.2, 0.27, 0.35, 0.45, 0.55), _open_lips, (FACE,), (TIME,), "lip_closure"
    ),
    Corruption("face overdriven", "gain", (0.4, 0.8, 1.2, 1.8, 2.6, 4), _overdriven, (FACE,), (TIME,), "saturation"),
    Corruption("face lost", "share", (0.1, 0.2, 0.35, 0.5, 0.7, 0.9), _face_lost, (FACE,), (), "face_drop_outs"),
    Corruption("rig turned", "°", (5, 10, 20, 30, 45, 60), _lit(turned=0.0), (LIGHT,), (), "irradiance_error"),
    Corruption(
        "light tinted", "share", (0.05, 0.1, 0.15, 0.2, 0.3, 0.4), _lit(tint=0.0), (LIGHT,), (), "plate_colour_angle"
    ),
    Corruption(
        "light harder", "share", (0.2, 0.4, 0.6, 0.9, 1.3, 1.8), _lit(harder=0.0), (LIGHT,), (), "plate_contrast"
    ),
    Corruption("face lit otherwise", "°", (15, 22, 30, 40, 55, 70), _lit(face_turned=0.0), (CROSS,), (), "face_light"),
    Corruption(
        "light flickers",
        "stops",
        (0.03, 0.06, 0.09, 0.12, 0.16, 0.2),
        _lit(flicker=0.0),
        (TIME,),
        (SPACE,),
        "light_flicker",
    ),
    Corruption("exposure off", "stops", (0.2, 0.4, 0.6, 0.8, 1.1, 1.4), _lit(exposure=0.0), (SPACE,), (), "exposure"),
    Corruption(
        "shadows missing",
        "share",
        (0.1, 0.2, 0.3, 0.45, 0.6, 0.75),
        _lit(shadowless=0.0),
        (SPACE,),
        (),
        "contact_shadow",
    ),
)
