# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the tracker's points sit on the performer: surface points fixed to joints, which move with the build."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from ....motion.geometric.landmarks import SHOULDER_RISE
from ....motion.skeleton import SIDES
from ..joints import BODY, BUILD_SIZE, HEAD_RATIO, REFERENCE_STATURE, SOLVED_INDEX, rest_offsets
from ..surface import ANKLE_SHARE, BALL, EARS, HEAD_ORIGIN, HEEL, HEEL_MARK, TOE_MARK

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

BODY_INDEX: dict[str, int] = {name: row for row, name in enumerate(BODY)}
_BODY_IN_SOLVED = [SOLVED_INDEX[name] for name in BODY]
BODY_ON_FACE: dict[int, tuple[int, ...]] = {
    0: (4,), 2: (386, 374), 5: (159, 145), 9: (291,), 10: (61,),
}  # fmt: skip
"""Body landmarks that lie on the face, and the face points whose mean they are."""
FACE_POINTS: tuple[int, ...] = (33, 133, 362, 263, 168, 4, 10, 127, 356)
"""Face points that expressions move little, on all sides of the face."""
HAND_POINTS: dict[int, str] = {5: "Index", 9: "Middle", 13: "Ring", 17: "Little"}
"""Points of a hand at the fingers' first joints."""
_HIP_MARK = (-0.013, -0.020, -0.006)
"""Metres at the reference stature from the left hip's joint to what the real tracker marks there: inwards, forward and
down. Seven tenths of what was found on each of three sets of rendered performers; emulated ones are marked
at the joint.
"""


@dataclass(frozen=True)
class Mark:
    """One point: the tracker it is from, its number there, and the joint that carries it."""

    tracker: str
    point: int
    joint: str


def _listed() -> tuple[Mark, ...]:
    rows = [Mark("body", point, "head") for point in (*BODY_ON_FACE, 7, 8)]
    for number, side in enumerate(SIDES):
        plain = {11: "Shoulder", 13: "LowerArm", 15: "Hand", 17: "Hand", 19: "Hand", 23: "UpperLeg", 25: "LowerLeg",
                 27: "LowerLeg", 29: "Foot", 31: "Toes"}  # fmt: skip
        rows += [Mark("body", point + number, side + joint) for point, joint in plain.items()]
    rows += [Mark("face", point, "head") for point in FACE_POINTS]
    for side in SIDES:
        rows += [Mark(side, point, f"{side}Hand") for point in (0, *HAND_POINTS)]
    return tuple(rows)


MARKS: tuple[Mark, ...] = _listed()
MARK_JOINTS: Ints = np.array([BODY_INDEX[mark.joint] for mark in MARKS], dtype=np.intp)


def build_offsets(build: Array) -> tuple[Array, Array]:
    """Rest offsets ``(N, 22, 3)`` of the body and the marks' offsets ``(N, M, 3)`` from their joints, metres, of builds
    ``(N, 12)``; without the face's points, which need a face (see :func:`face_offsets`).
    """
    rest = rest_offsets(torch.as_tensor(build, dtype=torch.float64).float()).double().numpy()
    marks = np.zeros((len(build), len(MARKS), 3))
    scale = np.exp(build[:, 0])[:, None]
    head = np.exp(build[:, 0] + build[:, HEAD_RATIO])[:, None]
    torso = sum(rest[:, SOLVED_INDEX[name], 2] for name in ("spine", "chest", "upperChest", "leftShoulder"))
    rise = SHOULDER_RISE * (torso - rest[:, SOLVED_INDEX["leftUpperLeg"], 2])
    for row, mark in enumerate(MARKS):
        side = "right" if mark.joint.startswith("right") else "left"
        if mark.tracker in SIDES:
            if mark.point:
                marks[:, row] = rest[:, SOLVED_INDEX[f"{side}{HAND_POINTS[mark.point]}Proximal"]]
        elif mark.tracker == "body":
            point = mark.point if mark.point < 11 or mark.point % 2 else mark.point - 1
            if point in (7, 8):
                marks[:, row] = np.array(EARS[point - 7]) * head
            elif point == 11:
                marks[:, row] = rest[:, SOLVED_INDEX[f"{side}UpperArm"]]
                marks[:, row, 2] += rise
            elif point == 23:
                marks[:, row] = np.array(_HIP_MARK) * ((1.0 if side == "left" else -1.0), 1.0, 1.0) * scale
            elif point in (17, 19):
                finger = "Little" if point == 17 else "Index"
                marks[:, row] = rest[:, SOLVED_INDEX[f"{side}{finger}Proximal"]]
            elif point == 27:
                marks[:, row] = rest[:, SOLVED_INDEX[f"{side}Foot"]] * ANKLE_SHARE
            elif point in (29, 31):
                marks[:, row] = np.array(HEEL_MARK if point == 29 else TOE_MARK) * scale
    return rest[:, _BODY_IN_SOLVED], marks


def face_offsets(build: Array, template: Array) -> Array:
    """The same ``(N, M, 3)`` for the marks on the face alone, zero elsewhere; ``template (478, 3)`` centimetres."""
    head = np.exp(build[:, 0] + build[:, HEAD_RATIO])[:, None]
    marks = np.zeros((len(build), len(MARKS), 3))
    for row, mark in enumerate(MARKS):
        points = (mark.point,) if mark.tracker == "face" else BODY_ON_FACE.get(mark.point, ())
        if mark.joint == "head" and points:
            marks[:, row] = (template[list(points)].mean(0) * 0.01 + np.array(HEAD_ORIGIN)) * head
    return marks


@dataclass(frozen=True)
class Shape:
    """A build as lengths, with its derivatives: ``rest (22, 3)``, ``marks (M, 3)``, ``soles (4, 3)`` metres;
    ``rest_by (12, 22, 3)``, ``marks_by (12, M, 3)`` by the build's numbers.
    """

    rest: Array
    marks: Array
    soles: Array
    rest_by: Array
    marks_by: Array


_STEP = 1e-3


def shape_of(build: Array, template: Array) -> Shape:
    """The shape of a build ``(12,)``; ``template (478, 3)`` the mean face in centimetres."""
    builds = np.concatenate([build[None], build + _STEP * np.eye(BUILD_SIZE)])
    rest, marks = build_offsets(builds)
    marks = marks + face_offsets(builds, template)
    soles = np.array([HEEL, BALL] * 2) * float(np.exp(build[0]))
    return Shape(rest[0], marks[0], soles, (rest[1:] - rest[0]) / _STEP, (marks[1:] - marks[0]) / _STEP)


SOLE_JOINTS: Ints = np.array([BODY_INDEX[side + part] for side in SIDES for part in ("Foot", "Toes")], dtype=np.intp)


def stature(build: Array) -> float:
    """Metres."""
    return float(REFERENCE_STATURE * np.exp(build[0]))
