# SPDX-License-Identifier: GPL-3.0-or-later
"""The body as an articulated figure: which joints bend how, and the posture preferred where nothing is seen."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..skeleton import FINGERS, JOINT_NAMES, JOINT_PARENTS, SIDES
from .articulation import BALL, Articulation, JointKind, exponential
from .refinement import Posture

Array = npt.NDArray[np.float64]

_X, _Y, _Z = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
_NOT_BODY = ("Eye", "jaw", *FINGERS)
BODY_JOINTS: tuple[str, ...] = tuple(name for name in JOINT_NAMES if not any(part in name for part in _NOT_BODY))

# Standard deviations in radians about the parent's X, Y, Z axes (bend, side bend or spread, turn) of what a body does
# when
# nothing else is known; the ratio along a chain shares a bend out: the lumbar, thoracic and cervical joints alike.
_SPREAD: dict[str, tuple[float, float, float]] = {
    "spine": (0.25, 0.20, 0.15),
    "chest": (0.20, 0.20, 0.20),
    "upperChest": (0.15, 0.15, 0.20),
    "neck": (0.40, 0.35, 0.45),
    "head": (0.40, 0.35, 0.50),
    "Shoulder": (0.05, 0.12, 0.12),
    "UpperArm": (1.2, 1.2, 1.2),
    "Hand": (0.30, 0.50, 0.25),
    "UpperLeg": (1.0, 0.5, 0.35),
    "Foot": (0.45, 0.20, 0.25),
}
_ARM_DOWN = np.radians(65.0)
_ELBOW_REST, _ELBOW_SPREAD, _TWIST_SPREAD = 0.4, 1.5, 1.0
_KNEE_REST, _KNEE_SPREAD = 0.1, 1.5
_TOES_SPREAD = 0.3
_STANDING_SPREAD = 0.12


def body_figure(rest_offsets: Array) -> Articulation:
    """The body without fingers, eyes and jaw on rest offsets ``(55, 3)``.

    Elbows are hinges (about Z in the T-pose) followed by the forearm's turn (X), knees and toes hinges about X; all
    other
    joints are balls.
    """
    rows = {name: row for row, name in enumerate(BODY_JOINTS)}
    parents = []
    offsets = []
    for index, name in enumerate(JOINT_NAMES):
        if name in rows:
            parent = JOINT_PARENTS[index]
            parents.append(rows[JOINT_NAMES[parent]] if parent >= 0 else -1)
            offsets.append(rest_offsets[index])
    kinds: dict[str, JointKind] = {name: BALL for name in BODY_JOINTS}
    for side in SIDES:
        kinds[f"{side}LowerArm"] = (_Z, _X)
        kinds[f"{side}LowerLeg"] = (_X,)
        kinds[f"{side}Toes"] = (_X,)
    return Articulation(BODY_JOINTS, parents, np.array(offsets), kinds)


def body_posture(figure: Articulation, standing: bool = False) -> Posture:
    """Hanging arms and straight legs, weakly; elbows and knees bend one way only. ``standing`` holds hips and legs
    firmly.
    """
    count, hinges = len(figure.names), len(figure.hinge_axes)
    reference = np.broadcast_to(np.eye(3), (count, 3, 3)).copy()
    ball = np.zeros((count, 3))
    for row, name in enumerate(figure.names):
        key = name if name in _SPREAD else name.replace("left", "").replace("right", "")
        if standing and key in ("hips", "UpperLeg", "Foot"):
            # the hips' turn about the vertical stays free
            ball[row] = np.array([1.0, 1.0, 0.0 if key == "hips" else 1.0]) / _STANDING_SPREAD**2
        elif key in _SPREAD and row in figure.ball_columns:
            ball[row] = 1.0 / np.array(_SPREAD[key]) ** 2
    rest, weight = np.zeros(hinges), np.zeros(hinges)
    low, high = np.full(hinges, -np.inf), np.full(hinges, np.inf)
    for sign, side in ((1.0, "left"), (-1.0, "right")):
        reference[figure.index[f"{side}UpperArm"]] = exponential(np.array([0.0, sign * _ARM_DOWN, 0.0]))
        elbow = figure.first_hinge[figure.index[f"{side}LowerArm"]]
        # a left forearm comes forwards by a negative turn about Z, a right one by a positive
        rest[elbow], weight[elbow] = -sign * _ELBOW_REST, 1.0 / _ELBOW_SPREAD**2
        low[elbow], high[elbow] = (-2.7, -0.02) if sign > 0 else (0.02, 2.7)
        weight[elbow + 1], low[elbow + 1], high[elbow + 1] = 1.0 / _TWIST_SPREAD**2, -1.7, 1.7
        knee = figure.first_hinge[figure.index[f"{side}LowerLeg"]]
        rest[knee], weight[knee], low[knee], high[knee] = _KNEE_REST, 1.0 / _KNEE_SPREAD**2, 0.0, 2.7
        if standing:
            weight[knee] = _STANDING_SPREAD**-2.0
        toes = figure.first_hinge[figure.index[f"{side}Toes"]]
        weight[toes], low[toes], high[toes] = 1.0 / _TOES_SPREAD**2, -1.0, 0.5
    return Posture(reference, ball, rest, weight, low, high)
