# SPDX-License-Identifier: GPL-3.0-or-later
"""The truth of a rendered performer, and how far a take, or the tracker's own world landmarks, are from it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

import numpy as np
import numpy.typing as npt

from holirep_blender.inference.fusion.joints import BODY
from holirep_blender.motion import rotations
from holirep_blender.motion.arkit import ARKIT_INDEX
from holirep_blender.motion.observations import Observations
from holirep_blender.motion.skeleton import (
    FINGERS,
    JOINT_INDEX,
    JOINT_NAMES,
    JOINT_PARENTS,
    SIDES,
    finger_joints,
    t_pose_offsets,
)
from holirep_blender.motion.take import CONTACT_NAMES, Take

from .captured import Captured

Array = npt.NDArray[np.float64]

TWELVE = [side + part for part in ("UpperArm", "LowerArm", "Hand", "UpperLeg", "LowerLeg", "Foot") for side in SIDES]
_LANDMARKS = [11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28]
HEAD_TIPS = {"nose": 0, "leftEar": 7, "rightEar": 8, "leftEyeOuter": 3, "rightEyeOuter": 6, "leftMouthCorner": 9,
             "rightMouthCorner": 10}  # fmt: skip
"""Points of the head that the truth names, and the body tracker's landmarks there."""
_KNUCKLES = {"leftIndexProximal": 19, "rightIndexProximal": 20, "leftLittleProximal": 17, "rightLittleProximal": 18}
_LOCAL = [name for name in BODY if name != "hips" and "Toes" not in name]
_NEXT = {"Shoulder": "UpperArm", "UpperArm": "LowerArm", "LowerArm": "Hand", "Hand": "MiddleProximal",
         "UpperLeg": "LowerLeg", "LowerLeg": "Foot", "Foot": "Toes"}  # fmt: skip


@dataclass
class Points:
    """What is compared, in the camera's axes and metres: ``joints (T, 12, 3)``, ``head (T, 7, 3)``, ``knuckles (T, 4,
    3)``; of takes also world rotations ``turned`` by joint, ``fingers (T, 2, 5, 3, 3)`` of bones in the palm's axes,
    ``contacts (T, 4)``, ``jaw`` and ``blink (T,)``.
    """

    joints: Array
    head: Array
    knuckles: Array
    turned: Optional[Array] = None
    fingers: Optional[Array] = None
    contacts: Optional[npt.NDArray[np.bool_]] = None
    jaw: Optional[Array] = None
    blink: Optional[Array] = None


class Rendered:
    """One folder of :mod:`training.render_and_track`."""

    def __init__(self, folder: Path, captured: Captured) -> None:
        self.name = folder.name
        self._captured = captured
        self.observations = Observations.load(folder / "observations.npz")
        with np.load(folder / "truth.npz", allow_pickle=False) as stored:
            self.truth = {name: stored[name] for name in stored.files}
        self.fps = float(self.truth["fps"])
        self.names = [str(name) for name in self.truth["joint_names"]]
        self.found = np.asarray(self.observations.body_confidence > 0.0)
        self.camera = self.truth["world_from_camera"]
        self.focal = float(self.truth["K"][0, 0])
        inside = (self.truth["joints2d"] > 0).all(-1) & (self.truth["joints2d"] < self.truth["size"]).all(-1)
        self.whole = float(inside[:, [self.names.index(name) for name in TWELVE]].all(-1).mean())

    @property
    def kind(self) -> str:
        """From where the camera looks: ``upper`` body only, ``rolled``, ``high`` or ``level``."""
        down = np.degrees(np.arcsin(-self.camera[2, 2]))
        roll = np.degrees(np.arcsin(np.clip(self.camera[2, 0], -1, 1)))
        if self.whole < 0.5:
            return "upper"
        return "rolled" if abs(roll) > 6.0 else "high" if down > 18.0 else "level"

    @property
    def points(self) -> Points:
        """The truth."""
        tips = [str(name) for name in self.truth["tips_names"]]
        place, turn = self.camera[:3, 3], self.camera[:3, :3]

        def local(points: Array) -> Array:
            return np.asarray((points.astype(float) - place) @ turn)

        joints = {name: self.truth["joints"][:, row] for row, name in enumerate(self.names)}
        tip = {name: self.truth["tips"][:, row] for row, name in enumerate(tips)}
        turned = self.truth["rotations"].astype(float) @ _laid(self.names, self.truth["rest_joints"])
        expressions = {
            str(n): self.truth["expressions"][:, row] for row, n in enumerate(self.truth["expression_names"])
        }
        return Points(
            joints=local(np.stack([joints[name] for name in TWELVE], 1)),
            head=local(np.stack([tip[name] for name in HEAD_TIPS], 1)),
            knuckles=local(np.stack([joints[name] for name in _KNUCKLES], 1)),
            turned=turned[:, [self.names.index(name) for name in JOINT_NAMES]],
            fingers=_finger_bones(joints, tip),
            # as captured: a second of a render shows no floor, and who floats in it stands nowhere
            contacts=self._captured.standing(Path(str(self.truth["clip"])).stem, self.truth["frames"]),
            jaw=expressions["mouth-open"],
            blink=(expressions["eye-left-closure"] + expressions["eye-right-closure"]) / 2,
        )

    def raw(self) -> Points:
        """The tracker's world landmarks."""
        world = np.nan_to_num(self.observations.body_world.astype(float))
        return Points(world[:, _LANDMARKS], world[:, list(HEAD_TIPS.values())], world[:, list(_KNUCKLES.values())])

    def of(self, take: Take, template: Array) -> Points:
        """A take, seen from its camera; ``template (478, 3)`` centimetres is the face that its head carries."""
        assert take.camera is not None
        place, turn = take.camera.world_from_camera[:, :3, 3], take.camera.world_from_camera[:, :3, :3]
        placed, world = take.world_positions(), rotations.to_matrix(take.world_rotations())

        def local(points: Array) -> Array:
            return np.asarray(np.einsum("tni,tij->tnj", points - place[:, None], turn))

        joints = {name: placed[:, row] for row, name in enumerate(JOINT_NAMES)}
        scale = take.rest_offsets[JOINT_INDEX["hips"], 2] / t_pose_offsets()[JOINT_INDEX["hips"], 2]
        head = _head_points(template) * scale
        skull = JOINT_INDEX["head"]
        tips = {}
        for side in SIDES:
            for finger in FINGERS:
                last = finger_joints(side, finger)[2]
                bone = take.rest_offsets[JOINT_INDEX[last]]
                tips[f"{side}{finger}Tip"] = joints[last] + world[:, JOINT_INDEX[last]] @ bone
        blend = take.blendshapes
        return Points(
            joints=local(np.stack([joints[name] for name in TWELVE], 1)),
            head=local(placed[:, skull, None] + np.einsum("tij,nj->tni", world[:, skull], head)),
            knuckles=local(np.stack([joints[name] for name in _KNUCKLES], 1)),
            turned=world,
            fingers=_finger_bones(joints, tips),
            contacts=np.asarray(take.contacts[:, [take.contact_names.index(name) for name in CONTACT_NAMES]] > 0.5),
            jaw=blend[:, ARKIT_INDEX["jawOpen"]],
            blink=(blend[:, ARKIT_INDEX["eyeBlinkLeft"]] + blend[:, ARKIT_INDEX["eyeBlinkRight"]]) / 2,
        )

    @property
    def performer(self) -> dict[str, object]:
        """What the performer was made of."""
        return dict(json.loads(str(self.truth["performer"])))


def _head_points(template: Array) -> Array:
    """The points :data:`HEAD_TIPS` ``(7, 3)`` in the head joint's rest frame, metres at the reference stature."""
    on_face = np.asarray(template)[[4, 263, 33, 291, 61]] * 0.01 + np.array([0.0, 0.0, 0.037])
    ears = np.array([[0.0725, -0.005, 0.058], [-0.0725, -0.005, 0.058]])
    return np.concatenate([on_face[:1], ears, on_face[1:]])


def _laid(names: list[str], rest: Array) -> Array:
    """For each joint ``(J, 3, 3)`` the shortest turn that lays the T-pose's bone into the truth's rest pose."""
    result = np.tile(np.eye(3), (len(names), 1, 1))
    offsets = t_pose_offsets()
    for row, name in enumerate(names):
        side = "left" if name.startswith("left") else "right"
        key = name[len(side) :] if name.startswith(("left", "right")) else ""
        finger = next((finger for finger in FINGERS if finger in key), None)
        after = side + _NEXT[key] if key in _NEXT else None
        if finger is not None:
            chain = finger_joints(side, finger)
            after = chain[min(chain.index(name) + 1, 2)] if name in chain[:2] else None
        if after is None or after not in names:
            continue
        bone = rest[names.index(after)] - rest[row]
        turn = rotations.between(offsets[JOINT_INDEX[after]], bone.astype(float))
        result[row] = rotations.to_matrix(turn)
    return result


def _finger_bones(joints: dict[str, Array], tips: dict[str, Array]) -> Array:
    """Unit bones ``(T, 2, 5, 3, 3)`` of the fingers in the palm's axes."""
    result = []
    for side in SIDES:
        wrist, index, little = (joints[side + name] for name in ("Hand", "IndexProximal", "LittleProximal"))
        y = rotations.normalized((index + little) / 2 - wrist)
        x = index - little
        x = rotations.normalized(x - y * np.sum(x * y, -1, keepdims=True))
        axes = np.stack([x, y, np.cross(x, y)], -1)
        for finger in FINGERS:
            a, b, c = (joints[name] for name in finger_joints(side, finger))
            bones = np.stack([b - a, c - b, tips[f"{side}{finger}Tip"] - c], 1)
            result.append(rotations.normalized(bones) @ axes)
    return np.stack(result, 1).reshape(len(result[0]), 2, 5, 3, 3)


def _similarity(found: Array, truth: Array) -> tuple[Array, Array, Array, Array]:
    a, b = found.mean(1, keepdims=True), truth.mean(1, keepdims=True)
    u, s, vt = np.linalg.svd(np.swapaxes(truth - b, 1, 2) @ (found - a))
    sign = np.sign(np.linalg.det(u @ vt))
    u[..., 2] *= sign[:, None]
    s[:, 2] *= sign
    scale = s.sum(1) / np.maximum(np.sum((found - a) ** 2, axis=(1, 2)), 1e-12)
    return scale[:, None, None], u @ vt, a, b


def _correlation(a: Array, b: Array) -> float:
    return float(np.corrcoef(a, b)[0, 1]) if len(a) > 5 and a.std() > 1e-4 and b.std() > 1e-4 else float("nan")


def figures(found: Points, clip: Rendered, place: bool) -> dict[str, float]:
    """How far points are from the clip's truth, in frames where the performer was found; millimetres, degrees. What
    something does not say is not among them. ``place``: whether the points are placed in the camera's space.
    """
    truth, rows = clip.points, clip.found
    scale, turn, a, b = _similarity(found.joints[rows], truth.joints[rows])

    def laid(points: Array) -> Array:
        return np.asarray(scale * ((points[rows] - a) @ np.swapaxes(turn, 1, 2)) + b)

    def off(points: Array, real: Array) -> float:
        return 1000.0 * float(np.linalg.norm(points - real[rows], axis=-1).mean())

    hips = [side.joints[:, 6:8].mean(1, keepdims=True) for side in (found, truth)]
    centred = [side.joints - middle for side, middle in zip((found, truth), hips)]
    rate = [np.linalg.norm(np.diff(side, 2, axis=0), axis=-1).mean() for side in centred]
    result = {
        "pa_mpjpe": off(laid(found.joints), truth.joints),
        "mpjpe": 1000.0 * float(np.linalg.norm(centred[0] - centred[1], axis=-1)[rows].mean()),
        "acceleration": float(rate[0] / rate[1]),
        "head": off(laid(found.head), truth.head),
        "hands": off(laid(found.knuckles), truth.knuckles),
        "depth": 1000.0 * float(np.abs((laid(found.joints) - truth.joints[rows])[..., 2]).mean()),
    }
    if place:
        away = [middle[rows, 0] for middle in hips]
        result["root m"] = float(np.linalg.norm(away[0] - away[1], axis=-1).mean())
        nearer = away[0] * (away[1][:, 2].mean() / away[0][:, 2].mean())
        nearer = nearer - nearer.mean(0) - (away[1] - away[1].mean(0))
        result["path"] = 1000.0 * float(np.linalg.norm(nearer, axis=-1).mean())
    if found.turned is not None and truth.turned is not None:
        parents = {name: JOINT_NAMES[JOINT_PARENTS[JOINT_INDEX[name]]] for name in _LOCAL}
        angles = []
        for name, parent in parents.items():
            pair = [
                np.swapaxes(side.turned[rows, JOINT_INDEX[parent]], 1, 2) @ side.turned[rows, JOINT_INDEX[name]]
                for side in (found, truth)
                if side.turned is not None
            ]
            cosine = (np.trace(np.swapaxes(pair[0], 1, 2) @ pair[1], axis1=1, axis2=2) - 1.0) / 2.0
            angles.append(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))
        result["angle"] = float(np.mean(angles))
    if found.fingers is not None and truth.fingers is not None:
        seen = (
            np.stack([getattr(clip.observations, f"{side}_hand_confidence") > 0 for side in SIDES], 1) & rows[:, None]
        )
        between = np.degrees(np.arccos(np.clip(np.sum(found.fingers * truth.fingers, -1), -1, 1)))
        result["fingers"] = float(between[seen].mean()) if seen.any() else float("nan")
    if found.contacts is not None and truth.contacts is not None and clip.kind != "upper":
        both = 2.0 * float((found.contacts & truth.contacts)[rows].sum())
        result["contact frames"] = float(found.contacts[rows].sum() + truth.contacts[rows].sum())
        result["contact f1"] = both / max(1.0, result["contact frames"])
    if found.jaw is not None and found.blink is not None and truth.jaw is not None and truth.blink is not None:
        face = rows & (clip.observations.face_confidence > 0)
        result["jaw r"] = _correlation(found.jaw[face], truth.jaw[face])
        result["blink r"] = _correlation(found.blink[face], truth.blink[face])
    return result


def means(scores: list[dict[str, float]]) -> dict[str, float]:
    """Means of :func:`figures` over clips, of what is a number; contact F1 is that of all frames together."""
    result = {}
    for name in dict.fromkeys(name for score in scores for name in score):
        having = [score for score in scores if np.isfinite(score.get(name, np.nan))]
        weights = [score["contact frames"] if name == "contact f1" else 1.0 for score in having]
        values = [score[name] for score in having]
        result[name] = float(np.average(values, weights=weights)) if sum(weights) else float("nan")
    result.pop("contact frames", None)
    return result
