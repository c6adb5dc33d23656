# SPDX-License-Identifier: GPL-3.0-or-later
"""Named anatomical points of a body, from which the test rigs are built: metres, Z up, facing −Y, the left side at +X.

A point is written as a name, or as two names and a share between them: ``arm-elbow.5`` is halfway along the upper arm.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

_CENTRAL = {
    "floor": (0, 0, 0),
    "hips": (0, 0.01, 0.95),
    "waist": (0, 0.0, 1.05),
    "collar": (0, 0.02, 1.455),
    "neck": (0, 0.015, 1.475),
    "head": (0, -0.01, 1.57),
    "top": (0, -0.01, 1.76),
    "jaw": (0, -0.035, 1.575),
    "chin": (0, -0.10, 1.53),
    "nose": (0, -0.13, 1.61),
    "teeth": (0, -0.09, 1.57),
    "nape": (0, 0.09, 1.66),
    "hairend": (0, 0.16, 1.1),
    "tail": (0, 0.12, 0.92),
    "tailend": (0, 0.5, 0.5),
}
_SIDE = {
    "clav": (0.02, -0.005, 1.44),
    "arm": (0.17, 0.02, 1.43),
    "elbow": (0.45, 0.03, 1.43),
    "wrist": (0.70, 0.02, 1.43),
    "hip": (0.095, 0.0, 0.92),
    "pelvis": (0.06, -0.03, 1.0),
    "knee": (0.1, -0.015, 0.495),
    "ankle": (0.1, 0.015, 0.085),
    "ball": (0.105, -0.125, 0.02),
    "toe": (0.105, -0.195, 0.02),
    "heel": (0.1, 0.055, 0.0),
    "eye": (0.032, -0.09, 1.645),
    "pupil": (0.032, -0.115, 1.645),
    "ear": (0.08, 0.0, 1.63),
    "brow": (0.03, -0.11, 1.68),
    "cheek": (0.045, -0.09, 1.59),
    "breast": (0.09, -0.03, 1.32),
    "nipple": (0.1, -0.14, 1.30),
    "hair": (0.07, 0.04, 1.68),
    "hairtip": (0.10, 0.08, 1.15),
    "skirt": (0.13, -0.06, 0.93),
    "skirtend": (0.22, -0.12, 0.45),
    "weapon": (0.75, 0.02, 1.35),
}
_FINGERS = {
    "index": ((0.092, -0.026), (0.042, 0.025, 0.020)),
    "middle": ((0.096, -0.003), (0.046, 0.029, 0.022)),
    "ring": ((0.090, 0.018), (0.042, 0.027, 0.021)),
    "little": ((0.082, 0.038), (0.033, 0.021, 0.018)),
}
_THUMB = ((0.020, -0.020, -0.010), (0.050, -0.050, -0.020), (0.076, -0.070, -0.026), (0.098, -0.084, -0.028))
_DISTAL_OF = {
    "arm": ("elbow", "wrist", "weapon", "thumb", "index", "middle", "ring", "little"),
    "elbow": ("wrist", "weapon", "thumb", "index", "middle", "ring", "little"),
    "hip": ("knee", "ankle", "ball", "toe", "heel"),
    "knee": ("ankle", "ball", "toe", "heel"),
    "ankle": ("ball", "toe", "heel"),
}
_POINT = re.compile(r"^(\w+)-(\w+?)(\.\d+|1)$")


@dataclass(frozen=True)
class Pose:
    """A rest pose in degrees: arms down from the T-pose, elbows forwards, legs apart, hips and knees bent."""

    arms_down: float = 0.0
    elbows: float = 0.0
    legs_apart: float = 0.0
    crouch: float = 0.0
    arm_length: float = 1.0
    leg_length: float = 1.0


class Body:
    """The points of a body in a rest pose; `at(point, side)` gives (3,) metres."""

    def __init__(self, pose: Pose) -> None:
        points = {name: np.array(place, dtype=float) for name, place in _SIDE.items()}
        for name, ((forward, across), lengths) in _FINGERS.items():
            knuckle = points["wrist"] + (forward, across, 0.0)
            points[f"{name}0"] = points["wrist"] + (0.25 * forward, 0.5 * across, 0.0)
            for number, along in enumerate((0.0, *np.cumsum(lengths)), 1):
                points[f"{name}{number}"] = knuckle + (along, 0.0, -0.02 * along)
        for number, place in enumerate(_THUMB, 1):
            points[f"thumb{number}"] = points["wrist"] + place
        self.left = points
        self.central = {name: np.array(place, dtype=float) for name, place in _CENTRAL.items()}
        self._turn("arm", (0, 1, 0), pose.arms_down)
        self._turn("elbow", (0, 0, -1), pose.elbows)
        self._turn("hip", (0, 1, 0), -pose.legs_apart)
        self._turn("hip", (1, 0, 0), -pose.crouch)
        self._turn("knee", (1, 0, 0), 2 * pose.crouch)
        self._turn("ankle", (1, 0, 0), -pose.crouch)
        self._stretch("arm", pose.arm_length)
        self._stretch("hip", pose.leg_length)

    def at(self, point: str, side: str = "left") -> np.ndarray:
        """Position (3,) of a point in metres."""
        between = _POINT.match(point)
        if between:
            start, end, share = self.at(between[1], side), self.at(between[2], side), float(between[3])
            return start + (end - start) * share
        if point in self.central:
            return self.central[point]
        return self.left[point] * ((1, 1, 1) if side == "left" else (-1, 1, 1))

    def _distal(self, joint: str) -> list[str]:
        return [name for name in self.left if name.rstrip("01234") in _DISTAL_OF[joint]]

    def _turn(self, joint: str, axis: tuple[int, int, int], degrees: float) -> None:
        x, y, z = axis
        cross = np.array(((0, -z, y), (z, 0, -x), (-y, x, 0)), dtype=float)
        angle = np.radians(degrees)
        matrix = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
        for name in self._distal(joint):
            self.left[name] = self.left[joint] + matrix @ (self.left[name] - self.left[joint])

    def _stretch(self, joint: str, factor: float) -> None:
        for name in self._distal(joint):
            self.left[name] = self.left[joint] + factor * (self.left[name] - self.left[joint])
