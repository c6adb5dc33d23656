# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures of a motion on a rig, by forward kinematics of its keys alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from holirep_blender.motion import rotations
from holirep_blender.motion.contacts import Contacts, Floor
from tests.motion.retargeting.skeletons import forward_kinematics

HEEL_BEHIND = 0.055
"""The heel lies on the floor this share of the leg behind the ankle."""


@dataclass
class FootMeasure:
    """Millimetres: touching points per frame, touching points under the floor, and free points under it."""

    slide: np.ndarray
    sink: np.ndarray
    air: np.ndarray

    @property
    def count(self) -> int:
        return len(self.sink)

    @property
    def slide_max(self) -> float:
        return float(self.slide.max(initial=0.0))

    @property
    def slide_p99(self) -> float:
        return float(np.percentile(self.slide, 99)) if len(self.slide) else 0.0

    @property
    def sink_max(self) -> float:
        return float(self.sink.max(initial=0.0))

    @property
    def air_max(self) -> float:
        return float(self.air.max(initial=0.0))

    def over(self, millimetres: float) -> int:
        return int(np.sum(self.slide > millimetres))


def foot_measures(rig, motion, contacts: Contacts, floor: Floor) -> FootMeasure:
    """Heel and ball while they touch, ankle joints while both do, ball joints while the ball does."""
    heads, turned = forward_kinematics(rig, motion)
    index = rig.bone_names.index
    rest = {name: rig.rest[number, :3, 3] for number, name in enumerate(rig.bone_names)}
    slide, sink, air = [], [], []
    for side in ("left", "right"):
        hip, knee, ankle, ball = (f"b_{side}{part}" for part in ("UpperLeg", "LowerLeg", "Foot", "Toes"))
        leg = np.linalg.norm(rest[knee] - rest[hip]) + np.linalg.norm(rest[ankle] - rest[knee])
        heel_rest = np.array([rest[ankle][0], rest[ankle][1] + HEEL_BEHIND * leg, 0.0])
        on_heel, on_ball = contacts.touching(f"{side}Heel"), contacts.touching(f"{side}Toes")
        points = (
            (fixed_point(rig, heads, turned, ankle, heel_rest), on_heel, True),
            (fixed_point(rig, heads, turned, ball, rest[ball] * (1.0, 1.0, 0.0)), on_ball, True),
            (heads[:, index(ankle)], on_heel & on_ball, False),
            (heads[:, index(ball)], on_ball, False),
        )
        for place, touching, sole in points:
            both = np.flatnonzero(touching[1:] & touching[:-1]) + 1
            slide.append(np.linalg.norm(place[both] - place[both - 1], axis=-1))
            if sole:
                sink.append(np.maximum(-floor.height_of(place[touching]), 0.0))
                air.append(np.maximum(-floor.height_of(place[~touching]), 0.0))
    return FootMeasure(*(1e3 * np.concatenate(each) for each in (slide, sink, air)))


def fixed_point(rig, heads: np.ndarray, turned: np.ndarray, bone: str, rest_place: np.ndarray) -> np.ndarray:
    """Path ``(T, 3)`` of a point fixed to a bone that is at ``rest_place`` in the rest pose."""
    number = rig.bone_names.index(bone)
    local = rig.rest[number, :3, :3].T @ (rest_place - rig.rest[number, :3, 3])
    return heads[:, number] + rotations.rotate(turned[:, number], local)


def angular_acceleration(turned: np.ndarray, fps: float) -> np.ndarray:
    """Angular accelerations ``(T - 2, B)`` in rad/s^2 of rotations ``(T, B, 4)``."""
    steps = rotations.to_rotation_vector(rotations.multiply(rotations.inverse(turned[:-1]), turned[1:]))
    return np.linalg.norm(np.diff(steps, axis=0), axis=-1) * fps**2


def hinge_flexion(rig, motion) -> float:
    """The least flexion of a knee in degrees, about the axis to the left of the thigh's rest pose (a T-pose)."""
    heads, turned = forward_kinematics(rig, motion)
    index, least = rig.bone_names.index, 180.0
    for side in ("left", "right"):
        hip, knee, ankle = (index(f"b_{side}{part}") for part in ("UpperLeg", "LowerLeg", "Foot"))
        axis = rotations.rotate(turned[:, hip], rig.rest[hip, :3, :3].T @ np.array([1.0, 0.0, 0.0]))
        thigh, shank = heads[:, knee] - heads[:, hip], heads[:, ankle] - heads[:, knee]
        flat = [part - np.sum(part * axis, axis=-1, keepdims=True) * axis for part in (thigh, shank)]
        angle = np.arctan2(np.sum(np.cross(*flat) * axis, axis=-1), np.sum(flat[0] * flat[1], axis=-1))
        least = min(least, float(np.degrees(angle.min())))
    return least


def thigh_twists(before, after) -> float:
    """The most degrees by which planting changes a thigh's turn from one frame to the next: a flip would be many."""
    worst = 0.0
    for side in ("left", "right"):
        column = after.joints.index(f"{side}UpperLeg")
        change = rotations.multiply(rotations.inverse(before.rotations[:, column]), after.rotations[:, column])
        step = rotations.angle_between(change[1:], change[:-1])
        worst = max(worst, float(np.degrees(step.max(initial=0.0))))
    return worst
