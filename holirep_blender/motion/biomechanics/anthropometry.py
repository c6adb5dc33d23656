# SPDX-License-Identifier: GPL-3.0-or-later
"""Masses of a body's segments, where they lie and how they resist turning, on any skeleton (de Leva 1996).

Each segment belongs to the joint that moves it. A segment whose own joint the skeleton lacks moves with the nearest
joint above it: fingers and toes are part of hands and feet, a rig without legs carries theirs under its pelvis.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import numpy as np
import numpy.typing as npt

from .. import rotations
from ..retargeting import take_rest_positions
from ..retargeting.anatomy import leg_length, pelvis_centre, rest_rotations
from ..skeleton import SIDES, finger_joints
from ..take import Take
from .segment_table import Segment, segments, usual_mass

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

_LIMBS: dict[str, tuple[tuple[str, str], ...]] = {
    "leg": (("UpperLeg", "thigh"), ("LowerLeg", "shank"), ("Foot", "")),
    "arm": (("UpperArm", "upper_arm"), ("LowerArm", "forearm"), ("Hand", "")),
}
_TRUNK: tuple[str, ...] = ("hips", "spine", "chest", "upperChest")
_NECK_LENGTH = 0.055
"""C7 to the joint of the head as a share of the stature, as in ``skeleton.t_pose_offsets``."""
_HEEL_BEHIND, _BALL = 0.20, 0.70
"""Where ankle and ball lie along the foot, from the heel, as shares of its length (Winter 2009, fig. 4.1)."""
_FOOT_DEPTH = 0.02
"""How far under the ankle the middle of the foot lies: half the ankle's height of 0.039 of the stature (Winter
2009)."""


@dataclass(frozen=True)
class Body:
    """The masses of a skeleton: ``B`` rigid pieces fixed to joints.

    Attributes
    ----------
    joints : (B,) index in the take of the joint that carries a piece; several pieces may share one.
    names : (B,) segment names, with their side.
    masses : (B,) kg.
    centres : (B, 3) metres from the joint, in its rest frame (aligned with the world in the rest pose).
    inertias : (B, 3, 3) kg m² about the piece's own centre, in the same frame.
    stature : metres, estimated from the lengths of legs and trunk, or of the arms.
    """

    joints: Ints
    names: tuple[str, ...]
    masses: Array
    centres: Array
    inertias: Array
    stature: float

    @property
    def mass(self) -> float:
        """The whole body's mass in kg."""
        return float(self.masses.sum())


def stature_of(take: Take) -> float:
    """Stature in metres that legs and trunk, or else the arms, of a take's skeleton belong to; 1.70 without any."""
    return _stature(take_rest_positions(take), segments())


def body_of(take: Take, mass_kg: Optional[float] = None, sex: str = "mean") -> Body:
    """The masses of a take's skeleton; ``mass_kg`` None: the usual mass for its stature.

    Raises ValueError where the mass is not a positive number, or the take has no joints.
    """
    table, rest = segments(sex), take_rest_positions(take)
    if not take.joint_names:
        raise ValueError("The take has no joints, so it has no mass either.")
    stature = _stature(rest, table)
    mass = usual_mass(stature) if mass_kg is None else float(mass_kg)
    if not 0.0 < mass < np.inf:
        raise ValueError(f"The performer's mass must be a positive number of kilograms, not {mass_kg}.")
    builder = _Builder(take, rest, table, stature)
    builder.add_trunk()
    builder.add_head()
    for side in SIDES:
        for limb in _LIMBS:
            builder.add_limb(side, limb)
    masses = np.array(builder.masses)
    scale = mass / masses.sum()  # the published shares sum to 1 within rounding
    inertias = np.array(builder.inertias) * scale
    joints = np.array(builder.joints, dtype=np.intp)
    return Body(joints, tuple(builder.names), masses * scale, np.array(builder.centres), inertias, stature)


def _stature(rest: dict[str, Array], table: dict[str, Segment]) -> float:
    found = shares = 0.0
    leg, centre = leg_length(rest), pelvis_centre(rest)
    if leg > 1e-6:
        found, shares = found + leg, shares + table["thigh"].length + table["shank"].length
    if centre is not None and "neck" in rest:
        found += float(np.linalg.norm(rest["neck"] - centre))
        shares += sum(table[f"{part}_trunk"].length for part in ("upper", "middle", "lower"))
    if shares == 0.0:
        for side in SIDES:
            joints = [f"{side}{part}" for part in ("UpperArm", "LowerArm", "Hand")]
            if all(name in rest for name in joints):
                points = [rest[name] for name in joints]
                found += float(np.linalg.norm(points[1] - points[0]) + np.linalg.norm(points[2] - points[1]))
                shares += table["upper_arm"].length + table["forearm"].length
    return found / shares if shares > 0.0 and found > 1e-6 else 1.70


class _Builder:
    """Collects the pieces of a body."""

    def __init__(self, take: Take, rest: dict[str, Array], table: dict[str, Segment], stature: float) -> None:
        self.rest, self.table, self.stature = rest, table, stature
        self.columns = {name: index for index, name in enumerate(take.joint_names)}
        self.places = np.array([rest[name] for name in take.joint_names])
        self.frames = {name: rotations.to_matrix(q) for name, q in rest_rotations(rest, np.eye(3)).items()}
        self.trunk = [name for name in _TRUNK if name in self.columns]
        self.joints: list[int] = []
        self.names: list[str] = []
        self.masses: list[float] = []
        self.centres: list[Array] = []
        self.inertias: list[Array] = []
        self.low, self.high = self._trunk_ends()

    def add(self, name: str, carrier: Optional[str], mass: float, centre: Array, frame: Array, radii: Array) -> None:
        """A piece: its mass, its centre in the rest pose, axes as columns of ``frame`` and radii of gyration (m)."""
        column = self.columns.get(carrier, 0) if carrier is not None else 0
        self.joints.append(column)
        self.names.append(name)
        self.masses.append(mass)
        self.centres.append(centre - self.places[column])
        self.inertias.append(mass * (frame * radii**2) @ frame.T)

    def _trunk_ends(self) -> tuple[Array, Array]:
        """Mid-hip and C7 in the rest pose."""
        low = pelvis_centre(self.rest)
        low = self.places[0] if low is None else low
        length = sum(self.table[f"{part}_trunk"].length for part in ("upper", "middle", "lower")) * self.stature
        up = np.array([0.0, 0.0, 1.0])
        if "neck" in self.rest:
            return low, self.rest["neck"]
        if "head" in self.rest:
            return low, self.rest["head"] - up * _NECK_LENGTH * self.stature
        return low, low + up * length

    def add_trunk(self) -> None:
        """Lower, middle and upper trunk, each shared out to the spine joints between whose heights it lies."""
        axis = self.high - self.low
        length = float(np.linalg.norm(axis))
        frame = self.frames.get(self.trunk[0], np.eye(3)) if self.trunk else np.eye(3)
        frame = rotations.frame(axis if length > 1e-9 else frame[:, 2], frame[:, 0])[:, [1, 2, 0]]
        borders = [-np.inf, *(self._height(name, axis) for name in self.trunk[1:]), np.inf]
        parts = [self.table[f"{part}_trunk"] for part in ("lower", "middle", "upper")]
        shares = np.array([part.length for part in parts]) / sum(part.length for part in parts)
        bottom = 0.0
        for name, part, share in zip(("lower_trunk", "middle_trunk", "upper_trunk"), parts, shares):
            top = bottom + share
            # the table counts from the upper end; pieces keep the segment's own centre and inertia together
            offset = top - part.centre * share - (bottom + top) / 2.0
            pieces = []
            for index, carrier in enumerate(self.trunk or [None]):
                low, high = max(bottom, borders[index]), min(top, borders[index + 1])
                if high > low:
                    pieces.append((carrier, (high - low) / share, (low + high) / 2.0))
            middle = (bottom + top) / 2.0
            spread = sum(weight * (place - middle) ** 2 for _, weight, place in pieces) * length**2
            radii = np.array([part.gyration[1], part.gyration[0], part.gyration[2]]) * share * length
            radii[:2] = np.sqrt(np.maximum(radii[:2] ** 2 - spread, 0.05 * radii[:2] ** 2))
            for carrier, weight, place in pieces:
                self.add(name, carrier, part.mass * weight, self.low + axis * (place + offset), frame, radii)
            bottom = top

    def _height(self, name: str, axis: Array) -> float:
        return float(np.dot(self.rest[name] - self.low, axis) / max(float(np.dot(axis, axis)), 1e-12))

    def add_head(self) -> None:
        """Head and neck as one, from C7 to the vertex."""
        part = self.table["head"]
        carrier = next(
            (name for name in ("head", "neck") if name in self.columns), self.trunk[-1] if self.trunk else None
        )
        frame = self.frames.get(carrier or "", np.eye(3))
        length = part.length * self.stature
        centre = self.high + frame[:, 2] * length * (1.0 - part.centre)
        radii = np.array([part.gyration[1], part.gyration[0], part.gyration[2]]) * length
        self.add("head", carrier, part.mass, centre, frame, radii)

    def add_limb(self, side: str, limb: str) -> None:
        """Thigh, shank and foot, or upper arm, forearm and hand."""
        chain = _LIMBS[limb]
        carrier: Optional[str] = None
        if self.trunk:
            carrier = self.trunk[0] if limb == "leg" else self.trunk[-1]
        shoulder = f"{side}Shoulder"
        if limb == "arm" and shoulder in self.columns:
            carrier = shoulder
        points = self._chain_points(side, limb, self.low if limb == "leg" else self._arm_root(shoulder))
        along = np.array([0.0, 0.0, -1.0]) if limb == "leg" else np.array([1.0 if side == "left" else -1.0, 0.0, 0.0])
        for index, (joint, segment) in enumerate(chain):
            name = f"{side}{joint}"
            carrier = name if name in self.columns else carrier
            frame = self.frames.get(carrier or "", np.eye(3))
            if not segment:
                self._add_end(side, limb, carrier, frame if name in self.columns else np.eye(3), points[index])
                continue
            part = self.table[segment]
            axis = points[index + 1] - points[index]
            length = float(np.linalg.norm(axis))
            # a unit frame about the segment's own length; the carrier's frame tells which way is sideways
            sideways = frame[:, 0] if limb == "leg" else frame[:, 2]
            axes = rotations.frame(axis if length > 1e-9 else along, sideways)
            radii = np.array([part.gyration[2], part.gyration[1], part.gyration[0]]) * length
            self.add(f"{side} {segment}", carrier, part.mass, points[index] + axis * part.centre, axes, radii)

    def _arm_root(self, shoulder: str) -> Array:
        return self.rest.get(shoulder, self.high)

    def _chain_points(self, side: str, limb: str, root: Array) -> list[Array]:
        """Where a limb's joints are in the rest pose; those that the skeleton lacks lie where a usual body has them."""
        chain = _LIMBS[limb]
        known = [self.rest.get(f"{side}{joint}") for joint, _ in chain]
        lengths = [self.table[segment].length * self.stature for _, segment in chain[:-1]]
        along = np.array([0.0, 0.0, -1.0]) if limb == "leg" else np.array([1.0 if side == "left" else -1.0, 0.0, 0.0])
        points: list[Array] = []
        for index, point in enumerate(known):
            if point is not None:
                points.append(point)
                continue
            following = next((i for i in range(index + 1, len(known)) if known[i] is not None), None)
            end = known[following] if following is not None else None
            if index == 0:
                points.append(root if end is None or following is None else end - along * sum(lengths[:following]))
            elif end is not None and following is not None:
                share = lengths[index - 1] / sum(lengths[index - 1 : following])
                points.append(points[-1] + (end - points[-1]) * share)
            else:
                frame = self.frames.get(f"{side}{chain[index - 1][0]}", np.eye(3))
                points.append(points[-1] + frame @ along * lengths[index - 1])
        return points

    def _add_end(self, side: str, limb: str, carrier: Optional[str], frame: Array, joint: Array) -> None:
        """A foot from heel to toe tip, or a hand from the wrist to its knuckles."""
        if limb == "leg":
            part, forward = self.table["foot"], -frame[:, 1]
            length = part.length * self.stature
            toes = self.rest.get(f"{side}Toes")
            if toes is not None:
                reach = float(np.dot(toes - joint, forward))
                length = reach / (_BALL - _HEEL_BEHIND) if reach > 0.02 * self.stature else length
            depth = frame[:, 2] * _FOOT_DEPTH * self.stature
            centre = joint + forward * (part.centre - _HEEL_BEHIND) * length - depth
            radii = np.array([part.gyration[1], part.gyration[2], part.gyration[0]]) * length
        else:
            part = self.table["hand"]
            knuckles = [
                self.rest.get(finger_joints(side, finger)[0]) for finger in ("Middle", "Ring", "Index", "Little")
            ]
            end = next((knuckle for knuckle in knuckles if knuckle is not None), None)
            outwards = frame[:, 0] * (1.0 if side == "left" else -1.0)
            axis = outwards * part.length * self.stature if end is None else end - joint
            centre = joint + axis * part.centre
            gyration = np.array([part.gyration[2], part.gyration[1], part.gyration[0]])
            radii = gyration * float(np.linalg.norm(axis))
        self.add(f"{side} {'foot' if limb == 'leg' else 'hand'}", carrier, part.mass, centre, frame, radii)
