# SPDX-License-Identifier: GPL-3.0-or-later
"""ARKit coefficients by geometry: distances of face points, freed from the head, against the clip's own neutral.

What each coefficient is computed from (x to the performer's left, y back, z up; unit: the distance between the
eyes, about 63 mm; "against neutral" subtracts a robust percentile of the clip):

====================================  ====================================================================  ==========
coefficients                          computed from                                                         confidence
====================================  ====================================================================  ==========
eyeBlink, eyeWide                     opening over width of the eye; blink lessened while looking down      1
eyeSquint                             lower lid raised while the eye stays open                             0.5
eyeLook Up/Down/In/Out                iris between the eye corners                                          1
jawOpen                               chin below the nose                                                   1
jawLeft, jawRight                     chin beside the middle of the face                                    0.4
mouthClose                            jaw opened with the lips together                                     0.7
mouthSmile, mouthFrown                corner of the mouth up, or down                                       0.9
mouthStretch                          corner of the mouth outwards without going up                         0.6
mouthPucker, mouthFunnel              mouth narrower than neutral, lips together or apart                   0.7
mouthLeft, mouthRight                 middle of both corners beside the middle of the face                  0.6
mouthRollUpper, mouthRollLower        one lip thinner than neutral                                          0.5
mouthPress Left/Right                 both lips thinner while they touch                                    0.4
mouthShrugUpper, mouthShrugLower      lip raised with the jaw closed                                        0.4
mouthUpperUp, mouthLowerDown          lip of one side drawn away from the mouth's line                      0.6
browInnerUp, browOuterUp, browDown    inner and outer brow above the eyes                                   0.9
noseSneer                             wing of the nose raised                                               0.5
cheekSquint                           cheek below the eye raised                                            0.4
jawForward, cheekPuff, mouthDimple,   the points do not show them: always 0                                 0
tongueOut
====================================  ====================================================================  ==========

Gains are average excursions of adults' faces (for example 28 mm of chin for an open jaw); they are a convention, as
ARKit's own are not published.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..arkit import ARKIT_INDEX, ARKIT_NAMES
from .gaze import Gaze, openings
from .head import Face

Array = npt.NDArray[np.float64]

_CONFIDENCE: dict[str, float] = {
    "eyeBlink": 1.0, "eyeWide": 1.0, "eyeSquint": 0.5, "eyeLook": 1.0, "jawOpen": 1.0, "jawLeft": 0.4, "jawRight": 0.4,
    "mouthClose": 0.7, "mouthSmile": 0.9, "mouthFrown": 0.9, "mouthStretch": 0.6, "mouthPucker": 0.7, "mouthFunnel":
    0.7,
    "mouthLeft": 0.6, "mouthRight": 0.6, "mouthRoll": 0.5, "mouthPress": 0.4, "mouthShrug": 0.4, "mouthUpperUp": 0.6,
    "mouthLowerDown": 0.6, "brow": 0.9, "noseSneer": 0.5, "cheekSquint": 0.4, "jawForward": 0.0, "cheekPuff": 0.0,
    "mouthDimple": 0.0, "tongueOut": 0.0,
}  # fmt: skip

_NOSE_BASE, _CHIN = 2, 152
_UPPER_LIP, _UPPER_LIP_INNER, _LOWER_LIP_INNER, _LOWER_LIP = 0, 13, 14, 17
# the left side first
_CORNER = (291, 61)
_UPPER_SIDE, _LOWER_SIDE = (269, 39), (405, 181)
_BROW_INNER, _BROW_OUTER, _BROW_MIDDLE = ((336, 285), (107, 55)), ((300, 276), (70, 46)), ((334, 282), (105, 52))
_NOSE_WING, _CHEEK = (327, 98), (280, 50)
_LOWER_LID = (374, 145)
_SHUT_OPENING = (0.28, 0.45)
"""Opening of a shut eye, as a share of the usual one, in MediaPipe's mesh: its lids never meet in one line, the less
so the
smaller the face. The clip's smallest opening is taken, between these."""
_DEAD = 0.06
"""Coefficients below this are the points' jitter and become 0; the rest is stretched so that nothing jumps."""


def coefficient_confidence(name: str) -> float:
    """How far geometry can be trusted for a coefficient, 0..1 (see the table above)."""
    best = max((prefix for prefix in _CONFIDENCE if name.startswith(prefix)), key=len)
    return _CONFIDENCE[best]


class _Measures:
    """Measures of a clip against its own neutral."""

    def __init__(self, face: Face):
        self.points, self.valid = face.points, face.valid

    def height(self, *landmarks: int) -> Array:
        return np.asarray(self.points[:, landmarks, 2].mean(axis=1))

    def side(self, *landmarks: int) -> Array:
        return np.asarray(self.points[:, landmarks, 0].mean(axis=1))

    def against(self, values: Array, percentile: float = 50.0) -> Array:
        return np.asarray(values - np.percentile(values[self.valid], percentile, axis=0))


def _unit(values: Array) -> Array:
    return np.clip(values, 0.0, 1.0)


def solve_expressions(face: Face, gaze: Gaze) -> Array:
    """Coefficients ``(T, 52)`` in 0..1 in the order of :data:`ARKIT_NAMES`; 0 where the clip shows no face at all."""
    result = np.zeros((len(face.valid), len(ARKIT_NAMES)))
    if not face.valid.any():
        return result
    values: dict[str, Array] = {}
    measures = _Measures(face)
    _eyes(values, measures, gaze)
    _mouth(values, measures)
    _brows(values, measures)
    for name, column in values.items():
        result[:, ARKIT_INDEX[name]] = _unit((column - _DEAD) / (1.0 - _DEAD))
    return result


def _eyes(values: dict[str, Array], m: _Measures, gaze: Gaze) -> None:
    opening = openings(m.points)
    usual = np.percentile(opening[m.valid], 65, axis=0)
    relative = opening / np.maximum(usual, 1e-6)
    down, up = _unit(-gaze.pitch / np.radians(35.0)), _unit(gaze.pitch / np.radians(28.0))
    for index, name in enumerate(("Left", "Right")):
        outwards = gaze.yaw[:, index] * (1.0 if name == "Left" else -1.0)
        values[f"eyeLookDown{name}"], values[f"eyeLookUp{name}"] = down[:, index], up[:, index]
        values[f"eyeLookOut{name}"] = outwards / np.radians(38.0)
        values[f"eyeLookIn{name}"] = -outwards / np.radians(38.0)
        # a lid follows a lowered eye: that much closing is not a blink
        expected = 0.90 * (1.0 - 0.45 * down[:, index])
        shut = np.clip(relative[m.valid, index].min(), *_SHUT_OPENING)
        closing = (expected - relative[:, index]) / np.maximum(expected - shut, 0.05)
        values[f"eyeBlink{name}"] = closing
        values[f"eyeWide{name}"] = (relative[:, index] - 1.12) / 0.35
        lid = m.against(m.height(_LOWER_LID[index]))
        values[f"eyeSquint{name}"] = lid / 0.06 * (1.0 - _unit(closing))


def _mouth(values: dict[str, Array], m: _Measures) -> None:
    jaw = m.against(m.height(_NOSE_BASE) - m.height(_CHIN), 20.0) / 0.38
    gap = np.linalg.norm(m.points[:, _UPPER_LIP_INNER] - m.points[:, _LOWER_LIP_INNER], axis=-1)
    gap = np.maximum(m.against(gap, 20.0), 0.0)
    opened = _unit(jaw)
    values["jawOpen"] = np.minimum(jaw, jaw * 0.35 + gap / 0.25)
    values["mouthClose"] = np.where(opened > 0.15, opened - gap / 0.25, 0.0)
    chin = m.against(m.side(_CHIN)) / 0.18
    values["jawLeft"], values["jawRight"] = chin, -chin
    middle = m.against(m.side(*_CORNER)) / 0.18
    values["mouthLeft"], values["mouthRight"] = middle, -middle

    width = m.side(_CORNER[0]) - m.side(_CORNER[1])
    neutral_width = np.percentile(width[m.valid], 50)
    narrow = (1.0 - width / neutral_width) / 0.30
    apart = _unit(gap / 0.12)
    values["mouthPucker"], values["mouthFunnel"] = narrow * (1.0 - apart), narrow * apart
    # the corners sink by about a third of what the jaw opens
    corners = [m.against(m.height(corner)) + 0.10 * opened for corner in _CORNER]
    outwards = [m.against(m.side(corner)) * sign for corner, sign in zip(_CORNER, (1.0, -1.0))]
    upper = m.height(_UPPER_LIP) - m.height(_UPPER_LIP_INNER)
    lower = m.height(_LOWER_LIP_INNER) - m.height(_LOWER_LIP)
    thin_upper = 1.0 - upper / max(float(np.percentile(upper[m.valid], 50)), 1e-3)
    thin_lower = 1.0 - lower / max(float(np.percentile(lower[m.valid], 50)), 1e-3)
    values["mouthRollUpper"], values["mouthRollLower"] = thin_upper / 0.7, thin_lower / 0.7
    pressed = np.minimum(thin_upper, thin_lower) / 0.5 * (1.0 - apart)
    closed = 1.0 - opened
    values["mouthShrugLower"] = m.against(m.height(_LOWER_LIP)) / 0.14 * closed
    values["mouthShrugUpper"] = m.against(m.height(_UPPER_LIP)) / 0.12 * closed
    for index, name in enumerate(("Left", "Right")):
        smile = 0.75 * corners[index] / 0.16 + 0.25 * outwards[index] / 0.12
        values[f"mouthSmile{name}"] = np.where(corners[index] > 0.0, smile, 0.0)
        values[f"mouthFrown{name}"] = -corners[index] / 0.14
        values[f"mouthStretch{name}"] = outwards[index] / 0.15 - np.maximum(corners[index], 0.0) / 0.10
        values[f"mouthPress{name}"] = pressed
        raised = m.against(m.height(_UPPER_SIDE[index]) - m.height(_NOSE_BASE), 50.0)
        values[f"mouthUpperUp{name}"] = raised / 0.12 - np.maximum(corners[index], 0.0) / 0.30
        lowered = -m.against(m.height(_LOWER_SIDE[index]) - m.height(_CHIN), 50.0)
        values[f"mouthLowerDown{name}"] = lowered / 0.14


def _brows(values: dict[str, Array], m: _Measures) -> None:
    inner = [m.against(m.height(*points)) for points in _BROW_INNER]
    outer = [m.against(m.height(*points)) for points in _BROW_OUTER]
    middle = [m.against(m.height(*points)) for points in _BROW_MIDDLE]
    values["browInnerUp"] = (inner[0] + inner[1]) / 2.0 / 0.14
    for index, name in enumerate(("Left", "Right")):
        values[f"browOuterUp{name}"] = (0.5 * outer[index] + 0.5 * middle[index]) / 0.13
        values[f"browDown{name}"] = -(0.6 * inner[index] + 0.4 * middle[index]) / 0.10
        wing = m.against(m.height(_NOSE_WING[index]) - m.height(6))
        values[f"noseSneer{name}"] = wing / 0.07
        cheek = m.against(m.height(_CHEEK[index]))
        values[f"cheekSquint{name}"] = cheek / 0.12
