# SPDX-License-Identifier: GPL-3.0-or-later
"""Where heels, balls, palms, knees and the seat are on any skeleton, found from its joints' rest positions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import numpy as np
import numpy.typing as npt

from .. import rotations
from ..retargeting import take_rest_positions
from ..retargeting.anatomy import Positions, leg_length, pelvis_centre, rest_rotations
from ..retargeting.standing_feet import sole_tilts
from ..skeleton import SIDES
from ..take import Take
from .names import CONTACT_POINTS

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

_ANKLE_HEIGHT = 0.080
"""Height of the ankle over the floor as a share of the leg from hip to ankle: 0.039 of 0.491 of the stature
(Drillis & Contini 1966, in Winter 2009, fig. 4.1)."""
_BALL_HEIGHT = 0.03
"""Height of the joint at the ball over the sole, as a share of the leg: 2 to 3 cm."""
_HEEL_BEHIND, _BALL_BEFORE = 0.055, 0.165
"""Where the heel stands behind and the ball before the ankle, as shares of the leg: a foot is 0.152 of the stature
long (Winter 2009), of which about a sixth lies behind the ankle and the ball lies at 0.7 from the heel."""
_ANKLE_RANGE = (0.03, 0.30)
"""Heights of an ankle over the floor, as shares of the leg, that a rest pose is believed; boots and hooves included."""
_FLAT = 0.2
"""Share of a foot's bone that must lie level to tell where the foot points."""
_KNEE_RADIUS, _SEAT_DEPTH, _PALM = 0.055, 0.11, 0.12
"""Radius of the knee, depth of the seat under the hip joints, palm's middle from the wrist; shares of the leg."""


@dataclass(frozen=True)
class ContactPoints:
    """Points fixed to joints that can rest on something.

    Attributes
    ----------
    names : (P,) of ``CONTACT_POINTS``, those that the skeleton has.
    joints : (P,) index of the joint of each.
    offsets : (P, 3) metres from the joint, in the joint's rest frame (aligned with the world in the rest pose).
    up : (P, 3) what points straight up in that frame where the point's sole is level: Z, if the rest pose stands.
    """

    names: tuple[str, ...]
    joints: Ints
    offsets: Array
    up: Array

    def world(self, take: Take) -> Array:
        """Places ``(T, P, 3)`` of the points in the take's world, metres."""
        return self.placed(*take.world())

    def placed(self, world_rotations: Array, world_positions: Array) -> Array:
        """Places ``(T, P, 3)`` from joints' world rotations ``(T, J, 4)`` and positions ``(T, J, 3)``."""
        turned = rotations.rotate(world_rotations[:, self.joints], self.offsets)
        return np.asarray(world_positions[:, self.joints] + turned)

    def index(self, name: str) -> int:
        """Row of a point, -1 where the skeleton has none of that name."""
        return self.names.index(name) if name in self.names else -1


def contact_points(take: Take) -> ContactPoints:
    """The contact points of a take's skeleton, whatever its rest pose; only those whose joints are there.

    Heel and ball lie on the floor of the rest pose (``rest_offsets`` of the hips is their height over it). Where the
    rest pose does not tell (an ankle on or under its floor: clips whose lowest joint is taken as the floor, rigs whose
    origin is not at the feet), the sole's depth follows from the leg's length. Where the rest pose does not stand at
    all (mid-stride, as when a clip's first frame is its rest pose), how the feet stand is read off the frames in which
    they carry the body and turn least. Without toe joints the ball is fixed to the foot.
    """
    rest = take_rest_positions(take)
    leg = leg_length(rest)
    frames = rest_rotations(rest, np.eye(3))
    rows: dict[str, tuple[str, Array]] = {}
    tilts: dict[str, Array] = {}
    if leg > 1e-6:
        tilts = sole_tilts(take, rest)
        for side in SIDES:
            if f"{side}Foot" in rest:
                rows.update(_foot(side, rest, frames, leg, tilts.get(side)))
    size = leg if leg > 1e-6 else 0.85
    for side in SIDES:
        hand, knee = f"{side}Hand", f"{side}LowerLeg"
        if hand in rest:
            outwards = np.array([1.0 if side == "left" else -1.0, 0.0, 0.0])
            rows[hand] = (hand, rotations.rotate(frames[hand], outwards) * _PALM * size)
        if knee in rest:
            rows[f"{side}Knee"] = (
                knee,
                rotations.rotate(frames[knee], np.array([0.0, -1.0, 0.0])) * _KNEE_RADIUS * size,
            )
    centre = pelvis_centre(rest)
    if "hips" in rest and centre is not None:
        down = rotations.rotate(frames["hips"], np.array([0.0, 0.0, -1.0]))
        rows["hips"] = ("hips", centre - rest["hips"] + down * _SEAT_DEPTH * size)
    names = tuple(name for name in CONTACT_POINTS if name in rows)
    joints = np.array([take.joint_names.index(rows[name][0]) for name in names], dtype=np.intp)
    offsets = np.array([rows[name][1] for name in names]).reshape(-1, 3)
    up = np.tile([0.0, 0.0, 1.0], (len(names), 1))
    for side, tilt in tilts.items():
        soles = [row for row, name in enumerate(names) if name in (f"{side}Heel", f"{side}Toes")]
        up[soles] = rotations.rotate(rotations.inverse(tilt), up[soles])
    return ContactPoints(names, joints, offsets, up)


def _foot(
    side: str, rest: Positions, frames: dict[str, Array], leg: float, tilt: Optional[Array]
) -> dict[str, tuple[str, Array]]:
    """Joint and offset ``(3,)`` of a foot's heel and ball; ``tilt`` is given where the rest pose does not stand."""
    foot, toes = f"{side}Foot", f"{side}Toes"
    turn = rotations.identity() if tilt is None else tilt
    back, down = rotations.inverse(turn), np.array([0.0, 0.0, -1.0])
    forward = rotations.rotate(frames[foot], np.array([0.0, -1.0, 0.0]))
    ankle, ball = float(rest[foot][2]), 0.0
    believed = _ANKLE_RANGE[0] * leg <= ankle <= _ANKLE_RANGE[1] * leg
    if toes in rest:
        bone = rotations.rotate(turn, rest[toes] - rest[foot])
        forward = bone if np.linalg.norm(bone[:2]) > _FLAT * np.linalg.norm(bone) else forward
        if tilt is None:
            ball = max(float(rest[toes][2]), 0.0) if believed else _BALL_HEIGHT * leg
        ankle = ball - float(bone[2])
    elif not believed:
        ankle = _ANKLE_HEIGHT * leg
    forward = rotations.normalized(forward * np.array([1.0, 1.0, 0.0]))
    heel = rotations.rotate(back, down * ankle - forward * _HEEL_BEHIND * leg)
    if toes in rest:
        return {f"{side}Heel": (foot, heel), toes: (toes, down * ball)}
    return {
        f"{side}Heel": (foot, heel),
        toes: (foot, rotations.rotate(back, down * ankle + forward * _BALL_BEFORE * leg)),
    }
