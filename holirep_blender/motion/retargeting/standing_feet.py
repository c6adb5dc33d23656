# SPDX-License-Identifier: GPL-3.0-or-later
"""How feet stand where the rest pose does not show it, as when a clip's first frame is its rest pose."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from .. import rotations
from ..skeleton import SIDES
from ..take import Take
from .anatomy import Positions, from_frame, leg_length

Array = npt.NDArray[np.float64]

_LEVEL = 0.012
"""Difference of the two ankles' or balls' heights, as a share of the leg, from which a rest pose does not stand."""
_LOW, _FEWEST = 0.03, 5
"""Metres over the other ankle up to which an ankle may carry, and the fewest frames that tell how a foot stands."""
_STILLEST, _HEEL_DOWN = 40.0, 60.0
"""Percentile of a carrying foot's turning below which it stands, and of its steepness then, heels being down mostly."""
_PITCHED = 0.1
"""Difference of a foot's steepness (the sine of its bone's angle) from that of a level sole."""


def sole_tilts(take: Take, rest: Positions) -> dict[str, Array]:
    """Rotation ``(4,)`` of each side's foot from its frame at rest to that in which its sole is level.

    Empty where the rest pose stands, or where the motion does not tell. How steep the bone from ankle to ball is on a
    level sole is the same on both sides and is read off the frames in which the foot turns least and its ankle is the
    lower one; to which side a foot tilts comes from its own frames that are as steep. None of this asks where the root
    is, so that moving the root does not change the soles.
    """
    sides = [side for side in SIDES if f"{side}Foot" in rest and f"{side}Toes" in rest]
    if not sides or take.frame_count < _FEWEST or _stands(rest, leg_length(rest)):
        return {}
    feet = [take.joint_names.index(f"{side}Foot") for side in sides]
    turned = take.world_rotations()[:, feet]
    height = take.world_positions()[:, feet, 2]
    turning = np.zeros(height.shape)
    turning[1:] = rotations.angle_between(turned[1:], turned[:-1])
    turning[:-1] = np.maximum(turning[:-1], turning[1:])
    carries = height <= height.min(axis=1, keepdims=True) + _LOW
    still = carries & (turning <= np.percentile(turning[carries], _STILLEST))
    bones = np.array([rest[f"{side}Toes"] - rest[f"{side}Foot"] for side in sides])
    length = np.linalg.norm(bones, axis=1)
    pitch = rotations.rotate(turned, bones)[..., 2] / length
    steep = float(np.percentile(pitch[still], _HEEL_DOWN))
    result = {}
    for column, side in enumerate(sides):
        level = np.abs(pitch[:, column] - steep) < _PITCHED
        both = level & still[:, column]
        own = next((mask for mask in (both, level) if mask.sum() >= _FEWEST), np.ones_like(level))
        up = np.median(rotations.rotate(rotations.inverse(turned[own, column]), np.array([0.0, 0.0, 1.0])), axis=0)
        bone = bones[column] / length[column]
        across = rotations.normalized(up - np.dot(up, bone) * bone)
        normal = across * np.sqrt(max(1.0 - steep**2, 0.0)) + bone * steep
        result[side] = rotations.between(normal, np.array([0.0, 0.0, 1.0]))
    return result


def _stands(rest: Positions, leg: float) -> bool:
    """Whether both feet of the rest pose are level, as far as joints tell."""
    pairs = [(f"left{part}", f"right{part}") for part in ("Foot", "Toes")]
    if any(abs(rest[a][2] - rest[b][2]) > _LEVEL * leg for a, b in pairs if a in rest and b in rest):
        return False
    feet = [(f"{side}Foot", f"{side}Toes") for side in SIDES]
    return all(rest[foot][2] >= rest[toes][2] for foot, toes in feet if foot in rest and toes in rest)


def hanging_feet(rest: Positions, tilts: Mapping[str, Array]) -> dict[str, Array]:
    """Rotation from the canonical frame to the rest frame ``(4,)`` of feet and toes that do not stand at rest.

    What ``anatomy.rest_rotations`` says of feet holds for those that stand: they are level, however their bones lie.
    ``tilts`` : as ``sole_tilts`` gives.
    """
    up, result = np.array([0.0, 0.0, 1.0]), {}
    for side, tilt in tilts.items():
        along = rotations.rotate(tilt, rest[f"{side}Toes"] - rest[f"{side}Foot"]) * (1.0, 1.0, 0.0)
        for joint in (f"{side}Foot", f"{side}Toes"):
            frame = from_frame(joint, rotations.normalized(along), up)
            result[joint] = rotations.multiply(rotations.inverse(tilt), frame)
    return result
