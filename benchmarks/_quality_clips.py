# SPDX-License-Identifier: GPL-3.0-or-later
"""Clips of known truth for judging the judges: recorded motion with a face, a camera, a light, and what a tracker sees.

The body is recorded motion on the reference skeleton, planted on a level floor; the face is a made performance (speech,
blinks, brows, smiles) on the face model; the tracker's points are the projections of the landmark models with errors
like a tracker's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks._quality_lights import LightTruth
from holirep_blender.motion import rotations
from holirep_blender.motion.arkit import ARKIT_INDEX, ARKIT_NAMES
from holirep_blender.motion.contacts import Contacts, Floor
from holirep_blender.motion.geometric.gaze import EYES
from holirep_blender.motion.geometric.landmarks import body_attachments
from holirep_blender.motion.observations import Observations
from holirep_blender.motion.refining.options import RefineOptions
from holirep_blender.motion.refining.verbs import planted_performer
from holirep_blender.motion.skeleton import JOINT_INDEX, JOINT_NAMES, t_pose_offsets
from holirep_blender.motion.take import CONTACT_NAMES, Camera, Take
from holirep_blender.quality.evidence import Evidence
from holirep_blender.quality.face_keys import FaceKeys
from holirep_blender.quality.face_model import FaceModel, face_model

Array = npt.NDArray[np.float64]

FRAMES = 240
_SIZE = (4096.0, 2160.0)
_PIXELS_PER_METRE = 800.0
"""Of the picture at the performer: the lens is as long as it must be for a face that can be judged."""
_BODY_WHITE, _BODY_WANDER, _BODY_BIAS = 0.004, 0.008, 0.010
"""Metres at the performer by which the tracker's body points err."""
_FACE_WHITE, _FACE_WANDER = 0.00012, 0.0003


@dataclass
class Clip:
    """A clip and its evidence in the clean state."""

    name: str
    evidence: Evidence
    light: LightTruth


@dataclass(frozen=True)
class Recorded:
    """A recorded clip on the reference skeleton: ``local (T, 22, 4)``, ``root (T, 3)``, ``contacts (T, 6)``."""

    name: str
    fps: float
    local: Array
    root: Array
    contacts: npt.NDArray[np.bool_]


def motions(folder: Path, kept: Path) -> list[Recorded]:
    """The recorded clips on flat floors on the reference skeleton; kept in a file, since reading all takes long."""
    from training.canonical import read_folder

    if not kept.is_file():
        rows = [motion for motion in read_folder(folder) if motion.flat]
        kept.parent.mkdir(exist_ok=True)
        arrays = {}
        for row in rows:
            arrays.update({f"{row.name}/local": row.local[: FRAMES * 4], f"{row.name}/root": row.root[: FRAMES * 4]})
            arrays.update({f"{row.name}/contacts": row.contacts[: FRAMES * 4], f"{row.name}/fps": np.array(row.fps)})
        np.savez_compressed(kept, **arrays)
    with np.load(kept) as stored:
        names = sorted({key.split("/")[0] for key in stored})
        kinds = ("local", "root", "contacts")
        return [
            Recorded(name, float(stored[f"{name}/fps"]), *(stored[f"{name}/{key}"] for key in kinds)) for name in names
        ]


def clip(motion: Recorded, seed: int, light: LightTruth) -> Clip:
    """A recorded clip's truth as evidence."""
    return clip_of(_body(motion, np.random.default_rng(seed)), motion.name, seed, light)


def clip_of(take: Take, name: str, seed: int, light: LightTruth) -> Clip:
    """The truth of any motion of the reference skeleton on a floor at 0, with its contacts, as evidence."""
    random = np.random.default_rng(seed + 1)
    model = face_model()
    assert model is not None
    take = replace(take, camera=_camera(take))
    coefficients, eyes = performance(take.frame_count, take.fps, random)
    local = take.local_rotations.copy()
    for column, eye in enumerate(("leftEye", "rightEye")):
        local[:, JOINT_INDEX[eye]] = eyes[:, column]
    take = replace(
        take, local_rotations=local, blendshapes=coefficients, blendshape_confidence=np.ones_like(coefficients),
        contact_names=CONTACT_NAMES,
    )  # fmt: skip
    take = replace(take, observations=_observed(take, model, eyes, random))
    contacts = Contacts.from_take(take)
    character = replace(take, observations=None)
    evidence = Evidence(take, character, contacts, Floor(), light.evidence(take.frame_count), keyed_face(take))
    return Clip(name, evidence, light)


def keyed_face(take: Take) -> FaceKeys:
    """The face of a character with ARKit's shape keys, keyed as the take says."""
    values, count = take.blendshapes, len(ARKIT_NAMES)
    return FaceKeys(ARKIT_NAMES, values.copy(), values, np.zeros(count), np.ones(count))


def _body(motion: Recorded, random: np.random.Generator) -> Take:
    from training.canonical import BODY

    step = max(1, round(motion.fps / 30.0))
    start = int(random.integers(0, max(1, len(motion.local) - FRAMES * step)))
    rows = slice(start, start + FRAMES * step, step)
    local = rotations.identity((len(motion.local[rows]), len(JOINT_NAMES)))
    for column, name in enumerate(BODY):
        local[:, JOINT_INDEX[name]] = motion.local[rows, column]
    take = Take(
        fps=motion.fps / step,
        frame_start=1,
        local_rotations=rotations.continuous(local),
        root_translation=motion.root[rows],
        rest_offsets=t_pose_offsets(),
        contacts=motion.contacts[rows, :4].astype(np.float64),
    )
    return planted_performer(take, RefineOptions(preset="athlete", floor=Floor()))[0]


def _camera(take: Take) -> Camera:
    """A camera that stands where the performer mostly faces, far enough to see all of the way."""
    turned = take.world_rotations()[:, JOINT_INDEX["head"]]
    ahead = rotations.rotate(turned, np.array([0.0, -1.0, 0.0])).mean(0)
    ahead = rotations.normalized(np.array([ahead[0], ahead[1], 0.0])) if np.hypot(*ahead[:2]) > 1e-6 else -np.eye(3)[1]
    middle = np.median(take.root_translation, axis=0)
    away = 4.0 + 1.5 * float(np.abs((take.root_translation - middle)[:, :2]).max())
    place = np.array([middle[0], middle[1], 1.45]) + away * ahead
    forward = rotations.normalized(np.array([middle[0], middle[1], 0.95]) - place)
    right = rotations.normalized(np.cross(forward, np.array([0.0, 0.0, 1.0])))
    pose = np.eye(4)
    pose[:3, :3] = np.stack([right, np.cross(forward, right), forward], axis=1)
    pose[:3, 3] = place
    focal = _PIXELS_PER_METRE * away
    intrinsics = np.array([[focal, 0.0, _SIZE[0] / 2], [0.0, focal, _SIZE[1] / 2], [0.0, 0.0, 1.0]])
    return Camera(intrinsics, np.tile(pose, (take.frame_count, 1, 1)), np.array(_SIZE))


def performance(count: int, fps: float, random: np.random.Generator) -> tuple[Array, Array]:
    """A face that speaks, blinks, smiles, looks about: coefficients ``(T, 52)`` and eyes' rotations ``(T, 2, 4)``."""
    time = np.arange(count) / fps
    values = np.zeros((count, len(ARKIT_NAMES)))

    def add(name: str, curve: Array) -> None:
        values[:, ARKIT_INDEX[name]] += curve

    def slow(period: float, size: float) -> Array:
        phase, rate = random.uniform(0, 6.28), 2 * np.pi / (period * random.uniform(0.8, 1.25))
        return size * (0.5 + 0.5 * np.sin(rate * time + phase)) ** 2

    speaking = (np.sin(2 * np.pi * time / 4.0 + random.uniform(0, 6.28)) > -0.4).astype(float)
    speaking = np.convolve(speaking, np.ones(5) / 5, mode="same")
    # 2 to 5 syllables a second, none like the one before
    wander = np.convolve(random.normal(size=count), np.ones(9) / 3.0, mode="same")
    syllables = np.clip(np.sin(2 * np.pi * np.cumsum(np.clip(3.4 + 1.3 * wander, 1.5, 5.5)) / fps), 0.0, 1.0)
    syllables *= 0.6 + 0.4 * np.repeat(random.uniform(-1.0, 1.0, count // 6 + 1), 6)[:count]
    add("jawOpen", 0.35 * speaking * syllables)
    for side in ("Left", "Right"):
        add(f"mouthLowerDown{side}", 0.25 * speaking * syllables)
        add(f"mouthSmile{side}", slow(5.0, 0.5) * (1.0 if side == "Left" else 0.6))
        add(f"browDown{side}", slow(3.7, 0.3))
        add(f"cheekSquint{side}", slow(6.0, 0.2))
    add("mouthPucker", 0.4 * speaking * np.clip(np.sin(2 * np.pi * 1.3 * time), 0.0, 1.0))
    add("browInnerUp", slow(4.2, 0.5))
    add("browOuterUpLeft", slow(3.1, 0.5))
    add("mouthLeft", slow(4.7, 0.35))
    blink = np.zeros(count)
    at = float(random.uniform(0.3, 1.5))
    while at < time[-1] if count else False:
        blink = np.maximum(blink, np.exp(-(((time - at) / 0.06) ** 2)))
        at += float(random.uniform(1.2, 3.5))
    for side in ("Left", "Right"):
        add(f"eyeBlink{side}", blink)
    held = np.repeat(random.normal(0.0, 1.0, (count // round(0.8 * fps) + 2, 2)), round(0.8 * fps), axis=0)[:count]
    sight = np.radians([14.0, 7.0]) * held
    yaw = rotations.from_axis_angle(np.array([0.0, 0.0, 1.0]), sight[:, 0])
    pitch = rotations.from_axis_angle(np.array([-1.0, 0.0, 0.0]), sight[:, 1])
    eyes = rotations.multiply(yaw, pitch)
    return np.clip(values, 0.0, 1.0), np.stack([eyes, eyes], axis=1)


def _observed(take: Take, model: FaceModel, eyes: Array, random: np.random.Generator) -> Observations:
    assert take.camera is not None
    count = take.frame_count
    rows = Observations.empty(count, take.camera.image_size)
    rows.times, rows.frame_numbers = take.times.copy(), np.arange(count) + 1.0
    turned, placed = take.world_rotations(), take.world_positions()
    attached = body_attachments(take.rest_offsets, 1.0)
    joints = [JOINT_INDEX[name] for name in attached.joints]
    world = placed[:, joints] + rotations.rotate(turned[:, joints], attached.offsets)
    world += _errors(world.shape, take.fps, random, _BODY_WHITE, _BODY_WANDER, _BODY_BIAS)
    rows.body_image[:, :, :] = 0.0
    rows.body_image[:, attached.landmarks, :2] = take.camera.project(world)
    rows.body_visibility[:] = 0.0
    rows.body_visibility[:, attached.landmarks] = 0.95
    rows.body_confidence[:] = 1.0
    head, at = turned[:, JOINT_INDEX["head"]], placed[:, JOINT_INDEX["head"]]
    shape = np.tile(model.template, (count, 1, 1))
    shape[:, : model.moves.shape[1]] += np.tensordot(take.blendshapes, model.moves, axes=1)
    for column, (outer, inner, _, _, iris) in enumerate(EYES):
        width = np.linalg.norm(model.template[outer] - model.template[inner])
        sight = rotations.rotate(eyes[:, column], np.array([0.0, -1.0, 0.0]))
        middle = (shape[:, outer] + shape[:, inner]) / 2.0
        for point in range(iris, iris + 5):
            own = model.template[point] - model.template[iris]
            shape[:, point] = (
                middle + own + np.stack([sight[:, 0] * width / 2.4, np.zeros(count), sight[:, 2] * width / 2.4], axis=1)
            )
    face = at[:, None] + rotations.rotate(head[:, None], 0.01 * shape)
    pose = take.camera.world_from_camera
    image = take.camera.project(face)
    # a tracker looks at a square around the face, so its depth counts along the ray there
    along = rotations.normalized((face - pose[:, None, :3, 3]).mean(1))
    depth = np.einsum("ti,tni->tn", along, face - pose[:, None, :3, 3])
    middle_depth = depth.mean(1, keepdims=True)
    scale = take.camera.intrinsics[0, 0] / middle_depth
    errors = _errors(face.shape, take.fps, random, _FACE_WHITE, _FACE_WANDER, 0.0) * scale[..., None]
    rows.face_image = np.concatenate([image, ((depth - middle_depth) * scale)[..., None]], axis=2) + errors
    rows.face_confidence[:] = 0.95
    return rows


def _errors(
    shape: tuple[int, ...], fps: float, random: np.random.Generator, white: float, wander: float, bias: float
) -> Array:
    """Errors ``(T, N, 3)``: white noise, an autoregressive wander (0.93 a frame at 30 a second), a constant bias."""
    share = 0.93 ** (30.0 / fps)
    steps = random.normal(size=shape) * np.sqrt(1.0 - share**2)
    steps[0] = random.normal(size=shape[1:])
    slow = np.empty(shape)
    slow[0] = steps[0]
    for frame in range(1, shape[0]):
        slow[frame] = share * slow[frame - 1] + steps[frame]
    return white * random.normal(size=shape) + wander * slow + bias * random.normal(size=(1, *shape[1:]))
