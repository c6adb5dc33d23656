# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of a body on which a hand can rest: capsules between joints, on any skeleton."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import numpy as np
import numpy.typing as npt

from .. import rotations
from ..retargeting import take_rest_positions
from ..retargeting.anatomy import leg_length, rest_rotations
from ..skeleton import SIDES, finger_joints
from ..take import Take

Array = npt.NDArray[np.float64]

_LEG = 0.85
"""Leg from hip to ankle in metres of the grown human whose radii these are."""
_HAND_RADIUS = 0.03
_PALM = 0.35
"""Middle of the palm from the wrist as a share of the forearm, where the rig has no fingers: half a hand is 0.054 of
the stature, a forearm 0.157 (Drillis & Contini 1966, in Winter 2009, fig. 4.1)."""
_PARTS: tuple[tuple[str, str, str, float], ...] = (
    ("head", "head", "", 0.11),
    ("trunk", "chest", "neck", 0.13),
    ("trunk", "spine", "chest", 0.13),
    ("hips", "hips", "spine", 0.16),
    ("thigh", "{}UpperLeg", "{}LowerLeg", 0.085),
    ("shin", "{}LowerLeg", "{}Foot", 0.055),
    ("upper arm", "{}UpperArm", "{}LowerArm", 0.05),
    ("forearm", "{}LowerArm", "{}Hand", 0.04),
)
"""Part, the joint that carries it, the joint where it ends, and its rounded radius in metres on a grown human, by which
it is judged whether a hand is near; a place itself is kept without them."""


@dataclass(frozen=True)
class Part:
    """A capsule.

    Attributes
    ----------
    name : such as ``"leftUpperLeg"``: the joint that carries it. label : what it is called, such as ``"thigh"``.
    joint : that joint's index. tip : (3,) the capsule's other end in the joint's anatomical frame, metres.
    frame : (4,) the joint's anatomical frame in the rest pose. radius : metres.
    """

    name: str
    label: str
    joint: int
    tip: Array
    frame: Array
    radius: float

    @property
    def length(self) -> float:
        """Metres from end to end."""
        return float(np.linalg.norm(self.tip))


def body_size(take: Take) -> float:
    """The skeleton's size over a grown human's, by its arms and legs."""
    rest = take_rest_positions(take)
    leg = leg_length(rest)
    return leg / _LEG if leg > 1e-6 else 1.0


def body_parts(take: Take) -> dict[str, Part]:
    """The parts that a skeleton has, by the joints that carry them."""
    rest, size = take_rest_positions(take), body_size(take)
    frames = rest_rotations(rest, np.eye(3))
    found: dict[str, Part] = {}
    for label, carrier, end, radius in _PARTS:
        for side in SIDES if "{}" in carrier else ("",):
            name, tip = carrier.format(side), end.format(side)
            if name not in rest or name in found:
                continue
            offset = np.array([0.0, 0.0, 0.1 * size]) if not tip else None
            if tip in rest:
                offset = rotations.rotate(rotations.inverse(frames[name]), rest[tip] - rest[name])
            if offset is not None:
                found[name] = Part(name, label, take.joint_names.index(name), offset, frames[name], radius * size)
    return found


def palm_offset(take: Take, side: str) -> Optional[Array]:
    """The palm's middle from the wrist in the rest pose ``(3,)``; None without a hand."""
    rest = take_rest_positions(take)
    hand, elbow = f"{side}Hand", f"{side}LowerArm"
    if hand not in rest or elbow not in rest:
        return None
    knuckles = [rest[name] for name in (finger_joints(side, f)[0] for f in ("Middle", "Ring", "Index")) if name in rest]
    if knuckles:
        return np.asarray(0.6 * (np.mean(knuckles, axis=0) - rest[hand]))
    forearm = float(np.linalg.norm(rest[hand] - rest[elbow]))
    outwards = np.array([1.0 if side == "left" else -1.0, 0.0, 0.0])
    return _PALM * forearm * rotations.rotate(rest_rotations(rest, np.eye(3))[hand], outwards)


def hand_radius(take: Take) -> float:
    """Half the thickness of a hand, metres."""
    return _HAND_RADIUS * body_size(take)


def in_part(part: Part, turned: Array, placed: Array, points: Array) -> Array:
    """Points ``(T, 3)`` of the world in a part's anatomical frame, metres from its joint."""
    axes = rotations.multiply(turned[:, part.joint], part.frame)
    return rotations.rotate(rotations.inverse(axes), points - placed[:, part.joint])


def from_part(part: Part, turned: Array, placed: Array, points: Array) -> Array:
    """Points ``(T, 3)`` of a part's anatomical frame in the world."""
    axes = rotations.multiply(turned[:, part.joint], part.frame)
    return placed[:, part.joint] + rotations.rotate(axes, points)


def distance_to(part: Part, local: Array) -> Array:
    """Distance ``(T,)`` of points in the part's frame ``(T, 3)`` from its surface; negative inside."""
    share = np.clip(local @ part.tip / max(float(part.tip @ part.tip), 1e-12), 0.0, 1.0)
    return np.asarray(np.linalg.norm(local - share[:, None] * part.tip, axis=-1) - part.radius)
