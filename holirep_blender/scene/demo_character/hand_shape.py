# SPDX-License-Identifier: GPL-3.0-or-later
"""The left hand with its fingers, and the bare forearm above it."""

from __future__ import annotations

import numpy as np

from . import proportions as body
from .body_shape import arm
from .implicit import Array, Field, blend, cone, ellipsoid, smooth_min, unit
from .surface_nets import Mesh, band

#: Rows are the hand's axes: along, to the thumb, out of the palm.
HAND_AXES = np.stack([body.ARM_AXIS, body.THUMB_AXIS, body.PALM_AXIS])


def _palm() -> Field:
    at = body.hand_point
    parts = []
    for (along, side, out), _, _, radius in body.FINGERS.values():
        start = at(0.006, side * 0.42, out * 0.3)
        parts.append((cone(start, at(along - 0.004, side, out + 0.0015), 0.0145, radius + 0.0022), 0.012))
    parts += [
        (ellipsoid(at(0.046, -0.001, 0.002), (0.044, 0.036, 0.0135), HAND_AXES), 0.012),
        (ellipsoid(at(0.036, 0.0225, 0.0115), (0.031, 0.0150, 0.0135), HAND_AXES), 0.012),
        (ellipsoid(at(0.036, -0.0235, 0.0085), (0.034, 0.0125, 0.0120), HAND_AXES), 0.012),
    ]
    return blend(parts)


def _finger(points: list[Array], radius: float) -> Field:
    """Three phalanges with slightly thicker joints and a soft pad at the tip."""
    radii = (radius, radius * 0.90, radius * 0.80, radius * 0.66)
    tip = points[3] + (points[2] - points[3]) * (radii[3] / np.linalg.norm(points[3] - points[2]))
    ends = [points[0], points[1], points[2], tip]
    parts = []
    for index in range(3):
        middle = (ends[index] + ends[index + 1]) / 2
        waist = (radii[index] + radii[index + 1]) / 2 * 0.95
        parts.append((cone(ends[index], middle, radii[index], waist), 0.004))
        parts.append((cone(middle, ends[index + 1], waist, radii[index + 1]), 0.004))
    pad = ends[2] * 0.35 + ends[3] * 0.65 + body.PALM_AXIS * radius * 0.14
    parts.append((ellipsoid(pad, (radius * 0.95, radius * 0.72, radius * 0.72), HAND_AXES), 0.004))
    return blend(parts)


def hand() -> Field:
    """The left hand. Fingers join the palm softly and one another not at all."""
    palm = _palm()
    fingers = [_finger(body.finger_joints(name), spec[3]) for name, spec in body.FINGERS.items()]
    thumb = blend(
        [
            (cone(body.THUMB[0], body.THUMB[1], 0.0150, 0.0125), 0.0),
            (cone(body.THUMB[1], body.THUMB[2], 0.0125, 0.0104), 0.008),
            (cone(body.THUMB[2], body.THUMB[3] * 0.9 + body.THUMB[2] * 0.1, 0.0108, 0.0078), 0.004),
        ]
    )

    def field(p: Array) -> Array:
        apart = fingers[0](p)
        for finger in fingers[1:]:
            apart = np.minimum(apart, finger(p))
        return smooth_min(smooth_min(palm(p), apart, 0.009), thumb(p), 0.014)

    return field


def nails() -> dict[str, Mesh]:
    """The nails of the left hand by the bone that carries them: small shells laid on the fingertips."""
    ends = {name: (*body.finger_joints(name)[2:], spec[3] * 0.66) for name, spec in body.FINGERS.items()}
    ends["Thumb"] = (body.THUMB[2], body.THUMB[3], 0.0082)
    shape = hand()
    made = {}
    for finger, (joint, tip, radius) in ends.items():
        along = unit(tip - joint)
        # A finger's nail looks away from the palm, the thumb's away from the other fingers as well.
        back = -body.PALM_AXIS if finger != "Thumb" else unit(body.THUMB_AXIS * 0.55 - body.PALM_AXIS * 0.85)
        back = unit(back - along * (back @ along))
        side = np.cross(along, back)
        u, v = np.meshgrid(np.linspace(-1, 1, 7), np.linspace(-1, 1, 7))
        length, width = 0.95 * radius, 0.82 * radius * np.sqrt(1 - (0.55 * v.ravel()) ** 2)
        points = tip - along * radius * 1.30 + np.outer(v.ravel() * length, along) + np.outer(u.ravel() * width, side)
        points = points + back * radius * 1.4
        for _ in range(30):
            points = points - back * np.clip(0.7 * shape(points), -0.003, 0.003)[:, None]
        lift = 0.0005 - 0.0010 * (np.maximum(np.abs(u), np.abs(v)) > 0.9).ravel()
        lift[(v.ravel() > 0.9) & (np.abs(u.ravel()) < 0.9)] = 0.0008
        made[f"left{finger}Distal"] = Mesh.make(points + back * lift[:, None], band(7, 7))
    return made


def arm_and_hand() -> Field:
    """The left arm's skin."""
    return blend([(arm(), 0.0), (hand(), 0.022)])
