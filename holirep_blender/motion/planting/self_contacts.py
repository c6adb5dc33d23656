# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a performer's hands rest on the own body: on each other, hip, head, trunk, legs and the other arm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import numpy as np
import numpy.typing as npt

from .. import gaps, rotations
from ..skeleton import SIDES
from ..take import Take
from .blending import smoothed
from .body_parts import body_parts, body_size, distance_to, hand_radius, in_part, palm_offset

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

HAND_TO_HAND = "hands"
_NEAR, _STILL_NEAR = 0.03, 0.05
"""Metres between hand and surface at which a contact begins and ends, on a grown human."""
_TOGETHER, _STILL_TOGETHER = 0.14, 0.17
"""The same for the middles of both palms, whose hands may lie side by side or hold each other."""
_SLOW, _STILL_SLOW = 0.20, 0.35
"""Metres per second of the hand against the part."""
_LONG = 0.25
"""Seconds of the shortest contact."""
_CALM = 0.03
"""Seconds over which places are smoothed before speeds are taken."""
_SHORT_GAP = 0.2
"""Seconds of a break that does not end a contact."""
_HANGING, _STRETCHED = np.cos(np.radians(25.0)), 0.88
"""A palm within this angle of straight under its shoulder, at more than this share of the arm's length from it, hangs
and only passes hip and thigh."""
_APART = 0.3
"""Seconds in which a hand goes from one part to another, at least."""
_LEFT_ALONE = frozenset({"hips", "thigh"})


@dataclass(frozen=True)
class SelfContact:
    """A hand that rests on a part of its own body.

    Attributes
    ----------
    side : of the hand. part : the joint that carries the part, or ``HAND_TO_HAND`` (then ``side`` is left).
    first, end : half-open range of frames.
    """

    side: str
    part: str
    first: int
    end: int


def self_contacts(take: Take, world: Optional[tuple[Array, Array]] = None) -> list[SelfContact]:
    """The stretches in which hands rest on the own body; for each hand at most one part at a time.

    A hand rests where it is near a part's surface and hardly moves against it, both with hysteresis. Arms that merely
    hang beside hip and thigh do not count. ``world`` are the joints' world rotations and positions, if they are known.
    """
    if take.frame_count < 3:
        return []
    turned, placed = take.world() if world is None else world
    size, names = body_size(take), take.joint_names
    found: list[tuple[float, SelfContact]] = []
    palms: dict[str, Array] = {}
    for side in SIDES:
        offset = palm_offset(take, side)
        if offset is not None:
            hand = names.index(f"{side}Hand")
            palms[side] = placed[:, hand] + rotations.rotate(turned[:, hand], offset)
    if len(palms) == 2:
        apart = palms["left"] - palms["right"]
        chest = names.index("chest") if "chest" in names else 0
        local = rotations.rotate(rotations.inverse(turned[:, chest]), apart)
        distance = np.linalg.norm(apart, axis=-1)
        found += _stretches(distance, local, take.fps, size, "left", HAND_TO_HAND, (_TOGETHER, _STILL_TOGETHER))
    radius = hand_radius(take)
    for side, palm in palms.items():
        hanging = _hangs(take, placed, side, palm)
        for name, part in body_parts(take).items():
            if name.startswith(side) and part.label in ("upper arm", "forearm"):
                continue
            local = in_part(part, turned, placed, palm)
            distance = distance_to(part, local) - radius
            if part.label in _LEFT_ALONE:
                distance = np.where(hanging, np.inf, distance)
            found += _stretches(distance, local, take.fps, size, side, name, (_NEAR, _STILL_NEAR))
    return one_at_a_time(found, take.frame_count, round(_APART * take.fps))


def _hangs(take: Take, placed: Array, side: str, palm: Array) -> Mask:
    joints = [f"{side}UpperArm", f"{side}LowerArm", f"{side}Hand"]
    if not set(joints) <= set(take.joint_names):
        return np.zeros(len(palm), dtype=bool)
    shoulder, elbow, wrist = (placed[:, take.joint_names.index(name)] for name in joints)
    arm = sum(np.linalg.norm(b - a, axis=-1) for a, b in ((shoulder, elbow), (elbow, wrist), (wrist, palm)))
    away = palm - shoulder
    distance = np.linalg.norm(away, axis=-1)
    return np.asarray((-away[:, 2] > _HANGING * distance) & (distance > _STRETCHED * arm))


def _stretches(
    distance: Array, local: Array, fps: float, size: float, side: str, part: str, limits: tuple[float, float]
) -> list[tuple[float, SelfContact]]:
    """Stretches of one hand on one part, each with its mean distance, metres."""
    stays_near = distance < limits[1] * size
    if not stays_near.any():
        return []
    calm = smoothed(local, _CALM * fps)
    speed = np.linalg.norm(np.gradient(calm, axis=0), axis=-1) * fps
    begins = (distance < limits[0] * size) & (speed < _SLOW * size)
    stays = stays_near & (speed < _STILL_SLOW * size)
    stays = ~gaps.without_islands(~stays, max(1, round(_SHORT_GAP * fps)))
    return [
        (float(distance[first:end].mean()), SelfContact(side, part, first, end))
        for first, end in gaps.spans(stays)
        if end - first >= _LONG * fps and begins[first:end].any()
    ]


def one_at_a_time(found: list[tuple[float, SelfContact]], count: int, apart: int) -> list[SelfContact]:
    """The contacts, hands together before all, then the nearest; what a better one takes is cut from the others.

    From one part to another a hand has ``apart`` frames: without them it would jump there.
    """
    result: list[SelfContact] = []
    for _, contact in sorted(found, key=lambda row: (row[1].part != HAND_TO_HAND, row[0])):
        free = np.zeros(count, dtype=bool)
        free[contact.first : contact.end] = True
        for other in result:
            if HAND_TO_HAND in (contact.part, other.part) or contact.side == other.side:
                pad = 0 if other.part == contact.part else apart
                free[max(other.first - pad, 0) : other.end + pad] = False
        spans = gaps.spans(free)
        if not spans:
            continue
        first, end = max(spans, key=lambda span: span[1] - span[0])
        if 2 * (end - first) >= contact.end - contact.first:
            result.append(SelfContact(contact.side, contact.part, first, end))
    return sorted(result, key=lambda contact: contact.first)
